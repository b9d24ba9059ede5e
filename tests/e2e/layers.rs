//! Who may import whom, read from the source.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;

use crate::source::{Named, Request, SourceFile, files, requests};

/// Modules of the gateway and those of its other modules that each may name. `backoff`, `config`, `clock`, `files`
/// and `telemetry` are open to all. Who is not in this list may not exist.
const MODULES: &[(&str, &[&str])] = &[
    ("edge", &["commands", "hub"]),
    ("commands", &["services"]),
    ("services", &["storage", "bus", "webhook"]),
    ("hub", &["bus"]),
    // A batch announces events: the two stand side by side.
    ("storage", &["bus", "redis"]),
    ("bus", &["redis"]),
    // A client, which knows nothing of what is kept there.
    ("redis", &[]),
    ("webhook", &[]),
    // The settings of the services are values of theirs.
    ("config", &["redis", "services"]),
    ("backoff", &[]),
    ("clock", &[]),
    ("descriptors", &[]),
    ("files", &[]),
    ("telemetry", &[]),
];

/// Open to all.
const OPEN: &[&str] = &["backoff", "config", "clock", "files", "telemetry"];

/// The composition: may name everything.
const COMPOSITION: &[&str] = &["backend.rs", "gateway.rs", "lib.rs", "main.rs", "offline.rs"];

fn gateway() -> Vec<SourceFile> {
    files("gateway/src").into_iter().filter(|file| !COMPOSITION.contains(&file.path.as_str())).collect()
}

fn report(mut faults: Vec<String>) {
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{} imports break a rule:\n{}", faults.len(), faults.join("\n"));
}

fn written(named: &Named) -> String {
    named.path.join("::")
}

#[test]
fn a_layer_names_only_what_lies_below_it() {
    let mut faults = Vec::new();
    for file in gateway() {
        let own = file.module[0].as_str();
        let Some((_, below)) = MODULES.iter().find(|(module, _)| *module == own) else {
            faults.push(format!("{}: no layer is called {own}", file.path));
            continue;
        };
        for named in file.names() {
            let [root, module, ..] = named.path.as_slice() else { continue };
            let module = module.as_str();
            let is_fine =
                root != "crate" || module == own || OPEN.contains(&module) || below.contains(&module);
            if !is_fine {
                faults.push(format!("{}: {own} names {}", file.path, written(&named)));
            }
        }
    }
    report(faults);
}

/// Whoever may name each other cannot be read, nor taken away, one without the other.
#[test]
fn no_two_layers_lie_below_each_other() {
    fn reach<'a>(module: &'a str, seen: &mut BTreeSet<&'a str>) {
        let below = MODULES.iter().find(|(name, _)| *name == module).map_or(&[][..], |(_, below)| *below);
        for &next in below {
            if seen.insert(next) {
                reach(next, seen);
            }
        }
    }
    let mut faults = Vec::new();
    for (module, _) in MODULES {
        let mut seen = BTreeSet::new();
        reach(module, &mut seen);
        if seen.contains(module) {
            faults.push(format!("{module} lies below itself"));
        }
    }
    report(faults);
}

/// It could be a crate of its own: neither what is kept in Redis nor how the gateway is set shows in it.
#[test]
fn the_redis_client_names_nothing_of_chat() {
    let mut faults = Vec::new();
    for file in gateway().into_iter().filter(|file| file.module[0] == "redis") {
        for named in file.names() {
            let is_foreign = match named.path.as_slice() {
                // How often to try, and how often to say that it failed: neither knows of a chat.
                [root, module, ..] if root == "crate" => {
                    module != "redis" && module != "backoff" && written(&named) != "crate::telemetry::Sparing"
                }
                [root, ..] => root == "protocol",
                [] => false,
            };
            if is_foreign {
                faults.push(format!("{}: {}", file.path, written(&named)));
            }
        }
    }
    report(faults);
}

#[test]
fn only_the_composition_names_an_engine() {
    let concrete = ["Embedded", "LocalBus", "embedded", "Redis", "redis"];
    let mut faults = Vec::new();
    for file in gateway() {
        // The settings name the server that is to be used.
        if ["storage/", "bus/", "redis/", "config/"].iter().any(|folder| file.path.starts_with(folder)) {
            continue;
        }
        for named in file.names() {
            if named.path.iter().any(|part| concrete.contains(&part.as_str())) {
                faults.push(format!("{}: {}", file.path, written(&named)));
            }
        }
    }
    report(faults);
}

