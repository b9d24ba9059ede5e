//! Live rooms: one is in them by being there, and nothing of what is said is kept.

use std::time::Duration;

use gateway::Config;
use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{Answer, Dialect, Group, TestGateway, User};

use super::stage::{Stage, as_it_is, on_both};

const QUIT: &str = "group_open_http_svc.quit_group";
const BAN: &str = "group_open_http_svc.ban_group_member";
const UNBAN: &str = "group_open_http_svc.unban_group_member";
const BANNED: &str = "group_open_http_svc.get_group_ban_member";
const COUNT: &str = "group_open_http_svc.get_online_member_num";
const PRESENT: &str = "group_open_avchatroom_http_svc.get_members";
const MARK: &str = "group_open_avchatroom_http_svc.modify_user_info";
const MODIFY: &str = "group_open_http_svc.modify_group_base_info";
const MODIFY_MEMBER: &str = "group_open_http_svc.modify_group_member_info";
const POLL: &str = "group_open_long_polling_http_svc.get_msg";
const POLL_UNKNOWN: &str = "group_open_long_polling_http_noauth_svc.get_msg";
const READ_ALONG: &str = "group_open_http_noauth_svc.apply_join_group";

async fn room_of(owner: &User) -> Group {
    owner.create_group_of("AVChatRoom", "live").await
}

/// Joins as a room is joined.
async fn come(user: &User, group: &Group) -> Value {
    let joined = user.try_join(group).await.ok();
    assert_eq!((&joined["JoinedStatus"], &joined["HugeGroupFlag"]), (&json!("JoinedSuccess"), &json!(1)));
    joined
}

async fn count(user: &User, group: &Group) -> u64 {
    user.call(COUNT, json!({"GroupId": group.id})).await.ok()["OnlineMemberNum"].as_u64().unwrap()
}

async fn until_counted(user: &User, group: &Group, expected: u64) {
    let counted = async {
        while count(user, group).await != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(10), counted).await.is_err() {
        panic!("{} are counted, and not {expected}", count(user, group).await);
    }
}

async fn ban(user: &User, group: &Group, banned: &str, seconds: u64) -> Answer {
    let body =
        json!({"GroupId": group.id, "Members_Account": [banned], "Duration": seconds, "Description": "no"});
    user.call(BAN, body).await
}

on_both!(what_is_said_is_heard_by_who_is_there_and_kept_nowhere, as_it_is, |stage| {
    let [alice, bob] = stage.one.users(["alice", "bob"]).await;
    let carol = stage.there().user("carol").await;
    let group = room_of(&alice).await;
    alice.try_send_text(&Group { id: "live".into() }, "from the owner, who is not there").await.ok();
    bob.try_send_text(&group, "not there").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    come(&bob, &group).await;
    come(&carol, &group).await;
    come(&alice, &group).await;
    let first = bob.send_text(&group, "one").await;
    let heard = carol.expect_message(&group, "one").await;
    assert_eq!((&heard["MsgSeq"], &heard["MsgTimeStamp"]), (&json!(first.seq), &json!(first.time)));
    assert_eq!(heard["GroupInfo"]["GroupType"], "AVChatRoom");
    alice.expect_message(&group, "one").await;
    let second = carol.send_text(&group, "two").await;
    assert!(second.seq > first.seq && first.seq > 1_700_000_000_000, "{} {}", first.seq, second.seq);
    bob.expect_message(&group, "two").await;
    alice.expect_message(&group, "two").await;
    assert_eq!(bob.messages(&group).len(), 1, "a device does not hear itself");

    for user in [&alice, &carol] {
        user.history_page(&group, 0).await.refused(ErrorCode::NO_HISTORY);
        assert!(user.joined().await.is_empty());
        assert!(user.conversations().await.is_empty());
    }
    let report = json!({"GroupId": group.id, "MsgReadedSeq": first.seq});
    bob.call("group_open_http_svc.msg_read_report", report).await.ok();
    let hide = json!({"GroupId": group.id, "Deleter_Account": "bob", "Seqs": [first.seq.to_string()]});
    bob.call("group_open_http_svc.delete_group_ramble_msg_by_seq", hide)
        .await
        .refused(ErrorCode::NOT_DELETED_HERE);
    let mut to_one = bob.group_text(&group, "for one");
    to_one["To_Account"] = json!(["alice"]);
    bob.send_to_group(to_one).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
});

