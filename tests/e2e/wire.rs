//! What the real SDKs were seen to send is understood.
//!
//! `fixtures/wire/*.jsonl` are frames of the unmodified SDKs and of the test server they talked to. Here the clients'
//! frames are sent again, in their order, by the users who sent them; only the credentials are those of today. The
//! result is a page a reviewer can read.

use std::collections::BTreeMap;
use std::fmt::Write;

use gateway::commands::find;
use serde_json::{Value, json};
use tests::{TestGateway, User};

use crate::bless::{compare, root};

const FIXTURES: &[&str] = &["session", "groups", "group-messages", "c2c"];

/// Groups that the captured frames speak of without making them.
const GROUPS: &[&str] = &["av5", "m2", "m3", "m6", "p4", "pub5", "w5"];

/// Everybody in the captures.
const USERS: &[&str] =
    &["alice", "bob", "carol", "dave", "eve", "fay", "dan", "a", "b", "n", "zed", "tj1", "lc1"];

/// Who sent a frame, as its head tells; `None` before anybody logged in.
fn sender(head: &Value) -> Option<String> {
    match (head["a2"].as_str(), head["identifier"].as_str()) {
        // The test server's tokens were `a2-NAME` or `a2-NAME-TIME`.
        (Some(token), _) => Some(token.split('-').nth(1).unwrap().to_owned()),
        (None, Some(name)) if !name.is_empty() => Some(name.to_owned()),
        _ => None,
    }
}

async fn send(gateway: &TestGateway, user: Option<&User>, head: &Value, body: &Value) -> tests::Answer {
    let servcmd = head["servcmd"].as_str().unwrap();
    let Some(user) = user else {
        let nobody = gateway.anonymous().await;
        return nobody.call(servcmd, body.clone()).await;
    };
    // The head as it was, with the credentials of today.
    let mut today = head.clone();
    let fresh = user.head(servcmd);
    for name in ["a2", "tinyid", "identifier", "usersig", "status_instid"] {
        match fresh.get(name) {
            Some(value) => today[name] = value.clone(),
            None => {
                today.as_object_mut().unwrap().remove(name);
            }
        }
    }
    user.call_with(today, body.clone()).await
}

#[tokio::test]
async fn the_captured_frames_are_understood() {
    let gateway = TestGateway::start().await;
    let admin = gateway.admin();
    for user in USERS {
        admin.import(user).await;
    }
    for group in GROUPS {
        let members: Vec<Value> = USERS.iter().map(|user| json!({"Member_Account": user})).collect();
        let body = json!({"Type": "Meeting", "Name": group, "GroupId": group, "Owner_Account": "alice",
            "MemberList": members});
        admin.call("group_open_http_svc.create_group", body).await.ok();
    }
    // Command → how often it was answered with which code.
    let mut seen: BTreeMap<String, BTreeMap<u32, usize>> = BTreeMap::new();
    for fixture in FIXTURES {
        let file = root().join("tests/fixtures/wire").join(format!("{fixture}.jsonl"));
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let (head, body) = (&record["frame"]["head"], &record["frame"]["body"]);
            if record["from"] != "client" || head.is_null() {
                continue;
            }
            let user = match sender(head) {
                // A device of its own each time: what an earlier frame did to the session is over.
                Some(name) => Some(gateway.user(&name).await),
                None => None,
            };
            let answer = send(&gateway, user.as_ref(), head, body).await;
            let command = head["servcmd"].as_str().unwrap();
            let code = answer.code();
            let is_served = find(command).is_some();
            assert_eq!(code == 60009, !is_served, "{command}: {}", answer.body);
            // The JSON reader says where it stopped; a rule of the chat does not.
            let info = answer.body["ErrorInfo"].as_str().unwrap_or_default();
            assert!(!info.contains(" column "), "{} is not understood: {info}\n{body}", record["note"]);
            answer.answered();
            *seen.entry(command.to_owned()).or_default().entry(code).or_default() += 1;
        }
    }
    compare("tests/snapshots/wire.md", &page(&seen));
}

fn page(seen: &BTreeMap<String, BTreeMap<u32, usize>>) -> String {
    let mut page = String::from(
        "# How the captured frames are answered\n\nMade by `tests/e2e/wire.rs`, which sends them again; do not edit.\n\
         60009 is a command that is not served.\n\n| command | answers |\n|---|---|\n",
    );
    for (command, codes) in seen {
        let code = |(code, count): (&u32, &usize)| {
            let code = if *code == 0 { "success".to_owned() } else { code.to_string() };
            if *count == 1 { code } else { format!("{count} × {code}") }
        };
        let codes: Vec<String> = codes.iter().map(code).collect();
        writeln!(page, "| `{command}` | {} |", codes.join(", ")).unwrap();
    }
    page
}
