//! What is too old or too much is dropped, and nothing else suffers from it.

use std::time::Duration;

use gateway::bus::LocalBus;
use gateway::services::retention::{Dropped, Policy};
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Key, Partition, Scan, Table};
use protocol::id::{GroupId, Millis};
use serde_json::{Value, json};
use tests::{Group, TestGateway, User};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn keeping(days: u32, messages_per_conversation: u64) -> TestGateway {
    let policy = Policy { days, messages_per_conversation };
    TestGateway::start_with(|config| config.apps.set(|settings| settings.retention = policy)).await
}

async fn office(alice: &User, bob: &str) -> Group {
    let group = alice.create_group_of("Private", "office").await;
    let body = json!({"GroupId": group.id, "MemberList": [{"Member_Account": bob}]});
    alice.call("group_open_http_svc.add_group_member", body).await.ok();
    group
}

async fn say(user: &User, group: &Group, count: usize) -> u64 {
    let mut last = 0;
    for n in 0..count {
        last = user.send_text(group, &format!("message {n}")).await.seq;
    }
    last
}

/// Of the messages that a client shows.
fn seqs(page: &Value) -> Vec<u64> {
    let shown = page["RspMsgList"].as_array().unwrap().iter().filter(|item| item["IsPlaceMsg"] != 1);
    shown.map(|item| item["MsgSeq"].as_u64().unwrap()).collect()
}

/// A page as the SDKs ask for it.
async fn page(user: &User, group: &Group, newest: u64, count: u64) -> Value {
    let body = json!({"WithRecalledMsg": 1, "GroupId": group.id, "ReqMsgNumber": count, "ReqMsgSeq": newest});
    user.call("group_open_http_svc.group_msg_get", body).await.ok()
}

/// The pages that an SDK of the 3.x generation reads from the newest message down: it goes on from `NextReqMsgSeq`
/// until that is absent or `IsFinished` is 2.
async fn pages(user: &User, group: &Group, newest: u64) -> Vec<Vec<u64>> {
    let (mut found, mut newest) = (Vec::new(), newest);
    loop {
        let page = page(user, group, newest, 21).await;
        found.push(seqs(&page));
        match page["NextReqMsgSeq"].as_u64() {
            Some(next) if page["IsFinished"] != 2 && next >= 1 => newest = next,
            _ => return found,
        }
    }
}

async fn c2c_page(user: &User, peer: &str, key: &str, time: u64, direction: u8) -> (Vec<String>, Value) {
    let body = json!({"Peer_Account": peer, "MaxCnt": 15, "LastMsgTime": time, "MsgKey": key,
        "GetDirection": direction, "WithRecalledMsg": 1});
    let page = user.call("openim.getroammsg", body).await.ok();
    let text = |item: &Value| item["MsgBody"][0]["MsgContent"]["Text"].as_str().unwrap().to_owned();
    (page["MsgList"].as_array().unwrap().iter().map(text).collect(), page)
}

/// The conversation with a peer, page by page towards the older ones.
async fn c2c_pages(user: &User, peer: &str) -> Vec<Vec<String>> {
    let (mut found, mut key, mut time) = (Vec::new(), String::new(), 0);
    loop {
        let (texts, page) = c2c_page(user, peer, &key, time, 0).await;
        found.push(texts);
        if page["Complete"] == 1 {
            return found;
        }
        key = page["MsgKey"].as_str().unwrap().to_owned();
        time = page["LastMsgTime"].as_u64().unwrap();
    }
}

async fn on_the_list(user: &User, kind: u8) -> Value {
    let list = user.conversations().await;
    list.into_iter().find(|item| item["Type"] == kind).expect("the conversation is on the list")
}

async fn unread_in_group(user: &User) -> u64 {
    let item = on_the_list(user, 2).await;
    let number = |name: &str| item[name].as_u64().unwrap();
    number("UnreadMsgCount").checked_sub(number("GroupIgnoredUnreadSeqCount")).expect("never negative")
}

async fn synced(user: &User, cookie: &str) -> Value {
    let body = json!({"Cookie": cookie, "SyncFlag": 0, "NeedAbstract": 1, "IsOnlineSync": 0});
    user.call("openim.getmsg", body).await.ok()
}

async fn unread_of_peer(user: &User, peer: &str) -> u64 {
    let counts = synced(user, "").await["C2CPairUnreadCount"].as_array().cloned().unwrap_or_default();
    let of_peer = counts.iter().find(|count| count["From_Account"] == *peer);
    of_peer.map_or(0, |count| count["UnreadCount"].as_u64().unwrap())
}

