//! What a request names: lists that are longer than the documented maximum are refused, and what the SDKs name without
//! paging is done to its end. And what a page looks at: it ends there, and the client goes on.

use futures_util::future::join_all;
use gateway::bus::LocalBus;
use gateway::services::rates::Rates;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Key, Log, Partition, Scan, Table, Window};
use protocol::ErrorCode;
use protocol::id::{GroupId, Millis, Seq, UserId};
use serde_json::{Value, json};
use tests::{Group, TestGateway, User};

const RECALLS: &str = "group_open_http_svc.batch_get_group_notify";
const HISTORY: &str = "group_open_http_svc.group_msg_get";
const READ_ALL: &str = "openim.read_all_unread_msg";
const DELETE: &str = "openim.deletemsg";

fn store(gateway: &TestGateway) -> Embedded {
    Embedded::open(&gateway.config().data_dir.join("store"), LocalBus::new().0).unwrap()
}

/// More groups with an unread message each than a list names elsewhere.
async fn many_groups(gateway: &TestGateway, count: usize) -> Vec<String> {
    let eve = gateway.user("eve").await;
    let ids: Vec<String> = (0..count).map(|n| format!("g{n}")).collect();
    for some in ids.chunks(10) {
        join_all(some.iter().map(async |id| {
            let body = json!({"Type": "Private", "Name": "n", "GroupId": id, "Owner_Account": "eve",
                "MemberList": [{"Member_Account": "bob"}]});
            eve.call("group_open_http_svc.create_group", body).await.ok();
            eve.send_text(&Group { id: id.clone() }, "hi").await;
        }))
        .await;
    }
    ids
}

#[tokio::test]
async fn a_list_beyond_its_maximum_is_refused() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let lobby = alice.create_group("lobby").await;
    let last = {
        let mut last = 0;
        for _ in 0..22 {
            last = alice.send_text(&lobby, "hi").await.seq;
        }
        last
    };
    let query = |n: u64| json!({"NotifyType": 1, "GroupId": format!("g{n}"), "Limit": 20, "BeginTime": 0, "EndTime": 1});
    let queries = |count| json!({"NotifyReqList": (0..count).map(query).collect::<Vec<_>>()});
    alice.call(RECALLS, queries(10)).await.ok();
    alice.call(RECALLS, queries(11)).await.refused(ErrorCode::GROUP_BAD_PARAMETER);

    let exact = |seqs: Vec<u64>| json!({"GroupId": "lobby", "GetType": 3, "ReqMsgSeqList": seqs});
    let newest: Vec<u64> = (last - 19..=last).collect();
    let told = alice.call(HISTORY, exact([&newest[..], &newest[..]].concat())).await.ok();
    assert_eq!(told["RspMsgList"].as_array().unwrap().len(), 20, "a number that is named twice counts once");
    alice.call(HISTORY, exact((last - 20..=last).collect())).await.refused(ErrorCode::GROUP_BAD_PARAMETER);

    let read = |n: u64| json!({"GroupId": format!("g{n}"), "MsgSeq": 1});
    let groups: Vec<Value> = (0..10_001).map(read).collect();
    let code = alice.call(READ_ALL, json!({"C2CReadAllMsg": 0, "GroupReadInfo": groups})).await.code();
    assert!(tests::is_documented(code) && code != 0, "{code}");

    let mark = |n: u64| {
        json!({"From_Account": "eve", "To_Account": "alice", "MsgSeq": 1,
        "MsgRandom": 0, "GroupId": format!("g{n}")})
    };
    let marks: Vec<Value> = (0..101).map(mark).collect();
    alice.call(DELETE, json!({"DelMsgList": marks[..100]})).await.ok();
    alice.call(DELETE, json!({"DelMsgList": marks})).await.refused(ErrorCode::C2C_BAD_FORMAT);
}

#[tokio::test]
async fn what_the_sdks_name_at_once_is_done_to_its_end() {
    let gateway =
        TestGateway::start_with(|config| config.apps.set(|settings| settings.rates = Rates::off())).await;
    let bob = gateway.user("bob").await;
    let cookie = bob.sync().await["Cookie"].as_str().unwrap().to_owned();
    let groups = many_groups(&gateway, 130).await;

    // Everything is read, however much it is.
    let end = |id: &String| json!({"GroupId": id, "MsgSeq": 9});
    let items: Vec<Value> = groups.iter().chain(&groups).map(end).collect();
    let read = bob.call(READ_ALL, json!({"C2CReadAllMsg": 0, "GroupReadInfo": items})).await.ok();
    let results = read["GroupReadInfoArray"].as_array().unwrap();
    assert_eq!(results.len(), 130);
    assert!(results.iter().all(|result| result["RetCode"] == 0), "{results:?}");

    // And every notice of these invitations is seen, not only those of the first hundred that are named.
    let told = async |bob: &User| {
        let told = bob.call("openim.getmsg", json!({"Cookie": cookie, "SyncFlag": 0})).await.ok();
        told["EventArray"].as_array().map_or(0, Vec::len)
    };
    let notice = |n: u64| json!({"From_Account": "@TIM#SYSTEM", "MsgSeq": n, "MsgRandom": 1});
    let notices: Vec<Value> = (1..=130).map(notice).collect();
    bob.call(DELETE, json!({"DelMsgList": notices})).await.ok();
    drop(bob);
    let bob = gateway.user("bob").await;
    assert_eq!(told(&bob).await, 0);
}

