//! The size of answers: what others wrote locks nobody out of their lists, and a request that is small has no answer that
//! is not.

use std::collections::HashSet;

use futures_util::future::join_all;
use gateway::services::rates::Rates;
use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{Dialect, RawSocket, TestGateway, User};

/// What a page has but for its last item.
const PAGE: usize = 256 * 1024;

const PORTRAITS: &str = "profile.portrait_get_all";
const JOINED: &str = "group_open_http_svc.get_joined_group_list";
const MEMBERS: &str = "group_open_http_svc.get_group_member_info";
const GROUPS: &str = "group_open_http_svc.get_group_info";

fn size(body: &Value) -> usize {
    body.to_string().len()
}

/// A text that is six times as long in JSON.
fn costly(length: usize) -> String {
    "\u{1}".repeat(length)
}

#[tokio::test]
async fn a_stranger_locks_nobody_out_of_their_conversations() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            settings.limits.invitations_per_hour = 0;
            settings.rates = Rates::off();
        });
        // Less than any page of the list.
        config.connections.queue_bytes = 64 * 1024;
    })
    .await;
    let [eve, _bob] = gateway.users(["eve", "bob"]).await;
    let text = "x".repeat(11 * 1024);
    let groups: Vec<String> = (0..150).map(|n| format!("g{n}")).collect();
    for some in groups.chunks(10) {
        let make = |id: &String| {
            let body = json!({"Type": "Private", "Name": "n", "GroupId": id, "Owner_Account": "eve",
                "MemberList": [{"Member_Account": "bob"}]});
            let (id, text, eve) = (id.clone(), &text, &eve);
            async move {
                eve.call("group_open_http_svc.create_group", body).await.ok();
                eve.send_text(&tests::Group { id }, text).await;
            }
        };
        join_all(some.iter().map(make)).await;
    }
    eve.send_to("bob", "hello").await;

    let bob = gateway.user("bob").await;
    let (mut listed, mut index, mut pages) = (Vec::new(), 0, 0);
    loop {
        let body = json!({"From_Account": "bob", "TimeStamp": 0, "StartIndex": index, "TopTimeStamp": 0,
            "TopStartIndex": 0, "OrderType": 1, "MsgAssistFlags": 15, "AssistFlags": 31});
        let page = bob.call("recentcontact.page_get", body).await.ok();
        assert!(size(&page) < PAGE + 32 * 1024, "{} bytes", size(&page));
        let items = page["SessionItem"].as_array().unwrap().clone();
        assert!((1..=100).contains(&items.len()));
        listed.extend(
            items
                .iter()
                .map(|item| item["ToAccount"].as_str().or(item["To_Account"].as_str()).unwrap().to_owned()),
        );
        pages += 1;
        if page["CompleteFlag"] == 1 {
            assert_eq!((&page["StartIndex"], &page["TimeStamp"]), (&json!(0), &json!(0)));
            break;
        }
        index = page["StartIndex"].as_u64().unwrap();
    }
    assert!(pages > 6, "{pages} pages");
    let names: HashSet<_> = listed.iter().cloned().collect();
    assert_eq!((listed.len(), names.len()), (151, 151));
    assert!(names.contains("eve") && groups.iter().all(|id| names.contains(id)));
}

/// What comes and goes between two pages neither repeats the others nor hides them.
#[tokio::test]
async fn pages_of_conversations_go_on_where_they_ended() {
    let gateway = TestGateway::start().await;
    let bob = gateway.user("bob").await;
    for n in 0..130 {
        gateway.admin().import(&format!("p{n}")).await;
    }
    for n in 0..130 {
        bob.send_to(&format!("p{n}"), "hi").await;
    }
    let page = async |index: u64| {
        bob.call("recentcontact.page_get", json!({"From_Account": "bob", "StartIndex": index})).await.ok()
    };
    let name = |item: &Value| item["To_Account"].as_str().unwrap().to_owned();
    let first = page(0).await;
    assert_eq!((&first["CompleteFlag"], first["SessionItem"].as_array().unwrap().len()), (&json!(0), 100));
    let gone = json!({"From_Account": "bob", "ContactItem": [
        {"Type": 1, "To_Account": name(&first["SessionItem"][3])}]});
    bob.call("recentcontact.batch_delete", gone).await.ok();
    let second = page(first["StartIndex"].as_u64().unwrap()).await;
    assert_eq!(second["CompleteFlag"], 1);
    let items = [&first, &second].map(|page| page["SessionItem"].as_array().unwrap().iter().map(name));
    let all: HashSet<String> = items.into_iter().flatten().collect();
    assert_eq!(all.len(), 130);
}