on_both!(what_is_said_again_is_not_told_again, as_it_is, |stage| {
    let [alice, bob] = stage.one.users(["alice", "bob"]).await;
    let carol = stage.there().user("carol").await;
    let group = room_of(&alice).await;
    for user in [&bob, &carol] {
        come(user, &group).await;
    }
    let body = bob.group_text(&group, "once");
    let first = bob.send_to_group(body.clone()).await.ok();
    carol.expect_message(&group, "once").await;
    // Its line broke before the answer came, and it is another instance that it comes to.
    let again = bob.reconnect(stage.there().address(), Dialect::Binary).await;
    let second = again.send_to_group(body).await.ok();
    assert_eq!((&first["MsgSeq"], &first["MsgTime"]), (&second["MsgSeq"], &second["MsgTime"]));
    again.login().await;
    again.send_text(&group, "the next").await;
    carol.expect_message(&group, "the next").await;
    assert_eq!(carol.messages(&group).len(), 2, "{:?}", carol.messages(&group));
});

on_both!(who_comes_and_goes_is_told_of, as_it_is, |stage| {
    let [alice, bob] = stage.one.users(["alice", "bob"]).await;
    let carol = stage.there().user("carol").await;
    let group = room_of(&alice).await;
    come(&alice, &group).await;
    let tip = alice.expect_tip(&group, 1).await;
    assert_eq!(tip["MsgBody"]["OnlineMemberInfo"], json!({"OnlineMemberNum": 1, "ExpireTime": 60}));
    come(&carol, &group).await;
    let tip = alice.expect_tip(&group, 1).await;
    assert_eq!(
        (&tip["MsgBody"]["List_Account"], &tip["MsgBody"]["MemberNum"]),
        (&json!(["carol"]), &json!(2))
    );
    carol.expect_tip(&group, 1).await;
    // Once, however often one joins.
    come(&carol, &group).await;
    come(&bob, &group).await;
    for user in [&alice, &carol, &bob] {
        let tip = user.expect_tip(&group, 1).await;
        assert_eq!(
            (&tip["MsgBody"]["Operator_Account"], &tip["MsgBody"]["MemberNum"]),
            (&json!("bob"), &json!(3))
        );
    }
    until_counted(&alice, &group, 3).await;
    until_counted(&carol, &group, 3).await;
    carol.quit(&group).await;
    for user in [&alice, &bob] {
        let tip = user.expect_tip(&group, 2).await;
        assert_eq!(
            (&tip["MsgBody"]["Operator_Account"], &tip["MsgBody"]["MemberNum"]),
            (&json!("carol"), &json!(2))
        );
    }
    carol.call(QUIT, json!({"GroupId": group.id})).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.call(QUIT, json!({"GroupId": group.id})).await.refused(ErrorCode::OWNER_CANNOT_QUIT);
    bob.logout().await;
    let tip = alice.expect_tip(&group, 2).await;
    assert_eq!(
        (&tip["MsgBody"]["Operator_Account"], &tip["MsgBody"]["MemberNum"]),
        (&json!("bob"), &json!(1))
    );
    until_counted(&alice, &group, 1).await;
});

on_both!(one_who_comes_back_is_still_there, as_it_is, |stage| {
    let [alice, bob] = stage.one.users(["alice", "bob"]).await;
    let group = room_of(&alice).await;
    come(&alice, &group).await;
    come(&bob, &group).await;
    alice.expect_tip(&group, 1).await;
    alice.expect_tip(&group, 1).await;
    // Over a broken line, to whichever instance it comes.
    bob.socket.close().await;
    let bob = bob.reconnect(stage.there().address(), Dialect::Binary).await;
    bob.login().await;
    alice.send_text(&group, "welcome back").await;
    bob.expect_message(&group, "welcome back").await;
    bob.send_text(&group, "i never left").await;
    alice.expect_message(&group, "i never left").await;
    until_counted(&alice, &group, 2).await;
    // And over a restart of all there are.
    stage.one.restart().await;
    if let Some(two) = &mut stage.two {
        two.restart().await;
    }
    let alice = alice.reconnect(stage.one.address(), Dialect::Binary).await;
    let bob = bob.reconnect(stage.there().address(), Dialect::Binary).await;
    alice.login().await;
    bob.login().await;
    bob.send_text(&group, "after the restart").await;
    alice.expect_message(&group, "after the restart").await;
    until_counted(&bob, &group, 2).await;
    // A new login is a new session.
    bob.forget_session();
    let other = stage.there().user("bob").await;
    let tip = alice.expect_tip(&group, 2).await;
    assert_eq!(tip["MsgBody"]["Operator_Account"], "bob");
    other.try_send_text(&group, "nobody knows me").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    until_counted(&alice, &group, 1).await;
});

