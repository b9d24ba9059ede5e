//! Topics of communities: their life, what is said in them, and who hears of it.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{Answer, Group, TestGateway, User};

use super::community::community;

const CREATE: &str = "million_group_open_http_svc.create_topic";
const GET: &str = "million_group_open_http_svc.get_topic";
const MODIFY: &str = "million_group_open_http_svc.modify_topic";
const DESTROY: &str = "million_group_open_http_svc.destroy_topic";
const SEND: &str = "million_group_open_http_svc.send_group_msg";
const HISTORY: &str = "million_group_open_http_svc.group_msg_get";
const READ: &str = "million_group_open_http_svc.msg_read_report";
const PIN: &str = "million_group_open_http_svc.pin_message";
const UNPIN: &str = "million_group_open_http_svc.unpin_message";
const PINNED: &str = "million_group_open_http_svc.get_pinned_messages";
const MEMBER: &str = "million_group_open_http_svc.modify_group_member_info";

/// A community with topics of `alice`, of which the others are members.
async fn forum(alice: &User, others: &[&User]) -> Group {
    let group = community(alice, "@TGS#_forum", true).await;
    for other in others {
        other.join(&group).await;
    }
    group
}

async fn topic(user: &User, group: &Group, name: &str) -> String {
    let body =
        json!({"GroupId": group.id, "TopicId": format!("{}@TOPIC#_{name}", group.id), "TopicName": name});
    let made = user.call(CREATE, body).await.ok();
    made["TopicId"].as_str().unwrap().to_owned()
}

async fn try_say(user: &User, group: &Group, topic: &str, text: &str) -> Answer {
    let mut body = user.group_text(group, text);
    body["TopicId"] = topic.into();
    user.call(SEND, body).await
}

async fn say(user: &User, group: &Group, topic: &str, text: &str) -> u64 {
    try_say(user, group, topic, text).await.ok()["MsgSeq"].as_u64().unwrap()
}

fn text_of(item: &Value) -> Option<&str> {
    item["MsgBody"][0]["MsgContent"]["Text"].as_str()
}

/// Waits for what is said in a topic, and takes it.
async fn hears(user: &User, topic: &str, text: &str) -> Value {
    let is_it = |item: &Value| item["GroupInfo"]["TopicId"] == *topic && text_of(item) == Some(text);
    let event = user
        .expect_event(&format!("{text:?} in {topic}"), |event| is_it(&event.value["GroupMsgArray"][0]))
        .await;
    event["GroupMsgArray"][0].clone()
}

/// What was pushed so far of a topic.
fn heard(user: &User, topic: &str) -> Vec<String> {
    let events = user.socket.events();
    let items = events.iter().map(|event| &event.value["GroupMsgArray"][0]);
    let items = items.filter(|item| item["GroupInfo"]["TopicId"] == *topic);
    items.filter_map(|item| Some(text_of(item)?.to_owned())).collect()
}

async fn texts(user: &User, group: &Group, topic: &str) -> Vec<String> {
    let body = json!({"GroupId": group.id, "TopicId": topic, "ReqMsgNumber": 21, "WithRecalledMsg": 1});
    let page = user.call(HISTORY, body).await.ok();
    let mut texts: Vec<String> =
        page["RspMsgList"].as_array().unwrap().iter().filter_map(text_of).map(str::to_owned).collect();
    texts.reverse();
    texts
}

async fn topics(user: &User, group: &Group, named: &[&str]) -> Vec<Value> {
    let body = json!({"GroupId": group.id, "TopicIdList": named, "MemberInfoFilter": ["NoUnreadSeqList"]});
    user.call(GET, body).await.ok()["TopicAndSelfInfo"].as_array().unwrap().clone()
}

/// As the SDKs count it.
fn unread(item: &Value) -> i64 {
    let read = item["SelfInfo"]["MsgSeq"].as_i64().unwrap();
    let next = item["TopicInfo"]["NextMsgSeq"].as_i64().unwrap();
    let uncounted = item["SelfInfo"]["NoUnreadSeqList"].as_array().unwrap();
    let uncounted = uncounted.iter().filter(|seq| (read + 1..next).contains(&seq.as_i64().unwrap())).count();
    next - read - 1 - i64::try_from(uncounted).unwrap()
}

