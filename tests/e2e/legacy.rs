//! The small home-made chat: its clients as they are, in one room with users of the SDKs.

use std::time::{Duration, Instant};

use gateway::Config;
use gateway::clock::Zone;
use protocol::id::Millis;
use protocol::usersig;
use serde_json::{Value, json};
use tests::{
    APP, Device, Dialect, Group, LegacyRoutes, Persistence, RawSocket, RedisServer, TestGateway, User,
    exchange, exchange_with, legacy, redis_at,
};

async fn start() -> (TestGateway, LegacyRoutes) {
    let gateway = TestGateway::start_with(|config| config.legacy = Some(legacy())).await;
    let routes = LegacyRoutes::new(&gateway);
    (gateway, routes)
}

fn room() -> Group {
    Group { id: "lobby".to_owned() }
}

/// A time as the clients write it.
fn written(at: Millis) -> String {
    Zone::parse("+08:00").unwrap().format(at)
}

fn now(gateway: &TestGateway) -> String {
    written(gateway.clock.now())
}

/// A time at which everything that was said is the past.
fn later(gateway: &TestGateway) -> String {
    gateway.clock.advance(Duration::from_secs(10));
    now(gateway)
}

fn messages(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["message"].as_str().unwrap()).collect()
}

fn custom(user: &User, data: &str) -> Value {
    let mut body = user.group_text(&room(), "");
    body["MsgBody"] =
        json!([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": data, "Desc": "", "Ext": ""}}]);
    body
}

/// The custom element of a group message that comes next.
async fn expect_custom(user: &User, message: &str) -> Value {
    let data = |item: &Value| -> Option<Value> {
        serde_json::from_str(item["MsgBody"][0]["MsgContent"]["Data"].as_str()?).ok()
    };
    let what = format!("a custom message {message:?}");
    let event = user.expect_event(&what, |event| {
        data(&event.value["GroupMsgArray"][0]).is_some_and(|data| data["message"] == *message)
    });
    event.await["GroupMsgArray"][0].clone()
}

#[tokio::test]
async fn nothing_of_it_is_there_unless_switched_on() {
    let gateway = TestGateway::start().await;
    let routes = LegacyRoutes::new(&gateway);
    let head = routes.ask("ann").await.err().expect("an upgrade that is refused");
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    assert_eq!(routes.page("2026-01-01 12:00:00", "20").await.status, 404);
    assert_eq!(routes.send_all("hi").await.status, 404);
    assert_eq!(routes.send_c2c("ann", "hi").await.status, 404);
    assert_eq!(routes.sign("ann", "3600").await.status, 404);
    assert!(!gateway.logs().contains("legacy routes are on"));
    let (admin, body) = (gateway.admin(), json!({"GroupIdList": ["lobby"]}));
    let group = admin.call("group_open_http_svc.get_group_info", body).await.ok();
    assert_eq!(group["GroupInfo"][0]["ErrorCode"], 10010);
}

#[tokio::test]
async fn the_room_is_made_at_the_start_and_the_log_says_what_is_open() {
    let (mut gateway, _) = start().await;
    let alice = gateway.user("alice").await;
    alice.join(&room()).await;
    let logs = gateway.logs();
    let line = logs.lines().find(|line| line.contains("legacy routes are on")).unwrap();
    assert!(line.contains("WARN") && line.contains("anybody from everywhere"), "{line}");
    for route in ["/imserver", "/chat/refreshes", "/sendAll", "/sendC2C", "/imSig"] {
        assert!(line.contains(route), "{line}");
    }
    // At the next start it is there already.
    gateway.restart().await;
    let alice = gateway.user("alice").await;
    assert_eq!(alice.members(&room()).await, ["alice"]);
}

#[tokio::test]
async fn clients_talk_and_hear_themselves() {
    let (gateway, routes) = start().await;
    let body = json!({"UserID": "ann", "Nick": "Ann", "FaceUrl": "http://x/a.png"});
    gateway.admin().call("im_open_login_svc.account_import", body).await.ok();
    let (mut ann, mut bob) = (routes.connect("ann").await, routes.connect("鲍勃").await);
    ann.say("hello").await;
    let time = now(&gateway);
    let text = json!({"message": "hello", "fundName": "Ann", "imgUrl": "http://x/a.png", "time": time});
    assert_eq!(ann.heard().await, text);
    assert_eq!(bob.heard().await, text);

    // The path says who speaks; whoever has no nick is shown by their id.
    let forged = json!({"funderAccount": "ann", "message": "我是谁", "fundName": "Ann", "time": "x"});
    bob.socket.send(RawSocket::TEXT, forged.to_string().as_bytes()).await;
    let heard = ann.heard().await;
    assert_eq!(heard, json!({"message": "我是谁", "fundName": "鲍勃", "imgUrl": "", "time": time}));
    // A message that is no text, and one in pieces, are understood too.
    bob.expect("我是谁").await;
    bob.socket.send(RawSocket::BINARY, br#"{"message":"in bytes"}"#).await;
    ann.expect("in bytes").await;
    bob.socket.write(&RawSocket::frame(false, RawSocket::TEXT, br#"{"message":"#)).await;
    bob.socket.write(&RawSocket::frame(true, RawSocket::CONTINUATION, br#""in pieces"}"#)).await;
    ann.expect("in pieces").await;
}

#[tokio::test]
async fn what_one_says_at_once_stays_in_its_order() {
    let (_gateway, routes) = start().await;
    let (mut ann, mut bob) = (routes.connect("ann").await, routes.connect("bob").await);
    for n in 0..200 {
        ann.say(&format!("{n}")).await;
    }
    for n in 0..200 {
        ann.expect(&format!("{n}")).await;
        bob.expect(&format!("{n}")).await;
    }
}

#[tokio::test]
async fn users_of_the_sdks_share_the_room() {
    let (gateway, routes) = start().await;
    let mut ann = routes.connect("ann").await;
    let bob = gateway.user("bob").await;
    bob.join(&room()).await;
    assert_eq!(bob.members(&room()).await.len(), 2);

    ann.say("from the old").await;
    let item = expect_custom(&bob, "from the old").await;
    assert_eq!(item["From_Account"], "ann");
    assert_eq!(item["MsgBody"][0]["MsgType"], "TIMCustomElem");
    let data: Value =
        serde_json::from_str(item["MsgBody"][0]["MsgContent"]["Data"].as_str().unwrap()).unwrap();
    assert_eq!(data, ann.heard().await);
    assert_eq!(data.as_object().unwrap().len(), 4);

    // Words reach the old clients as `message`, such data as it is, and the rest in a word.
    let time = now(&gateway);
    bob.send_text(&room(), "from the new").await;
    let text = json!({"message": "from the new", "fundName": "bob", "imgUrl": "", "time": time});
    assert_eq!(ann.heard().await, text);
    let data =
        r#"{"time":"1999-12-31 23:59:59", "message":"as it is","fundName":"B","imgUrl":"u","more":[1.50]}"#;
    bob.send_to_group(custom(&bob, data)).await.ok();
    let frame = ann.socket.next().await.unwrap();
    assert_eq!(std::str::from_utf8(&frame.payload).unwrap(), data);
    for other in ["", "{}", "[1]", r#"{"message":1,"fundName":"x"}"#, r#"{"message":"x"}"#, "{\"message\":"] {
        bob.send_to_group(custom(&bob, other)).await.ok();
        ann.expect("[自定义消息]").await;
    }
    let mut body = bob.group_text(&room(), "");
    body["MsgBody"] = json!([
        {"MsgType": "TIMTextElem", "MsgContent": {"Text": "see "}}, {"MsgType": "TIMImageElem", "MsgContent": {}},
    ]);
    bob.send_to_group(body).await.ok();
    ann.expect("see [图片]").await;
    // Both have one history.
    let later = later(&gateway);
    assert_eq!(routes.items(&later, 200).await.len(), 10);
    assert_eq!(bob.history_texts(&room()).await.len(), 2);
}

#[tokio::test]
async fn other_rooms_and_tips_are_not_heard() {
    let (gateway, routes) = start().await;
    let [alice, ann_of_the_sdk] = gateway.users(["alice", "ann"]).await;
    let other = alice.create_group("other").await;
    ann_of_the_sdk.join(&other).await;
    alice.join(&room()).await;
    let mut ann = routes.connect("ann").await;
    alice.send_text(&other, "not for the old").await;
    let mut directed = alice.group_text(&other, "nor this");
    directed["To_Account"] = json!(["ann"]);
    alice.send_to_group(directed).await.ok();
    ann_of_the_sdk.expect_message(&other, "nor this").await;
    // A group that its user enters while they are here is none of its business either.
    let third = alice.create_group("third").await;
    ann_of_the_sdk.join(&third).await;
    alice.send_text(&third, "nor this").await;
    gateway.admin().import("someone").await;
    ann_of_the_sdk.expect_message(&third, "nor this").await;
    // What the user themselves says in the room on another device is heard, as is what is said to them alone.
    ann_of_the_sdk.send_text(&room(), "my own").await;
    ann.expect("my own").await;
    alice.send_to("ann", "between us").await;
    assert_eq!(ann.expect("between us").await["fundName"], "alice");
    ann_of_the_sdk.send_to("alice", "my own answer").await;
    alice.send_text(&room(), "the end").await;
    ann.expect("the end").await;
}

#[tokio::test]
async fn the_server_speaks_to_all_and_to_one() {
    let (gateway, routes) = start().await;
    let (mut ann, mut bob) = (routes.connect("ann").await, routes.connect("bob").await);
    let [carol, dave] = gateway.users(["carol", "dave"]).await;
    carol.join(&room()).await;
    let message = "hi/all 100% \"of\" you?#&+ 大家好";
    let reply = routes.send_all(message).await;
    assert_eq!((reply.status, reply.text()), (200, "ok"));
    for client in [&mut ann, &mut bob] {
        let heard = client.expect(message).await;
        assert_eq!((&heard["fundName"], &heard["time"]), (&json!("administrator"), &json!(now(&gateway))));
    }
    assert_eq!(expect_custom(&carol, message).await["From_Account"], "administrator");

    let reply = routes.send_c2c("bob", "for bob").await;
    assert_eq!((reply.status, reply.text()), (200, "ok"));
    bob.expect("for bob").await;
    assert_eq!(routes.send_c2c("dave", "for dave").await.text(), "ok");
    dave.expect_message_from("administrator", "for dave").await;
    assert_eq!(dave.history_with("administrator").await, ["for dave"]);
    // Ann heard none of it.
    routes.send_all("end").await;
    ann.expect("end").await;
    bob.expect("end").await;

    // What is such a text already goes as it is.
    let data = r#"{"message":"ready","fundName":"Robot","imgUrl":"","time":"2026-01-01 00:00:00"}"#;
    routes.send_all(data).await;
    assert_eq!(ann.expect("ready").await["fundName"], "Robot");
    routes.send_c2c("ann", data).await;
    assert_eq!(ann.expect("ready").await["fundName"], "Robot");

    for (reply, status) in [
        (routes.send_all(" \t").await, 400),
        (routes.call("POST", "/sendAll/").await, 400),
        (routes.call("POST", "/sendAll/%ff").await, 400),
        (routes.send_all(&"x".repeat(13_000)).await, 400),
        (routes.send_c2c("bob", "").await, 400),
        (routes.send_c2c("", "hi").await, 400),
        (routes.send_c2c(&"x".repeat(33), "hi").await, 400),
        (routes.send_c2c("nobody-knows", "hi").await, 404),
        (routes.call("GET", "/sendAll/hi").await, 405),
        (routes.call("POST", "/sendAll/hi/there").await, 404),
    ] {
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(reply.text().lines().count(), 1, "{}", reply.text());
    }
}

#[tokio::test]
async fn names_and_messages_may_be_like_paths_of_the_sdks() {
    let (gateway, routes) = start().await;
    let mut info = routes.connect("info").await;
    assert_eq!(routes.send_all("binfo").await.text(), "ok");
    info.expect("binfo").await;
    assert_eq!(routes.sign("info", "60").await.status, 200);
    // And the SDKs still come in by any prefix.
    let target = format!("/imserver/v1/binfo?{}", Device::web("a".into()).query());
    RawSocket::connect(gateway.address(), &target).await.ping(RawSocket::BINARY).await;
}

#[tokio::test]
async fn a_signature_is_bare_and_lets_its_holder_in() {
    let (gateway, routes) = start().await;
    let reply = routes.sign("小明", "3600").await;
    assert!(reply.head.to_lowercase().contains("content-type: text/plain"), "{}", reply.head);
    let (sig, now) = (reply.text(), gateway.clock.now().seconds());
    let claims = usersig::verify(std::slice::from_ref(gateway.key()), APP, "小明", now, None, sig).unwrap();
    assert_eq!(claims.lifetime, 3600);
    let device = Device::web(gateway.fresh_instance());
    let ming = User::connect(gateway.address(), "小明", sig.to_owned(), device, Dialect::Binary).await;
    ming.login().await;

    for expire in ["1", "315360000"] {
        assert_eq!(routes.sign("ann", expire).await.status, 200, "{expire}");
    }
    for expire in ["0", "-1", "x", "1.5", "315360001", "99999999999999999999999", "%20"] {
        let reply = routes.sign("ann", expire).await;
        assert_eq!((reply.status, reply.text().lines().count()), (400, 1), "{expire}");
    }
    for user in ["", &"x".repeat(33), "a\nb"] {
        assert_eq!(routes.sign(user, "60").await.status, 400, "{user:?}");
    }
    // That would be everybody at once.
    assert_eq!(routes.sign("administrator", "60").await.status, 403);
    assert!(routes.ask("administrator").await.err().unwrap().starts_with("HTTP/1.1 403 "));
    assert_eq!(routes.call("POST", "/imSig/ann/60").await.status, 405);
    assert_eq!(routes.call("GET", "/imSig/ann").await.status, 404);
}

#[tokio::test]
async fn a_second_connection_closes_the_first() {
    // Whatever the devices of the SDKs may.
    let gateway = TestGateway::start_with(|config| {
        config.legacy = Some(legacy());
        config.apps.set(|settings| settings.login.devices_per_platform = 5);
    })
    .await;
    let routes = LegacyRoutes::new(&gateway);
    let sdk = gateway.user("ann").await;
    let mut first = routes.connect("ann").await;
    first.say("one").await;
    first.expect("one").await;
    let mut second = routes.connect("ann").await;
    assert_eq!(first.socket.close_code().await, 1000);
    second.say("two").await;
    second.expect("two").await;
    sdk.ping().await;
    sdk.send_text(&room(), "three").await;
    second.expect("three").await;

    // So does an administrator who kicks the user.
    gateway.admin().kick("ann").await;
    assert_eq!(second.socket.close_code().await, 1000);
    sdk.expect_kick().await;
    let head = routes.ask("ann").await.err().expect("the second of the kick is refused");
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    gateway.clock.advance(Duration::from_secs(1));
    routes.connect("ann").await.say("four").await;
}

async fn is_online(gateway: &TestGateway, user: &str) -> bool {
    let states = gateway.admin().call("openim.query_online_status", json!({"To_Account": [user]})).await.ok();
    states["QueryResult"][0]["Status"] == "Online"
}

#[tokio::test]
async fn coming_and_going_is_that_of_a_device() {
    let (gateway, routes) = start().await;
    let ann = routes.connect("ann").await;
    assert!(is_online(&gateway, "ann").await);
    let bob = gateway.user("bob").await;
    bob.join(&room()).await;
    let count = |bob: User| async move {
        let count =
            bob.call("group_open_http_svc.get_online_member_num", json!({"GroupId": "lobby"})).await.ok();
        count["OnlineMemberNum"].as_u64().unwrap()
    };
    assert_eq!(count(bob).await, 2);
    // A farewell is answered, and the device is away when the connection is.
    assert_eq!(ann.close().await, 1000);
    let away = async {
        while is_online(&gateway, "ann").await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(tests::DEADLINE, away).await.expect("ann is away");
}

#[tokio::test]
async fn nonsense_is_answered_and_then_ends_the_connection() {
    let (_gateway, routes) = start().await;
    let (mut ann, mut bob) = (routes.connect("ann").await, routes.connect("bob").await);
    for blank in ["", " ", "\n\t", "\u{3000}"] {
        for _ in 0..3 {
            ann.say(blank).await;
            assert_eq!(ann.expect("the message is blank").await["fundName"], "@TIM#SYSTEM");
        }
    }
    ann.say(&"x".repeat(13_000)).await;
    ann.expect("the message is too long").await;
    let nonsense: [&[u8]; 7] = [
        b"",
        b"hello",
        b"{}",
        b"[1]",
        br#"{"message":1}"#,
        br#"{"message":null}"#,
        br#"{"message":"a","message":"b"}"#,
    ];
    for text in nonsense {
        ann.socket.send(RawSocket::TEXT, text).await;
        ann.expect(r#"what is said is {"message":"…"}"#).await;
    }
    ann.socket.send(RawSocket::TEXT, b"once more").await;
    assert_eq!(ann.socket.close_code().await, 1007);

    let mut ann = routes.connect("ann").await;
    ann.socket.send(RawSocket::TEXT, b"\xff\xfe").await;
    assert_eq!(ann.socket.close_code().await, 1007);
    let mut ann = routes.connect("ann").await;
    ann.socket.send(RawSocket::TEXT, &vec![b'x'; 600_000]).await;
    assert!(matches!(ann.socket.close_code().await, 1009 | 1006));
    // Nobody else noticed.
    routes.send_all("end").await;
    bob.expect("end").await;
}

#[tokio::test]
async fn a_ping_is_answered() {
    let (_gateway, routes) = start().await;
    let mut ann = routes.connect("ann").await;
    ann.socket.send(RawSocket::PING, b"there?").await;
    let pong = ann.socket.next().await.unwrap();
    assert_eq!((pong.opcode, pong.payload.as_slice()), (RawSocket::PONG, &b"there?"[..]));
}

#[tokio::test]
async fn a_silent_client_is_asked_and_stays() {
    let (_gateway, routes) = start().await;
    let (mut ann, mut bob) = (routes.connect("ann").await, routes.connect("bob").await);
    // It says nothing, as a browser does, until it is asked.
    let ping = ann.socket.next().await.unwrap();
    assert_eq!((ping.opcode, ping.payload.len()), (RawSocket::PING, 0));
    ann.socket.send(RawSocket::PONG, b"").await;
    bob.say("still here?").await;
    ann.expect("still here?").await;
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let gateway = TestGateway::start_with(|config| {
        config.legacy = Some(legacy());
        config.connections.queue_bytes = 256 * 1024;
    })
    .await;
    let routes = LegacyRoutes::new(&gateway);
    let mut stuck = routes.connect("stuck").await;
    let mut ann = routes.connect("ann").await;
    let filler = "x".repeat(10_000);
    let mut said = 0;
    while is_online(&gateway, "stuck").await {
        for _ in 0..50 {
            ann.say(&filler).await;
            said += 1;
            ann.expect(&filler).await;
        }
        assert!(said < 5000, "the slow reader was never cut off");
    }
    let mut read = 0;
    while stuck.socket.next().await.is_some() {
        read += 1;
    }
    assert!(read < said, "{read} of {said}");
}

#[tokio::test]
async fn the_end_of_the_node_asks_to_come_back() {
    let (mut gateway, routes) = start().await;
    let mut ann = routes.connect("ann").await;
    ann.say("before").await;
    ann.expect("before").await;
    let (stopped, code) = tokio::join!(gateway.stop(), ann.socket.close_code());
    stopped.unwrap();
    assert_eq!(code, 1012);
    gateway.begin().await;
    let routes = LegacyRoutes::new(&gateway);
    let mut ann = routes.connect("ann").await;
    ann.say("after").await;
    ann.expect("after").await;
    assert_eq!(messages(&routes.items(&later(&gateway), 9).await), ["after", "before"]);
}

#[tokio::test]
async fn a_room_that_is_dismissed_is_made_again() {
    let (gateway, routes) = start().await;
    let mut ann = routes.connect("ann").await;
    ann.say("before").await;
    ann.expect("before").await;
    let dismiss = || async {
        let body = json!({"GroupId": "lobby"});
        gateway.admin().call("group_open_http_svc.destroy_group", body).await.ok();
    };
    dismiss().await;
    assert_eq!(ann.socket.close_code().await, 1012);
    assert_eq!(routes.items(&now(&gateway), 10).await, Vec::<Value>::new());
    let mut ann = routes.connect("ann").await;
    ann.say("after").await;
    ann.expect("after").await;
    dismiss().await;
    assert_eq!(routes.send_all("to nobody yet").await.text(), "ok");
    assert_eq!(messages(&routes.items(&later(&gateway), 10).await), ["to nobody yet"]);
}

#[tokio::test]
async fn the_rules_of_the_group_hold() {
    let (gateway, routes) = start().await;
    let admin = gateway.admin();
    let (mut ann, mut bob) = (routes.connect("ann").await, routes.connect("bob").await);
    // Put out: the connection has nothing more to hear. Coming back is joining again.
    let body = json!({"GroupId": "lobby", "MemberToDel_Account": ["ann"]});
    admin.call("group_open_http_svc.delete_group_member", body).await.ok();
    assert_eq!(ann.socket.close_code().await, 1012);
    let mut ann = routes.connect("ann").await;
    ann.say("back").await;
    bob.expect("back").await;

    // A group with a head who silences one.
    admin.call("group_open_http_svc.destroy_group", json!({"GroupId": "lobby"})).await.ok();
    let head = gateway.user("head").await;
    head.create_group("lobby").await;
    let mut ann = routes.connect("ann").await;
    head.mute(&room(), "ann", 60).await.ok();
    ann.say("may I?").await;
    assert_eq!(ann.expect("the sender is muted").await["fundName"], "@TIM#SYSTEM");
    assert!(routes.items(&later(&gateway), 10).await.is_empty());
}

/// Says `count` things with no time between them.
async fn say_at_once(sender: &User, count: usize, what: &str) {
    for n in 0..count {
        sender.send_text(&room(), &format!("{what} {n}")).await;
    }
}

#[tokio::test]
async fn the_history_is_walked_with_the_time_of_the_last_item() {
    let (gateway, routes) = start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    alice.join(&room()).await;
    bob.join(&room()).await;
    say_at_once(&alice, 3, "first").await;
    gateway.clock.advance(Duration::from_millis(1500));
    say_at_once(&alice, 200, "together").await;
    gateway.clock.advance(Duration::from_millis(400));
    // The same second, later in it; then a recall, and a tip in between.
    let recalled = alice.send_text(&room(), "not meant").await;
    alice.recall(&room(), recalled.seq).await.ok();
    let body = json!({"GroupId": "lobby", "Name": "another name"});
    gateway.admin().call("group_open_http_svc.modify_group_base_info", body).await;
    alice
        .send_to_group(custom(
            &alice,
            r#"{"message":"odd","fundName":"A","imgUrl":"","time":"1999-01-01 00:00:00"}"#,
        ))
        .await
        .ok();
    for second in 0..7 {
        gateway.clock.advance(Duration::from_secs(1));
        say_at_once(&alice, second, &format!("in {second}")).await;
    }
    let mut expected: Vec<String> = Vec::new();
    expected.extend((0..3).map(|n| format!("first {n}")));
    expected.extend((0..200).map(|n| format!("together {n}")));
    expected.push("odd".to_owned());
    expected.extend((0..7).flat_map(|second| (0..second).map(move |n| format!("in {second} {n}"))));
    expected.reverse();
    let later = later(&gateway);
    for size in [1, 2, 3, 4, 5, 7, 10, 20, 50, 100, 199, 200, 201, 1000] {
        let walked = routes.walk(&later, size).await;
        assert_eq!(messages(&walked), expected, "by {size}");
        let times: Vec<&str> = walked.iter().map(|item| item["time"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|a, b| a >= b));
    }
    // A page is as large as was asked for, and as much larger as its last second needs.
    assert_eq!(routes.items(&later, 1).await.len(), 6);
    assert_eq!(routes.items(&later, 6).await.len(), 6);
    assert_eq!(routes.items(&later, 7).await.len(), 11);
    assert_eq!(routes.items(&later, 22).await.len(), 21 + 201);
    // The bound of a page, though more is asked for.
    gateway.clock.advance(Duration::from_secs(5));
    for _ in 0..210 {
        gateway.clock.advance(Duration::from_secs(1));
        alice.send_text(&room(), "one a second").await;
    }
    assert_eq!(routes.items(&self::later(&gateway), 100_000).await.len(), 200);
}

#[tokio::test]
async fn now_includes_the_second_that_is_not_over() {
    let (gateway, routes) = start().await;
    let mut ann = routes.connect("ann").await;
    gateway.clock.advance(Duration::from_millis(250));
    ann.say("long ago").await;
    ann.expect("long ago").await;
    gateway.clock.advance(Duration::from_secs(5));
    ann.say("a moment ago").await;
    ann.expect("a moment ago").await;
    gateway.clock.advance(Duration::from_millis(700));
    ann.say("now").await;
    ann.expect("now").await;
    // The client's clock may be a second off, and its word may take a moment.
    let at = gateway.clock.now();
    for off in [-1000, 0, 1000] {
        let time = written(Millis(at.0.checked_add_signed(off).unwrap()));
        let items = routes.items(&time, 1).await;
        // No page ends in a second that counts as now, or its time would mean more than it says.
        assert_eq!(messages(&items), ["now", "a moment ago", "long ago"], "{off}");
        assert_eq!(messages(&routes.walk(&time, 1).await), ["now", "a moment ago", "long ago"], "{off}");
    }
    let past = written(Millis(at.0 - 2000));
    assert_eq!(messages(&routes.items(&past, 10).await), ["long ago"]);
    assert!(routes.items(&written(Millis(at.0 - 5000)), 10).await.is_empty());
}

#[tokio::test]
async fn a_room_that_has_just_begun_is_walked_too() {
    let (gateway, routes) = start().await;
    let mut ann = routes.connect("ann").await;
    for message in ["one", "two"] {
        ann.say(message).await;
        ann.expect(message).await;
    }
    // The same words would ask for the same items again while that second counts as now, so the answer waits.
    let (asked, time) = (Instant::now(), now(&gateway));
    let items = routes.items(&time, 1).await;
    assert!(asked.elapsed() >= Duration::from_millis(1900), "{:?}", asked.elapsed());
    assert_eq!(messages(&items), ["two", "one"]);
    gateway.clock.advance(Duration::from_secs(2));
    assert_eq!(items[1]["time"], time);
    assert!(routes.items(&time, 1).await.is_empty());
}

#[tokio::test]
async fn a_bad_page_is_refused_in_a_line() {
    let (_gateway, routes) = start().await;
    for time in ["", "now", "2026-01-01", "2026-13-01 12:00:00", "2026-01-01T12:00:00", "1767240000"] {
        let reply = routes.page(time, "20").await;
        assert_eq!((reply.status, reply.text().lines().count()), (400, 1), "{time:?}: {}", reply.text());
        assert!(reply.text().contains("yyyy-MM-dd HH:mm:ss"));
    }
    for number in ["0", "-1", "x", "1.5", "%20", "999999999999999999999"] {
        let reply = routes.page("2026-01-01 12:00:00", number).await;
        assert_eq!((reply.status, reply.text().lines().count()), (400, 1), "{number:?}: {}", reply.text());
    }
    let reply = routes.page("2026-01-01 12:00:00", "20").await;
    assert_eq!((reply.status, reply.text()), (200, r#"{"chatList":[]}"#));
    assert_eq!(routes.call("GET", "/chat/refreshes/2026-01-01%2012:00:00/20").await.status, 200);
    assert!(routes.items("1960-01-01 00:00:00", 5).await.is_empty());
    assert!(routes.items("9999-12-31 00:00:00", 5).await.is_empty());
}

#[tokio::test]
async fn the_token_is_asked_for() {
    const TOKEN: &str = "correct horse+battery/staple=";
    let gateway = TestGateway::start_with(|config| {
        config.legacy = Some(gateway::config::Legacy { token: Some(TOKEN.to_owned()), ..legacy() });
    })
    .await;
    let routes = LegacyRoutes::new(&gateway);
    let wrong = [
        routes.clone(),
        routes.clone().with_header("Bearer correct"),
        routes.clone().with_header(TOKEN),
        routes.clone().with_header(&format!("Basic {TOKEN}")),
        routes.clone().with_header(&format!("Bearer {TOKEN}x")),
        routes.clone().with_query(""),
        routes.clone().with_query(&TOKEN[1..]),
    ];
    for routes in wrong {
        assert!(routes.ask("ann").await.err().unwrap().starts_with("HTTP/1.1 401 "));
        for reply in [
            routes.page("2026-01-01 12:00:00", "20").await,
            routes.send_all("hi").await,
            routes.send_c2c("ann", "hi").await,
            routes.sign("ann", "60").await,
        ] {
            assert_eq!(reply.status, 401);
            assert!(reply.head.to_lowercase().contains("www-authenticate: bearer"), "{}", reply.head);
        }
    }
    let right = [
        routes.clone().with_header(&format!("Bearer {TOKEN}")),
        routes.clone().with_header(&format!("bearer {TOKEN}")),
        routes.with_query(TOKEN),
    ];
    for routes in right {
        let mut ann = routes.connect("ann").await;
        assert_eq!(routes.send_all("hi").await.status, 200);
        ann.expect("hi").await;
        assert_eq!(routes.send_c2c("ann", "you").await.status, 200);
        ann.expect("you").await;
        assert_eq!(routes.page("2026-01-01 12:00:00", "20").await.status, 200);
        assert_eq!(routes.sign("ann", "60").await.status, 200);
    }
    let logs = gateway.logs();
    assert!(logs.contains("whoever has the token from everywhere") && !logs.contains(TOKEN));
}

#[tokio::test]
async fn only_the_allowed_networks_get_in() {
    let with = async |network: &str| {
        let networks = vec![network.parse().unwrap()];
        TestGateway::start_with(|config| {
            config.legacy = Some(gateway::config::Legacy { networks, ..legacy() });
        })
        .await
    };
    let inside = with("127.0.0.0/8").await;
    LegacyRoutes::new(&inside).connect("ann").await.say("hi").await;
    let outside = with("10.0.0.0/8").await;
    let routes = LegacyRoutes::new(&outside);
    assert!(routes.ask("ann").await.err().unwrap().starts_with("HTTP/1.1 403 "));
    assert_eq!(routes.page("2026-01-01 12:00:00", "20").await.status, 403);
    assert_eq!(routes.send_all("hi").await.status, 403);
    assert_eq!(routes.send_c2c("ann", "hi").await.status, 403);
    assert_eq!(routes.sign("ann", "60").await.status, 403);
    // What a request says of its origin is no proof.
    let headers = "X-Forwarded-For: 10.0.0.1\r\n";
    let reply = exchange_with(outside.address(), "GET", "/imSig/ann/60", headers, b"").await;
    assert_eq!(reply.status, 403);
    // Everybody else is served.
    outside.user("alice").await;
}

#[tokio::test]
async fn browsers_may_call_and_metrics_count() {
    let gateway = TestGateway::start_with(|config| {
        let origins = vec!["https://x".to_owned()];
        config.legacy = Some(gateway::config::Legacy { origins, ..legacy() });
    })
    .await;
    let routes = LegacyRoutes::new(&gateway);
    let ask = "Origin: https://x\r\nAccess-Control-Request-Method: POST\r\n";
    let reply = exchange_with(gateway.address(), "OPTIONS", "/sendAll/hi", ask, b"").await;
    let head = format!("{}\r\n", reply.head.to_lowercase());
    assert_eq!(reply.status, 200);
    assert!(head.contains("access-control-allow-origin: https://x\r\n"), "{head}");
    assert!(head.contains("access-control-allow-methods: get, post"), "{head}");
    assert!(head.contains("authorization"), "{head}");
    let reply = routes.page("2026-01-01 12:00:00", "20").await;
    assert!(reply.head.to_lowercase().contains("content-type: application/json"), "{}", reply.head);

    let _ann = routes.connect("ann-of-metrics").await;
    routes.send_all("hi").await;
    let metrics = exchange(gateway.address(), "GET", "/metrics", b"").await.text().to_owned();
    for line in [
        r#"gateway_legacy_requests_total{route="imserver",status="101"}"#,
        r#"gateway_legacy_requests_total{route="sendAll",status="200"}"#,
        "gateway_connections",
    ] {
        assert!(metrics.contains(line), "{line} is missing");
    }
    assert!(!metrics.contains("ann-of-metrics"));
}

#[tokio::test]
async fn instances_on_one_redis_are_one_room() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let shared = |config: &mut Config| {
        config.legacy = Some(legacy());
        config.redis = Some(redis_at(&redis.url()));
    };
    let one = TestGateway::start_with(shared).await;
    let apps = one.config().apps.clone();
    let two = TestGateway::start_with(|config| {
        shared(config);
        config.apps = apps;
    })
    .await;
    let (here, there) = (LegacyRoutes::new(&one), LegacyRoutes::new(&two));
    let (mut ann, mut bob) = (here.connect("ann").await, there.connect("bob").await);
    ann.say("over there").await;
    ann.expect("over there").await;
    bob.expect("over there").await;
    assert_eq!(here.send_c2c("bob", "found").await.text(), "ok");
    bob.expect("found").await;
    assert_eq!(there.send_all("everybody").await.text(), "ok");
    ann.expect("everybody").await;
    bob.expect("everybody").await;

    let carol = one.user("carol").await;
    carol.join(&room()).await;
    // An instance is known to the others a moment after its start.
    let all_are_counted = async {
        let body = json!({"GroupId": "lobby"});
        loop {
            let count = carol.call("group_open_http_svc.get_online_member_num", body.clone()).await.ok();
            if count["OnlineMemberNum"] == 3 {
                break;
            }
        }
    };
    tokio::time::timeout(tests::DEADLINE, all_are_counted).await.expect("all three are counted");
    let mut again = there.connect("ann").await;
    assert_eq!(ann.socket.close_code().await, 1000);
    carol.send_text(&room(), "for the new one").await;
    again.expect("for the new one").await;
    bob.expect("for the new one").await;

    // Dismissed on one, made again by whoever comes first, on both at once.
    one.admin().call("group_open_http_svc.destroy_group", json!({"GroupId": "lobby"})).await.ok();
    assert_eq!(again.socket.close_code().await, 1012);
    assert_eq!(bob.socket.close_code().await, 1012);
    let (mut ann, mut bob) = tokio::join!(here.connect("ann"), there.connect("bob"));
    bob.say("anew").await;
    ann.expect("anew").await;
    bob.expect("anew").await;
}