on_both!(
    one_who_is_away_for_long_does_not_count_until_they_are_back,
    |config: &mut Config| {
        config.apps.set(|settings| settings.live.away_seconds = 1);
    },
    |stage| {
        let [alice, bob] = stage.one.users(["alice", "bob"]).await;
        let group = room_of(&alice).await;
        come(&alice, &group).await;
        come(&bob, &group).await;
        until_counted(&alice, &group, 2).await;
        alice.expect_tip(&group, 1).await;
        alice.expect_tip(&group, 1).await;
        alice.socket.take_events();
        bob.socket.close().await;
        until_counted(&alice, &group, 1).await;
        let bob = bob.reconnect(stage.there().address(), Dialect::Binary).await;
        bob.login().await;
        until_counted(&alice, &group, 2).await;
        bob.send_text(&group, "back").await;
        alice.expect_message(&group, "back").await;
        assert!(alice.socket.events().iter().all(|event| event.value["Event"] != 4), "nobody is told of it");
    }
);

on_both!(
    the_devices_of_a_user_are_there_each_for_itself,
    |config: &mut Config| {
        config.apps.set(|settings| settings.login.devices_per_platform = 2);
    },
    |stage| {
        let alice = stage.one.user("alice").await;
        let (web, other) = (stage.one.user("bob").await, stage.there().user("bob").await);
        let group = room_of(&alice).await;
        come(&alice, &group).await;
        come(&web, &group).await;
        alice.send_text(&group, "for one device").await;
        web.expect_message(&group, "for one device").await;
        come(&other, &group).await;
        alice.send_text(&group, "for both").await;
        web.expect_message(&group, "for both").await;
        other.expect_message(&group, "for both").await;
        assert_eq!(other.messages(&group).len(), 1);
        // What one says the other hears.
        web.send_text(&group, "mine").await;
        other.expect_message(&group, "mine").await;
        web.quit(&group).await;
        alice.send_text(&group, "for the other").await;
        other.expect_message(&group, "for the other").await;
    }
);

on_both!(a_ban_puts_out_and_keeps_out, as_it_is, |stage| {
    let [alice, bob] = stage.one.users(["alice", "bob"]).await;
    let carol = stage.there().user("carol").await;
    let group = room_of(&alice).await;
    for user in [&alice, &bob, &carol] {
        come(user, &group).await;
    }
    alice.kick(&group, &["carol"]).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    ban(&alice, &group, "carol", 0).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    ban(&bob, &group, "carol", 60).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    ban(&alice, &group, "alice", 60).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    ban(&alice, &group, "carol", 60).await.ok();
    let notice = carol.expect_notice(&group, 21).await;
    assert_eq!(
        (&notice["MsgBody"]["BanDuration"], &notice["MsgBody"]["BanDescription"]),
        (&json!(60), &json!("no"))
    );
    let tip = bob.expect_tip(&group, 10).await;
    assert_eq!(tip["MsgBody"]["List_Account"], json!(["carol"]));
    until_counted(&alice, &group, 2).await;
    carol.try_send_text(&group, "?").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    carol.try_join(&group).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    bob.send_text(&group, "without you").await;
    alice.expect_message(&group, "without you").await;
    carol.ping().await;
    assert!(carol.messages(&group).is_empty());
    let list =
        stage.there().admin().call(BANNED, json!({"GroupId": group.id, "Limit": 10, "Offset": 0})).await.ok();
    assert_eq!(list["BannedAccountList"][0]["Member_Account"], "carol");
    let body = json!({"GroupId": group.id, "Members_Account": ["carol"]});
    stage.one.admin().call(UNBAN, body).await.ok();
    carol.expect_notice(&group, 22).await;
    bob.expect_tip(&group, 11).await;
    come(&carol, &group).await;
    // It ends by itself.
    ban(&alice, &group, "carol", 60).await.ok();
    carol.expect_notice(&group, 21).await;
    stage.one.clock.advance(Duration::from_secs(61));
    if let Some(two) = &stage.two {
        two.clock.advance(Duration::from_secs(61));
    }
    come(&carol, &group).await;
    let list = stage.one.admin().call(BANNED, json!({"GroupId": group.id})).await.ok();
    assert_eq!(list["BannedAccountList"], json!([]));
});

