//! A limit holds for what is kept, not for one call: asked again and again, or by many at once, no record and no list of
//! records grows past it.

use futures_util::future::join_all;
use gateway::bus::LocalBus;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Key, Partition, Scan, Table};
use protocol::ErrorCode;
use protocol::id::{Millis, UserId};
use serde_json::{Value, json};
use tests::{Device, Dialect, Event, TestGateway, User};

const MODIFY_GROUP: &str = "group_open_http_svc.modify_group_base_info";
const MODIFY_MEMBER: &str = "group_open_http_svc.modify_group_member_info";
const SET_PROFILE: &str = "profile.portrait_set";
const PIN: &str = "recentcontact.top";
const SET_MUTES: &str = "openim.set_c2c_peer_mute_notifications";
const GET_MUTES: &str = "openim.get_c2c_peer_mute_notifications";

/// Fields with these keys.
fn fields(keys: impl IntoIterator<Item = usize>) -> Vec<Value> {
    keys.into_iter().map(|key| json!({"Key": format!("k{key}"), "Value": "v".repeat(500)})).collect()
}

fn keys(fields: &Value) -> Vec<String> {
    let key = |field: &Value| field["Key"].as_str().unwrap().to_owned();
    let mut keys: Vec<String> = fields.as_array().unwrap().iter().map(key).collect();
    keys.sort_unstable();
    keys
}

/// The store of a gateway that does not run.
async fn store(gateway: &TestGateway) -> Embedded {
    let (bus, _) = LocalBus::new();
    Embedded::open(&gateway.config().data_dir.join("store"), bus).unwrap()
}

fn of_user(name: &str) -> Partition {
    Partition::user(tests::APP, &UserId::parse(name).unwrap())
}

async fn rows(engine: &Embedded, partition: &Partition, table: Table) -> Vec<Vec<u8>> {
    let scan = Scan { table, prefix: Default::default(), after: None, skip: 0, limit: 1000, reverse: false };
    engine.scan(partition, scan).await.unwrap().into_iter().map(|(suffix, _)| suffix.to_vec()).collect()
}

#[tokio::test]
async fn custom_fields_of_a_group_are_counted_after_the_edit() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let created = json!({"Type": "Meeting", "Name": "n", "GroupId": "lobby", "Owner_Account": "alice",
        "AppDefinedData": [{"Key": "k0", "Value": "old"}, {"Key": "k0", "Value": "new"}]});
    alice.call("group_open_http_svc.create_group", created).await.ok();
    let edit = async |fields: Vec<Value>| {
        alice.call(MODIFY_GROUP, json!({"GroupId": "lobby", "AppDefinedData": fields})).await
    };
    let kept = async || {
        let body = json!({"GroupIdList": ["lobby"]});
        let info = gateway.admin().call("group_open_http_svc.get_group_info", body).await.ok();
        info["GroupInfo"][0]["AppDefinedData"].clone()
    };
    assert_eq!(kept().await, json!([{"Key": "k0", "Value": "new"}]), "a key stands once");
    edit(fields(0..6)).await.ok();
    edit(fields(6..10)).await.ok();
    for more in 10..13 {
        edit(fields([more])).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    }
    edit(fields(8..12)).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    // What is there is changed, and what goes makes room.
    edit(fields(0..10)).await.ok();
    edit(vec![json!({"Key": "k3", "Value": ""}), fields([10]).remove(0)]).await.ok();
    assert_eq!(kept().await.as_array().unwrap().len(), 10);

    // Many edits at once.
    edit((0..11).map(|key| json!({"Key": format!("k{key}"), "Value": ""})).take(10).collect()).await.ok();
    join_all((20..40).map(|key| edit(fields([key])))).await;
    assert_eq!(keys(&kept().await).len(), 10);
}

#[tokio::test]
async fn custom_fields_of_a_member_are_counted_after_the_edit() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let edit = async |fields: Vec<Value>| {
        let body = json!({"GroupId": "lobby", "Member_Account": "bob", "AppMemberDefinedData": fields});
        bob.call(MODIFY_MEMBER, body).await
    };
    edit(fields(0..5)).await.ok();
    for more in 5..8 {
        edit(fields([more])).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    }
    edit(vec![json!({"Key": "k0", "Value": ""}), fields([5]).remove(0)]).await.ok();
    let body = json!({"GroupId": "lobby", "Member_List_Account": ["bob"],
        "MemberInfoFilter": ["AppMemberDefinedData"]});
    let told = alice.call("group_open_http_svc.get_specified_group_member_info", body).await.ok();
    assert_eq!(keys(&told["MemberList"][0]["AppMemberDefinedData"]), ["k1", "k2", "k3", "k4", "k5"]);
}

