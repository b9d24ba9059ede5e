//! Pinned messages: who pins, how many, what the members are told and find, and what becomes of a pin.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{Answer, Group, TestGateway, User};

const PIN: &str = "group_open_http_svc.pin_message";
const UNPIN: &str = "group_open_http_svc.unpin_message";
const GET: &str = "group_open_http_svc.get_pinned_messages";

async fn pin(user: &User, group: &Group, seq: u64) -> Answer {
    user.call(PIN, json!({"GroupId": group.id, "MsgSeq": seq, "Pinner_Account": user.name})).await
}

async fn unpin(user: &User, group: &Group, seq: u64) -> Answer {
    user.call(UNPIN, json!({"GroupId": group.id, "MsgSeq": seq, "UnPinner_Account": user.name})).await
}

/// The pins in their order, as `number by`.
async fn pinned(user: &User, group: &Group) -> Vec<String> {
    let answer = user.call(GET, json!({"GroupId": group.id})).await.ok();
    let line = |item: &Value| format!("{} {}", item["MsgSeq"], item["Pinner_Account"].as_str().unwrap());
    answer["PinnedMsgList"].as_array().unwrap().iter().map(line).collect()
}

/// The texts of exactly these messages, as an SDK reads what it does not have.
async fn texts(user: &User, group: &Group, seqs: &[u64]) -> Vec<String> {
    let body = json!({"GroupId": group.id, "ReqMsgSeqList": seqs, "GetType": 3});
    let answer = user.call("group_open_http_svc.group_msg_get", body).await.ok();
    let items = answer["RspMsgList"].as_array().unwrap().iter();
    items.filter_map(|item| Some(item["MsgBody"][0]["MsgContent"]["Text"].as_str()?.to_owned())).collect()
}

/// A Public group of alice with bob and carol.
async fn club(alice: &User) -> Group {
    let body = json!({"Type": "Public", "Name": "club", "GroupId": "club",
        "MemberList": [{"Member_Account": "bob"}, {"Member_Account": "carol"}]});
    alice.call("group_open_http_svc.create_group", body).await.ok();
    Group { id: "club".into() }
}

#[tokio::test]
async fn a_pin_is_told_to_all_and_found_by_all() {
    let mut gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;
    let (first, second) = (bob.send_text(&group, "one").await, alice.send_text(&group, "two").await);
    assert!(pinned(&bob, &group).await.is_empty());
    pin(&alice, &group, second.seq).await.ok();
    pin(&alice, &group, first.seq).await.ok();
    for user in [&alice, &bob] {
        let tip = user.expect_passing(&group, 16).await;
        assert_eq!(
            (&tip["MsgSeq"], &tip["MsgBody"]["Operator_Account"]),
            (&json!(second.seq), &json!("alice"))
        );
        assert_eq!(tip["MsgBody"]["MsgOperatorMemberExtraInfo"]["User_Account"], "alice");
        let message = &tip["MsgBody"]["PinnedMsg"];
        assert_eq!((&message["MsgSeq"], &message["MsgRandom"]), (&json!(second.seq), &json!(second.random)));
        assert_eq!(message["MsgBody"][0]["MsgContent"]["Text"], "two");
        assert_eq!(message["GroupInfo"]["GroupId"], "room");
        let tip = user.expect_passing(&group, 16).await;
        assert_eq!(tip["MsgBody"]["PinnedMsg"]["From_Account"], "bob");
    }
    pin(&alice, &group, first.seq).await.refused(ErrorCode::PINNED_ALREADY);
    gateway.restart().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    assert_eq!(pinned(&bob, &group).await, [format!("{} alice", second.seq), format!("{} alice", first.seq)]);

    unpin(&alice, &group, second.seq).await.ok();
    let tip = bob.expect_passing(&group, 17).await;
    let id = &tip["MsgBody"]["SdkGroupMessageId"];
    assert_eq!((&id["MsgSeq"], &id["Random"]), (&json!(second.seq), &json!(second.random)));
    assert_eq!(id["SenderTinyId"], alice.session().tiny_id.as_str());
    assert!(id["ClientTime"].is_u64() && id["ServerTime"].is_u64());
    // One that is not pinned stays so.
    unpin(&alice, &group, second.seq).await.ok();
    assert_eq!(pinned(&bob, &group).await, [format!("{} alice", first.seq)]);
    // Nothing of it stands in the history.
    assert_eq!(alice.history(&group).await.len(), 2);
}

#[tokio::test]
async fn whoever_changes_the_profile_pins_and_members_find_it() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol, eve] = gateway.users(["alice", "bob", "carol", "eve"]).await;
    let group = club(&alice).await;
    let said = carol.send_text(&group, "mine").await;
    for user in [&bob, &carol, &eve] {
        pin(user, &group, said.seq).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        unpin(user, &group, said.seq).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    }
    eve.call(GET, json!({"GroupId": "club"})).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.set_role(&group, "bob", "Admin").await.ok();
    pin(&bob, &group, said.seq).await.ok();
    assert_eq!(pinned(&carol, &group).await, [format!("{} bob", said.seq)]);
    unpin(&alice, &group, said.seq).await.ok();
    // In a Work group any member.
    let body =
        json!({"Type": "Private", "Name": "w", "GroupId": "work", "MemberList": [{"Member_Account": "bob"}]});
    alice.call("group_open_http_svc.create_group", body).await.ok();
    let work = Group { id: "work".into() };
    let said = alice.send_text(&work, "to do").await;
    pin(&bob, &work, said.seq).await.ok();
    // In nobody's name but one's own.
    let body = json!({"GroupId": "work", "MsgSeq": said.seq, "UnPinner_Account": "alice"});
    bob.call(UNPIN, body).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
}