#[test]
fn only_the_edge_touches_sockets() {
    let network = |named: &Named| {
        let path: Vec<&str> = named.path.iter().map(String::as_str).collect();
        // An address is a value: whoever is held to a rate may be known by nothing else.
        if matches!(path.as_slice(), ["std", "net", "IpAddr" | "Ipv4Addr" | "Ipv6Addr", ..]) {
            return false;
        }
        matches!(
            path.as_slice(),
            ["hyper" | "hyper_util" | "http_body_util" | "tokio_tungstenite" | "tungstenite", ..]
        ) || matches!(path.as_slice(), ["std" | "tokio", "net", ..] | ["tokio", "io", ..])
    };
    let mut faults = Vec::new();
    for file in gateway() {
        // The settings hold addresses; Redis is spoken to by who speaks to Redis.
        let is_redis = ["redis/", "bus/redis/"].iter().any(|folder| file.path.starts_with(folder));
        if is_redis || matches!(file.module[0].as_str(), "edge" | "config" | "webhook") {
            continue;
        }
        let touched = file.names().into_iter().filter(network);
        faults.extend(touched.map(|named| format!("{}: {}", file.path, written(&named))));
    }
    report(faults);
}

/// The requests and responses of `protocol`, as (first module, name).
fn wire_shapes() -> BTreeSet<(String, String)> {
    let shapes = |request: &Request| request.shapes.clone().map(|shape| (request.subject.clone(), shape));
    let shapes: BTreeSet<_> = requests().iter().flat_map(shapes).collect();
    assert!(shapes.len() > 50, "the requests of the protocol were not found");
    shapes
}

#[test]
fn services_know_no_request_and_no_response() {
    let shapes = wire_shapes();
    let mut faults = Vec::new();
    for file in gateway() {
        if file.module[0] != "services" {
            continue;
        }
        for named in file.names() {
            let is_shape = named.path.first().is_some_and(|root| root == "protocol")
                && named.path.len() > 2
                && shapes.contains(&(named.path[1].clone(), named.path[named.path.len() - 1].clone()));
            let is_wire = named.path.starts_with(&["protocol".into(), "envelope".into()])
                || named.path.starts_with(&["protocol".into(), "rest".into()])
                || named.path == ["protocol", "Request"]
                || named.path == ["protocol", "Failure"]
                || named.path == ["protocol", "ErrorCode"]
                || named.path.starts_with(&["protocol".into(), "code".into()]);
            if is_shape || is_wire {
                faults.push(format!("{}: {}", file.path, written(&named)));
            }
        }
    }
    report(faults);
}

/// The names that the wire gives to members and commands: `FaceUrl`, `change_group_owner`.
fn wire_names() -> BTreeSet<String> {
    struct Renames(BTreeSet<String>);
    impl<'ast> Visit<'ast> for Renames {
        fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
            if attribute.path().is_ident("serde") {
                let _ = attribute.parse_nested_meta(|meta| {
                    let is_name = meta.path.is_ident("rename") || meta.path.is_ident("alias");
                    if let Ok(value) = meta.value()
                        && let Ok(name) = value.parse::<syn::LitStr>()
                        && is_name
                    {
                        self.0.insert(name.value());
                    }
                    Ok(())
                });
            }
        }
    }
    let mut names = Renames(BTreeSet::new());
    files("protocol/src").iter().for_each(|file| names.visit_file(&file.syntax));
    let commands = requests().iter().map(|request| request.command.split_once('.').unwrap().1.to_owned());
    let mut names: BTreeSet<String> = names.0.into_iter().chain(commands).collect();
    // One letter is a word of ours in the records, and a word without a capital or a `_` is one of the language's.
    names.retain(|name| name.len() > 1 && name.chars().any(|c| c == '_' || c.is_ascii_uppercase()));
    assert!(names.len() > 150, "the names of the wire were not found");
    names
}

#[test]
fn services_know_no_name_of_the_wire() {
    struct Texts(Vec<String>);
    impl<'ast> Visit<'ast> for Texts {
        fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
            self.0.push(text.value());
        }

        fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
            // A comment may say what a thing is called elsewhere.
            if !attribute.path().is_ident("doc") {
                syn::visit::visit_attribute(self, attribute);
            }
        }

        // The texts of errors stand in attributes, which are not looked into otherwise.
        fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
            self.tokens(list.tokens.clone());
        }

        fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
            self.tokens(invocation.tokens.clone());
        }
    }
    impl Texts {
        fn tokens(&mut self, tokens: TokenStream) {
            for token in tokens {
                match token {
                    TokenTree::Group(group) => self.tokens(group.stream()),
                    TokenTree::Literal(literal) => {
                        let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                        self.0.extend(text.ok().map(|text| text.value()));
                    }
                    _ => {}
                }
            }
        }
    }
    let names = wire_names();
    let mut faults = Vec::new();
    for file in gateway().into_iter().filter(|file| file.module[0] == "services") {
        let mut texts = Texts(Vec::new());
        texts.visit_file(&file.syntax);
        for text in texts.0 {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let named = words.filter(|word| names.contains(*word));
            faults.extend(named.map(|word| format!("{}: {word} in {text:?}", file.path)));
        }
    }
    report(faults);
}