/// How many of the calls that were given at once were carried out; the others were refused for the limit.
fn carried_out(answers: &[tests::Answer], limit: ErrorCode) -> usize {
    let codes: Vec<u32> = answers.iter().map(tests::Answer::code).collect();
    assert!(codes.iter().all(|code| [0, limit.0].contains(code)), "{codes:?}");
    codes.iter().filter(|code| **code == 0).count()
}

#[tokio::test]
async fn edits_of_two_devices_at_the_same_moment_do_not_pass_a_limit_together() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            settings.limits.profile_custom_fields = 3;
            settings.limits.muted_strangers = 3;
        })
    })
    .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let phone = Device::wechat(gateway.fresh_instance());
    let phone = gateway.user_on("bob", phone, Dialect::Text).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let devices = [&bob, &phone];
    let give = async |command: &str, bodies: Vec<Value>| {
        let calls = bodies.into_iter().zip(devices.iter().cycle());
        join_all(calls.map(|(body, device)| device.call(command, body))).await
    };

    let field =
        |key| json!({"GroupId": "lobby", "Member_Account": "bob", "AppMemberDefinedData": fields([key])});
    let answers = give(MODIFY_MEMBER, (0..8).map(field).collect()).await;
    assert_eq!(carried_out(&answers, ErrorCode::GROUP_BAD_PARAMETER), 5);
    let body = json!({"GroupId": "lobby", "Member_List_Account": ["bob"],
        "MemberInfoFilter": ["AppMemberDefinedData"]});
    let told = alice.call("group_open_http_svc.get_specified_group_member_info", body).await.ok();
    assert_eq!(keys(&told["MemberList"][0]["AppMemberDefinedData"]).len(), 5);

    let field = |name: usize| {
        let item = json!({"Tag": format!("Tag_Profile_Custom_{name}"), "Value": "v"});
        json!({"From_Account": "bob", "ProfileItem": [item]})
    };
    let answers = give(SET_PROFILE, (0..8).map(field).collect()).await;
    assert_eq!(carried_out(&answers, ErrorCode::PROFILE_BAD_PARAMETER), 3);
    let body = json!({"From_Account": "bob", "UserItem": [{"To_Account": "bob"}]});
    let told = bob.call("profile.portrait_get_all", body).await.ok();
    assert_eq!(told["UserProfileItem"][0]["ProfileItem"].as_array().unwrap().len(), 3);

    let mute = |n: usize| json!({"Peer_Account": [format!("s{n}")], "Mute_Notifications": 1});
    let answers = give(SET_MUTES, (0..8).map(mute).collect()).await;
    assert_eq!(carried_out(&answers, ErrorCode::C2C_TOO_MANY_ACCOUNTS), 3);
    let told = bob.call(GET_MUTES, json!({})).await.ok();
    assert_eq!(told["MuteNotificationsList"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_group_has_no_more_members_than_places_whatever_happens_at_once() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    alice.create_group("lobby").await;
    let names: Vec<String> = (0..12).map(|n| format!("m{n:02}")).collect();
    let guests: Vec<User> = join_all(names.iter().map(|name| gateway.user(name))).await;
    let join = async |user: &User| {
        let body = json!({"GroupId": "lobby", "ApplyMsg": ""});
        user.call("group_open_http_svc.apply_join_group", body).await
    };
    let places = |most: u64| alice.call(MODIFY_GROUP, json!({"GroupId": "lobby", "MaxMemberNum": most}));
    places(4).await.ok();
    let answers = join_all(guests[..8].iter().map(join)).await;
    assert_eq!(carried_out(&answers, ErrorCode::GROUP_FULL), 3);
    // Places are taken away while others come: whoever is second is refused.
    places(8).await.ok();
    let (joined, fewer) = futures_util::future::join(join_all(guests[8..].iter().map(join)), places(6)).await;
    let joined = carried_out(&joined, ErrorCode::GROUP_FULL);
    let members = page_count(&alice).await;
    assert_eq!(members, 4 + joined as u64);
    assert!(fewer.code() != 0 || members <= 6, "{members} members");
}

async fn page_count(user: &User) -> u64 {
    let body = json!({"GroupId": "lobby", "Offset": 0, "Limit": 100});
    let page = user.call("group_open_http_svc.get_group_member_info", body).await.ok();
    assert_eq!(page["MemberList"].as_array().unwrap().len() as u64, page["MemberNum"].as_u64().unwrap());
    page["MemberNum"].as_u64().unwrap()
}

#[tokio::test]
async fn custom_fields_of_a_profile_are_counted_after_the_edit() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.profile_custom_fields = 3)
    })
    .await;
    let alice = gateway.user("alice").await;
    let set = async |name: &str| {
        let item = json!({"Tag": format!("Tag_Profile_Custom_{name}"), "Value": "v"});
        alice.call(SET_PROFILE, json!({"From_Account": "alice", "ProfileItem": [item]})).await
    };
    for name in ["a", "b", "c", "b"] {
        set(name).await.ok();
    }
    set("d").await.refused(ErrorCode::PROFILE_BAD_PARAMETER);
    let nick = json!({"Tag": "Tag_Profile_IM_Nick", "Value": "Alice"});
    alice.call(SET_PROFILE, json!({"From_Account": "alice", "ProfileItem": [nick]})).await.ok();
    let body = json!({"From_Account": "alice", "UserItem": [{"To_Account": "alice"}]});
    let told = alice.call("profile.portrait_get_all", body).await.ok();
    assert_eq!(told["UserProfileItem"][0]["ProfileItem"].as_array().unwrap().len(), 4);
}