/// Whoever asks for more than the queue holds, and reads slowly, has every answer in the end.
#[tokio::test]
async fn an_answer_is_not_too_large_for_the_queue() {
    let gateway = TestGateway::start_with(|config| config.connections.queue_bytes = 1000).await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    for n in 0..20 {
        alice.send_text(&group, &format!("{n} {}", "x".repeat(11 * 1024))).await;
    }
    bob.socket.close().await;
    let target = format!("{}?{}", Dialect::Binary.path(), bob.device.query());
    let mut socket = RawSocket::connect(gateway.address(), &target).await;
    socket.send_request(RawSocket::BINARY, &bob.head("im_open_status.wslogin"), &json!({})).await;
    assert_eq!(socket.next_json().await.unwrap()["body"]["ErrorCode"], 0);
    // 20 MB, which no buffer of the kernel takes. Nothing is read until all was asked for.
    let body = json!({"GroupId": "lobby", "ReqMsgNumber": 20, "WithRecalledMsg": 1});
    for _ in 0..90 {
        socket.send_request(RawSocket::BINARY, &bob.head("group_open_http_svc.group_msg_get"), &body).await;
    }
    for n in 0..90 {
        let mut answer = socket.next_json().await.unwrap_or_else(|| panic!("the end after {n} answers"));
        while answer["head"]["servcmd"] == "im_open_push.msg_push" {
            answer = socket.next_json().await.unwrap();
        }
        assert_eq!(answer["body"]["RspMsgList"].as_array().unwrap().len(), 20);
    }
    socket.ping(RawSocket::BINARY).await;
}

/// One page of what `user` missed.
async fn sync(user: &User, cookie: &str, flag: u64) -> Value {
    let body = json!({"Cookie": cookie, "SyncFlag": flag, "NeedAbstract": 1, "IsOnlineSync": 0});
    user.call("openim.getmsg", body).await.ok()
}

