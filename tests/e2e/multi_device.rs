//! Several devices of one user.

use std::time::Duration;

use protocol::ErrorCode;
use serde_json::json;
use tests::{Device, Dialect, TestGateway, User};

const HELLO: &str = "im_open_status.wshello";

/// A browser and a phone of one user.
async fn pair(gateway: &TestGateway, name: &str) -> (User, User) {
    let web = gateway.user(name).await;
    let device = Device::wechat(gateway.fresh_instance());
    let phone = gateway.user_on(name, device, Dialect::Text).await;
    (web, phone)
}

#[tokio::test]
async fn two_platforms_live_side_by_side() {
    let gateway = TestGateway::start().await;
    let bob = gateway.user("bob").await;
    let (web, phone) = pair(&gateway, "alice").await;
    let group = web.create_group("lobby").await;
    bob.join(&group).await;

    bob.send_text(&group, "to both").await;
    web.expect_message(&group, "to both").await;
    phone.expect_message(&group, "to both").await;
    bob.send_to("alice", "to both as well").await;
    web.expect_message_from("bob", "to both as well").await;
    phone.expect_message_from("bob", "to both as well").await;
    web.call(HELLO, json!({})).await.ok();
    phone.call(HELLO, json!({})).await.ok();
}

#[tokio::test]
async fn what_one_device_sends_the_other_hears_and_itself_does_not() {
    let gateway = TestGateway::start().await;
    let bob = gateway.user("bob").await;
    let (web, phone) = pair(&gateway, "alice").await;
    let group = web.create_group("lobby").await;
    bob.join(&group).await;
    web.send_text(&group, "from the desk").await;
    phone.expect_message(&group, "from the desk").await;
    phone.send_text(&group, "from the road").await;
    web.expect_message(&group, "from the road").await;
    web.send_to("bob", "desk").await;
    phone.expect_message_from("alice", "desk").await;
    phone.send_to("bob", "road").await;
    web.expect_message_from("alice", "road").await;
    bob.send_text(&group, "end").await;
    bob.send_to("alice", "end").await;
    let texts = |user: &User| -> Vec<String> {
        let bodies = user.socket.events().into_iter().flat_map(|event| {
            let items = [event.value["GroupMsgArray"][0].clone(), event.value["C2cMsgArray"][0].clone()];
            items
                .into_iter()
                .filter_map(|item| item["MsgBody"][0]["MsgContent"]["Text"].as_str().map(str::to_owned))
        });
        bodies.collect()
    };
    for (user, heard) in [(&web, ["from the road", "road"]), (&phone, ["from the desk", "desk"])] {
        user.expect_message(&group, "end").await;
        user.expect_message_from("bob", "end").await;
        let mut expected = heard.to_vec();
        expected.extend(["end", "end"]);
        assert_eq!(texts(user), expected);
    }
}

#[tokio::test]
async fn what_one_device_does_the_other_is_told() {
    let gateway = TestGateway::start().await;
    let bob = gateway.user("bob").await;
    let (web, phone) = pair(&gateway, "alice").await;
    let group = web.create_group("lobby").await;
    phone.expect_notice(&group, 6).await;
    let other = bob.create_group("other").await;
    web.join(&other).await;
    phone.expect_notice(&other, 2).await;
    bob.send_text(&other, "hello").await;
    phone.expect_message(&other, "hello").await;
    let read = json!({"GroupId": "other", "MsgReadedSeq": 1});
    web.call("group_open_http_svc.msg_read_report", read).await.ok();
    phone.expect_notice_of_reading("other", 1).await;
    web.quit(&other).await;
    phone.expect_notice(&other, 8).await;
    let sent = bob.send_to("alice", "read me").await;
    let read =
        json!({"C2CMsgReaded": {"C2CMsgReadedItem": [{"To_Account": "bob", "LastedMsgTime": sent.time}]}});
    web.call("openim.msgreaded", read).await.ok();
    phone
        .expect_event("the reading of a conversation", |event| {
            event.value["C2cNotifyMsgArray"][0]["ReadC2cMsgNotify"].is_object()
        })
        .await;
    let pin = json!({"From_Account": "alice", "OperationType": 1,
        "RecentContactItem": [{"Type": 1, "To_Account": "bob"}]});
    web.call("recentcontact.top", pin).await.ok();
    phone.expect_event("a pin", |event| event.value["RecentContactMod"].is_array()).await;
}

