//! Friends.

use futures_util::future::join_all;
use gateway::services::application::{Application, Settings};
use protocol::ErrorCode;
use protocol::id::AppId;
use serde_json::{Value, json};
use tests::{Device, Dialect, Event, TestGateway, User, new_application};

const ADD: &str = "sns.friend_add";

/// The request of the SDKs, which name one user.
fn request(user: &User, peer: &str, sides: &str) -> Value {
    let item = json!({"To_Account": peer, "AddSource": "AddSource_Type_Web"});
    json!({"From_Account": user.name, "AddFriendItem": [item], "AddType": sides})
}

/// What each of the items came to.
fn codes(answer: &Value) -> Vec<u64> {
    let results = answer["ResultItem"].as_array().unwrap();
    results.iter().map(|result| result["ResultCode"].as_u64().unwrap()).collect()
}

async fn try_add(user: &User, peer: &str, sides: &str) -> Value {
    let answer = user.call(ADD, request(user, peer, sides)).await.ok();
    assert_eq!(answer["ResultItem"][0]["To_Account"], peer);
    answer["ResultItem"][0].clone()
}

async fn add(user: &User, peer: &str) {
    assert_eq!(try_add(user, peer, "Add_Type_Both").await["ResultCode"], 0);
}

async fn refused(user: &User, peer: &str, code: ErrorCode) -> String {
    let result = try_add(user, peer, "Add_Type_Both").await;
    assert_eq!(result["ResultCode"], code.0, "{result}");
    result["ResultInfo"].as_str().unwrap().to_owned()
}

async fn page(user: &User, start: u64) -> Value {
    let body =
        json!({"From_Account": user.name, "StartIndex": start, "StandardSequence": 0, "CustomSequence": 0});
    user.call("sns.friend_get", body).await.ok()
}

/// The names on the list, read as the SDKs read it, and how many pages that were.
async fn friends(user: &User) -> (Vec<String>, usize) {
    let (mut names, mut start) = (Vec::new(), 0);
    for pages in 1.. {
        let page = page(user, start).await;
        let items = page["UserDataItem"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["To_Account"].as_str().unwrap().to_owned()));
        start = page["NextStartIndex"].as_u64().unwrap();
        if page["CompleteFlag"] == 1 {
            assert_eq!(start, 0);
            assert_eq!(page["FriendNum"], names.len());
            names.sort();
            return (names, pages);
        }
    }
    unreachable!()
}

fn value<'a>(items: &'a Value, tag: &str) -> &'a Value {
    let items = items.as_array().unwrap();
    items.iter().find(|item| item["Tag"] == tag).map_or(&Value::Null, |item| &item["Value"])
}

fn is_new_friend(event: &Event) -> bool {
    event.value["FriendListMod"][0]["PushType"] == 1
}

async fn expect_push(device: &User, peer: &str) {
    let is_it = |event: &Event| event.value["FriendListMod"][0]["FriendAdd_Account"] == json!([peer]);
    let event = device.expect_event("a new friend", is_it).await;
    assert_eq!(event["Event"], 2);
    assert_eq!(event["FriendListMod"][0]["PushType"], 1);
}

async fn let_add(user: &User, who: &str) {
    let item = json!({"Tag": "Tag_Profile_IM_AllowType", "Value": format!("AllowType_Type_{who}")});
    let body = json!({"From_Account": user.name, "ProfileItem": [item]});
    user.call("profile.portrait_set", body).await.ok();
}

/// A gateway with a second application in which a list has few places.
async fn with_few_places(most: usize) -> TestGateway {
    let mut settings = Settings::default();
    settings.limits.friends_per_user = most;
    TestGateway::start_with(|config| {
        config.apps.add(SMALL, Application { settings, ..new_application() });
    })
    .await
}

const SMALL: AppId = AppId(1_400_000_002);