#[tokio::test]
async fn without_a_policy_everything_stays() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("lobby").await;
    say(&alice, &group, 30).await;
    gateway.clock.advance(10_000 * DAY);
    assert_eq!(gateway.expire_thoroughly().await, Dropped::default());
    let alice = gateway.user("alice").await;
    assert_eq!(alice.history(&group).await.len(), 30);
}

#[tokio::test]
async fn messages_of_three_days_are_kept_for_two() {
    let gateway = keeping(2, 0).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    for day in 1..=3 {
        for n in 1..=30 {
            alice.send_text(&group, &format!("day {day}, {n}")).await;
            alice.send_to("bob", &format!("day {day}, {n}")).await;
        }
        if day < 3 {
            gateway.clock.advance(DAY);
        }
    }
    assert_eq!(gateway.expire().await, Dropped::default(), "two days are not over");
    gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(gateway.expire().await, Dropped { entries: 60, ..Dropped::default() });
    assert_eq!(gateway.expire().await, Dropped::default(), "nothing is left to drop");

    let expected: Vec<Vec<u64>> =
        vec![(71..=90).rev().collect(), (51..=70).rev().collect(), (31..=50).rev().collect()];
    assert_eq!(pages(&bob, &group, 90).await, expected);
    assert_eq!(bob.history_texts(&group).await[0], (31, "day 2, 1".to_owned()));
    let with_alice = c2c_pages(&bob, "alice").await;
    assert_eq!(with_alice.iter().map(Vec::len).collect::<Vec<_>>(), [15, 15, 15, 15]);
    assert_eq!(with_alice[3][0], "day 2, 1");
    assert_eq!(with_alice[0][14], "day 3, 30");

    gateway.clock.advance(DAY);
    assert_eq!(gateway.expire().await.entries, 60);
    assert_eq!(
        pages(&bob, &group, 90).await,
        [(71..=90).rev().collect::<Vec<u64>>(), (61..=70).rev().collect()]
    );
}

#[tokio::test]
async fn the_newest_ten_are_kept() {
    let mut gateway = keeping(0, 10).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let last = say(&alice, &group, 45).await;
    for n in 1..=12 {
        bob.send_to("alice", &format!("{n}")).await;
    }
    // Ten is not too much.
    let small = bob.create_group("small").await;
    say(&bob, &small, 10).await;
    assert_eq!(gateway.expire().await.entries, 35 + 2);
    let kept: Vec<u64> = (36..=45).rev().collect();
    assert_eq!(pages(&bob, &group, last).await, std::slice::from_ref(&kept));
    assert_eq!(c2c_pages(&alice, "bob").await, [(3..=12).map(|n| n.to_string()).collect::<Vec<_>>()]);
    assert_eq!(bob.history(&small).await.len(), 10);

    // What was said stays gone, and the numbers go on.
    gateway.restart().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    assert_eq!(gateway.expire_thoroughly().await, Dropped::default());
    assert_eq!(pages(&bob, &group, last).await, [kept]);
    assert_eq!(say(&alice, &group, 1).await, 46);
    assert_eq!(pages(&bob, &group, 46).await, [(36..=46).rev().collect::<Vec<u64>>()]);
    assert_eq!(gateway.expire().await.entries, 1);
    assert_eq!(pages(&bob, &group, 46).await, [(37..=46).rev().collect::<Vec<u64>>()]);
}

#[tokio::test]
async fn of_age_and_number_the_stricter_counts() {
    let gateway = keeping(2, 10).await;
    let alice = gateway.user("alice").await;
    let [old, busy] = [alice.create_group("old").await, alice.create_group("busy").await];
    say(&alice, &old, 6).await;
    gateway.clock.advance(3 * DAY);
    say(&alice, &old, 2).await;
    say(&alice, &busy, 30).await;
    assert_eq!(gateway.expire().await.entries, 6 + 20);
    assert_eq!(pages(&alice, &old, 8).await, [[8, 7]]);
    assert_eq!(pages(&alice, &busy, 30).await, [(21..=30).rev().collect::<Vec<u64>>()]);
}

