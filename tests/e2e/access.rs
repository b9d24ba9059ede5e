//! Every command by every kind of caller: a page for a reviewer, and what must hold whatever the page says.

use std::fmt::Write;

use futures_util::StreamExt;
use futures_util::stream;
use gateway::commands::{Access, Row, Surface, table};
use protocol::ErrorCode;
use serde_json::Value;
use tests::{Admin, TestGateway, User, is_documented};

use crate::bless::compare;
use crate::examples::{self, SECRETS, Scene, replaced};

/// The callers, in the order of the page. Those who are refused come first: they must have changed nothing when the
/// rightful ones come.
const CALLERS: &[&str] = &[
    "socket: nobody",
    "socket: forged token",
    "socket: a UserSig of another",
    "socket: not a member",
    "socket: a user for another",
    "REST: no signature",
    "REST: a user",
    "socket: a user",
    "REST: administrator",
];

/// What a cell says of a call that makes no sense for the row.
const NONE: &str = "";

fn cell(code: u32) -> String {
    if code == 0 { "yes".to_owned() } else { code.to_string() }
}

/// One row of the page.
struct Line {
    row: &'static Row,
    cells: Vec<String>,
}

struct Stage<'a> {
    gateway: &'a TestGateway,
    /// Has the same names and another key.
    elsewhere: &'a TestGateway,
}

impl Stage<'_> {
    async fn line(&self, index: usize, row: &'static Row) -> Line {
        let (scene, caller, other) = Scene::set(self.gateway, &index.to_string()).await;
        let eve = self.gateway.user(&format!("eve{index}")).await;
        let name = row.name;
        let body = scene.example(name).unwrap_or_else(|| panic!("{name} has no example"));
        let mut cells = Vec::new();

        let nobody = self.gateway.anonymous().await;
        let body_of_nobody = body.clone();
        cells.push(cell(nobody.call(name, body_of_nobody).await.code()));

        let forged = self.elsewhere.user(&scene.caller).await.session().a2;
        cells.push(self.with_head(&caller, name, &body, |head| head["a2"] = forged.into()).await);

        let sig = self.gateway.usersig(&scene.other);
        let usersig_of_another = |head: &mut Value| {
            head.as_object_mut().unwrap().remove("a2");
            head["identifier"] = scene.caller.as_str().into();
            head["usersig"] = sig.into();
        };
        cells.push(self.with_head(&caller, name, &body, usersig_of_another).await);

        cells.push(self.outsider(&scene, &eve, row, &body).await);
        cells.push(self.for_another(&scene, &caller, &other, row, &body).await);

        let unsigned = Admin::new(self.gateway.address(), "administrator", String::new());
        cells.push(cell(unsigned.call(name, body.clone()).await.code()));
        let user_by_rest =
            Admin::new(self.gateway.address(), &scene.caller, self.gateway.usersig(&scene.caller));
        cells.push(cell(user_by_rest.call(name, body.clone()).await.code()));

        cells.push(cell(self.by_right(&caller, &other, name, &body).await));
        drop((caller, other));

        // What the user did cannot be done again, so the administrator has a scene of their own.
        let (scene, _caller, _other) = Scene::set(self.gateway, &format!("{index}a")).await;
        let body = scene.example(name).unwrap();
        cells.push(cell(self.gateway.admin().call(name, body).await.code()));
        Line { row, cells }
    }

    async fn with_head(
        &self,
        user: &User,
        name: &str,
        body: &Value,
        change: impl FnOnce(&mut Value),
    ) -> String {
        let mut head = user.head(name);
        change(&mut head);
        cell(user.call_with(head, body.clone()).await.code())
    }

    /// Somebody who is not a member, where the command speaks of a group. Whatever they are answered, nothing of what the
    /// members said or did is in it.
    async fn outsider(&self, scene: &Scene, eve: &User, row: &Row, body: &Value) -> String {
        let (body, _) = replaced(body, &scene.caller, &eve.name);
        let groups: usize = scene.groups().iter().map(|group| replaced(&body, &group.id, "").1).sum();
        if groups == 0 || !row.is_on(Surface::Socket) {
            return NONE.to_owned();
        }
        let answer = eve.call(row.name, body).await;
        let told = answer.body.to_string();
        for secret in SECRETS {
            assert!(!told.contains(secret), "{} tells an outsider: {told}", row.name);
        }
        if matches!(row.name, "group_open_http_svc.apply_join_group") {
            // A Meeting is open: they are in now, and must not be for what follows.
            eve.quit(&scene.group).await;
        }
        worst(&answer.body)
    }

    /// The caller in the name of another, wherever the request can name one.
    async fn for_another(
        &self,
        scene: &Scene,
        caller: &User,
        other: &User,
        row: &Row,
        body: &Value,
    ) -> String {
        let (body, names) = replaced(body, &scene.caller, &scene.other);
        if names == 0 || !row.is_on(Surface::Socket) {
            return NONE.to_owned();
        }
        let answer = caller.call(row.name, body).await;
        let code = answer.code();
        assert!(is_refusal(code), "{}: a user acted for another: {}", row.name, answer.body);
        other.ping().await;
        cell(code)
    }

    async fn by_right(&self, caller: &User, other: &User, name: &str, body: &Value) -> u32 {
        match name {
            // The owner does not quit, and who is in does not come in.
            "group_open_http_svc.quit_group" => other.call(name, body.clone()).await.code(),
            "group_open_http_svc.apply_join_group" => {
                let visitor = self.gateway.user(&format!("visitor-{}", caller.name)).await;
                visitor.call(name, body.clone()).await.code()
            }
            _ => caller.call(name, body.clone()).await.code(),
        }
    }
}