async fn expect_notice(user: &User, group: &Group, report_type: u64) -> Value {
    let notice = user.expect_notice(group, report_type).await;
    assert_eq!(notice["GroupInfo"]["MillionGroupFlag"], 2);
    notice
}

/// Another device of a user.
async fn desk(gateway: &TestGateway, name: &str) -> User {
    let device = tests::Device::wechat(gateway.fresh_instance());
    gateway.user_on(name, device, tests::Dialect::Binary).await
}

#[tokio::test]
async fn a_topic_is_made_told_of_changed_and_deleted() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = forum(&alice, &[&bob]).await;
    let body = json!({
        "GroupId": group.id, "TopicName": "news", "FaceUrl": "f", "Introduction": "i", "Notification": "n",
        "CustomString": "c",
    });
    let made = alice.call(CREATE, body.clone()).await.ok()["TopicId"].as_str().unwrap().to_owned();
    assert!(made.starts_with("@TGS#_forum@TOPIC#_"), "{made}");
    let notice = expect_notice(&bob, &group, 17).await;
    assert_eq!(notice["GroupInfo"]["TopicId"], *made);
    // Not by everybody, nor of a group that has none.
    for (user, code) in [(&bob, ErrorCode::GROUP_NOT_ALLOWED), (&carol, ErrorCode::GROUP_NOT_ALLOWED)] {
        user.call(CREATE, body.clone()).await.refused(code);
    }
    alice.set_role(&group, "bob", "Admin").await.ok();
    let chosen = topic(&bob, &group, "talk").await;
    assert_eq!(chosen, "@TGS#_forum@TOPIC#_talk");

    let all = topics(&bob, &group, &[]).await;
    assert_eq!(all.len(), 2);
    let news = topics(&bob, &group, &[&made]).await;
    assert_eq!(news[0]["ErrorCode"], 0);
    let info = &news[0]["TopicInfo"];
    for (name, value) in [
        ("GroupId", json!(group.id)),
        ("TopicId", json!(made)),
        ("TopicName", json!("news")),
        ("FaceUrl", json!("f")),
        ("Introduction", json!("i")),
        ("Notification", json!("n")),
        ("CustomString", json!("c")),
        ("ShutUpAllFlag", json!(0)),
        ("NextMsgSeq", json!(1)),
        ("LastMsg", Value::Null),
    ] {
        assert_eq!(info[name], value, "{name}");
    }
    let own = json!({"MsgSeq": 0, "MsgFlag": "AcceptAndNotify", "ShutUpTime": 0, "NoUnreadSeqList": []});
    assert_eq!(news[0]["SelfInfo"], own);

    let change =
        json!({"GroupId": group.id, "TopicId": made, "TopicName": "old news", "ShutUpAllMember": "On"});
    bob.call(MODIFY, change).await.ok();
    let tip = alice
        .expect_event("a tip", |event| event.value["GroupTips"][0]["MsgBody"]["OpType"] == 8)
        .await["GroupTips"][0]
        .clone();
    assert_eq!(tip["GroupInfo"]["TopicId"], *made);
    assert_eq!(tip["MsgBody"]["MsgTopicNewInfo"], json!({"TopicName": "old news", "ShutupAll": 1}));
    assert_eq!(topics(&bob, &group, &[&made]).await[0]["TopicInfo"]["ShutUpAllFlag"], 1);

    let gone = "@TGS#_forum@TOPIC#_none";
    let body = json!({"GroupId": group.id, "TopicIdList": [made, gone, "lobby"]});
    let results = bob.call(DESTROY, body).await.ok()["DestroyResultItem"].clone();
    let codes: Vec<u64> =
        results.as_array().unwrap().iter().map(|item| item["ErrorCode"].as_u64().unwrap()).collect();
    assert_eq!(codes, [0, 10010, 10015]);
    assert_eq!(expect_notice(&alice, &group, 18).await["MsgBody"]["TopicIdArray"], json!([made]));
    let asked = topics(&bob, &group, &[&made, &chosen]).await;
    assert_eq!((&asked[0]["ErrorCode"], &asked[1]["ErrorCode"]), (&json!(10010), &json!(0)));
}

