//! A device that was away and is back hears everything it missed, and nothing twice.
//!
//! An SDK takes the newest message that it has of a conversation for the end of what it knows: so what it missed is pushed
//! with the answer to its login, before all that is new.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Device, Dialect, Event, Group, Outcome, TestGateway, User};

/// How long a client that does not ask is left alone, with some room for a busy machine.
const LEFT_ALONE: Duration = Duration::from_secs(4);

/// Longer than one that asks for nothing is left alone.
const ASKED_FOR: Duration = Duration::from_secs(7);

/// The notice of an invitation.
const INVITED: u64 = 7;

/// The same SDK object on a new connection.
async fn back(gateway: &TestGateway, user: User) -> User {
    user.socket.close().await;
    user.reconnect(gateway.address(), Dialect::Binary).await
}

/// What a call is answered that shows by its order that nothing was pushed before.
async fn nothing_is_pushed(user: &User) {
    user.ping().await;
    let events = user.socket.events();
    assert!(events.is_empty(), "{}: {events:#?}", user.name);
}

/// The texts that were pushed to a user, of groups and of users, in their order.
fn heard(user: &User) -> Vec<String> {
    let text = |event: &Event| {
        let items = [&event.value["GroupMsgArray"][0], &event.value["C2cMsgArray"][0]];
        items
            .into_iter()
            .find_map(|item| item["MsgBody"][0]["MsgContent"]["Text"].as_str().map(str::to_owned))
    };
    user.socket.events().iter().filter_map(text).collect()
}

#[tokio::test]
async fn what_was_missed_comes_with_the_login_and_what_is_new_behind_it() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    carol.join(&group).await;
    let bob = back(&gateway, bob).await;
    alice.send_text(&group, "missed").await;
    alice.send_to("bob", "missed too").await;
    bob.try_login().await.ok();
    alice.send_text(&group, "new").await;
    alice.send_to("bob", "new too").await;
    bob.expect_message_from("alice", "new too").await;
    bob.expect_message(&group, "new").await;
    let mut said = heard(&bob);
    assert_eq!(said.drain(..2).collect::<Vec<_>>(), ["missed", "missed too"]);
    said.sort();
    assert_eq!(said, ["new", "new too"]);
}

/// Whoever logs in afresh reads what there is.
#[tokio::test]
async fn who_is_not_back_is_told_nothing_of_the_past() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "before").await;
    let device = Device::wechat("f".repeat(32));
    let fresh =
        User::connect(gateway.address(), "bob", gateway.usersig("bob"), device, Dialect::Binary).await;
    fresh.login().await;
    nothing_is_pushed(&fresh).await;
}

/// Notices are asked for page after page. One that is new is told after the last.
#[tokio::test]
async fn who_keeps_asking_is_told_no_notice_until_the_sync() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    bob.sync().await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    let begun = Instant::now();
    let group = invite(&alice, "group").await;
    let is_notice = |event: &Event| event.value["Event"] == 5;
    while begun.elapsed() < ASKED_FOR {
        bob.history_texts(&group).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        bob.ping().await;
        assert!(!bob.socket.events().iter().any(is_notice));
    }
    assert_eq!(told(&bob.sync().await), ["group"]);
    alice.send_text(&group, "end").await;
    bob.expect_message(&group, "end").await;
    assert!(!bob.socket.events().iter().any(is_notice));
    // One that asks for nothing is not left alone for ever.
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    let begun = Instant::now();
    let other = invite(&alice, "other").await;
    bob.expect_notice(&other, INVITED).await;
    assert!(begun.elapsed() >= LEFT_ALONE, "{:?}", begun.elapsed());
}