/// The refusals of access.
fn is_refusal(code: u32) -> bool {
    [
        ErrorCode::NOT_ADMIN,
        ErrorCode::GROUP_NOT_ALLOWED,
        ErrorCode::LOGIN_NOT_ADMIN,
        ErrorCode::C2C_NOT_ADMIN,
        ErrorCode::PROFILE_NOT_ADMIN,
        ErrorCode::FRIEND_NOT_ADMIN,
        ErrorCode::CONVERSATION_NOT_ADMIN,
    ]
    .iter()
    .any(|known| known.0 == code)
}

/// The code of an answer, or where the answer is a success with an outcome for each thing asked for, the outcome.
fn worst(body: &Value) -> String {
    fn search(value: &Value, found: &mut u64) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if matches!(name.as_str(), "ErrorCode" | "RetCode" | "ResultCode") {
                        *found = (*found).max(value.as_u64().unwrap_or(0));
                    }
                    search(value, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| search(item, found)),
            _ => {}
        }
    }
    let mut found = 0;
    search(body, &mut found);
    let code = u32::try_from(found).unwrap();
    assert!(is_documented(code), "{body}");
    cell(code)
}

fn access(row: &Row) -> &'static str {
    match row.access {
        Access::Anybody => "anybody",
        Access::AnybodyOrUser => "anybody or user",
        Access::User => "user",
        Access::Admin => "admin",
        Access::UserOrAdmin => "user or admin",
    }
}

fn page(lines: &[Line]) -> String {
    let mut page = String::from(
        "# Who may call what\n\nMade by `tests/e2e/access.rs`, which makes every call; do not edit.\n\n\
         - *yes*: the call succeeded; a number: it was refused with this code; empty: it makes no sense here.\n\
         - *not a member*: the example's group is one that the caller is not in. `get_group_public_info` tells what is \
         public, and `apply_join_group` is for outsiders; no answer in this column holds a text, a name card or a \
         reason of the members (the test looks).\n\
         - *a user for another*: every place where the request says in whose name it acts names somebody else.\n\n",
    );
    writeln!(page, "| command | row | {} |", CALLERS.join(" | ")).unwrap();
    writeln!(page, "|---|---{}|", "|---".repeat(CALLERS.len())).unwrap();
    for line in lines {
        writeln!(page, "| `{}` | {} | {} |", line.row.name, access(line.row), line.cells.join(" | "))
            .unwrap();
    }
    page
}

#[tokio::test]
async fn every_row_by_every_kind_of_caller() {
    let gateway = examples::gateway().await;
    let elsewhere = TestGateway::start().await;
    let stage = &Stage { gateway: &gateway, elsewhere: &elsewhere };
    let lines = stream::iter(table().enumerate()).map(|(index, row)| stage.line(index, row));
    let lines: Vec<Line> = lines.buffered(8).collect().await;

    let column = |caller: &str| CALLERS.iter().position(|name| *name == caller).unwrap();
    for Line { row, cells } in &lines {
        let name = row.name;
        let is = |caller: &str| cells[column(caller)].as_str();
        let open = matches!(row.access, Access::Anybody | Access::AnybodyOrUser);
        for caller in ["socket: nobody", "socket: forged token", "socket: a UserSig of another"] {
            assert_eq!(is(caller) == "yes", open, "{name}, {caller}: {}", is(caller));
        }
        for caller in ["REST: no signature", "REST: a user"] {
            assert_ne!(is(caller), "yes", "{name}, {caller}");
        }
        assert_eq!(is("socket: a user") == "yes", row.is_on(Surface::Socket), "{name}, a user");
        assert_eq!(is("REST: administrator") == "yes", row.is_on(Surface::Rest), "{name}, an administrator");
        let for_all = [
            "group_open_http_svc.get_group_public_info",
            "group_open_http_svc.apply_join_group",
            // A live room may be read by who is not even logged in.
            "group_open_http_noauth_svc.apply_join_group",
        ];
        // These speak of a conversation of the caller; where there is none, there is nothing to do.
        let of_ones_own = [
            "recentcontact.clear_msg",
            "recentcontact.top",
            "group_open_http_svc.batch_get_group_notify",
            "openim.deletemsg",
        ];
        let outsider = is("socket: not a member");
        if outsider == "yes" {
            let is_known = for_all.contains(&name) || of_ones_own.contains(&name);
            assert!(is_known, "{name}: an outsider is served");
        }
    }
    compare("tests/snapshots/access.md", &page(&lines));
}

/// Each name of a row, so that an alias is no back door.
#[tokio::test]
async fn an_alias_is_guarded_like_the_name() {
    let gateway = examples::gateway().await;
    let nobody = gateway.anonymous().await;
    let (scene, caller, _other) = Scene::set(&gateway, "").await;
    let mut seen = 0;
    for row in table() {
        for alias in row.aliases {
            let body = scene.example(row.name).unwrap();
            let (by_name, by_alias) =
                (nobody.call(row.name, body.clone()).await, nobody.call(alias, body.clone()).await);
            assert_eq!(by_name.code(), by_alias.code(), "{alias}");
            let (by_name, by_alias) =
                (caller.call(row.name, body.clone()).await, caller.call(alias, body).await);
            assert_eq!(by_name.code(), by_alias.code(), "{alias}");
            seen += 1;
        }
    }
    assert!(seen > 0);
}