#[tokio::test]
async fn what_is_said_in_a_topic_is_heard_kept_and_counted_there() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = forum(&alice, &[&bob]).await;
    let (one, two) = (topic(&alice, &group, "one").await, topic(&alice, &group, "two").await);
    assert_eq!(say(&alice, &group, &one, "first").await, 1);
    let item = hears(&bob, &one, "first").await;
    assert_eq!(item["ToGroupId"], *group.id);
    assert_eq!(
        (&item["GroupInfo"]["GroupId"], &item["GroupInfo"]["MillionGroupFlag"]),
        (&json!(group.id), &json!(2))
    );
    assert_eq!(say(&bob, &group, &two, "elsewhere").await, 1);
    hears(&alice, &two, "elsewhere").await;
    say(&alice, &group, &one, "second").await;
    hears(&bob, &one, "second").await;
    assert_eq!(texts(&bob, &group, &one).await, ["first", "second"]);
    assert_eq!(texts(&bob, &group, &two).await, ["elsewhere"]);
    // Each has its own count; one's own words are none of it, nor is a tip.
    alice.call(MODIFY, json!({"GroupId": group.id, "TopicId": one, "TopicName": "uno"})).await.ok();
    let counts = |items: Vec<Value>| items.iter().map(unread).collect::<Vec<_>>();
    assert_eq!(counts(topics(&bob, &group, &[&one, &two]).await), [2, 0]);
    assert_eq!(counts(topics(&alice, &group, &[&one, &two]).await), [0, 1]);
    let last = &topics(&bob, &group, &[&one]).await[0]["TopicInfo"]["LastMsg"];
    assert_eq!((text_of(last), &last["LastMsgSeq"]), (Some("second"), &json!(2)));

    let desk = desk(&gateway, "bob").await;
    bob.call(READ, json!({"GroupId": group.id, "TopicId": one, "MsgReadedSeq": 2})).await.ok();
    let told = desk
        .expect_event("reading", |event| {
            event.value["GroupTips"][0]["MsgBody"]["GroupReadInfoArray"][0]["TopicId"] == *one
        })
        .await;
    let read = &told["GroupTips"][0]["MsgBody"]["GroupReadInfoArray"][0];
    // The tip behind it is read as well.
    assert_eq!((&read["GroupId"], &read["LastReadMsgSeq"]), (&json!(group.id), &json!(3)));
    assert_eq!(counts(topics(&desk, &group, &[&one, &two]).await), [0, 0]);
    // In the community itself nothing is said, and it is on no list of conversations.
    alice.try_send_text(&group, "nowhere").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    assert!(bob.conversations().await.is_empty());
}

#[tokio::test]
async fn who_comes_later_has_read_what_was_said_before_and_hears_all_topics() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = forum(&alice, &[]).await;
    let one = topic(&alice, &group, "one").await;
    say(&alice, &group, &one, "before").await;
    gateway.clock.advance(Duration::from_secs(2));
    bob.join(&group).await;
    assert_eq!(unread(&topics(&bob, &group, &[]).await[0]), 0);
    say(&alice, &group, &one, "behind").await;
    hears(&bob, &one, "behind").await;
    assert_eq!(heard(&bob, &one), ["behind"]);
    assert_eq!(unread(&topics(&bob, &group, &[]).await[0]), 1);
    assert_eq!(texts(&bob, &group, &one).await, ["before", "behind"]);
    // A topic that is made while one is there is heard at once.
    let two = topic(&alice, &group, "two").await;
    say(&alice, &group, &two, "new").await;
    hears(&bob, &two, "new").await;
    // Who is gone hears nothing more, and is new when they come again.
    bob.quit(&group).await;
    say(&alice, &group, &one, "alone").await;
    gateway.clock.advance(Duration::from_secs(2));
    bob.join(&group).await;
    assert_eq!(topics(&bob, &group, &[]).await.iter().map(unread).sum::<i64>(), 0);
    say(&alice, &group, &two, "again").await;
    hears(&bob, &two, "again").await;
    assert_eq!(heard(&bob, &one), ["behind"]);
}

#[tokio::test]
async fn who_is_back_is_told_what_was_said_in_topics() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = forum(&alice, &[&bob]).await;
    let one = topic(&alice, &group, "one").await;
    say(&alice, &group, &one, "there").await;
    hears(&bob, &one, "there").await;
    bob.socket.close().await;
    say(&alice, &group, &one, "missed").await;
    let two = topic(&alice, &group, "two").await;
    say(&alice, &group, &two, "in a new one").await;
    let slip = say(&alice, &group, &one, "a slip").await;
    alice.recall_in(&group, &one, slip).await;
    let back = bob.reconnect(gateway.address(), tests::Dialect::Binary).await;
    back.login().await;
    hears(&back, &one, "missed").await;
    hears(&back, &two, "in a new one").await;
    say(&alice, &group, &one, "live").await;
    hears(&back, &one, "live").await;
    // What was said shortly before may be told once more.
    let news: Vec<String> = heard(&back, &one).into_iter().filter(|text| text != "there").collect();
    assert_eq!(news, ["missed", "a slip", "live"]);
}