fn pin(names: &[&str], is_pinned: bool) -> Value {
    let contact = |name: &&str| match name.strip_prefix('#') {
        Some(group) => json!({"Type": 2, "ToGroupid": group}),
        None => json!({"Type": 1, "To_Account": name}),
    };
    let contacts: Vec<Value> = names.iter().map(contact).collect();
    json!({"OperationType": if is_pinned { 1 } else { 2 }, "RecentContactItem": contacts})
}

async fn pinned(user: &User) -> Vec<String> {
    let list = user.conversations().await;
    let pinned = list.iter().filter(|item| item["TopFlags"] == 1);
    let name = |item: &Value| item["To_Account"].as_str().or(item["ToAccount"].as_str()).unwrap().to_owned();
    let mut names: Vec<String> = pinned.map(name).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn what_is_pinned_counts_once_and_what_is_no_more_not_at_all() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.pinned_conversations = 3)
    })
    .await;
    let alice = gateway.user("alice").await;
    for peer in ["p1", "p2", "p3", "p4", "p5"] {
        gateway.user(peer).await.send_to("alice", "hi").await;
    }
    let group = alice.create_group("lobby").await;
    alice.send_text(&group, "hi").await;
    alice.call(PIN, pin(&["p1", "p2", "p3"], true)).await.ok();
    // Again, one by one and all together.
    alice.call(PIN, pin(&["p1"], true)).await.ok();
    alice.call(PIN, pin(&["p1", "p2", "p3", "p3"], true)).await.ok();
    alice.call(PIN, pin(&["p4"], true)).await.refused(ErrorCode::TOO_MANY_PINNED);
    alice.call(PIN, pin(&["p3", "p4"], true)).await.refused(ErrorCode::TOO_MANY_PINNED);
    assert_eq!(pinned(&alice).await, ["p1", "p2", "p3"]);

    // Unpinned, deleted and left ones make room, each once.
    alice.call(PIN, pin(&["p1"], false)).await.ok();
    alice.call(PIN, pin(&["p1"], false)).await.ok();
    alice.call(PIN, pin(&["p4", "p5"], true)).await.refused(ErrorCode::TOO_MANY_PINNED);
    alice.call(PIN, pin(&["p4"], true)).await.ok();
    let body = json!({"From_Account": "alice", "ContactItem": [{"Type": 1, "To_Account": "p2"}]});
    alice.call("recentcontact.batch_delete", body.clone()).await.ok();
    alice.call("recentcontact.batch_delete", body).await.ok();
    alice.call(PIN, pin(&["#lobby"], true)).await.ok();
    alice.call(PIN, pin(&["p5"], true)).await.refused(ErrorCode::TOO_MANY_PINNED);
    alice.dismiss(&group).await;
    gateway.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(alice.joined().await, [] as [String; 0]);
    alice.call(PIN, pin(&["p5"], true)).await.ok();
    assert_eq!(pinned(&alice).await, ["p3", "p4", "p5"]);
}

