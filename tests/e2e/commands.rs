//! `gateway/COMMANDS.md`: every command, derived from the table and from what the requests say of themselves.

use std::collections::HashMap;
use std::fmt::Write;

use gateway::commands::{Access, FEATURES, Repeated, Row, Surface, table};

use crate::bless::{compare, compare_part};
use crate::source::requests;

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
    let purposes: HashMap<&str, String> =
        requests().iter().map(|request| (request.command.as_str(), purpose(&request.doc))).collect();
    let mut page = String::from(
        "# Commands\n\nMade from the table by `tests/e2e/commands.rs`; do not edit.\n\n\
         On the socket a command is `head.servcmd`; by REST it is `POST /v4/{service}/{command}`.\n\
         Whatever is not here is answered with 60009. A command of `group_open_http_svc` is one of \
         `million_group_open_http_svc` as well: so the SDKs call it of a community.\n\n\
         *At most* is how often each caller of a kind may give the command; ten seconds' worth may come at once. Beyond \
         it a back end is told 60007, a user 10006 of groups, 72010 of the session, 60007 of all else. \
         `[rates]` of the settings multiplies it, and has rates for what commands do.\n\n\
         *Once*: a client repeats the frame of what was unanswered when its line broke, before it logs in again. That is \
         answered as it was, and nothing is done. All else does the same again, which is no harm.\n",
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
            writeln!(
                page,
                "\n## {service}\n\n| command | where | who | at most | what |\n|---|---|---|---|---|"
            )
            .unwrap();
        }
        let aliases: String = row.aliases.iter().map(|alias| format!(", also `{alias}`")).collect();
        let once = if row.repeated == Repeated::Once { ". *Once*" } else { "" };
        let purpose = purpose.replace('|', "\\|") + once;
        let rates: Vec<String> = row.rates.iter().map(ToString::to_string).collect();
        let cells = [places(row), callers(row), &rates.join("; "), &purpose].join(" | ");
        writeln!(page, "| `{}`{aliases} | {cells} |", row.name).unwrap();
    }
    page.push_str(
        "\n## Features that the SDKs lock\n\n\
         The login's answer tells which of them are open (`PurchaseBits`): those of which everything is served. \
         A locked one fails in the client with 3122.\n\n| bit | feature | open | needs |\n|---|---|---|---|\n",
    );
    for feature in FEATURES {
        let needs: Vec<String> = feature.needs.iter().map(|command| format!("`{command}`")).collect();
        let open = if feature.is_open() { "yes" } else { "no" };
        writeln!(page, "| {} | {} | {open} | {} |", feature.bit, feature.name, needs.join(", ")).unwrap();
    }
    compare("gateway/COMMANDS.md", &page);
}

#[test]
fn what_back_ends_can_call_is_on_the_first_page() {
    let mut lines = vec![String::new()];
    for row in sorted().into_iter().filter(|row| row.is_on(Surface::Rest)) {
        let (_, command) = row.name.split_once('.').unwrap();
        if lines.last().unwrap().len() + command.len() > 120 {
            lines.push(String::new());
        }
        write!(lines.last_mut().unwrap(), " `{command}`").unwrap();
    }
    let list: String = lines.iter().map(|line| format!(" {line}\n")).collect();
    for page in ["README.md", "README.zh-CN.md"] {
        compare_part(page, "rest", &list);
    }
}

/// The rows by service, in the order of the table within one.
fn sorted() -> Vec<&'static Row> {
    let mut rows: Vec<&Row> = table().collect();
    rows.sort_by_key(|row| row.name.split_once('.').unwrap().0);
    rows
}
