//! Bad input: a documented code and the connection lives, or a close where the stream itself is broken.
//! Never a panic (the harness sees to it), never an unanswered request, never a disturbed neighbour.

use futures_util::{StreamExt, stream};
use gateway::commands::{Row, Surface, table};
use protocol::ErrorCode;
use protocol::json::MAX_DEPTH;
use serde_json::{Value, json};
use tests::{Admin, Answer, Dialect, Group, RawSocket, Socket, TestGateway, User, is_documented};

use crate::examples::{self, Scene, nowhere, replaced};

/// Somebody in the same gateway who must not notice anything.
struct Bystander {
    user: User,
    group: Group,
}

impl Bystander {
    async fn of(gateway: &TestGateway) -> Self {
        let user = gateway.user("bystander").await;
        let group = user.create_group("quiet-room").await;
        Self { user, group }
    }

    async fn is_undisturbed(&self) {
        self.user.send_text(&self.group, "all quiet").await;
        assert!(self.user.socket.events().is_empty(), "{:?}", self.user.socket.events());
    }
}

/// What is put in the place of a member: every type, and values at the edges of each.
fn wrong_values() -> Vec<Value> {
    let deep = (0..MAX_DEPTH - 12).fold(json!(1), |value, _| json!([value]));
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("\u{0}\u{7f}\u{feff}"),
        json!("x".repeat(20_000)),
        json!([]),
        json!([null]),
        json!([[], {}, 7, "x"]),
        json!({}),
        json!({"": null}),
        deep,
    ]
}

/// Every copy of `body` in which one member or element, at any depth, is replaced or missing.
fn mutations(body: &Value) -> Vec<Value> {
    let mut found = wrong_values();
    for pointer in pointers(body) {
        for wrong in wrong_values() {
            let mut copy = body.clone();
            *copy.pointer_mut(&pointer).unwrap() = wrong;
            found.push(copy);
        }
        let less = without(body, &pointer);
        // What one member says may count only where another is missing.
        for other in pointers(&less) {
            for wrong in [json!(u64::MAX), json!(0), json!("")] {
                let mut copy = less.clone();
                *copy.pointer_mut(&other).unwrap() = wrong;
                found.push(copy);
            }
        }
        found.push(less);
    }
    found
}

fn without(body: &Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut copy = body.clone();
    match copy.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.remove(name)),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        _ => unreachable!("a parent is an object or an array"),
    }
    copy
}

fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (name, child) in children {
        found.push(format!("/{name}"));
        found.extend(pointers(child).into_iter().map(|below| format!("/{name}{below}")));
    }
    found
}

/// Sends all bodies on one connection without waiting, and awaits all answers.
async fn pour(user: &User, command: &str, bodies: &[Value]) {
    let requests: Vec<_> = bodies.iter().map(|body| (user.head(command), body)).collect();
    let send = async {
        let mut sent = Vec::new();
        for (head, body) in &requests {
            sent.push(user.socket.send(head, body).await);
        }
        sent
    };
    let sent = send.await;
    for (request, body) in sent.iter().zip(bodies) {
        let answer = user.answer(request).await;
        let shown: String = body.to_string().chars().take(500).collect();
        assert!(is_documented(answer.code()), "{command} {shown}: {}", answer.body);
    }
}

#[tokio::test]
async fn wrong_members_of_every_request_are_answered_on_the_socket() {
    let gateway = examples::gateway().await;
    let bystander = Bystander::of(&gateway).await;
    let row = |(index, row): (usize, &'static Row)| {
        let gateway = &gateway;
        async move {
            let (scene, caller, other) = Scene::set(gateway, &format!("-{index}")).await;
            let bodies = mutations(&scene.example(row.name).unwrap());
            pour(&caller, row.name, &bodies).await;
            caller.ping().await;
            // What was stored of it can be read, by the one who said it and by the others.
            for user in [&caller, &other] {
                user.call("recentcontact.page_get", json!({"From_Account": user.name})).await.answered();
                user.call("openim.getmsg", json!({"Cookie": "n0"})).await.answered();
                user.history_page(&scene.group, 0).await.answered();
                user.call("openim.getroammsg", json!({"Peer_Account": scene.caller})).await.answered();
                user.call("group_open_http_svc.get_group_member_info", json!({"GroupId": scene.group.id}))
                    .await
                    .answered();
            }
            bodies.len()
        }
    };
    let counts: Vec<usize> = stream::iter(table().enumerate()).map(row).buffered(4).collect().await;
    assert!(counts.iter().sum::<usize>() > 5000);
    bystander.is_undisturbed().await;
}