#[tokio::test]
async fn pins_at_the_same_moment_do_not_pass_the_limit_together() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.pinned_conversations = 3)
    })
    .await;
    let alice = gateway.user("alice").await;
    let peers: Vec<String> = (0..12).map(|n| format!("p{n:02}")).collect();
    for peer in &peers {
        gateway.user(peer).await.send_to("alice", "hi").await;
    }
    let answers = join_all(peers.iter().map(|peer| alice.call(PIN, pin(&[peer], true)))).await;
    let codes: Vec<u32> = answers.iter().map(tests::Answer::code).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 3, "{codes:?}");
    assert_eq!(pinned(&alice).await.len(), 3);
}

#[tokio::test]
async fn pins_of_a_store_that_did_not_count_them_count() {
    let mut gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.pinned_conversations = 3)
    })
    .await;
    let alice = gateway.user("alice").await;
    for peer in ["p1", "p2", "p3", "p4"] {
        gateway.user(peer).await.send_to("alice", "hi").await;
    }
    drop(alice);
    gateway.stop().await.unwrap();
    let engine = store(&gateway).await;
    let mut batch = Batch::new(of_user("alice"), Millis(1));
    for peer in ["up1", "up2"] {
        batch = batch.put(
            Key::new(Table::Conversation, peer),
            &br#"{"pinned":true,"hidden_up_to":0,"receive":0}"#[..],
        );
    }
    engine.commit(batch).await.unwrap();
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;
    let alice = gateway.user("alice").await;
    assert_eq!(pinned(&alice).await, ["p1", "p2"]);
    alice.call(PIN, pin(&["p3"], true)).await.ok();
    alice.call(PIN, pin(&["p4"], true)).await.refused(ErrorCode::TOO_MANY_PINNED);
    alice.call(PIN, pin(&["p1"], false)).await.ok();
    alice.call(PIN, pin(&["p4"], true)).await.ok();
}