/// What bus and hub know of the wire: the entries of logs, what makes a frame of them, and that a device is logged out.
const CARRIED: &[&str] = &[
    "envelope",
    "event",
    "event::FORCE_OFFLINE",
    "event::Former",
    "event::PUSH",
    "event::PushBody",
    "event::group::tip",
    "event::message::between_two",
    "event::message::in_group",
    "event::push::kept_notice",
    "event::push::mark",
    "event::push::mark_of_all",
    "event::push::receipt_wanted",
    "event::push::notice",
    "event::session::kicked",
    "group::Change",
    "group::GroupKind",
    "group::Tip",
    "id::AppId",
    "id::ChannelId",
    "id::GroupId",
    "id::Millis",
    "id::Seq",
    "id::TopicId",
    "id::UserId",
    "legacy",
    "message::C2cItem",
    "message::ClientNumbers",
    "message::GroupItem",
    "message::GroupLabel",
    "message::Message",
    "push::Mark",
    "push::Notice",
    "session::KickReason",
    "session::Newcomer",
    "session::Terminal",
];

/// A new push is a function in `protocol::event` and an announcement in its service: nobody on the way names it.
#[test]
fn bus_and_hub_name_the_content_of_no_push() {
    let mut faults = Vec::new();
    for file in gateway().into_iter().filter(|file| matches!(file.module[0].as_str(), "bus" | "hub")) {
        for named in file.names() {
            let (root, rest) = named.path.split_first().unwrap();
            let known = match root.as_str() {
                "protocol" => CARRIED.contains(&rest.join("::").as_str()),
                "event" => CARRIED.contains(&written(&named).as_str()),
                // One of the spellings, not what is asked of all of them.
                "Former" => rest.is_empty(),
                _ => true,
            };
            if !known {
                faults.push(format!("{}: {}", file.path, written(&named)));
            }
        }
    }
    report(faults);
}

#[test]
fn a_service_has_no_globals() {
    struct Globals(Vec<String>);
    impl<'ast> Visit<'ast> for Globals {
        fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
            self.0.push(item.ident.to_string());
        }
    }
    let mut faults = Vec::new();
    for file in gateway().into_iter().filter(|file| file.module[0] == "services") {
        let mut globals = Globals(Vec::new());
        globals.visit_file(&file.syntax);
        faults.extend(globals.0.into_iter().map(|name| format!("{}: static {name}", file.path)));
    }
    report(faults);
}

#[test]
fn the_protocol_does_no_io_and_has_no_clock() {
    const CRATES: &[&str] = &[
        "serde",
        "serde_json",
        "serde_path_to_error",
        "base64",
        "hmac",
        "memchr",
        "sha2",
        "flate2",
        "thiserror",
    ];
    const FORBIDDEN: &[&[&str]] = &[
        &["std", "fs"],
        &["std", "net"],
        &["std", "env"],
        &["std", "process"],
        &["std", "thread"],
        &["std", "time", "SystemTime"],
        &["std", "time", "Instant"],
        &["std", "io", "stdin"],
        &["std", "io", "stdout"],
        &["std", "io", "stderr"],
    ];
    let mut faults = Vec::new();
    for file in files("protocol/src") {
        for named in file.names() {
            let path: Vec<&str> = named.path.iter().map(String::as_str).collect();
            if FORBIDDEN.iter().any(|forbidden| path.starts_with(forbidden)) {
                faults.push(format!("{}: {}", file.path, written(&named)));
            }
            let root = path[0];
            // One word alone is a macro of the file.
            let is_crate = named.imported && path.len() > 1 && !["std", "crate", "core"].contains(&root);
            if is_crate && !CRATES.contains(&root) {
                faults.push(format!("{}: another crate: {}", file.path, written(&named)));
            }
        }
        if file.mentions("async") || file.mentions("await") {
            faults.push(format!("{}: async", file.path));
        }
    }
    report(faults);
}

#[test]
fn sigtool_stands_on_the_protocol_alone() {
    let mut faults = Vec::new();
    for file in files("sigtool/src") {
        let others = file.names().into_iter().filter(|named| named.path[0] == "gateway");
        faults.extend(others.map(|named| format!("{}: {}", file.path, written(&named))));
    }
    report(faults);
}

/// The rules above are worth nothing when the reading misses something.
#[test]
fn the_reading_sees_every_way_to_name_a_path() {
    let file = |text: &str| SourceFile {
        path: "services/group/lifecycle.rs".into(),
        module: vec!["services".into(), "group".into(), "life".into()],
        syntax: syn::parse_str(text).unwrap(),
    };
    let names = |text: &str| file(text).names().iter().map(written).collect::<Vec<_>>();
    assert_eq!(
        names("use crate::{hub::{self, Hub}, bus::*};"),
        ["crate::bus::*", "crate::hub", "crate::hub::Hub"]
    );
    assert_eq!(names("use super::super::super::edge::Edge as E;"), ["crate::edge::Edge"]);
    assert_eq!(names("use self::inner::X;"), ["crate::services::group::life::inner::X"]);
    assert!(names("fn f() { let x: crate::hub::Hub = g::<crate::edge::E>(); }").len() >= 2);
    assert!(
        names("static T: X = rows! { A crate::hub::Hub => b; };").contains(&"crate::hub::Hub".to_owned())
    );
}