/// An SDK takes its own words for the end of what it missed, and sends again before the login what was unanswered.
#[tokio::test]
async fn ones_own_words_are_acknowledged_after_what_was_missed() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let bob = back(&gateway, bob).await;
    alice.send_text(&group, "missed").await;
    alice.send_to("bob", "missed too").await;
    let to_group = bob.begin("group_open_http_svc.send_group_msg", bob.group_text(&group, "mine")).await;
    let to_alice = bob.begin("openim.sendmsg", bob.c2c_text("alice", "mine too")).await;
    alice.expect_message(&group, "mine").await;
    alice.expect_message_from("bob", "mine too").await;
    bob.ping().await;
    for request in [&to_group, &to_alice] {
        assert!(bob.socket.answered(request).is_none(), "{request:?}");
    }
    bob.try_login().await.ok();
    assert_eq!(bob.answer(&to_group).await.ok()["MsgSeq"], 2);
    bob.answer(&to_alice).await.ok();
    assert_eq!(heard(&bob), ["missed", "missed too"]);
    // From now on it is answered at once.
    let begun = Instant::now();
    bob.send_text(&group, "more").await;
    assert!(begun.elapsed() < LEFT_ALONE, "{:?}", begun.elapsed());

    // One that does not log in has its answer all the same.
    let bob = back(&gateway, bob).await;
    let body = bob.c2c_text("alice", "by the way");
    assert!(matches!(bob.ask("openim.sendmsg", body, tests::DEADLINE).await, Outcome::Answer(_)));
    // And after that it does not wait again.
    let begun = Instant::now();
    bob.send_to("alice", "one thing more").await;
    assert!(begun.elapsed() < LEFT_ALONE);
}

/// The time up to which the client was last asked whether it has what was said.
fn asked_for(user: &User) -> Option<u64> {
    user.socket.receipts().iter().rev().find_map(|receipt| receipt.strip_prefix('t')?.parse().ok())
}

fn receipt(time: u64) -> Value {
    json!({"SessionData": format!("t{time}")})
}

/// Says texts until the other is asked whether they have what was said at `at`. Gives the time that they are to acknowledge.
async fn until_asked(alice: &User, bob: &User, at: u64) -> u64 {
    // No faster than one user may say something to another: how far the hub is, is looked at once a second.
    let mut paces = tokio::time::interval(Duration::from_millis(30));
    for n in 0.. {
        paces.tick().await;
        alice.send_to("bob", &format!("on and on {n}")).await;
        bob.ping().await;
        if let Some(time) = asked_for(bob).filter(|time| *time > at) {
            return time;
        }
    }
    unreachable!()
}

#[tokio::test]
async fn what_a_device_has_acknowledged_is_not_told_again() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "old").await;
    let said_at = gateway.clock.now().0;
    // Longer than what is said is on its way.
    gateway.clock.advance(Duration::from_secs(60));
    until_asked(&alice, &bob, said_at).await;
    // Without a word of the client nobody knows what it has, and what it makes up says nothing.
    acknowledge(&bob, &receipt(u64::MAX)).await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    bob.expect_message(&group, "old").await;

    let time = until_asked(&alice, &bob, said_at).await;
    acknowledge(&bob, &receipt(time)).await;
    let bob = back(&gateway, bob).await;
    alice.send_text(&group, "new").await;
    bob.try_login().await.ok();
    bob.expect_message(&group, "new").await;
    assert!(!heard(&bob).contains(&"old".to_owned()), "{:?}", heard(&bob));

    // The same after a restart, on which everybody comes back.
    gateway.restart().await;
    let bob = bob.reconnect(gateway.address(), Dialect::Binary).await;
    bob.try_login().await.ok();
    bob.expect_message(&group, "new").await;
    assert!(!heard(&bob).contains(&"old".to_owned()), "{:?}", heard(&bob));
}

