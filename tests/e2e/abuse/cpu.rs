//! The processor: no call keeps others from their turn, whatever it has to look at.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tests::{TestGateway, User};

/// The promise is 100 ms; a build that is not optimised takes many times as long for the same work, and other tests run
/// beside this one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Two threads serve it, and four callers at once give it what costs most.
#[tokio::test]
async fn the_dearest_calls_do_not_silence_the_health_check() {
    let gateway = TestGateway::start_with(|config| {
        config.connections.max_frame_bytes = 16 << 20;
        config.apps.set(|settings| settings.limits.invitations_per_hour = 0);
    })
    .await;
    let callers = gateway.users(["a0", "a1", "a2", "a3"]).await;
    let members: Vec<Value> = ["a1", "a2", "a3"]
        .into_iter()
        .map(str::to_owned)
        .chain((0..200).map(|n| format!("m{n}")))
        .map(|name| json!({"Member_Account": name}))
        .collect();
    let admin = gateway.admin();
    let text = "x".repeat(8 * 1024);
    for n in 0..40 {
        let id = format!("g{n}");
        let body = json!({"Type": "ChatRoom", "Name": "n", "GroupId": id, "Owner_Account": "a0",
            "MemberList": if n < 4 { &members[..] } else { &members[..3] }});
        admin.call("group_open_http_svc.create_group", body).await.ok();
    }
    // Work groups count what is unread one by one.
    for n in 0..4 {
        let id = format!("w{n}");
        let body = json!({"Type": "Private", "Name": "n", "GroupId": id, "Owner_Account": "a0",
            "MemberList": &members[..3]});
        admin.call("group_open_http_svc.create_group", body).await.ok();
        let group = tests::Group { id };
        let sends = (0..100).map(|_| callers[0].send_text(&group, &text));
        join_all(sends).await;
    }
    let ids: Vec<String> = (0..4).map(|n| format!("g{n}")).collect();
    let calls: [(&User, &str, Value); 4] = [
        (&callers[1], "recentcontact.page_get", json!({"From_Account": "a1"})),
        (
            &callers[2],
            "group_open_http_svc.get_joined_group_list",
            json!({
            "Member_Account": "a2", "Limit": 200, "Offset": 0, "GroupType": "ChatRoom",
            "ResponseFilter": {"GroupBaseInfoFilter": ["Type", "Name"], "SelfInfoFilter": ["Role"]}}),
        ),
        (&callers[3], "group_open_http_svc.get_group_member_info", json!({"GroupId": "g0"})),
        (&callers[0], "openim.getmsg", json!({"Cookie": "", "SyncFlag": 0})),
    ];
    let is_over = AtomicBool::new(false);
    let attack = async {
        let by_socket = join_all(calls.iter().map(|(user, command, body)| async move {
            for _ in 0..4 {
                let asked: Vec<_> = join_all((0..8).map(|_| user.begin(command, body.clone()))).await;
                for request in &asked {
                    user.answer(request).await.ok();
                }
            }
        }));
        let by_rest = async {
            for _ in 0..4 {
                let body = json!({"GroupIdList": ids});
                admin.call("group_open_http_svc.get_group_info", body).await.ok();
            }
        };
        join(by_socket, by_rest).await;
        is_over.store(true, Ordering::Relaxed);
    };
    let watch = async {
        let (mut longest, mut asked) = (Duration::ZERO, 0);
        while !is_over.load(Ordering::Relaxed) {
            let since = Instant::now();
            let reply = tests::exchange(gateway.address(), "GET", "/livez", b"").await;
            assert_eq!(reply.status, 200);
            longest = longest.max(since.elapsed());
            asked += 1;
        }
        (longest, asked)
    };
    let ((), (longest, asked)) = join(attack, watch).await;
    assert!(asked > 10, "{asked} times asked");
    assert!(longest < PATIENCE, "the health check was silent for {longest:?}");
}