#[tokio::test]
async fn what_is_no_message_is_not_pinned() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = club(&alice).await;
    let tip = alice.expect_tip(&group, 1).await["MsgSeq"].as_u64().unwrap();
    let said = bob.send_text(&group, "slip").await;
    bob.recall(&group, said.seq).await.ok();
    for seq in [0, tip, said.seq, said.seq + 1, u64::MAX] {
        pin(&alice, &group, seq).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    }
    // Nor what an admin cannot see, since they came later.
    let before = alice.send_text(&group, "before").await;
    let body = json!({"GroupId": "club", "MemberList": [{"Member_Account": "dave"}]});
    gateway.admin().call("group_open_http_svc.add_group_member", body).await.ok();
    let dave = gateway.user("dave").await;
    alice.set_role(&group, "dave", "Admin").await.ok();
    pin(&dave, &group, before.seq).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    pin(&alice, &Group { id: "nowhere".into() }, 1).await.refused(ErrorCode::GROUP_MISSING);
}

#[tokio::test]
async fn a_pin_goes_with_its_message() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            settings.limits.pins_per_group = 2;
            settings.retention.days = 1;
        });
    })
    .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = club(&alice).await;
    let mut said = Vec::new();
    for text in ["one", "two", "three", "four"] {
        said.push(bob.send_text(&group, text).await.seq);
    }
    pin(&alice, &group, said[0]).await.ok();
    pin(&alice, &group, said[1]).await.ok();
    pin(&alice, &group, said[2]).await.refused(ErrorCode::TOO_MANY_PINS);
    // One that is recalled goes, and that is told.
    bob.recall(&group, said[0]).await.ok();
    let tip = alice.expect_passing(&group, 17).await;
    assert_eq!(
        (&tip["MsgBody"]["SdkGroupMessageId"]["MsgSeq"], &tip["MsgBody"]["Operator_Account"]),
        (&json!(said[0]), &json!("bob"))
    );
    assert_eq!(pinned(&bob, &group).await, [format!("{} alice", said[1])]);
    pin(&alice, &group, said[2]).await.ok();
    // One that a member deleted for themselves is pinned for the others.
    let body = json!({"GroupId": "club", "Deleter_Account": "bob", "Seqs": [said[2].to_string()]});
    bob.call("group_open_http_svc.delete_group_ramble_msg_by_seq", body).await.ok();
    assert_eq!(pinned(&bob, &group).await, [format!("{} alice", said[1])]);
    assert_eq!(pinned(&alice, &group).await, [format!("{} alice", said[1]), format!("{} alice", said[2])]);
    // Those that retention drops go, and make room.
    gateway.clock.advance(Duration::from_secs(2 * 24 * 3600));
    let last = bob.send_text(&group, "five").await.seq;
    gateway.expire_thoroughly().await;
    assert!(pinned(&alice, &group).await.is_empty());
    pin(&alice, &group, last).await.ok();
    assert_eq!(pinned(&bob, &group).await, [format!("{last} alice")]);
}

/// Who pins a message shows it to all.
#[tokio::test]
async fn a_newcomer_sees_what_is_pinned_and_nothing_else_of_what_was_said_before() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = club(&alice).await;
    let (rules, talk) = (alice.send_text(&group, "the rules").await, bob.send_text(&group, "gossip").await);
    pin(&alice, &group, rules.seq).await.ok();
    let body = json!({"GroupId": "club", "MemberList": [{"Member_Account": "dave"}]});
    gateway.admin().call("group_open_http_svc.add_group_member", body).await.ok();
    let dave = gateway.user("dave").await;
    assert_eq!(pinned(&dave, &group).await, [format!("{} alice", rules.seq)]);
    assert_eq!(texts(&dave, &group, &[rules.seq, talk.seq]).await, ["the rules"]);
    assert!(dave.history_texts(&group).await.iter().all(|(seq, _)| *seq > talk.seq));
    unpin(&alice, &group, rules.seq).await.ok();
    assert!(texts(&dave, &group, &[rules.seq, talk.seq]).await.is_empty());
}

#[tokio::test]
async fn of_two_who_pin_the_last_one_that_has_room_one_does() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.pins_per_group = 1);
    })
    .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;
    alice.set_role(&group, "bob", "Admin").await.ok();
    let (first, second) = (alice.send_text(&group, "one").await, bob.send_text(&group, "two").await);
    for _ in 0..10 {
        let (one, other) = tokio::join!(pin(&alice, &group, first.seq), pin(&bob, &group, second.seq));
        let mut codes = [one.code(), other.code()];
        let pinned = if codes[0] == 0 { first.seq } else { second.seq };
        codes.sort_unstable();
        assert_eq!(codes, [0, ErrorCode::TOO_MANY_PINS.0]);
        unpin(&alice, &group, pinned).await.ok();
    }
}