/// More than is told: the conversation is taken off the SDK's list, which reads it anew.
#[tokio::test]
async fn who_missed_too_much_reads_it_anew() {
    let gateway = TestGateway::start_with(|config| config.connections.missed_messages = 5).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let [busy, quiet] = [alice.create_group("busy").await, alice.create_group("quiet").await];
    bob.join(&busy).await;
    bob.join(&quiet).await;
    let bob = back(&gateway, bob).await;
    for n in 0..6 {
        alice.send_text(&busy, &format!("busy {n}")).await;
    }
    for n in 0..5 {
        alice.send_text(&quiet, &format!("quiet {n}")).await;
    }
    bob.try_login().await.ok();
    bob.expect_message(&quiet, "quiet 4").await;
    assert_eq!(heard(&bob), ["quiet 0", "quiet 1", "quiet 2", "quiet 3", "quiet 4"]);
    let first = &bob.socket.events()[0].value;
    let forgotten = &first["RecentContactMod"][0]["RecentContactDeleteItem"]["RecentContactList"];
    assert_eq!(forgotten.as_array().unwrap().len(), 1, "{first}");
    assert!(forgotten.to_string().contains("busy"), "{first}");
    alice.send_text(&busy, "new").await;
    bob.expect_message(&busy, "new").await;
}

/// No more bytes than half of what may wait for a socket: the longest of the conversations are read anew, and as few as that
/// takes.
#[tokio::test]
async fn who_missed_more_bytes_than_may_wait_reads_the_longest_anew() {
    let gateway = TestGateway::start_with(|config| config.connections.queue_bytes = 64 * 1024).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let [long, longer, short] = [
        alice.create_group("long").await,
        alice.create_group("longer").await,
        alice.create_group("short").await,
    ];
    for group in [&long, &longer, &short] {
        bob.join(group).await;
    }
    let bob = back(&gateway, bob).await;
    let text = |n: usize| format!("{n} {}", "x".repeat(7000));
    for n in 0..3 {
        alice.send_text(&longer, &text(n)).await;
    }
    for n in 0..2 {
        alice.send_text(&long, &text(n)).await;
    }
    alice.send_text(&short, "short").await;
    bob.try_login().await.ok();
    bob.expect_message(&short, "short").await;
    bob.expect_message(&long, &text(1)).await;
    let mut begins: Vec<String> =
        heard(&bob).into_iter().map(|text| text.chars().take(5).collect()).collect();
    begins.sort();
    assert_eq!(begins, ["0 xxx", "1 xxx", "short"], "of the shorter ones all");
    let first = &bob.socket.events()[0].value;
    let forgotten = &first["RecentContactMod"][0]["RecentContactDeleteItem"]["RecentContactList"];
    assert_eq!(forgotten.as_array().unwrap().len(), 1, "{first}");
    assert!(forgotten.to_string().contains("longer"), "{first}");
}

/// What others may not see of what was missed, and what one has put away.
#[tokio::test]
async fn nobody_is_told_what_they_may_not_see() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let device = Device::wechat(gateway.fresh_instance());
    let phone = gateway.user_on("bob", device, Dialect::Text).await;
    let group = alice.create_group("lobby").await;
    let bob = back(&gateway, bob).await;
    alice.send_text(&group, "before bob came").await;
    phone.join(&group).await;
    alice.send_text(&group, "for bob").await;
    phone.send_text(&group, "from bob's phone").await;
    alice.send_to("bob", "cleared").await;
    let clear = json!({"From_Account": "bob", "Type": 1, "To_Account": "alice"});
    phone.call("recentcontact.clear_msg", clear).await.ok();
    alice.send_to("bob", "said later").await;
    bob.try_login().await.ok();
    bob.expect_message_from("alice", "said later").await;
    let mut said = heard(&bob);
    // The clock stands, so it is all of one time.
    said.sort();
    assert_eq!(said, ["for bob", "from bob's phone", "said later"]);
}

/// What counts messages is answered when the client has what it missed, or had the time to take it in.
#[tokio::test]
async fn counts_are_told_to_who_has_what_it_missed() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let bob = back(&gateway, bob).await;
    alice.send_to("bob", "missed").await;
    bob.try_login().await.ok();
    let list = bob.begin("recentcontact.page_get", json!({"From_Account": "bob"})).await;
    bob.ping().await;
    let time = asked_for(&bob).unwrap();
    assert!(bob.socket.answered(&list).is_none());
    let begun = Instant::now();
    acknowledge(&bob, &receipt(time)).await;
    bob.answer(&list).await.ok();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // One that acknowledges nothing has its answer a little later.
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    bob.call("recentcontact.page_get", json!({"From_Account": "bob"})).await.ok();
}