#[tokio::test]
async fn a_page_below_what_is_left_is_the_end() {
    let gateway = keeping(0, 10).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let mut times = Vec::new();
    for n in 1..=40 {
        alice.send_text(&group, &format!("{n}")).await;
        let sent = alice.send_to("bob", &format!("{n}")).await;
        times.push((sent.time, format!("{}_{}_{}", sent.seq, sent.random, sent.time)));
        gateway.clock.advance(Duration::from_secs(1));
    }
    gateway.expire().await;
    // The reader was in the middle when what comes next was dropped.
    for newest in [30, 20, 1] {
        let page = page(&bob, &group, newest, 21).await;
        assert_eq!(seqs(&page), [0u64; 0], "from {newest}");
        assert_eq!((&page["IsFinished"], page.get("NextReqMsgSeq")), (&json!(2), None));
    }
    // One page that ends above what is left, exactly at it, and below it.
    for (newest, lowest, next) in [(40, 32, Some(31)), (39, 31, None), (38, 31, None)] {
        let page = page(&bob, &group, newest, 9).await;
        assert_eq!(seqs(&page), (lowest..=newest).rev().collect::<Vec<u64>>(), "from {newest}");
        assert_eq!(page["NextReqMsgSeq"].as_u64(), next, "from {newest}");
    }
    // Single messages, of which some are gone.
    let body = json!({"GroupId": group.id, "GetType": 3, "ReqMsgSeqList": [3, 35, 30, 31]});
    let page = bob.call("group_open_http_svc.group_msg_get", body).await.ok();
    assert_eq!(seqs(&page), [35, 31]);

    let numbers = |texts: &[String]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<u64>>();
    // Before a message that is gone; before one that is there; before the first that is left.
    for (before, expected) in [(20, vec![]), (35, (31..=34).collect()), (31, vec![])] {
        let (time, key) = &times[before - 1];
        let (texts, page) = c2c_page(&bob, "alice", key, *time, 0).await;
        assert_eq!((numbers(&texts), &page["Complete"]), (expected, &json!(1)), "before {before}");
    }
    // Up to a time, and from a time on, of a message that is gone.
    let (texts, page) = c2c_page(&bob, "alice", "", times[19].0, 0).await;
    assert_eq!((numbers(&texts), &page["Complete"]), (vec![], &json!(1)));
    let (texts, page) = c2c_page(&bob, "alice", "", times[19].0, 1).await;
    assert_eq!((numbers(&texts), &page["Complete"]), ((31..=40).collect(), &json!(1)));
    let (texts, page) = c2c_page(&bob, "alice", &times[19].1, times[19].0, 1).await;
    assert_eq!((numbers(&texts), &page["Complete"]), ((31..=40).collect(), &json!(1)));
}

/// After a reconnect the SDKs fill their gap upwards in windows of 15, each from the newest number of the answer before,
/// unless `IsFinished` is 2. They read the first item unseen.
async fn fill_gap(user: &User, group: &Group, mut local: u64, remote: u64) -> Vec<u64> {
    let mut filled = Vec::new();
    loop {
        let page = page(user, group, local + 14, 15).await;
        let items = page["RspMsgList"].as_array().unwrap();
        let newest = items[0]["MsgSeq"].as_u64().unwrap();
        let shown = items.iter().filter(|item| item["GroupInfo"]["NotVisible"] != 1);
        filled.extend(shown.map(|item| item["MsgSeq"].as_u64().unwrap()));
        if newest == local || newest >= remote || page["IsFinished"] == 2 {
            filled.sort_unstable();
            filled.dedup();
            return filled;
        }
        local = newest;
    }
}

#[tokio::test]
async fn a_gap_is_filled_with_what_is_left() {
    let gateway = keeping(2, 10).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let remote = say(&alice, &group, 79).await;
    assert_eq!(fill_gap(&bob, &group, 1, remote).await, (1..=79).collect::<Vec<_>>(), "nothing is gone yet");
    gateway.expire().await;
    for local in [1, 4, 55, 56, 57, 69, 70, 71, 78] {
        let expected: Vec<_> = (70.max(local)..=79).collect();
        assert_eq!(fill_gap(&bob, &group, local, remote).await, expected, "from {local}");
    }
    gateway.clock.advance(3 * DAY);
    gateway.expire().await;
    assert_eq!(fill_gap(&bob, &group, 4, remote).await, [0u64; 0]);
    // Beyond the end there is nothing to go on from, and that is what ends a search for newer ones.
    assert_eq!(page(&bob, &group, remote + 15, 15).await["RspMsgList"], json!([]));
}

/// 2.x hops downwards from below the last item of each answer until that is number 1.
#[tokio::test]
async fn hopping_down_ends_where_nothing_is_left() {
    let gateway = keeping(0, 10).await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("lobby").await;
    say(&alice, &group, 40).await;
    gateway.expire().await;
    // The ten that are kept are above 30.
    for from in [40, 33, 30, 5] {
        let page = page(&alice, &group, from, 15).await;
        assert_eq!(seqs(&page), (31..=from).rev().collect::<Vec<u64>>(), "from {from}");
        assert_eq!(page["RspMsgList"].as_array().unwrap().last().unwrap()["MsgSeq"], 1, "from {from}");
        assert_eq!(page.get("NextReqMsgSeq"), None);
    }
    // While something older is left there is no need for it.
    let page = page(&alice, &group, 40, 9).await;
    assert_eq!(page["RspMsgList"].as_array().unwrap().last().unwrap()["MsgSeq"], 32);
}