#[tokio::test]
async fn groups_of_other_kinds_ban_as_well() {
    let mut gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.bans_per_group = 2);
    })
    .await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group_of("Public", "club").await;
    let add = json!({"GroupId": "club", "MemberList": [{"Member_Account": "bob"}]});
    gateway.admin().call("group_open_http_svc.add_group_member", add.clone()).await.ok();
    ban(&alice, &group, "bob", 60).await.ok();
    bob.expect_notice(&group, 21).await;
    alice.expect_tip(&group, 10).await;
    assert_eq!(alice.members(&group).await, ["alice"]);
    gateway.restart().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    bob.try_join(&group).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    let added = gateway.admin().call("group_open_http_svc.add_group_member", add.clone()).await.ok();
    assert_eq!(added["MemberList"][0]["Result"], 0);
    // So many and no more, until one is over.
    ban(&alice, &group, "dave", 60).await.ok();
    ban(&alice, &group, "erin", 60).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    gateway.clock.advance(Duration::from_secs(61));
    ban(&alice, &group, "erin", 60).await.ok();
    let added = gateway.admin().call("group_open_http_svc.add_group_member", add).await.ok();
    assert_eq!(added["MemberList"][0]["Result"], 1);
    drop(carol);
}

on_both!(the_owner_silences_and_admins_speak, as_it_is, |stage| {
    let [alice, bob] = stage.one.users(["alice", "bob"]).await;
    let carol = stage.there().user("carol").await;
    let group = room_of(&alice).await;
    for user in [&bob, &carol] {
        come(user, &group).await;
    }
    bob.mute(&group, "carol", 60).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.mute(&group, "carol", 60).await.ok();
    carol.try_send_text(&group, "?").await.refused(ErrorCode::MUTED);
    alice.mute(&group, "carol", 0).await.ok();
    carol.send_text(&group, "again").await;
    bob.expect_message(&group, "again").await;
    alice.mute(&group, "nobody", 60).await.refused(ErrorCode::GROUP_NOT_ALLOWED);

    // Admins are made by back ends alone, and need not be there.
    alice.set_role(&group, "carol", "Admin").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    let admin = stage.there().admin();
    let role = |user: &str, role: &str| json!({"GroupId": group.id, "Member_Account": user, "Role": role});
    admin.call(MODIFY_MEMBER, role("dave", "Admin")).await.ok();
    let tip = bob.expect_tip(&group, 4).await;
    assert_eq!(tip["MsgBody"]["List_Account"], json!(["dave"]));
    let dave = stage.one.user("dave").await;
    dave.mute(&group, "bob", 60).await.ok();
    bob.try_send_text(&group, "?").await.refused(ErrorCode::MUTED);
    dave.mute(&group, "alice", 60).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    ban(&dave, &group, "bob", 60).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    for user in ["e1", "e2", "e3", "e4"] {
        admin.call(MODIFY_MEMBER, role(user, "Admin")).await.ok();
    }
    admin.call(MODIFY_MEMBER, role("e5", "Admin")).await.refused(ErrorCode::GROUP_BAD_PARAMETER);

    alice.call(MODIFY, json!({"GroupId": group.id, "ShutUpAllMember": "On"})).await.ok();
    let tip = carol.expect_tip(&group, 6).await;
    assert_eq!(tip["MsgBody"]["MsgGroupNewInfo"]["ShutupAll"], 1);
    carol.try_send_text(&group, "?").await.refused(ErrorCode::MUTED);
    dave.send_text(&group, "an admin").await;
    alice.send_text(&group, "the owner").await;
    carol.expect_message(&group, "an admin").await;
    carol.expect_message(&group, "the owner").await;
    admin.call(MODIFY_MEMBER, role("dave", "Member")).await.ok();
    dave.try_send_text(&group, "?").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
});