trait InTopics {
    async fn recall_in(&self, group: &Group, topic: &str, seq: u64) -> Value;
}

impl InTopics for User {
    async fn recall_in(&self, group: &Group, topic: &str, seq: u64) -> Value {
        let body =
            json!({"GroupId": group.id, "TopicId": topic, "MsgSeqList": [{"MsgSeq": seq}], "Reason": ""});
        let done = self.call("million_group_open_http_svc.group_msg_recall", body).await.ok();
        done["RecallRetList"][0]["RetCode"].clone()
    }
}

#[tokio::test]
async fn messages_in_topics_are_recalled_hidden_and_cleared() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = forum(&alice, &[&bob]).await;
    let one = topic(&alice, &group, "one").await;
    for text in ["one", "two", "three"] {
        say(&alice, &group, &one, text).await;
        hears(&bob, &one, text).await;
    }
    assert_eq!(bob.recall_in(&group, &one, 1).await, 10007);
    assert_eq!(alice.recall_in(&group, &one, 1).await, 0);
    let told = bob
        .expect_event("a recall", |event| {
            !event.value["GroupTips"][0]["MsgBody"]["GroupWithdrawInfoArray"].is_null()
        })
        .await;
    let item = &told["GroupTips"][0];
    let info = &item["MsgBody"]["GroupWithdrawInfoArray"][0];
    assert_eq!(
        (&info["GroupId"], &info["TopicId"], &info["MsgSeq"]),
        (&json!(group.id), &json!(one), &json!(1))
    );
    assert_eq!(unread(&topics(&bob, &group, &[&one]).await[0]), 2);
    let hide = json!({"GroupId": group.id, "TopicId": one, "Deleter_Account": "bob", "Seqs": ["2"]});
    bob.call("million_group_open_http_svc.delete_group_ramble_msg_by_seq", hide).await.ok();
    assert_eq!(texts(&bob, &group, &one).await, ["one", "three"], "a recalled one has its text");
    assert_eq!(texts(&alice, &group, &one).await, ["one", "two", "three"]);
    assert_eq!(unread(&topics(&bob, &group, &[&one]).await[0]), 1);
    let clear = json!({"From_Account": "bob", "Type": 2, "ToGroupid": one});
    bob.call("recentcontact.clear_msg", clear).await.ok();
    assert!(texts(&bob, &group, &one).await.is_empty());
    assert_eq!(unread(&topics(&bob, &group, &[&one]).await[0]), 0);
}

