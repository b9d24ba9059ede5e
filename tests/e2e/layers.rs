//! Who may import whom, read from the source.

use std::collections::BTreeSet;

use syn::visit::Visit;

use crate::source::{Named, SourceFile, files};

/// Modules of the gateway and those of its other modules that each may name. `config`, `clock` and `telemetry` are
/// open to all. Who is not in this list may not exist.
const MODULES: &[(&str, &[&str])] = &[
    ("edge", &["commands", "hub"]),
    ("commands", &["services"]),
    ("services", &["storage", "bus", "webhook"]),
    ("hub", &["bus"]),
    // A batch announces events: the two stand side by side.
    ("storage", &["bus", "redis"]),
    ("bus", &["redis"]),
    // Its keys are named after what they hold.
    ("redis", &["bus", "storage"]),
    ("webhook", &[]),
    // The settings of the services are values of theirs.
    ("config", &["redis", "services"]),
    ("clock", &[]),
    ("telemetry", &[]),
];

/// Open to all.
const OPEN: &[&str] = &["config", "clock", "telemetry"];

/// The composition: may name everything.
const COMPOSITION: &[&str] = &["foundation.rs", "gateway.rs", "lib.rs", "main.rs"];

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
    struct Requests {
        module: String,
        found: BTreeSet<(String, String)>,
    }
    impl<'ast> Visit<'ast> for Requests {
        fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
            let is_request = item.trait_.as_ref().is_some_and(|(_, path, _)| path.is_ident("Request"));
            if !is_request {
                return;
            }
            let mut note = |shape: &syn::Type| {
                if let syn::Type::Path(path) = shape {
                    let name = path.path.segments.last().unwrap().ident.to_string();
                    self.found.insert((self.module.clone(), name));
                }
            };
            note(&item.self_ty);
            for item in &item.items {
                if let syn::ImplItem::Type(item) = item {
                    note(&item.ty);
                }
            }
        }
    }
    let mut shapes = BTreeSet::new();
    for file in files("protocol/src") {
        let Some(module) = file.module.first() else { continue };
        let mut requests = Requests { module: module.clone(), found: BTreeSet::new() };
        requests.visit_file(&file.syntax);
        shapes.extend(requests.found);
    }
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
                || named.path == ["protocol", "Failure"];
            if is_shape || is_wire {
                faults.push(format!("{}: {}", file.path, written(&named)));
            }
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
    "event::push::mark",
    "event::push::notice",
    "event::session::kicked",
    "group::Change",
    "group::GroupKind",
    "group::Tip",
    "id::AppId",
    "id::GroupId",
    "id::Millis",
    "id::Seq",
    "id::UserId",
    "legacy",
    "message::C2cItem",
    "message::GroupItem",
    "message::GroupLabel",
    "message::Message",
    "push::Mark",
    "push::Notice",
    "session::KickReason",
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
    const CRATES: &[&str] = &["serde", "serde_json", "base64", "hmac", "sha2", "flate2", "thiserror"];
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
            let is_crate = named.imported && !["std", "crate", "core"].contains(&root);
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
        path: "services/group/life.rs".into(),
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