/// A browser and a phone of one user.
async fn two_devices(gateway: &TestGateway, name: &str) -> [User; 2] {
    let phone = Device::wechat(gateway.fresh_instance());
    [gateway.user(name).await, gateway.user_on(name, phone, Dialect::Text).await]
}

#[tokio::test]
async fn both_have_a_friend_and_all_their_devices_hear_of_it() {
    let gateway = TestGateway::start().await;
    let alices = two_devices(&gateway, "alice").await;
    let bobs = two_devices(&gateway, "bob").await;
    add(&alices[0], "bob").await;
    // Also the device that did it: its list changes by the push alone.
    for (devices, peer) in [(&alices, "bob"), (&bobs, "alice")] {
        for device in devices {
            expect_push(device, peer).await;
            assert_eq!(friends(device).await, (vec![peer.to_owned()], 1));
        }
    }
}

#[tokio::test]
async fn what_one_notes_of_a_friend_only_they_read() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let nick = json!({"Tag": "Tag_Profile_IM_Nick", "Value": "Bobby"});
    bob.call("profile.portrait_set", json!({"From_Account": "bob", "ProfileItem": [nick]})).await.ok();
    let item = json!({
        "To_Account": "bob", "AddSource": "AddSource_Type_Web", "AddWording": "hi", "Remark": "Bee 蜜蜂",
        "GroupName": "colleagues",
    });
    let answer = alice.call(ADD, json!({"From_Account": "alice", "AddFriendItem": [item]})).await.ok();
    assert_eq!(codes(&answer), [0]);

    let listed = page(&alice, 0).await["UserDataItem"][0].clone();
    assert_eq!(listed["To_Account"], "bob");
    let specified = |user: &str| json!({"From_Account": user, "To_Account": ["bob", "alice", "carol"]});
    let own = alice.call("sns.friend_get_specified", specified("alice")).await.ok()["InfoItem"].clone();
    for items in [&listed["ValueItem"], &own[0]["SnsProfileItem"]] {
        assert_eq!(value(items, "Tag_SNS_IM_Remark"), "Bee 蜜蜂");
        assert_eq!(value(items, "Tag_SNS_IM_Group"), &json!(["colleagues"]));
        assert_eq!(value(items, "Tag_SNS_IM_AddSource"), "AddSource_Type_Web");
        assert_eq!(value(items, "Tag_SNS_IM_AddWording"), "hi");
        assert!(value(items, "Tag_SNS_IM_AddTime").as_u64().unwrap() > 0);
    }
    assert_eq!(value(&own[0]["SnsProfileItem"], "Tag_Profile_IM_Nick"), "Bobby");
    assert_eq!(own[0]["ResultCode"], 0);
    for stranger in [&own[1], &own[2]] {
        assert_eq!(stranger["ResultCode"], ErrorCode::FRIEND_BAD_PARAMETER.0);
        assert_eq!(stranger["SnsProfileItem"], json!([]));
    }

    let of_bob = bob.call("sns.friend_get_specified", specified("bob")).await.ok()["InfoItem"][1].clone();
    assert_eq!(of_bob["ResultCode"], 0);
    let items = &of_bob["SnsProfileItem"];
    assert_eq!(value(items, "Tag_SNS_IM_Remark"), "");
    assert_eq!(value(items, "Tag_SNS_IM_Group"), &json!([]));
    assert_eq!(value(items, "Tag_SNS_IM_AddWording"), "hi");
}

#[tokio::test]
async fn one_side_alone_and_the_other_later() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    assert_eq!(try_add(&alice, "bob", "Add_Type_Single").await["ResultCode"], 0);
    expect_push(&alice, "bob").await;
    assert_eq!(friends(&alice).await.0, ["bob"]);
    assert_eq!(friends(&bob).await.0, [""; 0]);
    // Who is on one list already is put on the other.
    add(&alice, "bob").await;
    expect_push(&bob, "alice").await;
    assert_eq!(friends(&bob).await.0, ["alice"]);
    assert_eq!(friends(&alice).await.0, ["bob"]);
}