#[tokio::test]
async fn what_was_dropped_unread_is_not_unread() {
    let gateway = keeping(2, 10).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = office(&alice, "bob").await;
    // More than are counted one by one.
    let last = say(&alice, &group, 230).await;
    for n in 0..230 {
        alice.send_to("bob", &format!("{n}")).await;
    }
    assert_eq!((unread_in_group(&bob).await, unread_of_peer(&bob, "alice").await), (230, 230));
    gateway.expire().await;
    assert_eq!((unread_in_group(&bob).await, unread_of_peer(&bob, "alice").await), (10, 10));
    let read = json!({"GroupId": group.id, "MsgReadedSeq": last - 4});
    bob.call("group_open_http_svc.msg_read_report", read).await.ok();
    assert_eq!(unread_in_group(&bob).await, 4);
    gateway.clock.advance(3 * DAY);
    gateway.expire().await;
    assert_eq!((unread_in_group(&bob).await, unread_of_peer(&bob, "alice").await), (0, 0));
    // Reading what is gone moves the position, so that only what comes is unread.
    let seen = gateway.clock.now().seconds();
    let body = json!({"C2CMsgReaded": {"Cookie": "", "C2CMsgReadedItem": [{"To_Account": "alice", "LastedMsgTime": seen}]}});
    bob.call("openim.msgreaded", body).await.ok();
    alice.send_to("bob", "new").await;
    alice.send_text(&group, "new").await;
    assert_eq!((unread_in_group(&bob).await, unread_of_peer(&bob, "alice").await), (1, 1));
}

#[tokio::test]
async fn a_conversation_whose_messages_are_all_gone_stays_on_the_list() {
    let mut gateway = keeping(1, 0).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let last = say(&alice, &group, 5).await;
    alice.send_to("bob", "hello").await;
    let before = on_the_list(&bob, 2).await;
    gateway.clock.advance(2 * DAY);
    assert_eq!(gateway.expire().await.entries, 6);
    for restarted in [false, true] {
        if restarted {
            gateway.restart().await;
        }
        let bob = gateway.user("bob").await;
        let item = on_the_list(&bob, 2).await;
        assert_eq!((item.get("LastMsg"), &item["MsgSeq"]), (None, &json!(last)), "restarted: {restarted}");
        assert_eq!(
            (&item["GroupNextMsgSeq"], &item["MsgTimeStamp"]),
            (&json!(last + 1), &before["MsgTimeStamp"])
        );
        assert_eq!(on_the_list(&bob, 1).await.get("LastMsg"), None);
        assert_eq!(pages(&bob, &group, last).await, [[0u64; 0]]);
        assert_eq!(c2c_pages(&bob, "alice").await, [[""; 0]]);
    }
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    alice.send_text(&group, "again").await;
    alice.send_to("bob", "again").await;
    assert_eq!(bob.history_texts(&group).await, [(last + 1, "again".to_owned())]);
    assert_eq!(bob.history_with("alice").await, ["again"]);
    assert_eq!(on_the_list(&bob, 2).await["LastMsg"]["MsgBody"][0]["MsgContent"]["Text"], "again");
    assert_eq!(on_the_list(&bob, 1).await["LastMsg"]["MsgBody"][0]["MsgContent"]["Text"], "again");
}