#[tokio::test]
async fn strangers_are_muted_up_to_a_number() {
    let gateway =
        TestGateway::start_with(|config| config.apps.set(|settings| settings.limits.muted_strangers = 3))
            .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let mute = async |peers: &[&str], receive: u8| {
        alice.call(SET_MUTES, json!({"Peer_Account": peers, "Mute_Notifications": receive})).await
    };
    mute(&["s1", "s2", "bob"], 1).await.ok();
    mute(&["s1", "s2", "bob"], 2).await.ok();
    mute(&["s4"], 1).await.refused(ErrorCode::C2C_TOO_MANY_ACCOUNTS);
    mute(&["s4", "s5", "s1"], 1).await.refused(ErrorCode::C2C_TOO_MANY_ACCOUNTS);
    // Whom one talks with is no stranger, and who is heard again takes no place.
    bob.send_to("alice", "hi").await;
    mute(&["s4"], 1).await.ok();
    mute(&["s5"], 1).await.refused(ErrorCode::C2C_TOO_MANY_ACCOUNTS);
    mute(&["s1"], 0).await.ok();
    mute(&["s5"], 1).await.ok();
    let told = alice.call(GET_MUTES, json!({})).await.ok();
    let mut muted: Vec<_> = told["MuteNotificationsList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mute| mute["Peer_Account"].as_str().unwrap().to_owned())
        .collect();
    muted.sort_unstable();
    assert_eq!(muted, ["bob", "s2", "s4", "s5"]);
}

#[tokio::test]
async fn what_is_said_about_strangers_leaves_no_records_behind() {
    let mut gateway = TestGateway::start().await;
    let [alice, _bob] = gateway.users(["alice", "bob"]).await;
    for round in 0..5 {
        let peers: Vec<String> = (0..20).map(|n| format!("s{round}_{n}")).collect();
        let names: Vec<&str> = peers.iter().map(String::as_str).collect();
        alice.call(PIN, pin(&names, true)).await.ok();
        alice.call(PIN, pin(&names, false)).await.ok();
        let mute = |receive: u8| json!({"Peer_Account": names, "Mute_Notifications": receive});
        alice.call(SET_MUTES, mute(1)).await.ok();
        alice.call(SET_MUTES, mute(0)).await.ok();
        let contacts: Vec<Value> = names.iter().map(|name| json!({"Type": 1, "To_Account": name})).collect();
        let body = json!({"From_Account": "alice", "ContactItem": contacts, "ClearRamble": 1});
        alice.call("recentcontact.batch_delete", body).await.ok();
        let groups: Vec<String> = (0..20).map(|n| format!("#g{round}_{n}")).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        alice.call(PIN, pin(&groups, true)).await.ok();
        alice.call(PIN, pin(&groups, false)).await.ok();
    }
    let read = json!({"C2CMsgReaded": {"C2CMsgReadedItem": [
        {"To_Account": "bob", "LastedMsgTime": 1_795_368_256}]}});
    alice.call("openim.msgreaded", read).await.ok();
    drop(alice);
    gateway.stop().await.unwrap();
    let engine = store(&gateway).await;
    assert_eq!(rows(&engine, &of_user("alice"), Table::Conversation).await, [] as [Vec<u8>; 0]);
    let pair = Partition::pair(tests::APP, &UserId::parse("alice").unwrap(), &UserId::parse("bob").unwrap());
    assert_eq!(rows(&engine, &pair, Table::Read).await, [] as [Vec<u8>; 0]);
    engine.close().await.unwrap();
}

#[tokio::test]
async fn groups_joined_at_the_same_moment_do_not_pass_the_limit_together() {
    let gateway =
        TestGateway::start_with(|config| config.apps.set(|settings| settings.limits.groups_per_user = 3))
            .await;
    let bob = gateway.user("bob").await;
    for n in 0..8 {
        // Owners are users, too, and own one each.
        gateway.user(&format!("owner{n}")).await.create_group(&format!("g{n}")).await;
    }
    let join = |n: usize| {
        bob.call("group_open_http_svc.apply_join_group", json!({"GroupId": format!("g{n}"), "ApplyMsg": ""}))
    };
    let answers = join_all((0..8).map(join)).await;
    let codes: Vec<u32> = answers.iter().map(tests::Answer::code).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 3, "{codes:?}");
    assert!(codes.iter().all(|code| [0, ErrorCode::TOO_MANY_GROUPS.0].contains(code)), "{codes:?}");
    let joined = bob.joined().await;
    assert_eq!(joined.len(), 3);
    // To be in it already is told first, and who goes has room again, for one.
    let known: usize = joined[0].strip_prefix('g').unwrap().parse().unwrap();
    let others: Vec<usize> = (0..8).filter(|n| !joined.contains(&format!("g{n}"))).collect();
    join(known).await.refused(ErrorCode::ALREADY_MEMBER);
    let body = json!({"GroupId": joined[0]});
    bob.call("group_open_http_svc.quit_group", body).await.ok();
    join(others[0]).await.ok();
    join(others[1]).await.refused(ErrorCode::TOO_MANY_GROUPS);
}

#[tokio::test]
async fn made_up_platforms_are_one_platform() {
    let gateway = TestGateway::start().await;
    let mut devices = Vec::new();
    for platform in [1_000, 4_000_000_000, 1_001] {
        let device = Device { platform, ..Device::web(gateway.fresh_instance()) };
        devices.push(gateway.user_on("alice", device, Dialect::Binary).await);
    }
    devices[0].expect_kick().await;
    devices[1].expect_kick().await;
    devices[2].ping().await;
    devices[2].conversations().await;
}

#[tokio::test]
async fn reasons_are_short() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let sent = alice.send_text(&group, "a slip").await;
    let reason = "r".repeat(513);
    let recall = json!({"GroupId": "lobby", "MsgSeqList": [{"MsgSeq": sent.seq}], "Reason": reason});
    alice.call("group_open_http_svc.group_msg_recall", recall).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    let kick = json!({"GroupId": "lobby", "MemberToDel_Account": ["bob"], "Reason": reason});
    alice.call("group_open_http_svc.delete_group_member", kick).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    assert_eq!(alice.members(&group).await.len(), 2);
}