#[tokio::test]
async fn long_notices_lock_nobody_out_of_the_login() {
    let gateway = TestGateway::start_with(|config| {
        config.apps.set(|settings| settings.limits.reason_bytes = 400 * 1024);
        config.connections.queue_bytes = 64 * 1024;
    })
    .await;
    let [eve, bob, carol] = gateway.users(["eve", "bob", "carol"]).await;
    let group = eve.create_group("lobby").await;
    bob.join(&group).await;
    let start = bob.sync().await["Cookie"].as_str().unwrap().to_owned();
    bob.socket.close().await;
    for n in 0..12 {
        let kick = json!({"GroupId": "lobby", "MemberToDel_Account": ["bob"], "Silence": 1,
            "Reason": format!("{n} {}", "r".repeat(90 * 1024))});
        eve.call("group_open_http_svc.delete_group_member", kick).await.ok();
        if n == 11 {
            // Of one who is in the group again it is over that they were put out.
            break;
        }
        let add = json!({"GroupId": "lobby", "MemberList": [{"Member_Account": "bob"}], "Silence": 1});
        gateway.admin().call("group_open_http_svc.add_group_member", add).await.ok();
    }
    let bob = bob.reconnect(gateway.address(), Dialect::Binary).await;
    bob.try_login().await.ok();
    // What is said meanwhile waits until it has seen all pages.
    eve.send_to("bob", "hello").await;
    let (mut events, mut pages) = (Vec::new(), 0);
    let (mut cookie, mut flag) = (start.clone(), 0);
    while flag != 2 {
        let page = sync(&bob, &cookie, flag).await;
        assert!(size(&page) < PAGE + 100 * 1024, "{} bytes", size(&page));
        events.extend(page["EventArray"].as_array().unwrap().clone());
        cookie = page["Cookie"].as_str().unwrap().to_owned();
        flag = page["SyncFlag"].as_u64().unwrap();
        assert!(!cookie.is_empty() && (flag == 1 || flag == 2), "{page}");
        assert_eq!(page["C2CPairUnreadCount"].as_array().unwrap().len(), usize::from(flag == 2));
        pages += 1;
    }
    assert!(pages > 4, "{pages} pages");
    let numbers: Vec<String> = events
        .iter()
        .filter_map(|event| {
            event["GroupTips"][0]["MsgBody"]["MsgGroupNotify"]
                .as_str()
                .or(Some(event["GroupTips"][0]["MsgBody"]["RemarkInfo"].as_str()?))
        })
        .map(|text| text.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(numbers, (0..12).map(|n| n.to_string()).collect::<Vec<_>>(), "each once, in their order");
    bob.expect_message_from("eve", "hello").await;
    // One that never was here is not told of the past, however much it is.
    let fresh = gateway.user_on("bob", tests::Device::wechat(gateway.fresh_instance()), Dialect::Text).await;
    let page = sync(&fresh, "", 0).await;
    assert_eq!(page["SyncFlag"], 2);
    carol.ping().await;
}

#[tokio::test]
async fn a_name_that_is_repeated_is_told_of_once() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let users: Vec<Value> = (0..1000).map(|_| json!({"To_Account": "bob"})).collect();
    let told = alice.call(PORTRAITS, json!({"From_Account": "alice", "UserItem": users})).await.ok();
    assert_eq!(told["UserProfileItem"].as_array().unwrap().len(), 1);
    let names = vec!["bob"; 1000];
    let told = alice.call("openim.get_peer_read_time", json!({"To_Account": names})).await.ok();
    assert_eq!(told["ReadTime"].as_array().unwrap().len(), 1);
    let body = json!({"Peer_Account": names});
    let told = alice.call("openim.get_c2c_peer_mute_notifications", body).await.ok();
    assert_eq!(told["MuteNotificationsList"].as_array().unwrap().len(), 1);
    let body = json!({"GroupId": "lobby", "Member_List_Account": names});
    let told = alice.call("group_open_http_svc.get_specified_group_member_info", body).await.ok();
    assert_eq!(told["MemberList"].as_array().unwrap().len(), 1);
    let body = json!({"GroupIdList": vec!["lobby"; 200]});
    for command in ["get_group_self_member_info", "get_group_public_info"] {
        let told = alice.call(&format!("group_open_http_svc.{command}"), body.clone()).await.ok();
        assert_eq!(told["GroupInfo"].as_array().unwrap().len(), 1);
    }
    let told = gateway.admin().call(GROUPS, body).await.ok();
    assert_eq!(told["GroupInfo"].as_array().unwrap().len(), 1);
    let told = gateway.admin().call("openim.query_online_status", json!({"To_Account": names})).await.ok();
    assert_eq!(told["QueryResult"].as_array().unwrap().len(), 1);

    // So many different ones are refused.
    let many: Vec<String> = (0..51).map(|n| format!("m{n}")).collect();
    let body = json!({"GroupId": "lobby", "Member_List_Account": many});
    let told = alice.call("group_open_http_svc.get_specified_group_member_info", body).await;
    told.refused(ErrorCode::GROUP_TOO_MANY_ACCOUNTS);
    let body = json!({"GroupIdList": many});
    alice
        .call("group_open_http_svc.get_group_public_info", body)
        .await
        .refused(ErrorCode::GROUP_BAD_PARAMETER);
    let users: Vec<Value> = (0..101).map(|n| json!({"To_Account": format!("m{n}")})).collect();
    let told = alice.call(PORTRAITS, json!({"From_Account": "alice", "UserItem": users})).await;
    told.refused(ErrorCode::PROFILE_BAD_PARAMETER);
}