/// An SDK repeats what was not answered before it has logged in again, and counts what it is told then behind the answer.
#[tokio::test]
async fn counts_that_are_asked_for_before_the_login_are_told_behind_it() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let bob = back(&gateway, bob).await;
    alice.send_to("bob", "missed").await;
    let list = bob.begin("recentcontact.page_get", json!({"From_Account": "bob"})).await;
    bob.ping().await;
    assert!(bob.socket.answered(&list).is_none());
    let begun = Instant::now();
    bob.try_login().await.ok();
    bob.ping().await;
    assert_eq!(heard(&bob), ["missed"]);
    assert!(bob.socket.answered(&list).is_none());
    acknowledge(&bob, &receipt(asked_for(&bob).unwrap())).await;
    bob.answer(&list).await.ok();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // Who does not log in has the answer a little later.
    let bob = back(&gateway, bob).await;
    bob.call("recentcontact.page_get", json!({"From_Account": "bob"})).await.ok();
}

/// An SDK 2.x asks for a group that is new to it with each message, and comes to the messages in the order of the answers.
#[tokio::test]
async fn what_is_new_waits_for_who_may_yet_ask_what_a_group_is() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let bob = back(&gateway, bob).await;
    alice.send_to("bob", "missed").await;
    bob.try_login().await.ok();
    bob.ping().await;
    let time = asked_for(&bob).unwrap();
    alice.send_to("bob", "new").await;
    bob.ping().await;
    assert_eq!(heard(&bob), ["missed"]);
    acknowledge(&bob, &receipt(time)).await;
    bob.expect_message_from("alice", "new").await;
    // One that acknowledges nothing hears it a little later.
    let bob = back(&gateway, bob).await;
    alice.send_to("bob", "missed too").await;
    bob.try_login().await.ok();
    alice.send_to("bob", "new too").await;
    bob.expect_message_from("alice", "new too").await;
}

/// A session that is ended while pushes wait for it leaves none of them to who comes next.
#[tokio::test]
async fn what_waits_is_nobody_elses() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    gateway.admin().import("carol").await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    alice.send_to("bob", "for bob").await;
    bob.logout().await;
    let said = bob.socket.events().len();
    let mut head = bob.head("im_open_status.wslogin");
    head["identifier"] = "carol".into();
    head["usersig"] = gateway.usersig("carol").into();
    let body = json!({"State": "Online", "is_web_uniapp": 0, "InstType": 0, "CustomInfo": ""});
    bob.call_with(head, body).await.ok();
    alice.send_to("carol", "for carol").await;
    bob.expect_message_from("alice", "for carol").await;
    assert_eq!(bob.socket.events().len(), said + 1);
}

/// A group of alice's, to which bob is invited.
async fn invite(alice: &User, id: &str) -> Group {
    let body = json!({
        "Type": "Private", "Name": id, "GroupId": id, "Owner_Account": alice.name,
        "MemberList": [{"Member_Account": "bob"}],
    });
    alice.call("group_open_http_svc.create_group", body).await.ok();
    Group { id: id.to_owned() }
}

/// The notice of an invitation as it was pushed: its number, and what acknowledges it.
async fn invited(bob: &User, group: &Group) -> (u64, Value) {
    let item = bob.expect_notice(group, INVITED).await;
    let seq = item["ClientSeq"].as_u64().unwrap();
    (seq, json!({"SessionData": format!("n{seq}")}))
}

async fn acknowledge(bob: &User, receipt: &Value) {
    bob.call("openim.ws_msg_push_ack", receipt.clone()).await.ok();
}

/// The groups of which a sync tells.
fn told(synced: &Value) -> Vec<&str> {
    let groups = synced["EventArray"].as_array().unwrap().iter();
    groups.map(|event| event["GroupTips"][0]["ToGroupId"].as_str().unwrap()).collect()
}

fn about<'a>(group: &'a Group) -> impl Fn(&Event) -> bool + 'a {
    |event| event.value["Event"] == 5 && event.value["GroupTips"][0]["ToGroupId"] == *group.id
}