#[tokio::test]
async fn wrong_members_of_every_request_are_answered_by_rest() {
    let gateway = examples::gateway().await;
    let bystander = Bystander::of(&gateway).await;
    for (index, row) in table().enumerate().filter(|(_, row)| row.is_on(Surface::Rest)) {
        let (scene, _caller, _other) = Scene::set(&gateway, &format!("-{index}")).await;
        let admin = gateway.admin();
        let bodies = mutations(&scene.example(row.name).unwrap());
        let call = |body: Value| {
            let admin: &Admin = &admin;
            async move {
                let answer = admin.call(row.name, body.clone()).await;
                let shown: String = body.to_string().chars().take(500).collect();
                assert!(is_documented(answer.code()), "{} {shown}: {}", row.name, answer.body);
            }
        };
        stream::iter(bodies).map(call).buffer_unordered(16).collect::<Vec<()>>().await;
    }
    bystander.is_undisturbed().await;
}

/// What a library says of a value that it cannot read, and no text for people does.
const NOT_FOR_PEOPLE: &[&str] = &[
    "at line",
    "missing field",
    "duplicate field",
    "unknown variant",
    "unknown field",
    "invalid type",
    "invalid value",
    "invalid length",
    "did not match",
    "untagged",
    "expected",
    "EOF",
    "trailing",
    "struct ",
    "sequence",
    "boolean",
    "floating point",
    "u8",
    "u32",
    "u64",
    "usize",
    "i64",
    "f64",
    "`",
    "\\",
];

