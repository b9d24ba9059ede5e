//! Who does something too often is told so, and nobody else notices. The clock stands: what flows into a bucket is what
//! the test says.

use std::time::Duration;

use gateway::services::application::Application;
use gateway::services::rates::{Quota, Rates};
use protocol::ErrorCode;
use protocol::id::AppId;
use serde_json::{Value, json};
use tests::{
    Admin, Answer, Device, Dialect, Group, LegacyRoutes, TestGateway, User, exchange, legacy, new_application,
};

const OTHER: AppId = AppId(1_400_000_002);

const CREATE: &str = "group_open_http_svc.create_group";
const ADD: &str = "group_open_http_svc.add_group_member";
const SEND: &str = "group_open_http_svc.send_group_msg";

/// So many at once, and then one a second.
const fn at_once(burst: u32) -> Quota {
    Quota { calls: 1, seconds: 1, burst }
}

async fn with_rates(change: impl Fn(&mut Rates)) -> TestGateway {
    TestGateway::start_with(|config| {
        config.apps.add(OTHER, new_application());
        config.apps.set(|settings| change(&mut settings.rates));
    })
    .await
}

async fn refusals(gateway: &TestGateway, bound: &str) -> u64 {
    let metrics = exchange(gateway.address(), "GET", "/metrics", b"").await.text().to_owned();
    let line = metrics.lines().find(|line| line.contains(&format!("bound=\"{bound}\"")));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64)
}

fn mention_of_all(user: &User, group: &Group) -> Value {
    let mut body = user.group_text(group, "@all");
    body["GroupAtInfo"] = json!([{"GroupAtAllFlag": 1}]);
    body
}

#[tokio::test]
async fn a_group_has_its_rate_whoever_speaks() {
    let gateway = with_rates(|rates| rates.group_messages = at_once(4)).await;
    let [alice, bob, eve] = gateway.users(["alice", "bob", "eve"]).await;
    let (group, other) = (alice.create_group("loud").await, alice.create_group("quiet").await);
    bob.join(&group).await;

    // One who may not speak in it takes nothing from those who may.
    for _ in 0..10 {
        eve.try_send_text(&group, "let me in").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    }
    let mut said = Vec::new();
    let mut first = Value::Null;
    for number in 0..4 {
        let speaker = if number % 2 == 0 { &alice } else { &bob };
        let body = speaker.group_text(&group, &format!("text {number}"));
        if number == 0 {
            first = body.clone();
        }
        let sent = speaker.send_to_group(body).await.ok();
        said.push((sent["MsgSeq"].as_u64().unwrap(), format!("text {number}")));
    }
    let refused = bob.try_send_text(&group, "one more").await.refused(ErrorCode::GROUP_TOO_FAST);
    assert!(refused["ErrorInfo"].as_str().unwrap().contains("in this group"), "{refused}");
    gateway.admin().call(SEND, json!({
        "GroupId": group.id, "Random": 7, "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "me too"}}],
    })).await.refused(ErrorCode::GROUP_TOO_FAST);
    // What was said is said: a client that missed the answer gets the same one again.
    let again = alice.send_to_group(first).await.ok();
    assert_eq!(again["MsgSeq"].as_u64(), Some(said[0].0));
    // Another group is another's.
    alice.send_text(&other, "still here").await;

    gateway.clock.advance(Duration::from_millis(999));
    alice.try_send_text(&group, "too early").await.refused(ErrorCode::GROUP_TOO_FAST);
    gateway.clock.advance(Duration::from_millis(1));
    let sent = alice.send_text(&group, "in time").await;
    said.push((sent.seq, "in time".to_owned()));
    assert_eq!(bob.history_texts(&group).await, said);
    assert!(refusals(&gateway, "group_messages").await >= 3);
    assert!(gateway.logs().contains("group_messages"), "a line tells of it");
}

#[tokio::test]
async fn a_member_who_was_put_out_takes_nothing_from_the_group() {
    let gateway = with_rates(|rates| rates.group_messages = at_once(6)).await;
    let [alice, eve] = gateway.users(["alice", "eve"]).await;
    let group = alice.create_group("room").await;
    eve.join(&group).await;
    eve.send_text(&group, "hello").await;
    alice.kick(&group, &["eve"]).await.ok();
    for _ in 0..20 {
        eve.try_send_text(&group, "let me in").await.refused(ErrorCode::GROUP_NOT_ALLOWED);
    }
    // Once it was not known yet that she is out.
    for number in 0..4 {
        alice.send_text(&group, &format!("text {number}")).await;
    }
}