#[tokio::test]
async fn a_notice_that_arrived_is_not_told_again() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    assert_eq!(bob.sync().await["Cookie"], "n0");
    let first = invite(&alice, "first").await;
    let (number, receipt) = invited(&bob, &first).await;
    assert_eq!(number, 1);
    let frame = |event: &Event| event.value["NeedAck"] == 1;
    assert!(!bob.socket.events().iter().any(frame), "it is the frame that asks, not the event");
    acknowledge(&bob, &receipt).await;
    // This one arrives, and its acknowledgement is lost with the line; and this one has what the line lost.
    let second = invite(&alice, "second").await;
    invited(&bob, &second).await;
    let third = invite(&alice, "third").await;
    let (_, receipt) = invited(&bob, &third).await;
    acknowledge(&bob, &receipt).await;

    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    let synced = bob.sync().await;
    assert_eq!((told(&synced), &synced["Cookie"]), (vec!["second"], &json!("n3")));
    assert_eq!(told(&bob.sync().await), [""; 0]);

    let fourth = invite(&alice, "fourth").await;
    let (_, receipt) = invited(&bob, &fourth).await;
    acknowledge(&bob, &receipt).await;
    gateway.restart().await;
    let alice = alice.reconnect(gateway.address(), Dialect::Binary).await;
    alice.login().await;
    let bob = bob.reconnect(gateway.address(), Dialect::Binary).await;
    bob.try_login().await.ok();
    assert_eq!(told(&bob.sync().await), [""; 0]);
    // A device that says nothing is told as ever.
    invite(&alice, "fifth").await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    assert_eq!(told(&bob.sync().await), ["fifth"]);
}

/// What acknowledges the recalls of which a user was told.
fn told_recalls(user: &User) -> Vec<String> {
    user.socket.receipts().into_iter().filter(|receipt| receipt.starts_with('r')).collect()
}

async fn withdraw(from: &User, to: &str, (seq, random, time): (u64, u64, u64)) {
    let info = json!({"MsgInfo": {"From_Account": from.name, "To_Account": to, "MsgSeq": seq, "MsgRandom": random, "MsgTimeStamp": time}});
    from.call("openim.msgwithdraw", info).await.ok();
}

/// The SDKs take one off the unread count for each recall that they are told of.
#[tokio::test]
async fn a_recall_that_arrived_is_not_told_again() {
    let mut gateway = TestGateway::start().await;
    let [mut alice, mut bob] = gateway.users(["alice", "bob"]).await;
    let group = invite(&alice, "work").await;
    for n in 0..2 {
        let in_group = alice.send_text(&group, &format!("slip {n}")).await;
        let to_bob = alice.send_to("bob", &format!("slip {n}")).await;
        alice.recall(&group, in_group.seq).await.ok();
        withdraw(&alice, "bob", (to_bob.seq, to_bob.random, to_bob.time)).await;
    }
    alice.send_text(&group, "the end").await;
    bob.expect_message(&group, "the end").await;
    bob.ping().await;
    // Those of the first two messages arrive, and of the others nobody knows.
    let told = told_recalls(&bob);
    assert_eq!(told.len(), 4, "{told:?}");
    for receipt in &told[..2] {
        acknowledge(&bob, &json!({"SessionData": receipt})).await;
    }
    for made_up in ["r", "r1", "r1-", "r-1", "r1-x", "r18446744073709551615-18446744073709551615"] {
        acknowledge(&bob, &json!({"SessionData": made_up})).await;
    }
    for is_restarted in [false, true] {
        if is_restarted {
            gateway.restart().await;
        }
        bob = back(&gateway, bob).await;
        bob.try_login().await.ok();
        bob.expect_message(&group, "the end").await;
        has_come_to_the_end(&bob).await;
        bob.sync().await;
        bob.ping().await;
        let (mut again, mut unknown) = (told_recalls(&bob), told[2..].to_vec());
        again.sort();
        unknown.sort();
        assert_eq!(again, unknown, "after a restart: {is_restarted}");
        assert_eq!(heard(&bob), ["slip 1", "slip 1", "the end"], "after a restart: {is_restarted}");
        // Who recalled something knows it.
        alice = back(&gateway, alice).await;
        alice.try_login().await.ok();
        alice.ping().await;
        assert_eq!(told_recalls(&alice), [""; 0], "after a restart: {is_restarted}");
    }
}