#[tokio::test]
async fn profiles_that_do_not_fit_are_told_shorter() {
    let gateway = TestGateway::start().await;
    let names: Vec<String> = (0..30).map(|n| format!("u{n:02}")).collect();
    let users = join_all(names.iter().map(|name| gateway.user(name))).await;
    for user in &users {
        let mut items: Vec<Value> = (0..20)
            .map(|n| json!({"Tag": format!("Tag_Profile_Custom_c{n}"), "Value": costly(500)}))
            .collect();
        items.push(json!({"Tag": "Tag_Profile_IM_Nick", "Value": user.name}));
        let body = json!({"From_Account": user.name, "ProfileItem": items});
        user.call("profile.portrait_set", body).await.ok();
    }
    let items: Vec<Value> = names.iter().map(|name| json!({"To_Account": name})).collect();
    let told = users[0].call(PORTRAITS, json!({"From_Account": "u00", "UserItem": items})).await.ok();
    assert!(size(&told) < 1200 * 1024, "{} bytes", size(&told));
    let profiles = told["UserProfileItem"].as_array().unwrap();
    assert_eq!(profiles.len(), 30);
    for (profile, name) in profiles.iter().zip(&names) {
        let items = profile["ProfileItem"].as_array().unwrap();
        let nick = items.iter().find(|item| item["Tag"] == "Tag_Profile_IM_Nick").unwrap();
        assert_eq!((&profile["To_Account"], &nick["Value"]), (&json!(name), &json!(name)));
    }
    assert_eq!(profiles[0]["ProfileItem"].as_array().unwrap().len(), 21);
    assert_eq!(profiles[29]["ProfileItem"].as_array().unwrap().len(), 1);
}

/// A group whose profile is as long as it can be.
fn long_group(id: &str, members: Vec<Value>) -> Value {
    let fields: Vec<Value> = (0..10).map(|n| json!({"Key": format!("k{n}"), "Value": costly(512)})).collect();
    json!({"Type": "ChatRoom", "Name": "n", "GroupId": id, "Owner_Account": "alice", "MemberList": members,
        "Introduction": costly(400), "Notification": costly(400), "AppDefinedData": fields})
}

#[tokio::test]
async fn a_list_of_groups_that_is_too_large_is_asked_for_in_parts() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    for n in 0..45 {
        let made = long_group(&format!("g{n:02}"), Vec::new());
        gateway.admin().call("group_open_http_svc.create_group", made).await.ok();
    }
    let ask = |limit: usize, offset: usize| {
        let body = json!({"Member_Account": "alice", "Limit": limit, "Offset": offset, "ResponseFilter": {
            "GroupBaseInfoFilter": ["Type", "Name", "Introduction", "Notification"],
            "SelfInfoFilter": ["Role"]}});
        alice.call(JOINED, body)
    };
    // As the vendor answers it, and the SDKs ask again for 50.
    ask(200, 0).await.refused(ErrorCode::GROUP_ANSWER_TOO_LARGE);
    let all = ask(50, 0).await.ok();
    assert!(size(&all) < 1200 * 1024, "{} bytes", size(&all));
    let groups = all["GroupIdList"].as_array().unwrap();
    assert_eq!((groups.len(), &all["TotalCount"]), (45, &json!(45)));
    assert!(groups[0]["Introduction"].is_string());
    let last = &groups[44];
    assert_eq!((&last["GroupId"], &last["Introduction"]), (&json!("g44"), &Value::Null));
    assert_eq!((&last["Type"], &last["SelfInfo"]["Role"]), (&json!("ChatRoom"), &json!("Owner")));
    assert_eq!(ask(20, 30).await.ok()["GroupIdList"].as_array().unwrap().len(), 15);
}