#[tokio::test]
async fn what_is_pinned_in_a_topic_is_pinned_there_alone() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = forum(&alice, &[&bob]).await;
    let (news, talk) = (topic(&alice, &group, "news").await, topic(&alice, &group, "talk").await);
    let said = say(&alice, &group, &news, "the rules").await;
    let slip = say(&bob, &group, &news, "a slip").await;
    say(&alice, &group, &talk, "elsewhere").await;
    let request = |topic: &str, seq| json!({"GroupId": group.id, "TopicId": topic, "MsgSeq": seq});
    bob.call(PIN, request(&news, said)).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.call(PIN, request(&talk, said + 9)).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    for seq in [said, slip] {
        alice.call(PIN, request(&news, seq)).await.ok();
        let tip = bob.expect_passing(&Group { id: news.clone() }, 16).await;
        assert_eq!(tip["GroupInfo"]["TopicId"], news.as_str());
        let message = &tip["MsgBody"]["PinnedMsg"];
        assert_eq!((&message["MsgSeq"], &message["ToGroupId"]), (&json!(seq), &json!(news)));
    }
    alice.call(PIN, request(&news, said)).await.refused(ErrorCode::PINNED_ALREADY);

    gateway.restart().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let pinned = async |topic: &str| {
        let answer = bob.call(PINNED, json!({"GroupId": group.id, "TopicId": topic})).await.ok();
        let pins = answer["PinnedMsgList"].as_array().unwrap().clone();
        pins.iter().map(|pin| pin["MsgSeq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(pinned(&news).await, [said, slip]);
    assert!(pinned(&talk).await.is_empty() && pinned("").await.is_empty());
    // One that is recalled is pinned no more.
    alice.recall_in(&group, &news, slip).await;
    bob.expect_passing(&Group { id: news.clone() }, 17).await;
    assert_eq!(pinned(&news).await, [said]);
    alice.call(UNPIN, request(&news, said)).await.ok();
    bob.expect_passing(&Group { id: news.clone() }, 17).await;
    assert!(pinned(&news).await.is_empty());
    // Another group's topic is none.
    let other = community(&alice, "@TGS#_other", true).await;
    let body = json!({"GroupId": other.id, "TopicId": news, "MsgSeq": said});
    alice.call(PIN, body).await.refused(ErrorCode::GROUP_BAD_ID);
}

#[tokio::test]
async fn who_is_mentioned_in_a_topic_is_told_where() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = forum(&alice, &[&bob, &carol]).await;
    let one = topic(&alice, &group, "one").await;
    let mut body = alice.group_text(&group, "look");
    body["TopicId"] = one.clone().into();
    body["GroupAtInfo"] = json!([{"GroupAtAllFlag": 0, "GroupAt_Account": "bob"}]);
    alice.call(SEND, body).await.ok();
    let mark = bob.expect_event("a mark", |event| event.value["Event"] == 12).await;
    let tips = &mark["GroupTips"][0]["GroupAtTips"];
    assert_eq!(
        (&tips["GroupId"], &tips["TopicId"], &tips["MsgSeq"]),
        (&json!(group.id), &json!(one), &json!(1))
    );
    let mut body = alice.group_text(&group, "all of you");
    body["TopicId"] = one.clone().into();
    body["GroupAtInfo"] = json!([{"GroupAtAllFlag": 1}]);
    alice.call(SEND, body).await.ok();
    let mark = carol.expect_event("a mark", |event| event.value["Event"] == 12).await;
    let tips = &mark["GroupTips"][0]["GroupAtTips"];
    assert_eq!((&tips["TopicId"], &tips["GroupAtType"]), (&json!(one), &json!([2])));
    // Who was away finds them, until they have read.
    let marks = async |user: &str| {
        let user = desk(&gateway, user).await;
        let synced = user.sync().await;
        let events = synced["EventArray"].as_array().unwrap().clone();
        events.iter().filter(|event| event["Event"] == 12).count()
    };
    assert_eq!((marks("bob").await, marks("carol").await), (2, 1));
    // So does who reads the list of topics.
    let listed =
        async |user: &User| topics(user, &group, &[&one]).await[0]["TopicInfo"]["AtInfoList"].clone();
    let by_name = json!({"AtFlagList": [1], "AtMsgSeq": 1, "From_Account": "alice"});
    let as_one_of_all = json!({"AtFlagList": [2], "AtMsgSeq": 2, "From_Account": "alice"});
    assert_eq!(listed(&bob).await, json!([by_name, as_one_of_all]));
    assert_eq!(listed(&carol).await, json!([as_one_of_all]));
    assert_eq!(listed(&alice).await, Value::Null);
    bob.call(READ, json!({"GroupId": group.id, "TopicId": one, "MsgReadedSeq": 2})).await.ok();
    let gone = json!({"DelMsgList": [{"From_Account": "alice", "To_Account": "bob", "GroupId": one}]});
    bob.call("openim.deletemsg", gone).await.ok();
    assert_eq!((marks("bob").await, marks("carol").await), (0, 1));
    assert_eq!((listed(&bob).await, listed(&carol).await), (Value::Null, json!([as_one_of_all])));
}

#[tokio::test]
async fn a_topic_and_a_member_in_it_can_be_silenced() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = forum(&alice, &[&bob]).await;
    let (one, two) = (topic(&alice, &group, "one").await, topic(&alice, &group, "two").await);
    let all = |on: &str| json!({"GroupId": group.id, "TopicId": one, "ShutUpAllMember": on});
    alice.call(MODIFY, all("On")).await.ok();
    try_say(&bob, &group, &one, "no").await.refused(ErrorCode::MUTED);
    say(&bob, &group, &two, "here").await;
    say(&alice, &group, &one, "the owner").await;
    alice.call(MODIFY, all("Off")).await.ok();
    say(&bob, &group, &one, "yes").await;
    let mute = |seconds: u64| json!({"GroupId": group.id, "TopicId": one, "Member_Account": "bob", "ShutUpTime": seconds});
    bob.call(
        MEMBER,
        json!({"GroupId": group.id, "TopicId": one, "Member_Account": "alice", "ShutUpTime": 60}),
    )
    .await
    .refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.call(MEMBER, mute(60)).await.ok();
    try_say(&bob, &group, &one, "no").await.refused(ErrorCode::MUTED);
    say(&bob, &group, &two, "here").await;
    assert_eq!(topics(&bob, &group, &[&one]).await[0]["SelfInfo"]["ShutUpTime"], 60);
    gateway.clock.advance(Duration::from_secs(61));
    say(&bob, &group, &one, "yes").await;
    // How one is told of a topic is one's own.
    let desk = desk(&gateway, "bob").await;
    let quiet = json!({"GroupId": group.id, "TopicId": one, "Member_Account": "bob", "MsgFlag": "Discard"});
    alice.call(MEMBER, quiet.clone()).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    bob.call(MEMBER, quiet).await.ok();
    let notice = expect_notice(&desk, &group, 20).await;
    assert_eq!(
        (&notice["GroupInfo"]["TopicId"], &notice["MsgBody"]["MsgFlag"]),
        (&json!(one), &json!("Discard"))
    );
    let flags: Vec<Value> = topics(&bob, &group, &[&one, &two])
        .await
        .iter()
        .map(|item| item["SelfInfo"]["MsgFlag"].clone())
        .collect();
    assert_eq!(flags, ["Discard", "AcceptAndNotify"]);
    let role = json!({"GroupId": group.id, "TopicId": one, "Member_Account": "bob", "Role": "Admin"});
    alice.call(MEMBER, role).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
}