#[tokio::test]
async fn a_sender_has_a_rate_of_their_own() {
    let gateway = with_rates(|rates| {
        rates.user_messages = at_once(5);
        rates.pair_messages = at_once(2);
    })
    .await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;

    let first = alice.c2c_text("bob", "1");
    alice.call("openim.sendmsg", first.clone()).await.ok();
    alice.send_to("bob", "2").await;
    alice.try_send_to("bob", "3").await.refused(ErrorCode::TOO_OFTEN);
    alice.call("openim.sendmsg", first).await.ok();
    // The other way, and to others.
    bob.send_to("alice", "1").await;
    alice.send_to("carol", "1").await;
    alice.send_text(&group, "1").await;
    alice.send_text(&group, "2").await;
    let refused = alice.try_send_text(&group, "3").await.refused(ErrorCode::GROUP_TOO_FAST);
    assert!(refused["ErrorInfo"].as_str().unwrap().contains("of this user"), "{refused}");
    alice.try_send_to("carol", "2").await.refused(ErrorCode::TOO_OFTEN);
    bob.send_text(&group, "I am not her").await;
    assert_eq!(carol.history_with("alice").await, ["1"]);
    assert_eq!(bob.history_with("alice").await, ["1", "2", "1"]);

    // The account of a back end writes to everybody.
    let back_end = gateway.user("administrator").await;
    for number in 0..20 {
        back_end.send_to("bob", &number.to_string()).await;
    }
}

#[tokio::test]
async fn everybody_is_mentioned_so_often() {
    let gateway = with_rates(|rates| {
        rates.user_mentions_of_all = at_once(2);
        rates.group_mentions_of_all = at_once(3);
    })
    .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("room").await;
    bob.join(&group).await;
    for _ in 0..2 {
        alice.send_to_group(mention_of_all(&alice, &group)).await.ok();
    }
    alice.send_to_group(mention_of_all(&alice, &group)).await.refused(ErrorCode::GROUP_TOO_FAST);
    bob.send_to_group(mention_of_all(&bob, &group)).await.ok();
    bob.send_to_group(mention_of_all(&bob, &group)).await.refused(ErrorCode::GROUP_TOO_FAST);
    alice.send_text(&group, "to whom it concerns").await;
    gateway.clock.advance(Duration::from_secs(1));
    bob.send_to_group(mention_of_all(&bob, &group)).await.ok();
}

#[tokio::test]
async fn what_a_user_makes_for_others_has_rates() {
    let gateway = with_rates(|rates| {
        rates.groups_made = at_once(3);
        rates.members_added = at_once(8);
        rates.user_accounts_made = at_once(4);
    })
    .await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group_of("Private", "work").await;
    alice.create_group("lobby").await;
    let named = |names: &[&str]| {
        let members: Vec<Value> = names.iter().map(|name| json!({"Member_Account": name})).collect();
        json!({"GroupId": group.id, "MemberList": members})
    };
    alice.call(ADD, named(&["bob", "new1", "new2"])).await.ok();
    // Two of these three have no account, and then there are four: the rest is not let in.
    let added = alice.call(ADD, named(&["new3", "new4", "new5"])).await.ok();
    let results: Vec<u64> =
        added["MemberList"].as_array().unwrap().iter().map(|one| one["Result"].as_u64().unwrap()).collect();
    assert_eq!(results, [1, 1, 0]);
    alice.call(ADD, named(&["new5"])).await.refused(ErrorCode::GROUP_TOO_OFTEN);
    alice.call(ADD, named(&["bob", "new1"])).await.refused(ErrorCode::GROUP_TOO_OFTEN);

    let many: Vec<Value> = (0..9).map(|n| json!({"Member_Account": format!("other{n}")})).collect();
    let body = json!({"Type": "Private", "Name": "n", "Owner_Account": "alice", "MemberList": many});
    alice.call(CREATE, body).await.refused(ErrorCode::GROUP_TOO_OFTEN);
    let body = json!({"Type": "Private", "Name": "n", "Owner_Account": "alice", "MemberList": []});
    alice.call(CREATE, body.clone()).await.refused(ErrorCode::GROUP_TOO_OFTEN);
    // The others are held to nothing of hers, and the back end to nothing of a user's.
    bob.create_group("of bob").await;
    let admin = gateway.admin();
    for _ in 0..5 {
        admin.call(CREATE, body.clone()).await.ok();
    }
    gateway.clock.advance(Duration::from_secs(1));
    alice.call(CREATE, body).await.ok();
}