/// The client has what it missed.
async fn has_come_to_the_end(user: &User) {
    user.ping().await;
    acknowledge(user, &receipt(asked_for(user).unwrap())).await;
}

/// An SDK that does not know a group asks what it is before it puts a message of it anywhere: there is nothing to recall yet.
#[tokio::test]
async fn recalls_in_a_group_that_is_new_to_a_device_are_told_last() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let bob = back(&gateway, bob).await;
    let group = invite(&alice, "work").await;
    let slip = alice.send_text(&group, "slip").await;
    alice.recall(&group, slip.seq).await.ok();
    alice.send_text(&group, "the end").await;
    bob.try_login().await.ok();
    bob.expect_message(&group, "the end").await;
    bob.ping().await;
    assert_eq!(told_recalls(&bob), [""; 0], "nothing is told of it before the group is known");
    let question = json!({"GroupIdList": ["work"], "ResponseFilter": {"GroupBaseInfoFilter": ["Type"]}});
    bob.call("group_open_http_svc.get_group_self_member_info", question).await.ok();
    has_come_to_the_end(&bob).await;
    bob.ping().await;
    assert_eq!(told_recalls(&bob).len(), 1);
    // One that acknowledges nothing is told it a little later.
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    let late = |event: &Event| event.value["GroupTips"][0]["MsgBody"]["GroupWithdrawInfoArray"].is_array();
    bob.expect_event("the recall", late).await;
}

/// When they are told how much is unread of a peer, 2.x SDKs show the last message as it was before its recall.
#[tokio::test]
async fn who_is_back_is_not_told_the_count_of_a_talk_that_ends_with_a_recall() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    bob.sync().await;
    let bob = back(&gateway, bob).await;
    alice.send_to("bob", "stays").await;
    let slip = alice.send_to("bob", "slip").await;
    withdraw(&alice, "bob", (slip.seq, slip.random, slip.time)).await;
    bob.try_login().await.ok();
    bob.expect_message_from("alice", "slip").await;
    has_come_to_the_end(&bob).await;
    assert_eq!(told_recalls(&bob).len(), 1);
    let of_alice = |synced: &Value| synced["C2CPairUnreadCount"].clone();
    assert_eq!(of_alice(&bob.sync().await), json!([]));
    alice.send_to("bob", "the end").await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    has_come_to_the_end(&bob).await;
    assert_eq!(of_alice(&bob.sync().await), json!([{"From_Account": "alice", "UnreadCount": 2}]));
}

/// The SDKs keep what they counted in a group that they were put out of, and show it when they are in it again.
#[tokio::test]
async fn nothing_stays_unread_of_a_group_that_one_was_put_out_of() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = invite(&alice, "work").await;
    alice.send_text(&group, "unread").await;
    bob.sync().await;
    let mut bob = back(&gateway, bob).await;
    let bring_in = json!({"GroupId": "work", "MemberList": [{"Member_Account": "bob"}]});
    alice.kick(&group, &["bob"]).await.ok();
    let read = |event: &Event| event.value["GroupTips"][0]["MsgBody"]["GroupReadInfoArray"].is_array();
    for is_there_again in [false, true] {
        if is_there_again {
            alice.call("group_open_http_svc.add_group_member", bring_in.clone()).await.ok();
            alice.send_text(&group, "new").await;
        }
        bob.try_login().await.ok();
        bob.ping().await;
        let pushed = bob.socket.events();
        let place = pushed.iter().position(read).expect("it is told that nothing is unread");
        let first = pushed.iter().position(|event| event.value["GroupMsgArray"].is_array());
        assert!(first.is_none_or(|first| place < first), "before what is new: {pushed:#?}");
        let told = told(&bob.sync().await).len();
        // That it was put out of a group that it is in is over: the SDKs would count nothing there any more.
        assert_eq!(told, 1, "put out, or invited; there again: {is_there_again}");
        bob = back(&gateway, bob).await;
    }
}