/// Of every request each member in every wrong way, with the names that lead to it.
fn named_mutations(body: &Value) -> Vec<(Value, Vec<String>)> {
    let named = |pointer: &str| {
        let is_name = |part: &&str| !part.is_empty() && part.parse::<usize>().is_err();
        pointer.split('/').filter(is_name).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for pointer in pointers(body) {
        for wrong in wrong_values() {
            let mut copy = body.clone();
            *copy.pointer_mut(&pointer).unwrap() = wrong;
            found.push((copy, named(&pointer)));
        }
        found.push((without(body, &pointer), named(&pointer)));
    }
    found
}

/// The codes that say that the request itself is wrong.
fn says_malformed(row: &Row, code: u32) -> bool {
    let wrong = [
        row.family.malformed,
        ErrorCode::C2C_BAD_BODY,
        ErrorCode::C2C_BAD_JSON,
        ErrorCode::PROFILE_UNKNOWN_TAG,
        ErrorCode::PROFILE_BAD_TYPE,
        ErrorCode::PROFILE_BAD_VALUE,
        ErrorCode::PROFILE_TOO_LONG,
    ];
    wrong.iter().any(|known| known.0 == code)
}

fn judge_refusal(row: &Row, body: &Value, names: &[String], answer: &Value, faults: &mut Vec<String>) {
    let code = answer["ErrorCode"].as_u64().map_or(0, |code| u32::try_from(code).unwrap());
    if code == 0 {
        return;
    }
    let info = answer["ErrorInfo"].as_str().unwrap();
    let mut fault = |what: &str| {
        let shown: String = body.to_string().chars().take(300).collect();
        faults.push(format!("{} {shown}\n    {code} {info}\n    {what}", row.name));
    };
    if info.is_empty() || info.len() > 300 {
        fault("the text is empty or long");
    }
    if let Some(word) = NOT_FOR_PEOPLE.iter().find(|word| info.contains(**word)) {
        fault(&format!("the text says {word:?}"));
    }
    let mut parts: Vec<&str> = info.split(": ").collect();
    let all = parts.len();
    parts.sort_unstable();
    parts.dedup();
    if parts.len() < all {
        fault("the text says a thing twice");
    }
    if says_malformed(row, code) && !names.iter().any(|name| info.contains(name.as_str())) {
        fault(&format!("the text names none of {names:?}"));
    }
    if code == ErrorCode::NOT_JSON.0 {
        fault("this is JSON");
    }
}

/// A developer reads what is wrong: the member by its name on the wire, and what it should be.
#[tokio::test]
async fn a_refusal_is_a_text_for_people() {
    let gateway = examples::gateway().await;
    let row = |(index, row): (usize, &'static Row)| {
        let gateway = &gateway;
        async move {
            let (scene, caller, _other) = Scene::set(gateway, &format!("-{index}")).await;
            let admin = gateway.admin();
            let mut faults = Vec::new();
            let bodies = named_mutations(&scene.example(row.name).unwrap());
            let count = bodies.len();
            if row.is_on(Surface::Socket) {
                let mut requests = Vec::new();
                for (body, _) in &bodies {
                    requests.push(caller.begin(row.name, body.clone()).await);
                }
                for (request, (body, names)) in requests.iter().zip(&bodies) {
                    judge_refusal(row, body, names, &caller.answer(request).await.body, &mut faults);
                }
            } else {
                for (body, names) in &bodies {
                    let answer = admin.call(row.name, body.clone()).await;
                    judge_refusal(row, body, names, &answer.body, &mut faults);
                }
            }
            (count, faults)
        }
    };
    let judged: Vec<_> = stream::iter(table().enumerate()).map(row).buffered(4).collect().await;
    assert!(judged.iter().map(|(count, _)| count).sum::<usize>() > 2500);
    let faults: Vec<String> = judged.into_iter().flat_map(|(_, faults)| faults).collect();
    assert!(faults.is_empty(), "{} texts:\n{}", faults.len(), faults[..faults.len().min(40)].join("\n"));
}

#[tokio::test]
async fn a_command_that_is_not_served_is_named() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let admin = gateway.admin();
    let unknown =
        |answer: Answer| answer.refused(ErrorCode::UNKNOWN_COMMAND)["ErrorInfo"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        let answer = alice.call("sns.friend_nonsense", json!({})).await;
        assert_eq!(unknown(answer), "no such command: sns.friend_nonsense");
    }
    let answer = admin.call("no_such_service.at_all", json!({})).await;
    assert_eq!(unknown(answer), "no such command: no_such_service.at_all");
    let long = format!("a.{}", "\u{1b}x".repeat(100));
    let info = unknown(alice.call(&long, json!({})).await);
    assert!(info.chars().count() < 100 && !info.contains('\u{1b}'), "{info}");
    // A row that is not for back ends says so.
    let info = unknown(admin.call("openim.sendmsg", json!({})).await);
    assert!(info.contains("openim.sendmsg"), "{info}");

    let logs = gateway.logs();
    assert_eq!(logs.matches("sns.friend_nonsense, which is not served").count(), 1, "{logs}");
    let metrics = tests::exchange(gateway.address(), "GET", "/metrics", b"").await;
    assert!(metrics.text().contains(r#"gateway_commands_total{command="unknown",code="60009"}"#));
}

/// Commands that take a list and answer for each of its groups by itself, and those that put a conversation away, which
/// may be gone already.
const NOT_REFUSED_AS_A_WHOLE: &[&str] = &[
    "group_open_http_svc.get_group_info",
    "group_open_http_svc.get_group_self_member_info",
    "group_open_http_svc.get_group_public_info",
    "group_open_http_svc.batch_get_group_notify",
    "openim.read_all_unread_msg",
    "openim.deletemsg",
    "recentcontact.clear_msg",
    "recentcontact.top",
];

#[tokio::test]
async fn an_unknown_group_is_refused_by_every_command() {
    let refused = |row: &Row, answer: Answer| {
        if NOT_REFUSED_AS_A_WHOLE.contains(&row.name) {
            answer.answered()
        } else {
            answer.documented()
        };
    };
    let gateway = examples::gateway().await;
    let (scene, caller, _other) = Scene::set(&gateway, "").await;
    let admin = gateway.admin();
    let mut tried = 0;
    for row in table() {
        let (body, places) = replaced(&scene.example(row.name).unwrap(), &scene.group.id, nowhere().as_str());
        if places == 0 {
            continue;
        }
        if row.is_on(Surface::Socket) {
            refused(row, caller.call(row.name, body.clone()).await);
        }
        if row.is_on(Surface::Rest) {
            refused(row, admin.call(row.name, body).await);
        }
        tried += 1;
    }
    assert!(tried > 15);
    // Nothing has brought the group into being.
    caller.try_join(&Group { id: nowhere().to_string() }).await.refused(ErrorCode::GROUP_MISSING);
}

#[tokio::test]
async fn a_wrong_head_is_answered_as_long_as_it_names_the_request() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let head = alice.head("im_open_status.wshello");
    for (name, _) in
        head.as_object().unwrap().iter().filter(|(name, _)| !matches!(name.as_str(), "servcmd" | "seq"))
    {
        for wrong in wrong_values() {
            let mut head = head.clone();
            head["seq"] = alice.socket.fresh_seq().into();
            head[name] = wrong.clone();
            let answer = alice.call_with(head, json!({})).await;
            let shown: String = wrong.to_string().chars().take(50).collect();
            assert!(is_documented(answer.code()), "{name} {shown}: {}", answer.body);
        }
    }
    alice.ping().await;
}

#[tokio::test]
async fn a_body_that_is_too_deep_is_answered() {
    let gateway = TestGateway::start().await;
    let bystander = Bystander::of(&gateway).await;
    let alice = gateway.user("alice").await;
    for depth in [MAX_DEPTH - 2, MAX_DEPTH, MAX_DEPTH + 1, 1000, 100_000] {
        let head = alice.head("recentcontact.page_get");
        let request = tests::Request {
            servcmd: "recentcontact.page_get".to_owned(),
            seq: head["seq"].as_u64().unwrap(),
        };
        alice.socket.note(&request);
        let body = format!(r#"{{"From_Account":"alice","X":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        alice.socket.send_text(format!(r#"{{"head":{head},"body":{body}}}"#)).await;
        let code = alice.answer(&request).await.code();
        assert_eq!(code != 0, depth >= MAX_DEPTH, "depth {depth}: {code}");
        assert!(is_documented(code), "{code}");
    }
    alice.ping().await;
    bystander.is_undisturbed().await;
}

#[tokio::test]
async fn what_is_no_frame_is_said_to_be_none_and_the_connection_lives() {
    let gateway = TestGateway::start().await;
    let bystander = Bystander::of(&gateway).await;
    let no_frames: &[&[u8]] = &[
        b"",
        b"nonsense",
        b"{",
        b"null",
        b"[]",
        b"{}",
        br#"{"head":null,"body":{}}"#,
        br#"{"head":{},"body":{}}"#,
        br#"{"head":{"servcmd":7,"seq":1},"body":{}}"#,
        br#"{"head":{"servcmd":"heartbeat.alive","seq":"one"},"body":{}}"#,
        br#"{"head":{"servcmd":"heartbeat.alive","seq":-1},"body":{}}"#,
        br#"{"head":{"servcmd":"heartbeat.alive","seq":1},"body":{}"#,
        br#"{"head":{"servcmd":"heartbeat.alive","seq":1},"body":{}} {}"#,
        b"{\"head\":{\"servcmd\":\"\xff\xfe\",\"seq\":1},\"body\":{}}",
        b"\x00\x01\x02\x03",
    ];
    for bytes in no_frames {
        let mut client = RawSocket::connect(gateway.address(), "/binfo?platform=7").await;
        client.send(RawSocket::BINARY, bytes).await;
        let word = client.next_json().await.expect("the connection lives");
        assert_eq!(word["body"]["ErrorCode"], ErrorCode::NOT_JSON.0, "{word}");
        client.ping(RawSocket::BINARY).await;
    }
    bystander.is_undisturbed().await;
}

#[tokio::test]
async fn who_sends_nothing_but_noise_is_sent_away() {
    let gateway = TestGateway::start().await;
    let bystander = Bystander::of(&gateway).await;
    let mut client = RawSocket::connect(gateway.address(), "/binfo?platform=7").await;
    for _ in 0..20 {
        client.send(RawSocket::BINARY, b"noise").await;
    }
    assert_eq!(client.close_code().await, 1007);
    bystander.is_undisturbed().await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_its_connection_alone() {
    let gateway = TestGateway::start().await;
    let bystander = Bystander::of(&gateway).await;
    let most = gateway.config().connections.max_frame_bytes;
    for (size, lives) in [(most - 1000, true), (most + 1, false), (16 * most, false)] {
        let mut client = RawSocket::connect(gateway.address(), "/binfo?platform=7").await;
        let head = RawSocket::head("heartbeat.alive", 5);
        let frame = json!({"head": head, "body": {"x": "x".repeat(size)}}).to_string();
        client.send(RawSocket::BINARY, &frame.as_bytes()[..frame.len().min(size + 500)]).await;
        if lives {
            client.ping(RawSocket::BINARY).await;
        } else {
            let code = client.close_code().await;
            // The end of the stream may overtake the farewell, which lies behind bytes that nobody read.
            assert!(matches!(code, 1009 | 1006), "{code}");
        }
    }
    // Only announced, never sent: it must not be waited for, nor be made room for.
    let mut client = RawSocket::connect(gateway.address(), "/binfo?platform=7").await;
    client.write(&[0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]).await;
    assert!(matches!(client.close_code().await, 1009 | 1002));
    bystander.is_undisturbed().await;
}

#[tokio::test]
async fn what_is_not_websocket_ends_its_connection_alone() {
    let gateway = TestGateway::start().await;
    let bystander = Bystander::of(&gateway).await;
    let ping = json!({"head": RawSocket::head("heartbeat.alive", 5), "body": {}}).to_string();
    let mut unmasked = vec![0x82, u8::try_from(ping.len().min(125)).unwrap()];
    unmasked.extend_from_slice(&ping.as_bytes()[..ping.len().min(125)]);
    let broken: &[(&str, Vec<u8>)] = &[
        ("a reserved opcode", RawSocket::frame(true, 0x3, ping.as_bytes())),
        ("a reserved bit", {
            let mut frame = RawSocket::frame(true, RawSocket::BINARY, ping.as_bytes());
            frame[0] |= 0x40;
            frame
        }),
        ("no mask", unmasked),
        ("a continuation of nothing", RawSocket::frame(true, RawSocket::CONTINUATION, ping.as_bytes())),
        ("a ping in pieces", RawSocket::frame(false, RawSocket::PING, b"x")),
        ("a ping that is too long", RawSocket::frame(true, RawSocket::PING, &[0; 126])),
        ("text that is no UTF-8", RawSocket::frame(true, RawSocket::TEXT, b"\xff\xfe\xfd")),
        (
            "a message within a message",
            [
                RawSocket::frame(false, RawSocket::BINARY, b"{"),
                RawSocket::frame(true, RawSocket::BINARY, ping.as_bytes()),
            ]
            .concat(),
        ),
    ];
    for (what, bytes) in broken {
        let mut client = RawSocket::connect(gateway.address(), "/binfo?platform=7").await;
        client.write(bytes).await;
        let code = client.close_code().await;
        assert!(matches!(code, 1002 | 1007), "{what}: {code}");
    }
    bystander.is_undisturbed().await;
}

#[tokio::test]
async fn both_kinds_of_message_are_understood_on_both_paths() {
    let gateway = TestGateway::start().await;
    for (path, answers) in [("/binfo", RawSocket::BINARY), ("/info", RawSocket::TEXT)] {
        let mut client = RawSocket::connect(gateway.address(), &format!("{path}?platform=7")).await;
        for asks in [RawSocket::BINARY, RawSocket::TEXT] {
            client.send_request(asks, &RawSocket::head("heartbeat.alive", 9), &json!({})).await;
            // A client loses what comes in the other kind, so the answer keeps to the path's.
            let frame = client.next().await.unwrap();
            assert_eq!(frame.opcode, answers, "{path}");
            let answer: Value = serde_json::from_slice(&frame.payload).unwrap();
            assert_eq!(answer["body"]["ErrorCode"], 0);
        }
    }
}

#[tokio::test]
async fn a_message_in_pieces_is_put_together() {
    let gateway = TestGateway::start().await;
    let text = json!({"head": RawSocket::head("heartbeat.alive", 11), "body": {"x": "你好"}}).to_string();
    // Byte by byte, a ping between the pieces, and each byte of the wire in a write of its own.
    for opcode in [RawSocket::TEXT, RawSocket::BINARY] {
        let mut client = RawSocket::connect(gateway.address(), "/binfo?platform=7").await;
        let bytes = text.as_bytes();
        for (index, byte) in bytes.iter().enumerate() {
            let kind = if index == 0 { opcode } else { RawSocket::CONTINUATION };
            let frame = RawSocket::frame(index + 1 == bytes.len(), kind, &[*byte]);
            for byte in frame {
                client.write(&[byte]).await;
            }
            if index == bytes.len() / 2 {
                client.send(RawSocket::PING, b"are you there?").await;
                let pong = client.next().await.unwrap();
                assert_eq!((pong.opcode, pong.payload.as_slice()), (RawSocket::PONG, &b"are you there?"[..]));
            }
        }
        let answer = client.next_json().await.unwrap();
        assert_eq!(
            (answer["head"]["seq"].as_u64(), answer["body"]["ErrorCode"].as_u64()),
            (Some(11), Some(0))
        );
    }
}

#[tokio::test]
async fn frames_before_a_login_are_answered() {
    let gateway = examples::gateway().await;
    let nobody = gateway.anonymous().await;
    let (scene, _caller, _other) = Scene::set(&gateway, "").await;
    for row in table() {
        let answer = nobody.call(row.name, scene.example(row.name).unwrap()).await;
        answer.answered();
    }
    nobody.ping().await;
}

#[tokio::test]
async fn ten_thousand_requests_at_once_are_answered() {
    const COUNT: u64 = 10_000;
    let gateway = TestGateway::start().await;
    let bystander = Bystander::of(&gateway).await;
    let alice = gateway.user("alice").await;
    let kinds = [
        ("heartbeat.alive", json!({})),
        ("recentcontact.page_get", json!({"From_Account": "alice"})),
        ("no.such_command", json!({})),
        ("group_open_http_svc.group_msg_get", json!({"GroupId": "nowhere", "ReqMsgNumber": 20})),
    ];
    let mut texts = Vec::new();
    let mut requests = Vec::new();
    for n in 0..COUNT {
        let (command, body) = &kinds[(n % 4) as usize];
        let head = alice.head(command);
        let request = tests::Request { servcmd: (*command).to_owned(), seq: head["seq"].as_u64().unwrap() };
        alice.socket.note(&request);
        requests.push(request);
        texts.push(json!({"head": head, "body": body}).to_string());
    }
    alice.socket.send_all(texts).await;
    for request in &requests {
        alice.answer(request).await.answered();
    }
    alice.ping().await;
    bystander.is_undisturbed().await;
}

#[tokio::test]
async fn a_request_that_is_no_upgrade_is_told_so() {
    let gateway = TestGateway::start().await;
    for path in ["/binfo", "/info", "/prefix/binfo"] {
        assert_eq!(tests::exchange(gateway.address(), "GET", path, b"").await.status, 426, "{path}");
    }
    // What a client says of itself in the URL may be anything.
    for query in
        ["", "platform=x&instanceid=", "platform=99999999999999999999", "%ff%fe=%00&&&=", "sdkappid=-1"]
    {
        let socket = Socket::connect(gateway.address(), Dialect::Binary, query).await;
        let request = socket.send(&RawSocket::head("heartbeat.alive", 3), &json!({})).await;
        socket.answer(&request).await.ok();
    }
}