#[tokio::test]
async fn a_back_end_makes_so_many_accounts() {
    let gateway = with_rates(|rates| rates.app_accounts_made = at_once(3)).await;
    let admin = gateway.admin();
    let members: Vec<Value> = (0..4).map(|n| json!({"Member_Account": format!("new{n}")})).collect();
    let body = json!({"Type": "Private", "Name": "n", "GroupId": "g", "MemberList": members});
    admin.call(CREATE, body).await.refused(ErrorCode::GROUP_TOO_OFTEN);
    gateway
        .admin_of(OTHER)
        .call(
            CREATE,
            json!({
                "Type": "Private", "Name": "n", "MemberList": [{"Member_Account": "new0"}],
            }),
        )
        .await
        .ok();
}

#[tokio::test]
async fn profiles_and_lists_of_friends_change_so_often() {
    let gateway = with_rates(|rates| {
        rates.profile_changes = at_once(2);
        rates.friends_added = at_once(2);
    })
    .await;
    let [alice, _bob, _carol, _dave] = gateway.users(["alice", "bob", "carol", "dave"]).await;
    let nick = |nick: &str| {
        json!({
            "From_Account": "alice", "ProfileItem": [{"Tag": "Tag_Profile_IM_Nick", "Value": nick}],
        })
    };
    for name in ["a", "b"] {
        alice.call("profile.portrait_set", nick(name)).await.ok();
    }
    alice.call("profile.portrait_set", nick("c")).await.refused(ErrorCode::TOO_OFTEN);
    // A back end gives names to whom it will.
    for name in ["d", "e", "f"] {
        let body = json!({"UserID": "alice", "Nick": name});
        gateway.admin().call("im_open_login_svc.account_import", body).await.ok();
    }
    let items: Vec<Value> = ["bob", "carol", "dave"]
        .iter()
        .map(|name| json!({"To_Account": name, "AddSource": "AddSource_Type_Web"}))
        .collect();
    let body = json!({"From_Account": "alice", "AddFriendItem": items, "AddType": "Add_Type_Both"});
    let answer = alice.call("sns.friend_add", body).await.ok();
    let codes: Vec<u64> = answer["ResultItem"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["ResultCode"].as_u64().unwrap())
        .collect();
    assert_eq!(codes, [0, 0, u64::from(ErrorCode::TOO_OFTEN.0)]);
}

#[tokio::test]
async fn an_address_logs_in_so_often() {
    let gateway = with_rates(|rates| rates.address_logins = at_once(3)).await;
    let _three = gateway.users(["alice", "bob", "carol"]).await;
    let dave = gateway.stranger("dave").await;
    dave.try_login().await.refused(ErrorCode::LOGIN_TOO_OFTEN);
    let _other = gateway.user_of(OTHER, "dave").await;
    gateway.clock.advance(Duration::from_secs(1));
    dave.login().await;
}

fn forger(gateway: &TestGateway, name: &str, usersig: &str) -> Admin {
    Admin::new(gateway.address(), name, usersig.to_owned())
}

/// Who guesses is told to wait, and whoever has the right UserSig is let in meanwhile: from the same address, under the
/// same name.
#[tokio::test]
async fn wrong_usersigs_lock_nobody_out() {
    let gateway = with_rates(|rates| {
        rates.user_wrong_usersigs = 3;
        rates.address_wrong_usersigs = 6;
    })
    .await;
    let usersig_of_eve = gateway.usersig("eve");
    let guess = async |name: &str| forger(&gateway, name, &usersig_of_eve).call(CREATE, json!({})).await;
    for _ in 0..3 {
        guess("victim").await.refused(ErrorCode::SIG_OTHER_USER);
    }
    for _ in 0..50 {
        guess("victim").await.refused(ErrorCode::SIG_TRIED_TOO_OFTEN);
    }
    let victim = gateway.user("victim").await;
    victim.send_to("victim", "I am in").await;
    gateway.admin().import("somebody").await;

    // After the wait one more is counted, and the wait is longer.
    gateway.clock.advance(Duration::from_secs(1));
    guess("victim").await.refused(ErrorCode::SIG_OTHER_USER);
    gateway.clock.advance(Duration::from_secs(1));
    guess("victim").await.refused(ErrorCode::SIG_TRIED_TOO_OFTEN);
    gateway.clock.advance(Duration::from_secs(1));
    guess("victim").await.refused(ErrorCode::SIG_OTHER_USER);

    // One address, many names.
    let mut codes = Vec::new();
    for number in 0..10 {
        codes.push(guess(&format!("name{number}")).await.code());
    }
    assert!(codes.ends_with(&[ErrorCode::SIG_TRIED_TOO_OFTEN.0; 5]), "{codes:?}");
    let _another = gateway.user("another").await;
    let _of_another_application = gateway.user_of(OTHER, "victim").await;
    assert!(refusals(&gateway, "wrong_usersigs").await > 50);

    let logs = gateway.logs();
    let lines: Vec<&str> = logs.lines().filter(|line| line.contains("a UserSig was refused")).collect();
    assert!(lines.len() <= 1, "one line in ten seconds");
    assert!(!logs.contains(&usersig_of_eve));
}

