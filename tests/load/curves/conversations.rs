//! The list of conversations of a user who is in many groups, as they ask for it at the start of their app.

use serde_json::{Value, json};
use tests::{Admin, User};

use crate::Result;
use crate::one::Bench;

use super::gateway::{Calls, Place, Started, calls};
use super::{Curve, Row, column};

const GROUPS: [usize; 3] = [10, 100, 1_000];

const NAME: &str = "alice";
const CALLS: usize = 200;

/// Groups that the SDKs ask for at once.
const AT_ONCE: usize = 200;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Curve>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut rows = Vec::new();
    for groups in GROUPS {
        rows.push(runtime.block_on(point(bench, groups))?);
    }
    Ok(vec![Curve {
        name: "Conversations of a user, each group with messages",
        over: "groups",
        columns: vec![
            column("conversations p50", "ms", 2),
            column("conversations p99", "ms", 2),
            column("conversations CPU", "µs", 0),
            column("conversations", "kB", 1),
            column("joined groups p50", "ms", 2),
            column("joined groups p99", "ms", 2),
            column("joined groups CPU", "µs", 0),
        ],
        rows,
        why: "Both grow with the groups of the user, as the answers do. For each group its newest message and the user's \
              place in it are read: a group message writes to the group alone, not to its members' lists, and the list is \
              made when it is asked for. Joined groups are asked for 200 at once, all of them in one figure.",
    }])
}

async fn point(bench: &Bench, groups: usize) -> Result<Row> {
    let place = Place::new(bench, 2)?;
    let started = place.start()?;
    let admin = place.admin(&started)?;
    admin.import(NAME).await;
    for number in 0..groups {
        make_group(&admin, number).await;
    }
    let user = place.log_in(&started, NAME).await?;
    let conversations = conversations(&started, &user).await;
    let found = conversations.last["SessionItem"].as_array().map_or(0, Vec::len);
    if found != groups {
        return Err(format!("{found} conversations in {groups} groups").into());
    }
    let joined = calls(&started, CALLS, async |_| joined(&user, groups).await).await;
    if joined.last["TotalCount"] != groups {
        return Err(format!("{} joined groups, not {groups}", joined.last["TotalCount"]).into());
    }
    started.stop()?;
    Ok(Row::new(
        groups as u64,
        vec![
            conversations.times.ms(0.5),
            conversations.times.ms(0.99),
            conversations.cpu_us,
            conversations.last.to_string().len() as f64 / 1e3,
            joined.times.ms(0.5),
            joined.times.ms(0.99),
            joined.cpu_us,
        ],
    ))
}

/// A group with the user in it, and something said by somebody else.
async fn make_group(admin: &Admin, number: usize) {
    let id = format!("group{number}");
    let group = json!({
        "Type": "ChatRoom", "Name": &id, "GroupId": &id, "Owner_Account": "administrator",
        "MemberList": [{"Member_Account": NAME}],
    });
    admin.call("group_open_http_svc.create_group", group).await.ok();
    for random in 1..=3 {
        let text = format!("message {random} of {id}");
        let message = json!({
            "GroupId": &id, "Random": random, "From_Account": "administrator",
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}],
        });
        admin.call("group_open_http_svc.send_group_msg", message).await.ok();
    }
}

async fn conversations(started: &Started, user: &User) -> Calls {
    // The whole list, as the SDKs read it: all pages in one figure.
    calls(started, CALLS, async |_| json!({"SessionItem": user.conversations().await})).await
}

/// The whole list, page by page. Gives the last page.
async fn joined(user: &User, groups: usize) -> Value {
    let mut page = Value::Null;
    for offset in (0..groups).step_by(AT_ONCE) {
        let body = json!({
            "Member_Account": NAME, "Limit": AT_ONCE, "Offset": offset,
            "ResponseFilter": {
                "GroupBaseInfoFilter": ["Type", "Name", "FaceUrl", "NextMsgSeq", "LastMsgTime", "MemberNum"],
                "SelfInfoFilter": ["Role", "JoinTime", "MsgFlag", "MsgSeq", "UnreadMsgNum"],
            },
        });
        page = user.call("group_open_http_svc.get_joined_group_list", body).await.ok();
    }
    page
}