on_both!(
    what_a_room_is_not_is_refused,
    |config: &mut Config| {
        config.apps.set(|settings| {
            settings.limits.live_rooms_per_device = 2;
            settings.limits.live_rooms_per_owner = 3;
        });
    },
    |stage| {
        let [alice, bob] = stage.one.users(["alice", "bob"]).await;
        let group = room_of(&alice).await;
        come(&bob, &group).await;
        let add = json!({"GroupId": group.id, "MemberList": [{"Member_Account": "carol"}]});
        alice.call("group_open_http_svc.add_group_member", add).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        let heir = json!({"GroupId": group.id, "NewOwner_Account": "bob"});
        alice
            .call("group_open_http_svc.change_group_owner", heir)
            .await
            .refused(ErrorCode::GROUP_NOT_ALLOWED);
        let card = json!({"GroupId": group.id, "Member_Account": "bob", "NameCard": "Bob"});
        bob.call(MODIFY_MEMBER, card).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        let option = json!({"GroupId": group.id, "ApplyJoinOption": "NeedPermission"});
        alice.call(MODIFY, option).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        bob.call(MODIFY, json!({"GroupId": group.id, "Name": "mine"}))
            .await
            .refused(ErrorCode::GROUP_NOT_ALLOWED);
        let body = json!({"Type": "AVChatRoom", "Name": "n", "MemberList": [{"Member_Account": "bob"}]});
        alice.call("group_open_http_svc.create_group", body).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
        let nowhere = Group { id: "nowhere".into() };
        bob.try_join(&nowhere).await.refused(ErrorCode::GROUP_MISSING);
        bob.try_send_text(&nowhere, "?").await.refused(ErrorCode::GROUP_MISSING);
        let meeting = alice.create_group("meeting").await;
        bob.call(PRESENT, json!({"GroupId": meeting.id})).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        alice.call(PRESENT, json!({"GroupId": meeting.id})).await.refused(ErrorCode::GROUP_NOT_ALLOWED);

        // So many rooms of a device, and of an owner; what is gone does not count.
        let second = alice.create_group_of("AVChatRoom", "second").await;
        let third = alice.create_group_of("AVChatRoom", "third").await;
        let fourth = json!({"Type": "AVChatRoom", "Name": "n", "GroupId": "fourth"});
        alice
            .call("group_open_http_svc.create_group", fourth.clone())
            .await
            .refused(ErrorCode::TOO_MANY_ROOMS);
        come(&bob, &second).await;
        bob.try_join(&third).await.refused(ErrorCode::TOO_MANY_GROUPS);
        alice.dismiss(&second).await;
        bob.expect_notice(&second, 5).await;
        come(&bob, &third).await;
        alice.call("group_open_http_svc.create_group", fourth).await.ok();
        bob.try_send_text(&second, "?").await.refused(ErrorCode::GROUP_MISSING);
        // Of the same name, and nobody is in it.
        let again = alice.call("group_open_http_svc.destroy_group", json!({"GroupId": "fourth"})).await;
        again.ok();
        alice.create_group_of("AVChatRoom", "second").await;
        bob.try_send_text(&second, "?").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        assert_eq!(count(&alice, &second).await, 0);
    }
);

on_both!(those_who_are_there_are_listed_with_their_marks, as_it_is, |stage| {
    let [alice, bob] = stage.one.users(["alice", "bob"]).await;
    let carol = stage.there().user("carol").await;
    let group = room_of(&alice).await;
    for user in [&alice, &bob, &carol] {
        come(user, &group).await;
        stage.one.clock.advance(Duration::from_secs(1));
        if let Some(two) = &stage.two {
            two.clock.advance(Duration::from_secs(1));
        }
    }
    until_counted(&alice, &group, 3).await;
    let mark = |user: &str, kind: u8, marks: Value| json!({"GroupId": group.id, "CommandType": kind, "MemberList": [{"Member_Account": user, "Marks": marks}]});
    bob.call(MARK, mark("carol", 1, json!([1000]))).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    alice.call(MARK, mark("carol", 1, json!([999]))).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    alice.call(MARK, mark("carol", 3, json!([1000]))).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    let marked = alice.call(MARK, mark("carol", 1, json!([1000, 1001]))).await.ok();
    assert_eq!(marked["MemberList"], json!([{"Member_Account": "carol", "Marks": [1000, 1001]}]));
    assert_eq!(alice.call(MARK, mark("nobody", 1, json!([1000]))).await.ok()["MemberList"], json!([]));
    let kinds: Vec<u32> = (1002..1011).collect();
    alice.call(MARK, mark("bob", 1, json!(kinds))).await.refused(ErrorCode::GROUP_BAD_PARAMETER);
    alice.call(MARK, mark("carol", 2, json!([1001]))).await.ok();
    let list = bob.call(PRESENT, json!({"GroupId": group.id, "Timestamp": 0})).await.ok();
    let members = list["MemberList"].as_array().unwrap();
    let of = |name: &str| members.iter().map(|member| member[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("Member_Account"), ["carol", "bob", "alice"], "the latest first");
    assert_eq!(of("Role"), ["Member", "Member", "Owner"]);
    assert_eq!(of("Marks"), [json!([1000]), json!([]), json!([])]);
    assert_eq!(list["NextTimestamp"], 0);
    let marked = bob.call(PRESENT, json!({"GroupId": group.id, "Mark": 1000})).await.ok();
    assert_eq!(marked["MemberList"].as_array().unwrap().len(), 1);
    let mut listed = bob.members(&group).await;
    listed.sort_unstable();
    assert_eq!(listed, ["alice", "bob", "carol"]);
    // What belongs to the owner's word stays when they go and come.
    carol.quit(&group).await;
    until_counted(&alice, &group, 2).await;
    come(&carol, &group).await;
    until_counted(&alice, &group, 3).await;
    let marked = bob.call(PRESENT, json!({"GroupId": group.id, "Mark": 1000})).await.ok();
    assert_eq!(marked["MemberList"][0]["Member_Account"], "carol");
    let own =
        json!({"GroupIdList": [group.id], "ResponseFilter": {"MemberInfoFilter": ["Role", "JoinTime"]}});
    let info = bob.call("group_open_http_svc.get_group_self_member_info", own.clone()).await.ok();
    assert_eq!(info["GroupInfo"][0]["MemberList"][0]["Role"], "Member");
    let dave = stage.there().user("dave").await;
    let info = dave.call("group_open_http_svc.get_group_self_member_info", own).await.ok();
    assert_eq!(
        (&info["GroupInfo"][0]["ErrorCode"], &info["GroupInfo"][0]["MemberList"]),
        (&json!(0), &json!([]))
    );
});

/// Of two who flood a room one is not heard, and the owner is.
#[tokio::test]
async fn what_matters_least_is_dropped_first() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            settings.rates.room_messages.calls = 20;
            settings.rates.room_messages.burst = 20;
        });
    })
    .await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = room_of(&alice).await;
    for user in [&bob, &carol] {
        come(user, &group).await;
    }
    let send = async |user: &User, text: String, priority: &str| {
        let mut body = user.group_text(&group, &text);
        body["MsgPriority"] = priority.into();
        user.send_to_group(body).await.ok();
    };
    for number in 0..60 {
        send(&bob, format!("like {number}"), "Lowest").await;
        send(&bob, format!("gift {number}"), "High").await;
    }
    for number in 0..5 {
        send(&alice, format!("owner {number}"), "Lowest").await;
    }
    carol.expect_message(&group, "owner 4").await;
    let heard = carol.messages(&group);
    let many = |what: &str| heard.iter().filter(|(_, text)| text.starts_with(what)).count();
    assert_eq!(many("owner"), 5, "nobody keeps the owner from being heard");
    assert!(many("like") <= 5 && many("gift") >= 15 && many("gift") < 60, "{heard:?}");
    assert!(heard.is_sorted(), "in order: {heard:?}");
}