/// SDKs count anew what lies behind what they are told is read: also tips, which do not count.
#[tokio::test]
async fn what_was_read_elsewhere_is_told_up_to_what_counts() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = invite(&alice, "work").await;
    bob.sync().await;
    let phone = gateway.user_on("bob", Device::android("phone".to_owned()), Dialect::Binary).await;
    let bob = back(&gateway, bob).await;
    let said = alice.send_text(&group, "read by the phone").await;
    let read = json!({"GroupId": "work", "MsgReadedSeq": said.seq});
    phone.call("group_open_http_svc.msg_read_report", read).await.ok();
    phone.send_text(&group, "one's own words").await;
    alice
        .call("group_open_http_svc.modify_group_base_info", json!({"GroupId": "work", "Name": "new"}))
        .await
        .ok();
    bob.try_login().await.ok();
    has_come_to_the_end(&bob).await;
    bob.ping().await;
    let told: Vec<u64> = (bob.socket.events().iter())
        .filter_map(|event| {
            event.value["GroupTips"][0]["MsgBody"]["GroupReadInfoArray"][0]["LastReadMsgSeq"].as_u64()
        })
        .collect();
    assert_eq!(told, [said.seq + 2], "up to the tip behind the words of bob");
}

/// A client that reads its list of conversations anew forgets the marks that it had.
#[tokio::test]
async fn a_mention_that_is_not_read_is_told_again() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    bob.sync().await;
    let mut body = alice.group_text(&group, "@bob look");
    body["GroupAtInfo"] = json!([{"GroupAtAllFlag": 0, "GroupAt_Account": "bob"}]);
    alice.send_to_group(body).await.ok();
    let mark = bob.expect_event("a mention", |event| event.value["Event"] == 12).await;
    let number = mark["GroupTips"][0]["ClientSeq"].as_u64().unwrap();
    acknowledge(&bob, &json!({"SessionData": format!("n{number}")})).await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    let synced = bob.sync().await;
    let marks: Vec<_> =
        synced["EventArray"].as_array().unwrap().iter().filter(|event| event["Event"] == 12).collect();
    assert_eq!(marks.len(), 1, "{synced:#}");
}

#[tokio::test]
async fn a_notice_that_comes_at_the_return_is_told_once() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    bob.sync().await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    let group = invite(&alice, "group").await;
    alice.send_text(&group, "end").await;
    bob.expect_message(&group, "end").await;
    assert!(!bob.socket.events().iter().any(about(&group)));
    assert_eq!(told(&bob.sync().await), ["group"]);
    assert!(!bob.socket.events().iter().any(about(&group)));
    let next = invite(&alice, "next").await;
    invited(&bob, &next).await;
}

#[tokio::test]
async fn nobody_acknowledges_what_is_not_theirs_or_not_there() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let other = gateway.user_on("bob", Device::wechat("e".repeat(32)), Dialect::Binary).await;
    bob.sync().await;
    other.sync().await;
    // What is to come, and what is no number of ours.
    for data in ["n1", "n2", "n18446744073709551615", "n", "", "x", "n-1"] {
        acknowledge(&bob, &json!({"SessionData": data})).await;
    }
    acknowledge(&bob, &json!({})).await;
    gateway.anonymous().await.call("openim.ws_msg_push_ack", json!({"SessionData": "n1"})).await.ok();
    alice.call("openim.ws_msg_push_ack", json!({"SessionData": "n1"})).await.ok();
    let group = invite(&alice, "group").await;
    let (_, receipt) = invited(&bob, &group).await;
    acknowledge(&other, &receipt).await;
    let bob = back(&gateway, bob).await;
    bob.try_login().await.ok();
    assert_eq!(told(&bob.sync().await), ["group"]);
    let other = back(&gateway, other).await;
    other.try_login().await.ok();
    assert_eq!(told(&other.sync().await), [""; 0]);
}