#[tokio::test]
async fn adding_again_changes_nothing_and_tells_those_who_did_not_hear() {
    let gateway = TestGateway::start().await;
    let alices = two_devices(&gateway, "alice").await;
    let bob = gateway.user("bob").await;
    add(&alices[0], "bob").await;
    for device in alices.iter().chain([&bob]) {
        device.socket.until("the push", |events| events.iter().any(is_new_friend)).await;
        device.socket.take_events();
    }
    // Neither when the friend lets nobody add them any more.
    let_add(&bob, "DenyAny").await;
    let body = json!({"From_Account": "alice", "AddFriendItem": [{"To_Account": "bob", "Remark": "other"}]});
    assert_eq!(codes(&alices[0].call(ADD, body).await.ok()), [0]);
    for device in &alices {
        expect_push(device, "bob").await;
        let page = page(device, 0).await;
        assert_eq!(page["FriendNum"], 1);
        assert_eq!(value(&page["UserDataItem"][0]["ValueItem"], "Tag_SNS_IM_Remark"), "");
    }
    bob.ping().await;
    assert!(!bob.socket.events().iter().any(is_new_friend));
}

#[tokio::test]
async fn who_cannot_be_a_friend_is_refused_alone() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol, dave] = gateway.users(["alice", "bob", "carol", "dave"]).await;
    let_add(&bob, "DenyAny").await;
    let_add(&carol, "NeedConfirm").await;
    let_add(&dave, "AllowAny").await;
    let items: Vec<Value> =
        ["alice", "nobody", "bob", "carol", "dave"].map(|name| json!({"To_Account": name})).into();
    let answer = alice.call(ADD, json!({"From_Account": "alice", "AddFriendItem": items})).await.ok();
    assert_eq!(codes(&answer), [30001, 30003, 30516, 30516, 0]);
    let info = |index: usize| answer["ResultItem"][index]["ResultInfo"].as_str().unwrap().to_owned();
    assert_eq!(info(0), "To_Account must be somebody else");
    assert_eq!(info(2), "the other may not be added as a friend");
    assert!(info(3).ends_with("friend applications are not served here"), "{}", info(3));
    assert_eq!(friends(&alice).await.0, ["dave"]);
    for refused in [&bob, &carol] {
        assert_eq!(friends(refused).await.0, [""; 0]);
        assert!(!refused.socket.events().iter().any(is_new_friend));
    }
}

#[tokio::test]
async fn what_is_noted_has_bounds() {
    let gateway = TestGateway::start().await;
    let [alice, _bob] = gateway.users(["alice", "bob"]).await;
    let long = |bytes: usize| "x".repeat(bytes);
    for (member, value) in [
        ("Remark", long(97)),
        ("GroupName", long(31)),
        ("AddWording", long(257)),
        ("AddSource", "Web".to_owned()),
        ("AddSource", "AddSource_Type_Abcdefghi".to_owned()),
    ] {
        let mut item = json!({"To_Account": "bob"});
        item[member] = value.into();
        let answer = alice.call(ADD, json!({"From_Account": "alice", "AddFriendItem": [item]})).await.ok();
        assert_eq!(codes(&answer), [u64::from(ErrorCode::FRIEND_BAD_PARAMETER.0)]);
        let info = answer["ResultItem"][0]["ResultInfo"].as_str().unwrap();
        assert!(info.starts_with(member), "{info}");
    }
    let many = vec![json!({"To_Account": "bob"}); 101];
    let body = json!({"From_Account": "alice", "AddFriendItem": many});
    alice.call(ADD, body).await.refused(ErrorCode::FRIEND_BAD_PARAMETER);
    assert_eq!(friends(&alice).await.0, [""; 0]);
    let fits =
        json!({"To_Account": "bob", "Remark": long(96), "GroupName": long(30), "AddWording": long(256)});
    let answer = alice.call(ADD, json!({"From_Account": "alice", "AddFriendItem": [fits]})).await.ok();
    assert_eq!(codes(&answer), [0]);
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let mut names: Vec<String> = (0..250).map(|number| format!("friend{number}")).collect();
    names.sort();
    for name in &names {
        gateway.admin().import(name).await;
    }
    for part in names.chunks(100) {
        let items: Vec<Value> = part.iter().map(|name| json!({"To_Account": name})).collect();
        let answer = alice.call(ADD, json!({"From_Account": "alice", "AddFriendItem": items})).await.ok();
        assert_eq!(codes(&answer), vec![0; part.len()]);
    }
    let first = page(&alice, 0).await;
    assert_eq!(first["UserDataItem"].as_array().unwrap().len(), 100);
    assert_eq!((&first["FriendNum"], &first["CompleteFlag"]), (&json!(250), &json!(0)));
    assert_eq!(friends(&alice).await, (names, 3));
    // A number that no page ends with is a place as well.
    let rest = page(&alice, first["NextStartIndex"].as_u64().unwrap() - 1).await;
    assert_eq!(rest["UserDataItem"].as_array().unwrap().len(), 100);
    assert_eq!(page(&alice, u64::MAX).await["UserDataItem"], json!([]));
}