#[tokio::test]
async fn members_that_are_too_large_are_asked_for_in_parts() {
    let gateway = TestGateway::start_with(|config| {
        config.connections.max_frame_bytes = 16 << 20;
        config.apps.set(|settings| settings.limits.invitations_per_hour = 0);
    })
    .await;
    let alice = gateway.user("alice").await;
    let fields: Vec<Value> = (0..5).map(|n| json!({"Key": format!("k{n}"), "Value": costly(512)})).collect();
    let members: Vec<Value> = (0..299)
        .map(|n| json!({"Member_Account": format!("m{n:03}"), "AppMemberDefinedData": fields}))
        .collect();
    for id in ["one", "two"] {
        let made = long_group(id, members.clone());
        gateway.admin().call("group_open_http_svc.create_group", made).await.ok();
    }
    alice.call(MEMBERS, json!({"GroupId": "one"})).await.refused(ErrorCode::GROUP_ANSWER_TOO_LARGE);
    let mut seen = HashSet::new();
    for offset in [0, 100, 200] {
        let body = json!({"GroupId": "one", "Limit": 100, "Offset": offset});
        let page = alice.call(MEMBERS, body).await.ok();
        let page = page["MemberList"].as_array().unwrap();
        seen.extend(page.iter().map(|member| member["Member_Account"].as_str().unwrap().to_owned()));
    }
    assert_eq!(seen.len(), 300);
    // Whoever asks for less of each has all of them at once.
    let body = json!({"GroupId": "one", "MemberInfoFilter": ["Role"]});
    assert_eq!(alice.call(MEMBERS, body).await.ok()["MemberList"].as_array().unwrap().len(), 300);
    // Each group is told of, or refused, for itself.
    let told = gateway.admin().call(GROUPS, json!({"GroupIdList": ["one", "two"]})).await.ok();
    let codes: Vec<&Value> =
        told["GroupInfo"].as_array().unwrap().iter().map(|group| &group["ErrorCode"]).collect();
    assert_eq!(codes, [&json!(0), &json!(ErrorCode::GROUP_ANSWER_TOO_LARGE.0)]);
    let told = gateway.admin().call(GROUPS, json!({"GroupIdList": ["two"]})).await.ok();
    assert_eq!(told["GroupInfo"][0]["MemberList"].as_array().unwrap().len(), 300);
}

#[tokio::test]
async fn a_history_of_long_messages_comes_in_more_pages() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    for n in 0..60 {
        alice.send_to("bob", &format!("{n} {}", "x".repeat(11 * 1024))).await;
        gateway.clock.advance(std::time::Duration::from_secs(1));
    }
    let read = async |direction: u8, mut time: u64| {
        let (mut texts, mut key, mut pages) = (Vec::new(), json!(""), 0);
        loop {
            let body = json!({"Peer_Account": "alice", "MaxCnt": 100, "LastMsgTime": time, "MsgKey": key,
                "GetDirection": direction});
            let page = bob.call("openim.getroammsg", body).await.ok();
            assert!(size(&page) < PAGE + 16 * 1024, "{} bytes", size(&page));
            let number = |item: &Value| {
                let text = item["MsgBody"][0]["MsgContent"]["Text"].as_str().unwrap();
                text.split(' ').next().unwrap().parse::<usize>().unwrap()
            };
            let items: Vec<usize> = page["MsgList"].as_array().unwrap().iter().map(number).collect();
            assert_eq!(page["MsgCnt"], items.len());
            if direction == 1 {
                texts.extend(items)
            } else {
                texts.splice(0..0, items);
            }
            pages += 1;
            (key, time) = (page["MsgKey"].clone(), page["LastMsgTime"].as_u64().unwrap());
            if page["Complete"] == 1 {
                assert!(pages > 2, "{pages} pages");
                return texts;
            }
        }
    };
    assert_eq!(read(0, 0).await, (0..60).collect::<Vec<_>>());
    assert_eq!(read(1, 1).await, (0..60).collect::<Vec<_>>());
}

#[tokio::test]
async fn recalls_with_long_reasons_come_in_more_pages() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    for n in 0..40 {
        let sent = alice.send_text(&group, &n.to_string()).await;
        gateway.clock.advance(std::time::Duration::from_millis(10));
        let body = json!({"GroupId": "lobby", "MsgSeqList": [{"MsgSeq": sent.seq}], "Reason": costly(500)});
        alice.call("group_open_http_svc.group_msg_recall", body).await.ok();
    }
    let (mut begin, mut seqs, mut pages) = (0, Vec::new(), 0);
    loop {
        let body = json!({"GroupId": "lobby", "BeginTime": begin, "EndTime": 4_000_000_000_000_000u64,
            "Limit": 100});
        let page = bob.call("group_open_http_svc.get_group_notify", body).await.ok();
        assert!(size(&page) < 32 * 1024, "{} bytes", size(&page));
        let recalls = page["NotifyMsgList"].as_array().unwrap();
        seqs.extend(recalls.iter().map(|recall| recall["MsgSeq"].as_u64().unwrap()));
        pages += 1;
        begin = page["NextMsgTime"].as_u64().unwrap();
        if begin == 0 {
            break;
        }
    }
    assert!(pages > 3, "{pages} pages");
    seqs.dedup();
    assert_eq!(seqs.len(), 40);
}