#[tokio::test]
async fn a_topic_that_is_gone_has_nothing_left_and_can_be_made_anew() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = forum(&alice, &[&bob]).await;
    for name in ["one", "two", "three"] {
        let topic = topic(&alice, &group, name).await;
        say(&alice, &group, &topic, name).await;
    }
    let one = "@TGS#_forum@TOPIC#_one";
    alice.call(DESTROY, json!({"GroupId": group.id, "TopicIdList": [one]})).await.ok();
    try_say(&bob, &group, one, "gone").await.refused(ErrorCode::GROUP_MISSING);
    for (command, body) in [
        (HISTORY, json!({"GroupId": group.id, "TopicId": one, "ReqMsgNumber": 20})),
        (READ, json!({"GroupId": group.id, "TopicId": one, "MsgReadedSeq": 1})),
        (MODIFY, json!({"GroupId": group.id, "TopicId": one, "TopicName": "x"})),
    ] {
        alice.call(command, body).await.refused(ErrorCode::GROUP_MISSING);
    }
    assert_eq!(topic(&alice, &group, "one").await, one);
    assert!(texts(&bob, &group, one).await.is_empty());
    assert_eq!(say(&alice, &group, one, "anew").await, 1);
    hears(&bob, one, "anew").await;
    // All of them at once.
    let results = alice.call(DESTROY, json!({"GroupId": group.id, "TopicIdList": []})).await.ok();
    assert_eq!(results["DestroyResultItem"].as_array().unwrap().len(), 3);
    assert!(topics(&bob, &group, &[]).await.is_empty());
    topic(&alice, &group, "last").await;
    alice.dismiss(&group).await;
    let again = community(&alice, &group.id, true).await;
    assert!(topics(&alice, &again, &[]).await.is_empty());
}