#[tokio::test]
async fn a_full_list_takes_nobody() {
    let gateway = with_few_places(2).await;
    let names = ["alice", "bob", "carol", "dave"];
    let mut users = Vec::new();
    for name in names {
        users.push(gateway.user_of(SMALL, name).await);
    }
    let [alice, bob, _carol, dave] = &users[..] else { unreachable!() };
    add(alice, "bob").await;
    add(alice, "carol").await;
    refused(alice, "dave", ErrorCode::FRIENDS_FULL).await;
    refused(dave, "alice", ErrorCode::FRIENDS_OF_PEER_FULL).await;
    // Neither cost a place at the other end, and who is there already is no newcomer.
    assert_eq!(friends(dave).await.0, [""; 0]);
    add(alice, "bob").await;
    add(bob, "dave").await;
    assert_eq!(friends(dave).await.0, ["bob"]);
    assert_eq!(try_add(dave, "alice", "Add_Type_Single").await["ResultCode"], 0);
    assert_eq!(friends(dave).await.0, ["alice", "bob"]);
}

#[tokio::test]
async fn a_race_leaves_no_more_friends_than_there_are_places() {
    let gateway = with_few_places(3).await;
    let alice = gateway.user_of(SMALL, "alice").await;
    let mut others = Vec::new();
    for number in 0..8 {
        others.push(gateway.user_of(SMALL, &format!("friend{number}")).await);
    }
    // Each is added by alice and adds her, all at the same moment.
    let both = "Add_Type_Both";
    let theirs = join_all(others.iter().map(|other| try_add(other, "alice", both)));
    let hers = join_all(others.iter().map(|other| try_add(&alice, &other.name, both)));
    let (theirs, hers) = tokio::join!(theirs, hers);
    let (list, _) = friends(&alice).await;
    assert_eq!(list.len(), 3, "{list:?}");
    for ((other, theirs), hers) in others.iter().zip(theirs).zip(hers) {
        let is_friend = list.contains(&other.name);
        assert_eq!(friends(other).await.0.is_empty(), !is_friend, "{}", other.name);
        let is_done = |result: &Value| result["ResultCode"] == 0;
        assert_eq!(is_done(&theirs) || is_done(&hers), is_friend, "{theirs} {hers}");
    }
}

#[tokio::test]
async fn friends_are_kept() {
    let mut gateway = TestGateway::start().await;
    let [alice, _bob] = gateway.users(["alice", "bob"]).await;
    add(&alice, "bob").await;
    gateway.restart().await;
    for (name, peer) in [("alice", "bob"), ("bob", "alice")] {
        assert_eq!(friends(&gateway.user(name).await).await.0, [peer]);
    }
}
