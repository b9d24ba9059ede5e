//! A group with many members: what a join, a leave, a page of the members and a message cost.

use std::time::Instant;

use serde_json::json;
use tests::{Group, User};

use crate::Result;
use crate::fill::bring_in;
use crate::one::Bench;

use super::gateway::{Calls, Place, Started, calls};
use super::{Curve, Row, column};

const MEMBERS: [usize; 4] = [100, 1_000, 10_000, 100_000];

const CALLS: usize = 300;

/// Members on a page, the most that the SDKs ask for.
const PAGE: usize = 100;

const JOIN: &str = "million_group_open_http_svc.apply_join_group";
const QUIT: &str = "million_group_open_http_svc.quit_group";
const PAGE_OF_MEMBERS: &str = "million_group_open_http_svc.get_group_member_info";

pub(super) fn measure(bench: &Bench) -> Result<Vec<Curve>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut rows = Vec::new();
    for members in MEMBERS {
        rows.push(runtime.block_on(point(bench, members))?);
    }
    Ok(vec![Curve {
        name: "A community by its members, two of them online",
        over: "members",
        columns: vec![
            column("join p50", "ms", 3),
            column("join p99", "ms", 3),
            column("leave p50", "ms", 3),
            column("leave p99", "ms", 3),
            column("first page of 100 p50", "ms", 3),
            column("a page p50, all through", "ms", 3),
            column("message p50", "ms", 3),
            column("CPU of a join and a leave", "µs", 0),
            column("CPU of a page", "µs", 0),
            column("CPU of a message", "µs", 0),
        ],
        rows,
        why: "Flat: nothing that is done to a group looks at its members, and a message writes to the group alone. A page of \
              members is a range of an index in the order in which they came; the cursor says where it begins.",
    }])
}

async fn point(bench: &Bench, members: usize) -> Result<Row> {
    let place = Place::new(bench, 4)?;
    let started = place.start()?;
    let admin = place.admin(&started)?;
    let group = Group { id: format!("@TGS#_of{members}") };
    let community = json!({
        "Type": "Community", "Name": "c", "GroupId": group.id, "Owner_Account": "owner", "MaxMemberCount": 100_000,
    });
    admin.call("million_group_open_http_svc.create_group", community).await.ok();
    bring_in(&admin, "million_group_open_http_svc.add_group_member", &group.id, "m", members - 2).await?;
    let (owner, guest) = (place.log_in(&started, "owner").await?, place.log_in(&started, "guest").await?);

    let body = json!({"GroupId": group.id, "ApplyMsg": ""});
    let (mut join, mut leave) = (super::Times::new(), super::Times::new());
    let pairs = calls(&started, CALLS, async |number| {
        let begin = Instant::now();
        let joined = guest.call(JOIN, body.clone()).await.ok();
        let between = Instant::now();
        guest.call(QUIT, json!({"GroupId": group.id})).await.ok();
        if number > CALLS / 10 {
            join.note(between - begin);
            leave.note(between.elapsed());
        }
        joined
    })
    .await;
    guest.call(JOIN, body).await.ok();
    let first = calls(&started, CALLS, async |_| page(&owner, &group, "0").await).await;
    let found = first.last["MemberNum"].as_u64().unwrap_or(0);
    if found != members as u64 {
        return Err(format!("{found} members, not {members}").into());
    }
    let all = pages(&started, &owner, &group, members).await?;
    let message = calls(&started, CALLS, async |_| {
        owner.send_text(&group, "to all of them").await;
        serde_json::Value::Null
    })
    .await;
    started.stop()?;
    Ok(Row::new(
        members as u64,
        vec![
            join.ms(0.5),
            join.ms(0.99),
            leave.ms(0.5),
            leave.ms(0.99),
            first.times.ms(0.5),
            all.times.ms(0.5),
            message.times.ms(0.5),
            pairs.cpu_us,
            all.cpu_us,
            message.cpu_us,
        ],
    ))
}

async fn page(user: &User, group: &Group, next: &str) -> serde_json::Value {
    let body = json!({
        "GroupId": group.id, "Limit": PAGE, "Next": next,
        "MemberInfoFilter": ["Role", "JoinTime", "NameCard", "ShutUpUntil"],
    });
    user.call(PAGE_OF_MEMBERS, body).await.ok()
}

/// Reads all members, page by page, and again until there were enough pages.
async fn pages(started: &Started, user: &User, group: &Group, members: usize) -> Result<Calls> {
    let (mut next, mut seen, mut rounds) = ("0".to_owned(), 0, Vec::new());
    let all = calls(started, CALLS.max(members.div_ceil(PAGE) + 1), async |_| {
        let page = page(user, group, &next).await;
        seen += page["MemberList"].as_array().map_or(0, Vec::len);
        next = page["Next"].as_str().unwrap_or_default().to_owned();
        if next.is_empty() {
            rounds.push(seen);
            (next, seen) = ("0".to_owned(), 0);
        }
        page
    })
    .await;
    if rounds.is_empty() || rounds.iter().any(|seen| *seen != members) {
        return Err(format!("rounds over {members} members saw {rounds:?}").into());
    }
    Ok(all)
}