#[tokio::test]
async fn what_is_no_topic_of_the_group_is_refused() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = forum(&alice, &[&bob]).await;
    let one = topic(&alice, &group, "one").await;
    let plain = community(&alice, "@TGS#_plain", false).await;
    let lobby = alice.create_group("lobby").await;
    let other = community(&carol, "@TGS#_other", true).await;
    let theirs = topic(&carol, &other, "theirs").await;
    // Groups without topics have none, whatever they are asked.
    for group in [&plain, &lobby] {
        for (command, body) in [
            (CREATE, json!({"GroupId": group.id, "TopicName": "t"})),
            (GET, json!({"GroupId": group.id, "TopicIdList": []})),
            (DESTROY, json!({"GroupId": group.id, "TopicIdList": []})),
        ] {
            alice.call(command, body).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        }
    }
    // Malformed, or another group's.
    for (topic, code) in [
        ("lobby", ErrorCode::GROUP_BAD_PARAMETER),
        ("@TGS#_forum", ErrorCode::GROUP_BAD_PARAMETER),
        ("@TGS#_forum@TOPIC#_", ErrorCode::GROUP_BAD_PARAMETER),
        (theirs.as_str(), ErrorCode::GROUP_BAD_ID),
        ("@TGS#_forum@TOPIC#_none", ErrorCode::GROUP_MISSING),
    ] {
        try_say(&bob, &group, topic, "x").await.refused(code);
        for (command, body) in [
            (HISTORY, json!({"GroupId": group.id, "TopicId": topic, "ReqMsgNumber": 20})),
            (READ, json!({"GroupId": group.id, "TopicId": topic, "MsgReadedSeq": 1})),
            (
                MEMBER,
                json!({"GroupId": group.id, "TopicId": topic, "Member_Account": "bob", "MsgFlag": "Discard"}),
            ),
            (
                "million_group_open_http_svc.group_msg_recall",
                json!({"GroupId": group.id, "TopicId": topic, "MsgSeqList": [{"MsgSeq": 1}]}),
            ),
        ] {
            bob.call(command, body).await.refused(code);
        }
        alice
            .call(MODIFY, json!({"GroupId": group.id, "TopicId": topic, "TopicName": "x"}))
            .await
            .refused(code);
    }
    try_say(&bob, &plain, "@TGS#_plain@TOPIC#_x", "x").await.refused(ErrorCode::GROUP_MISSING);
    // Who is no member is told nothing of it.
    for (command, body) in [
        (GET, json!({"GroupId": group.id, "TopicIdList": ["lobby"]})),
        (GET, json!({"GroupId": group.id, "TopicIdList": []})),
        (HISTORY, json!({"GroupId": group.id, "TopicId": one, "ReqMsgNumber": 20})),
        (DESTROY, json!({"GroupId": group.id, "TopicIdList": [one]})),
    ] {
        carol.call(command, body).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    }
    try_say(&carol, &group, &one, "x").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    // What a topic says of itself has bounds.
    let long = "x".repeat(97 - "@TGS#_forum@TOPIC#_".len());
    for (name, value, code) in [
        ("TopicName", json!(""), ErrorCode::GROUP_BAD_PARAMETER),
        ("TopicName", json!("n".repeat(101)), ErrorCode::GROUP_BAD_PARAMETER),
        ("Introduction", json!("i".repeat(401)), ErrorCode::GROUP_BAD_PARAMETER),
        ("CustomString", json!("c".repeat(3001)), ErrorCode::GROUP_BAD_PARAMETER),
        ("TopicId", json!(theirs), ErrorCode::GROUP_BAD_ID),
        ("TopicId", json!("@TGS#_forum@TOPIC#_话题"), ErrorCode::GROUP_BAD_ID),
        ("TopicId", json!(format!("@TGS#_forum@TOPIC#_{long}")), ErrorCode::GROUP_BAD_PARAMETER),
        ("TopicId", json!(one), ErrorCode::GROUP_ID_TAKEN),
    ] {
        let mut body = json!({"GroupId": group.id, "TopicName": "t"});
        body[name] = value;
        alice.call(CREATE, body).await.refused(code);
    }
    assert_eq!(topics(&alice, &group, &[]).await.len(), 1);
}

#[tokio::test]
async fn a_community_has_a_number_of_topics() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.topics_per_group = 2);
    })
    .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = forum(&alice, &[&bob]).await;
    alice.set_role(&group, "bob", "Admin").await.ok();
    let mut requests = Vec::new();
    for user in [&alice, &bob, &alice, &bob] {
        requests.push((user, user.begin(CREATE, json!({"GroupId": group.id, "TopicName": "t"})).await));
    }
    let mut codes = Vec::new();
    for (user, request) in requests {
        codes.push(user.answer(&request).await.code());
    }
    codes.sort_unstable();
    assert_eq!(codes, [0, 0, 10004, 10004]);
    let known = topics(&alice, &group, &[]).await;
    assert_eq!(known.len(), 2);
    let one = &known[0]["TopicInfo"]["TopicId"];
    alice.call(DESTROY, json!({"GroupId": group.id, "TopicIdList": [one]})).await.ok();
    topic(&alice, &group, "more").await;
}
