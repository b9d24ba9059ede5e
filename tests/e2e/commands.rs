//! `gateway/COMMANDS.md`: every command, derived from the table and from what the requests say of themselves.

use std::collections::HashMap;
use std::fmt::Write;

use gateway::commands::{Access, Row, Surface, TABLE};
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;

use crate::bless::compare;
use crate::source::{doc, files};

/// What each command does, by name, from the doc comment of its request.
fn purposes() -> HashMap<String, String> {
    let mut purposes = Purposes::default();
    for file in files("protocol/src") {
        purposes.docs.clear();
        purposes.visit_file(&file.syntax);
    }
    purposes.found
}

#[derive(Default)]
struct Purposes {
    /// Doc comments of the file's types.
    docs: HashMap<String, String>,
    found: HashMap<String, String>,
}

impl<'ast> Visit<'ast> for Purposes {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.docs.insert(item.ident.to_string(), doc(&item.attrs));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let is_request = item.trait_.as_ref().is_some_and(|(_, path, _)| path.is_ident("Request"));
        let syn::Type::Path(name) = &*item.self_ty else { return };
        let Some(docs) = self.docs.get(&name.path.segments.last().unwrap().ident.to_string()) else { return };
        for member in item.items.iter().filter(|_| is_request) {
            if let syn::ImplItem::Const(constant) = member
                && constant.ident == "NAME"
                && let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) = &constant.expr
            {
                self.found.insert(name.value(), purpose(docs));
            }
        }
    }

    /// Requests that look alike are written as `/// doc`, `Name = "service.command"` in a macro.
    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        let tokens: Vec<TokenTree> = invocation.tokens.clone().into_iter().collect();
        let mut docs = String::new();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some(TokenTree::Group(group)) = tokens.get(index + 1)
                        && let Some(line) = doc_line(group.stream())
                    {
                        docs = format!("{docs} {}", line.trim());
                    }
                }
                TokenTree::Literal(literal) => {
                    if let Ok(name) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.found.insert(name.value(), purpose(&std::mem::take(&mut docs)));
                    }
                }
                _ => {}
            }
        }
    }
}

fn doc_line(tokens: TokenStream) -> Option<String> {
    let pair: syn::MetaNameValue = syn::parse2(tokens).ok()?;
    match (pair.path.is_ident("doc"), pair.value) {
        (true, syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => Some(text.value()),
        _ => None,
    }
}

/// The first sentence of a doc comment, without the command's name and the source.
fn purpose(docs: &str) -> String {
    let text = docs.trim();
    let text = match text.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
        Some((_, rest)) => rest.trim_start_matches([':', '.']).trim(),
        None => text,
    };
    let text = text.split(" Source:").next().unwrap_or_default();
    let text = if text.starts_with("Source:") { "" } else { text };
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    let mut letters = text[..end].trim_end_matches('.').chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn callers(row: &Row) -> &'static str {
    match row.access {
        Access::Anybody | Access::AnybodyOrUser => "anybody",
        Access::User => "a user",
        Access::Admin => "an administrator",
        Access::UserOrAdmin => "a user, an administrator",
    }
}

fn places(row: &Row) -> &'static str {
    match (row.is_on(Surface::Socket), row.is_on(Surface::Rest)) {
        (true, true) => "socket, REST",
        (true, false) => "socket",
        (false, true) => "REST",
        (false, false) => unreachable!("a command that cannot be called"),
    }
}

#[test]
fn the_commands_are_written_down() {
    let purposes = purposes();
    let mut page = String::from(
        "# Commands\n\nMade from the table by `tests/e2e/commands.rs`; do not edit.\n\n\
         On the socket a command is `head.servcmd`; by REST it is `POST /v4/{service}/{command}`.\n\
         Whatever is not here is answered with 60009.\n",
    );
    let mut service = "";
    for row in sorted() {
        let purpose = purposes.get(row.name).map(String::as_str).unwrap_or_default();
        assert!(
            !purpose.is_empty(),
            "{}: the doc comment of its request does not say what it does",
            row.name
        );
        let (of, _) = row.name.split_once('.').unwrap();
        if of != service {
            service = of;
            writeln!(page, "\n## {service}\n\n| command | where | who | what |\n|---|---|---|---|").unwrap();
        }
        let aliases: String = row.aliases.iter().map(|alias| format!(", also `{alias}`")).collect();
        let purpose = purpose.replace('|', "\\|");
        writeln!(page, "| `{}`{aliases} | {} | {} | {purpose} |", row.name, places(row), callers(row))
            .unwrap();
    }
    compare("gateway/COMMANDS.md", &page);
}

/// The rows by service, in the order of the table within one.
fn sorted() -> Vec<&'static Row> {
    let mut rows: Vec<&Row> = TABLE.iter().collect();
    rows.sort_by_key(|row| row.name.split_once('.').unwrap().0);
    rows
}