#[tokio::test]
async fn many_who_come_and_go_are_told_of_together() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let group = room_of(&alice).await;
    come(&alice, &group).await;
    let names: Vec<String> = (0..60).map(|number| format!("user{number}")).collect();
    let mut users = Vec::new();
    for name in &names {
        let user = gateway.user(name).await;
        come(&user, &group).await;
        users.push(user);
    }
    until_counted(&alice, &group, 61).await;
    let told = |event: &tests::Event| event.value["GroupTips"][0]["MsgBody"]["MemberNum"] == 61;
    alice.expect_event("the last tip", told).await;
    let tips = alice.socket.events().iter().filter(|event| event.value["Event"] == 4).count();
    assert!(tips < 50, "{tips} tips for sixty who came");
}

on_both!(one_who_does_not_log_in_reads_along, as_it_is, |stage| {
    let [alice, bob] = stage.one.users(["alice", "bob"]).await;
    let group = room_of(&alice).await;
    come(&alice, &group).await;
    alice.expect_tip(&group, 1).await;
    let nobody = stage.there().anonymous().await;
    let joined = nobody.call(READ_ALONG, json!({"GroupId": group.id, "ApplyMsg": ""})).await.ok();
    assert_eq!((&joined["JoinedStatus"], &joined["HugeGroupFlag"]), (&json!("JoinedSuccess"), &json!(1)));
    let body = |key: &Value, from: &Value| json!({"USP": 1, "StartSeq": from, "StartBroadcastSeq": 1, "HoldTime": 90, "Key": key});
    let waiting = nobody.call(POLL_UNKNOWN, body(&joined["LongPollingKey"], &joined["StartSeq"]));
    let (polled, said) = tokio::join!(waiting, alice.send_text(&group, "hello whoever you are"));
    let polled = polled.ok();
    let item = &polled["RspMsgList"][0];
    assert_eq!(
        (&item["Event"], &item["MsgSeq"], &item["ToGroupId"]),
        (&json!(3), &json!(said.seq), &json!(group.id))
    );
    assert_eq!((&polled["NextSeq"], &polled["NextBroadcastSeq"]), (&json!(said.seq + 1), &json!(1)));
    // What is told between two questions is not missed; tips, recalls and the end are told as well.
    let slip = alice.send_text(&group, "slip").await;
    come(&bob, &group).await;
    bob.expect_tip(&group, 1).await;
    alice.recall(&group, slip.seq).await.ok();
    bob.expect_notice(&group, 14).await;
    alice.dismiss(&group).await;
    bob.expect_notice(&group, 5).await;
    let (mut key, mut from, mut events) = (polled["Key"].clone(), polled["NextSeq"].clone(), Vec::new());
    while events.last() != Some(&5) {
        let answer = nobody.call(POLL_UNKNOWN, body(&key, &from)).await;
        if answer.code() != 0 {
            break;
        }
        let polled = answer.ok();
        (key, from) = (polled["Key"].clone(), polled["NextSeq"].clone());
        events.extend(
            polled["RspMsgList"].as_array().unwrap().iter().map(|item| item["Event"].as_u64().unwrap()),
        );
    }
    nobody.call(POLL_UNKNOWN, body(&key, &from)).await.refused(ErrorCode::GROUP_MISSING);
    nobody.call(POLL_UNKNOWN, body(&json!("made.up"), &from)).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    bob.call(POLL, body(&key, &from)).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    let meeting = alice.create_group("meeting").await;
    nobody.call(READ_ALONG, json!({"GroupId": meeting.id})).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    nobody.call("group_open_http_svc.send_group_msg", alice.group_text(&group, "?")).await.documented();
});