#[tokio::test]
async fn what_was_kept_beside_a_message_goes_with_it() {
    let mut gateway = keeping(0, 5).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let begin = gateway.clock.now().0 * 1000;
    say(&alice, &group, 10).await;
    let mut sent = Vec::new();
    for n in 1..=10 {
        sent.push(alice.send_to("bob", &format!("{n}")).await);
    }
    for seq in [2, 9] {
        alice.recall(&group, seq).await.ok();
    }
    let body = json!({"GroupId": group.id, "Deleter_Account": "bob", "Seqs": ["3", "4", "8"]});
    bob.call("group_open_http_svc.delete_group_ramble_msg_by_seq", body).await.ok();
    for index in [1, 8] {
        let info = json!({"From_Account": "alice", "To_Account": "bob", "MsgSeq": sent[index].seq,
            "MsgRandom": sent[index].random, "MsgTimeStamp": sent[index].time});
        alice.call("openim.msgwithdraw", json!({"MsgInfo": info})).await.ok();
    }
    let keys: Vec<_> =
        [2, 9].map(|at: usize| format!("{}_{}_{}", sent[at].seq, sent[at].random, sent[at].time)).into();
    let body = json!({"From_Account": "bob", "To_Account": "alice", "MsgKeyList": keys});
    bob.call("openim.delete_c2c_msg_ramble", body).await.ok();

    // Of what was recalled and hidden above, each has one part that goes; a recall is two records.
    let dropped = gateway.expire().await;
    assert_eq!(dropped, Dropped { entries: 10, records: (2 + 2) + (2 + 1), failed: 0 });
    let query = json!({"GroupId": group.id, "BeginTime": begin - 1, "EndTime": 0, "Limit": 50});
    let body = json!({"NotifyReqList": [query]});
    let told = bob.call("group_open_http_svc.batch_get_group_notify", body).await.ok();
    let recalls = told["NotifyRspList"][0]["NotifyMsgList"].as_array().unwrap().clone();
    assert_eq!(recalls.iter().map(|recall| recall["MsgSeq"].as_u64().unwrap()).collect::<Vec<_>>(), [9]);
    let places: Vec<_> =
        bob.history(&group).await.iter().map(|item| item["IsPlaceMsg"].as_u64().unwrap()).collect();
    assert_eq!(places, [0, 0, 1, 2, 0], "6 to 10");
    let (texts, page) = c2c_page(&bob, "alice", "", 0, 0).await;
    assert_eq!(texts, ["6", "7", "8", "9"]);
    assert_eq!(page["MsgList"][3]["MsgFlagBits"], 8);

    // A message that is gone is not marked once more; a mark that a crash left behind has no message to go with.
    let body = json!({"GroupId": group.id, "Deleter_Account": "bob", "Seqs": ["1", "10"]});
    bob.call("group_open_http_svc.delete_group_ramble_msg_by_seq", body).await.ok();
    assert_eq!(gateway.expire_thoroughly().await, Dropped::default());
    drop((alice, bob));
    gateway.stop().await.unwrap();
    let engine = Embedded::open(&gateway.config().data_dir.join("store"), LocalBus::new().0).unwrap();
    let partition = Partition::group(tests::APP, &GroupId::parse(&group.id).unwrap());
    let (prefix, after) = (Default::default(), None);
    let scan = Scan { table: Table::Hidden, prefix, after, skip: 0, limit: 1, reverse: false };
    let (suffix, value) = engine.scan(&partition, scan).await.unwrap().remove(0);
    let of_the_first = [&suffix[..suffix.len() - 8], &1u64.to_be_bytes()].concat();
    let left = Batch::new(partition, Millis(1)).put(Key::new(Table::Hidden, of_the_first), value.bytes);
    engine.commit(left).await.unwrap();
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;
    assert_eq!(gateway.expire().await, Dropped::default());
    assert_eq!(gateway.expire_thoroughly().await, Dropped { records: 1, ..Dropped::default() });
    assert_eq!(gateway.expire_thoroughly().await, Dropped::default());
}

#[tokio::test]
async fn notices_expire_too() {
    let gateway = keeping(2, 3).await;
    let alice = gateway.user("alice").await;
    let bob = gateway.user("bob").await;
    let cookie = synced(&bob, "").await["Cookie"].as_str().unwrap().to_owned();
    let invite = async |id: &str| {
        let group = alice.create_group_of("Private", id).await;
        let body = json!({"GroupId": group.id, "MemberList": [{"Member_Account": "bob"}]});
        alice.call("group_open_http_svc.add_group_member", body).await.ok();
    };
    for n in 1..=5 {
        invite(&format!("office {n}")).await;
    }
    let told = async || {
        let events = synced(&bob, &cookie).await["EventArray"].as_array().cloned().unwrap_or_default();
        let group = |event: &Value| event["GroupTips"][0]["ToGroupId"].as_str().unwrap().to_owned();
        events.iter().map(group).collect::<Vec<_>>()
    };
    assert_eq!(told().await.len(), 5);
    let seen = synced(&bob, &cookie).await["EventArray"][1]["GroupTips"][0].clone();
    bob.call("openim.deletemsg", json!({"DelMsgList": [{"MsgSeq": seen["ClientSeq"]}]})).await.ok();
    let dropped = gateway.expire().await;
    assert_eq!(dropped, Dropped { entries: 2, records: 1, failed: 0 });
    assert_eq!(told().await, ["office 3", "office 4", "office 5"]);
    gateway.clock.advance(3 * DAY);
    gateway.expire().await;
    assert_eq!(told().await, [""; 0]);
    invite("office 6").await;
    assert_eq!(told().await, ["office 6"], "the numbers of notices go on");
}