/// One who hid all but the ends of a long conversation gets pages that end, and comes to the other end by them.
#[tokio::test]
async fn a_page_looks_at_so_many_messages_and_the_client_goes_on() {
    const HIDDEN: u64 = 9_000;
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    alice.send_to("bob", "the first").await;
    drop((alice, bob));
    gateway.stop().await.unwrap();
    let engine = store(&gateway);
    let [alice, bob] = ["alice", "bob"].map(|name| UserId::parse(name).unwrap());
    let log = Log { partition: Partition::pair(tests::APP, &alice, &bob), name: vec![0; 8].into() };
    let window = Window { from: Seq(1), to: Seq(1), limit: 1, newest_first: false };
    let first = Engine::read(&engine, &log, window).await.unwrap().pop().unwrap();
    // One a second, so that their keys differ.
    let tickets: Vec<_> = (2..=HIDDEN + 1)
        .map(|n| {
            let hidden = [&log.name[..], b"bob\0", &n.to_be_bytes()].concat();
            let batch = Batch::new(log.partition.clone(), Millis(first.at.0 + 1000 * n))
                .append(log.name.clone(), first.bytes.clone())
                .put(Key::new(Table::Hidden, hidden), &b"{}"[..]);
            engine.submit(batch)
        })
        .collect();
    for ticket in tickets {
        ticket.await.unwrap();
    }
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;
    gateway.clock.advance(std::time::Duration::from_secs(HIDDEN + 10));
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    alice.send_to("bob", "the last").await;

    let page = async |key: &str, time: u64, direction: u8| {
        let body = json!({"Peer_Account": "alice", "MaxCnt": 15, "LastMsgTime": time, "MsgKey": key,
            "GetDirection": direction, "WithRecalledMsg": 1});
        bob.call("openim.getroammsg", body).await.ok()
    };
    for (direction, ends) in [(0, ["the last", "the first"]), (1, ["the first", "the last"])] {
        let (mut found, mut key, mut time, mut pages) = (Vec::new(), String::new(), 0, 0);
        loop {
            let page = page(&key, time, direction).await;
            pages += 1;
            let text = |item: &Value| item["MsgBody"][0]["MsgContent"]["Text"].as_str().unwrap().to_owned();
            found.extend(page["MsgList"].as_array().unwrap().iter().map(text));
            if page["Complete"] == 1 {
                break;
            }
            assert!(pages < 10, "the client does not come further: {page}");
            key = page["MsgKey"].as_str().unwrap().to_owned();
            time = page["LastMsgTime"].as_u64().unwrap();
        }
        assert_eq!(found, ends, "direction {direction}");
        assert_eq!(pages, 3, "4096 and some at a time");
    }
}

/// Who has gone leaves nothing in the group, but a mute that is not over.
#[tokio::test]
async fn members_who_go_leave_no_rows() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let lobby = alice.create_group("lobby").await;
    for user in [&bob, &carol] {
        user.join(&lobby).await;
        let said = user.send_text(&lobby, "hi").await;
        let read = json!({"GroupId": "lobby", "MsgReadedSeq": said.seq});
        user.call("group_open_http_svc.msg_read_report", read).await.ok();
    }
    alice.mute(&lobby, "bob", 60).await.ok();
    alice.mute(&lobby, "carol", 3600).await.ok();
    gateway.clock.advance(std::time::Duration::from_secs(61));
    bob.quit(&lobby).await;
    alice.kick(&lobby, &["carol"]).await.ok();
    // One who goes and comes again is still muted.
    carol.join(&lobby).await;
    carol.try_send_text(&lobby, "hi").await.refused(ErrorCode::MUTED);
    carol.quit(&lobby).await;
    drop((alice, bob, carol));
    gateway.stop().await.unwrap();
    let engine = store(&gateway);
    let partition = Partition::group(tests::APP, &GroupId::parse("lobby").unwrap());
    let rows = async |table| {
        let scan =
            Scan { table, prefix: Default::default(), after: None, skip: 0, limit: 10, reverse: false };
        let rows = engine.scan(&partition, scan).await.unwrap();
        let user = |suffix: &[u8]| String::from_utf8_lossy(&suffix[8..]).into_owned();
        rows.iter().map(|(suffix, _)| user(suffix)).collect::<Vec<_>>()
    };
    assert_eq!(rows(Table::Mute).await, ["carol"]);
    assert!(rows(Table::Read).await.iter().all(|user| user == "alice"));
    engine.close().await.unwrap();
}