on_both!(
    where_it_is_set_so_members_ask_for_what_is_told,
    |config: &mut Config| {
        config.apps.set(|settings| {
            settings.live.long_polling = true;
            settings.live.polls = 1;
        });
    },
    |stage| {
        let [alice, bob] = stage.one.users(["alice", "bob"]).await;
        let carol = stage.there().user("carol").await;
        let group = room_of(&alice).await;
        let joined = come(&bob, &group).await;
        let asks = |key: &Value, from: &Value| json!({"USP": 1, "StartSeq": from, "StartBroadcastSeq": 1, "HoldTime": 90, "Key": key});
        let own = bob.call(POLL, asks(&joined["LongPollingKey"], &joined["StartSeq"])).await.ok();
        assert_eq!(own["RspMsgList"][0]["Event"], 4, "that bob came: {own}");
        let body = asks(&own["Key"], &own["NextSeq"]);
        let waiting = bob.begin(POLL, body.clone()).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        bob.call(POLL, body.clone()).await.refused(ErrorCode::GROUP_TOO_OFTEN);
        alice.send_text(&group, "asked for").await;
        let polled = bob.answer(&waiting).await.ok();
        let texts: Vec<&Value> = polled["RspMsgList"].as_array().unwrap().iter().collect();
        assert!(
            texts.iter().any(|item| item["MsgBody"][0]["MsgContent"]["Text"] == "asked for"),
            "{texts:?}"
        );
        assert!(bob.messages(&group).is_empty(), "it is not pushed as well");
        // The key is bob's, as long as he is there.
        carol.call(POLL, body.clone()).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
        bob.quit(&group).await;
        bob.call(POLL, body).await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    }
);

on_both!(whoever_asks_here_and_there_hears_each_thing_once, as_it_is, |stage| {
    let alice = stage.one.user("alice").await;
    let group = room_of(&alice).await;
    let places = [stage.one.anonymous().await, stage.there().anonymous().await];
    let begin = json!({"GroupId": group.id, "ApplyMsg": ""});
    places[1].call(READ_ALONG, begin.clone()).await.ok();
    let joined = places[0].call(READ_ALONG, begin).await.ok();
    let (mut key, mut from) = (joined["LongPollingKey"].clone(), joined["StartSeq"].clone());
    let set = async |value: u64| {
        let body = json!({"GroupId": group.id, "GroupAttr": [{"key": "k", "value": value.to_string()}]});
        alice.call("group_open_http_svc.set_group_attr", body).await.ok();
    };
    // What is set has no number, what is said has one.
    let mut expected = Vec::new();
    for round in 0..6 {
        if round % 3 != 1 {
            alice.send_text(&group, &format!("said {round}")).await;
            expected.push(format!("said {round}"));
        }
        for value in [2 * round, 2 * round + 1] {
            set(value).await;
            expected.push(format!("set {value}"));
        }
    }
    let mut heard = Vec::new();
    for turn in 0.. {
        let body = json!({"USP": 1, "StartSeq": from, "StartBroadcastSeq": 1, "HoldTime": 90, "Key": key});
        let polled = places[(turn + 1) % 2].call(POLL_UNKNOWN, body).await.ok();
        for item in polled["RspMsgList"].as_array().unwrap() {
            let set = &item["MsgBody"]["MsgGroupNewInfo"]["GroupAttrOption"]["GroupAttrInfo"][0]["value"];
            heard.push(match set.as_str() {
                Some(value) => format!("set {value}"),
                None => item["MsgBody"][0]["MsgContent"]["Text"].as_str().unwrap().to_owned(),
            });
        }
        (key, from) = (polled["Key"].clone(), polled["NextSeq"].clone());
        if heard.len() >= expected.len() {
            break;
        }
        if turn < 6 {
            let (said, value) = (format!("between {turn}"), 100 + turn as u64);
            alice.send_text(&group, &said).await;
            set(value).await;
            expected.extend([said, format!("set {value}")]);
        }
    }
    assert_eq!(heard, expected);
});

