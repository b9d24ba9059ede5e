//! Our own source, as a tree that tests can ask about.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::visit::Visit;

use crate::bless::root;

/// One file of a crate, without its tests.
pub(crate) struct SourceFile {
    /// From the crate's `src`, as `services/group/mod.rs`.
    pub(crate) path: String,
    /// The module it is, as `["services", "group"]`.
    pub(crate) module: Vec<String>,
    pub(crate) syntax: syn::File,
}

/// The files under `folder`, a path in the repository. Modules under `#[cfg(test)]` are taken out.
pub(crate) fn files(folder: &str) -> Vec<SourceFile> {
    let base = root().join(folder);
    let mut paths = Vec::new();
    collect(&base, &mut paths);
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        strip_tests(&mut syntax.items);
        let path = path.strip_prefix(&base).unwrap().to_str().unwrap().to_owned();
        let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
        let module = module.split('/').filter(|part| !matches!(*part, "lib" | "main" | "mod"));
        let module = module.map(str::to_owned).collect();
        files.push(SourceFile { path, module, syntax });
    }
    assert!(!files.is_empty(), "{folder} has no source");
    // A file that only a test module names is a test.
    files.retain(|file| !file.module.iter().any(|part| part == "tests"));
    files
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.meta.to_token_stream().to_string().contains("test")
    })
}

fn strip_tests(items: &mut Vec<syn::Item>) {
    items.retain_mut(|item| match item {
        syn::Item::Mod(module) => {
            if let Some((_, items)) = &mut module.content {
                strip_tests(items);
            }
            !is_test(&module.attrs)
        }
        syn::Item::Fn(function) => !is_test(&function.attrs),
        syn::Item::Use(import) => !is_test(&import.attrs),
        _ => true,
    });
}

/// A path that a file names: from the root of its crate (`crate::…`), or from the crate it names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    /// Named in a `use`, so its first part is a crate or a module and not a local name.
    pub(crate) imported: bool,
}

impl SourceFile {
    /// Every path in the file, imports taken apart, `self` and `super` resolved.
    pub(crate) fn names(&self) -> Vec<Named> {
        let child = |item: &syn::Item| match item {
            syn::Item::Mod(module) => Some(module.ident.to_string()),
            _ => None,
        };
        let children = self.syntax.items.iter().filter_map(child).collect();
        let mut names = Names { module: self.module.clone(), children, found: Vec::new() };
        names.visit_file(&self.syntax);
        names.found.sort();
        names.found.dedup();
        names.found
    }

    /// Whether the file names `ident` anywhere, macros included.
    pub(crate) fn mentions(&self, ident: &str) -> bool {
        fn search(tokens: TokenStream, ident: &str) -> bool {
            tokens.into_iter().any(|token| match token {
                TokenTree::Ident(found) => found == ident,
                TokenTree::Group(group) => search(group.stream(), ident),
                _ => false,
            })
        }
        search(self.syntax.to_token_stream(), ident)
    }
}

struct Names {
    module: Vec<String>,
    /// The modules that the file declares: a path may begin with one of them.
    children: Vec<String>,
    found: Vec<Named>,
}

impl Names {
    fn note(&mut self, parts: &[String], imported: bool) {
        let path = match parts.first().map(String::as_str) {
            Some("crate") => parts.to_vec(),
            Some("self") => [&["crate".to_owned()], &self.module[..], &parts[1..]].concat(),
            Some("super") => {
                let ups = parts.iter().take_while(|part| *part == "super").count();
                // A `super` in an inner module of the file leads into the file: nothing beyond it is named.
                let kept = self.module.len().saturating_sub(ups);
                [&["crate".to_owned()], &self.module[..kept], &parts[ups..]].concat()
            }
            Some(first) if self.children.iter().any(|child| child == first) => {
                [&["crate".to_owned()], &self.module[..], parts].concat()
            }
            _ => parts.to_vec(),
        };
        self.found.push(Named { path, imported });
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) if name.ident == "self" => self.note(before, true),
            syn::UseTree::Name(name) => self.note(&with(&name.ident), true),
            syn::UseTree::Rename(rename) => self.note(&with(&rename.ident), true),
            syn::UseTree::Glob(_) => self.note(&[before, &["*".to_owned()]].concat(), true),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, before)),
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        self.tree(&import.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&parts, false);
        syn::visit::visit_path(self, path);
    }

    /// The rows of a table stand in a macro: `a::b::c` in its tokens is a path too.
    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.tokens(invocation.tokens.clone());
    }
}

impl Names {
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    self.tokens(group.stream());
                    colons = 0;
                }
                _ => {
                    self.end(&mut path);
                    colons = 0;
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.note(path, false);
        }
        path.clear();
    }
}

/// A request of the protocol, as it is declared.
pub(crate) struct Request {
    /// The subject whose folder or file it is in.
    pub(crate) subject: String,
    /// The type, and that of its answer.
    pub(crate) shapes: [String; 2],
    pub(crate) command: String,
    pub(crate) doc: String,
    /// What its doc comment gives for one.
    pub(crate) example: Option<String>,
}

/// Every request of the protocol, from the source.
pub(crate) fn requests() -> &'static [Request] {
    static REQUESTS: LazyLock<Vec<Request>> = LazyLock::new(|| {
        files("protocol/src").iter().flat_map(|file| declared(&file.module, &file.syntax.items)).collect()
    });
    &REQUESTS
}

fn declared(module: &[String], items: &[syn::Item]) -> Vec<Request> {
    let docs: HashMap<String, Vec<String>> = items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Struct(item) => Some((item.ident.to_string(), doc_lines(&item.attrs))),
            _ => None,
        })
        .collect();
    let request = |item: &syn::Item| {
        let syn::Item::Macro(item) = item else { return None };
        if !item.mac.path.is_ident("request") {
            return None;
        }
        let Declaration { request, command, response } = item.mac.parse_body().unwrap();
        let lines =
            docs.get(&request).unwrap_or_else(|| panic!("{request} is not declared beside its request!"));
        let fence = lines.iter().position(|line| line.starts_with("```"));
        let (text, example) = lines.split_at(fence.unwrap_or(lines.len()));
        let example = (!example.is_empty()).then(|| {
            assert!(example[0] == "```json" && example[example.len() - 1] == "```", "{request}: {example:?}");
            example[1..example.len() - 1].join(" ")
        });
        let subject = module[0].clone();
        Some(Request { subject, shapes: [request, response], command, doc: text.join(" "), example })
    };
    items.iter().filter_map(request).collect()
}

/// `Name = "service.command" … -> Response …`
struct Declaration {
    request: String,
    command: String,
    response: String,
}

impl Parse for Declaration {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let request: syn::Ident = input.parse()?;
        input.parse::<syn::Token![=]>()?;
        let command: syn::LitStr = input.parse()?;
        while !input.peek(syn::Token![->]) {
            input.parse::<TokenTree>()?;
        }
        input.parse::<syn::Token![->]>()?;
        let response: syn::Path = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok(Self {
            request: request.to_string(),
            command: command.value(),
            response: response.segments.last().unwrap().ident.to_string(),
        })
    }
}

/// The text of doc comments, a line each.
fn doc_lines(attributes: &[syn::Attribute]) -> Vec<String> {
    let line = |attribute: &syn::Attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    attributes.iter().filter_map(line).map(|line| line.trim().to_owned()).collect()
}