/// A client that was away for long is no forger: it is told to get a new UserSig, however often it asks.
#[tokio::test]
async fn an_old_usersig_is_no_wrong_one() {
    let gateway = with_rates(|rates| rates.user_wrong_usersigs = 1).await;
    let old = gateway.usersig("alice");
    gateway.clock.advance(Duration::from_secs(31 * 24 * 3600));
    for _ in 0..10 {
        forger(&gateway, "alice", &old).call(CREATE, json!({})).await.refused(ErrorCode::SIG_EXPIRED);
    }
}

#[tokio::test]
async fn a_back_end_gives_a_command_so_often() {
    let gateway = TestGateway::start_with(|config| {
        let slow = |application: &mut Application| application.settings.rates = Rates::default();
        let mut other = new_application();
        slow(&mut other);
        config.apps.add(OTHER, other);
    })
    .await;
    let admin = gateway.admin();
    let kick = async |admin: &Admin| -> Answer {
        admin.call("im_open_login_svc.account_check", json!({"CheckItem": []})).await
    };
    // A hundred a second, and ten seconds' worth at once.
    for _ in 0..1000 {
        kick(&admin).await.ok();
    }
    kick(&admin).await.refused(ErrorCode::TOO_OFTEN);
    admin.import("another command").await;
    kick(&gateway.admin_of(OTHER)).await.ok();
    // Who only says they are the back end takes nothing from it.
    gateway.clock.advance(Duration::from_millis(10));
    for _ in 0..5 {
        kick(&forger(&gateway, "administrator", &gateway.usersig("eve"))).await.documented();
    }
    kick(&admin).await.ok();
    kick(&admin).await.refused(ErrorCode::TOO_OFTEN);
}

/// Whoever reaches the old chat's routes speaks as anybody: all that they are known by is where they are.
#[tokio::test]
async fn the_old_chats_routes_are_held_by_address() {
    let gateway = TestGateway::start_with(|config| {
        config.legacy = Some(legacy());
        config.apps.set(|settings| {
            settings.rates.address_logins = at_once(3);
            settings.rates.group_messages = at_once(700);
        });
    })
    .await;
    let routes = LegacyRoutes::new(&gateway);
    let _three = [routes.connect("ann").await, routes.connect("ben").await, routes.connect("cid").await];
    let head = routes.ask("dan").await.err().expect("an upgrade that is refused");
    assert!(head.starts_with("HTTP/1.1 429 "), "{head}");
    // No account was made for one who was not let in.
    let check = json!({"CheckItem": [{"UserID": "dan"}]});
    let checked = gateway.admin().call("im_open_login_svc.account_check", check).await.ok();
    assert_eq!(checked["ResultItem"][0]["AccountStatus"], "NotImported");

    for number in 0..500 {
        assert_eq!(routes.send_all(&number.to_string()).await.status, 200, "{number}");
    }
    for _ in 0..5 {
        assert_eq!(routes.send_all("one more").await.status, 429);
    }
    assert_eq!(routes.send_c2c("ann", "another route").await.status, 200);
    for _ in 0..500 {
        assert_eq!(routes.sign("ann", "60").await.status, 200);
    }
    assert_eq!(routes.sign("ann", "60").await.status, 429);
    gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(routes.sign("ann", "60").await.status, 200);
}

#[tokio::test]
async fn nobody_is_held_to_what_is_off() {
    let gateway = with_rates(|rates| *rates = Rates::off()).await;
    let alice = gateway.user("alice").await;
    let group = alice.create_group("room").await;
    let mut begun = Vec::new();
    for number in 0..1500 {
        begun.push(alice.begin(SEND, alice.group_text(&group, &number.to_string())).await);
        if begun.len() == 50 {
            for request in begun.drain(..) {
                alice.answer(&request).await.ok();
            }
        }
    }
    let device = Device::web(gateway.fresh_instance());
    for _ in 0..20 {
        let forger = User::connect(
            gateway.address(),
            "alice",
            gateway.usersig("eve"),
            device.clone(),
            Dialect::Binary,
        )
        .await;
        forger.try_login().await.refused(ErrorCode::SIG_OTHER_USER);
    }
}