#[tokio::test]
async fn newcomers_are_told_a_little_of_what_was_said() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.live.recent_messages = 2);
    })
    .await;
    let [alice, bob, carol, dave] = gateway.users(["alice", "bob", "carol", "dave"]).await;
    let group = room_of(&alice).await;
    come(&alice, &group).await;
    come(&dave, &group).await;
    for text in ["one", "two", "three", "slip"] {
        let said = alice.send_text(&group, text).await;
        if text == "slip" {
            alice.recall(&group, said.seq).await.ok();
            dave.expect_notice(&group, 14).await;
        }
    }
    let body = json!({"GroupId": group.id, "HugeGroupHistoryMsgFlag": 1});
    let recent = async |user: &User| {
        let joined = user.call("group_open_http_svc.apply_join_group", body.clone()).await.ok();
        let items = joined["RspMsgList"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["MsgBody"][0]["MsgContent"]["Text"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(recent(&bob).await, ["two", "three"]);
    let joined = come(&carol, &group).await;
    assert_eq!(joined.get("RspMsgList"), None, "it was not asked for");
}

on_both!(what_was_said_lately_is_recalled, as_it_is, |stage| {
    let [alice, bob] = stage.one.users(["alice", "bob"]).await;
    let carol = stage.there().user("carol").await;
    let group = room_of(&alice).await;
    for user in [&alice, &bob, &carol] {
        come(user, &group).await;
    }
    let code = |answer: Value| answer["RecallRetList"][0]["RetCode"].as_u64().unwrap() as u32;
    let said = bob.send_text(&group, "slip").await;
    carol.expect_message(&group, "slip").await;
    alice.expect_message(&group, "slip").await;
    assert_eq!(code(carol.recall(&group, said.seq).await.ok()), ErrorCode::GROUP_NOT_ALLOWED.0);
    assert_eq!(code(bob.recall(&group, said.seq).await.ok()), 0);
    for user in [&alice, &carol] {
        let notice = user.expect_notice(&group, 14).await;
        assert_eq!(notice["MsgBody"]["GroupWithdrawInfoArray"][0]["MsgSeq"], said.seq);
        assert_eq!(notice["RevokerInfo"]["Revoker_Account"], "bob");
    }
    assert_eq!(code(bob.recall(&group, 1).await.ok()), ErrorCode::RECALL_MISSING.0);
    let said = carol.send_text(&group, "of another").await;
    alice.expect_message(&group, "of another").await;
    assert_eq!(code(alice.recall(&group, said.seq).await.ok()), 0);
    bob.expect_notice(&group, 14).await;
});

/// Nobody else is there on the instance that waits for one who went to another.
#[tokio::test]
async fn one_who_moved_counts_once_at_once() {
    let stage = Stage::of_two(|config| {
        config.apps.set(|settings| settings.live.away_seconds = 3600);
    })
    .await;
    let alice = stage.there().user("alice").await;
    let bob = stage.one.user("bob").await;
    let group = room_of(&alice).await;
    come(&alice, &group).await;
    come(&bob, &group).await;
    until_counted(&alice, &group, 2).await;
    for _ in 0..3 {
        bob.socket.close().await;
        let bob = bob.reconnect(stage.there().address(), Dialect::Binary).await;
        bob.login().await;
        until_counted(&alice, &group, 2).await;
        bob.socket.close().await;
        let bob = bob.reconnect(stage.one.address(), Dialect::Binary).await;
        bob.login().await;
        until_counted(&alice, &group, 2).await;
        bob.quit(&group).await;
        until_counted(&alice, &group, 1).await;
        come(&bob, &group).await;
        until_counted(&alice, &group, 2).await;
    }
}