#[tokio::test]
async fn a_message_that_is_gone_is_not_hidden_once_more() {
    let mut gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.retention.messages_per_conversation = 2)
    })
    .await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("lobby").await;
    for n in 0..6 {
        alice.send_text(&group, &n.to_string()).await;
    }
    gateway.expire().await;
    let hide = json!({"GroupId": "lobby", "Deleter_Account": "alice", "Seqs": ["1", "2", "3", "6"]});
    alice.call("group_open_http_svc.delete_group_ramble_msg_by_seq", hide).await.ok();
    assert_eq!(alice.history_texts(&group).await, [(5, "4".to_owned())]);
    drop(alice);
    gateway.stop().await.unwrap();
    let engine = store(&gateway).await;
    let partition = Partition::group(tests::APP, &protocol::id::GroupId::parse("lobby").unwrap());
    assert_eq!(rows(&engine, &partition, Table::Hidden).await.len(), 1);
    engine.close().await.unwrap();
}

fn is_profile(event: &Event) -> bool {
    event.value["ProfileDataMod"].is_array()
}

#[tokio::test]
async fn a_stranger_is_told_nothing_of_me() {
    let gateway = TestGateway::start().await;
    let [eve, bob] = gateway.users(["eve", "bob"]).await;
    eve.call(SET_MUTES, json!({"Peer_Account": ["bob"], "Mute_Notifications": 1})).await.ok();
    eve.call(PIN, pin(&["bob"], true)).await.ok();
    let body = json!({"From_Account": "eve", "ContactItem": [{"Type": 1, "To_Account": "bob"}]});
    eve.call("recentcontact.batch_delete", body).await.ok();
    eve.call(PIN, pin(&["bob"], true)).await.ok();
    let read = json!({"C2CMsgReaded": {"C2CMsgReadedItem": [
        {"To_Account": "bob", "LastedMsgTime": 1_795_368_256}]}});
    eve.call("openim.msgreaded", read).await.ok();
    let rename = async |nick: &str| {
        let item = json!({"Tag": "Tag_Profile_IM_Nick", "Value": nick});
        eve.call(SET_PROFILE, json!({"From_Account": "eve", "ProfileItem": [item]})).await.ok();
    };
    rename("Eve").await;
    eve.send_to("bob", "hi").await;
    bob.expect_message_from("eve", "hi").await;
    assert_eq!(bob.socket.events().len(), 1, "{:?}", bob.socket.events());
    rename("Evelyn").await;
    let told = bob.expect_event("a profile", is_profile).await;
    assert_eq!(told["ProfileDataMod"][0]["Profile_Account"], "eve");
    // What was muted and pinned before stays so.
    assert_eq!(pinned(&eve).await, ["bob"]);
    let told = eve.call(GET_MUTES, json!({"Peer_Account": ["bob"]})).await.ok();
    assert_eq!(told["MuteNotificationsList"][0]["MuteNotifications"], 1);
}

#[tokio::test]
async fn a_store_that_did_not_note_who_talked_is_asked_for_the_talk() {
    let mut gateway = TestGateway::start().await;
    let [eve, friend, _stranger] = gateway.users(["eve", "friend", "stranger"]).await;
    friend.send_to("eve", "hi").await;
    drop((eve, friend, _stranger));
    gateway.stop().await.unwrap();
    let engine = store(&gateway).await;
    let mut batch = Batch::new(of_user("eve"), Millis(1));
    for peer in ["ufriend", "ustranger"] {
        let old = &br#"{"pinned":false,"hidden_up_to":0,"receive":1}"#[..];
        batch = batch.put(Key::new(Table::Conversation, peer), old);
    }
    engine.commit(batch).await.unwrap();
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;
    let [eve, friend, stranger] = gateway.users(["eve", "friend", "stranger"]).await;
    let item = json!({"Tag": "Tag_Profile_IM_Nick", "Value": "Eve"});
    eve.call(SET_PROFILE, json!({"From_Account": "eve", "ProfileItem": [item]})).await.ok();
    friend.expect_event("a profile", is_profile).await;
    friend.send_to("stranger", "heard of Eve?").await;
    stranger.expect_message_from("friend", "heard of Eve?").await;
    assert!(!stranger.socket.events().iter().any(is_profile));
    assert_eq!(eve.conversations().await.len(), 1);
}