#[tokio::test]
async fn a_newer_login_of_a_platform_puts_the_older_out() {
    let gateway = TestGateway::start().await;
    let bob = gateway.user("bob").await;
    let (old, phone) = pair(&gateway, "alice").await;
    let group = old.create_group("lobby").await;
    bob.join(&group).await;
    let new = gateway.user("alice").await;
    assert_eq!(old.expect_kick().await, 1);
    let refusal = old.call(HELLO, json!({})).await.refused(ErrorCode::KICKED);
    assert_eq!(refusal["KickType"], 1);
    old.try_send_text(&group, "am I in?").await.refused(ErrorCode::KICKED);
    bob.send_text(&group, "only for the living").await;
    new.expect_message(&group, "only for the living").await;
    phone.expect_message(&group, "only for the living").await;
    // The old one is told nothing more, its connection lives, and it says goodbye undisturbed.
    old.ping().await;
    assert_eq!(old.messages(&group), []);
    old.call("im_open_status.wslogout", json!({"wslogout_type": 1})).await.ok();
    new.call(HELLO, json!({})).await.ok();
    phone.call(HELLO, json!({})).await.ok();
    // And comes back, which puts the new one out.
    old.forget_session();
    old.login().await;
    assert_eq!(new.expect_kick().await, 1);
    bob.send_text(&group, "who is it now?").await;
    old.expect_message(&group, "who is it now?").await;
}

#[tokio::test]
async fn a_logout_leaves_the_other_device_alone() {
    let gateway = TestGateway::start().await;
    let bob = gateway.user("bob").await;
    let (web, phone) = pair(&gateway, "alice").await;
    web.logout().await;
    bob.send_to("alice", "still there?").await;
    phone.expect_message_from("bob", "still there?").await;
    phone.send_to("bob", "yes").await;
    web.ping().await;
    assert!(web.socket.events().is_empty(), "{:?}", web.socket.events());
}

#[tokio::test]
async fn a_kick_by_the_back_end_reaches_every_device() {
    let gateway = TestGateway::start().await;
    let bob = gateway.user("bob").await;
    let (web, phone) = pair(&gateway, "alice").await;
    gateway.admin().kick("alice").await;
    for device in [&web, &phone] {
        assert_eq!(device.expect_kick().await, 3);
        device.call(HELLO, json!({})).await.refused(ErrorCode::KICKED);
    }
    bob.call(HELLO, json!({})).await.ok();
}

#[tokio::test]
async fn a_connection_that_is_gone_is_nobodys_device_any_more() {
    let gateway = TestGateway::start().await;
    let (web, phone) = pair(&gateway, "alice").await;
    let query = || async {
        let body = json!({"To_Account": ["alice"], "IsNeedDetail": 1});
        gateway.admin().call("openim.query_online_status", body).await.ok()["QueryResult"][0].clone()
    };
    assert_eq!(query().await["Detail"].as_array().unwrap().len(), 2);
    // The new connection comes before the old one goes, as when a client changes its network.
    let again = web.reconnect(gateway.address(), Dialect::Binary).await;
    again.login().await;
    web.socket.close().await;
    phone.logout().await;
    let state = query().await;
    assert_eq!((state["Status"].as_str(), state["Detail"].as_array().unwrap().len()), (Some("Online"), 1));
    again.call(HELLO, json!({})).await.ok();
}

#[tokio::test]
async fn a_phone_and_a_browser_live_side_by_side_and_two_phones_do_not() {
    let gateway = TestGateway::start().await;
    let android = || Device::android(gateway.fresh_instance());
    let web = gateway.user("alice").await;
    let phone = gateway.user_on("alice", android(), Dialect::Binary).await;
    let group = web.create_group("lobby").await;
    phone.send_text(&group, "from the phone").await;
    web.expect_message(&group, "from the phone").await;

    let newer = gateway.user_on("alice", android(), Dialect::Binary).await;
    let kick = phone.expect_event("a kick", |event| event.value["C2cNotifyMsgArray"].is_array()).await;
    let kick = &kick["C2cNotifyMsgArray"][0]["KickoutMsgNotify"];
    assert_eq!(
        (kick["KickType"].as_u64(), kick["NewInstInfo"]["Platform"].as_str()),
        (Some(1), Some("Android"))
    );
    phone.call(HELLO, json!({})).await.refused(ErrorCode::KICKED);
    for device in [&web, &newer] {
        device.call(HELLO, json!({})).await.ok();
    }

    let body = json!({"To_Account": ["alice"], "IsNeedDetail": 1});
    let state = gateway.admin().call("openim.query_online_status", body).await.ok()["QueryResult"][0].clone();
    let mut platforms: Vec<&str> =
        state["Detail"].as_array().unwrap().iter().filter_map(|device| device["Platform"].as_str()).collect();
    platforms.sort_unstable();
    assert_eq!(platforms, ["Android", "Web"]);
}

/// Instances see different clocks, and look at them before they look at the devices.
#[tokio::test]
async fn who_is_put_out_by_a_clock_that_is_behind_is_put_out_all_the_same() {
    let gateway = TestGateway::start().await;
    let first = gateway.user("alice").await;
    gateway.clock.go_back(Duration::from_secs(5));
    let second = gateway.user_on("alice", Device::web(gateway.fresh_instance()), Dialect::Binary).await;
    assert_eq!(first.expect_kick().await, 1);
    // Not as one whose login the store has forgotten: that has no push.
    first.call(HELLO, json!({})).await.refused(ErrorCode::KICKED);
    let again = first.reconnect(gateway.address(), Dialect::Binary).await;
    again.try_login().await.refused(ErrorCode::KICKED);
    second.call(HELLO, json!({})).await.ok();
}
