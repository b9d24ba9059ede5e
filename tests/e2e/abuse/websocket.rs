//! Clients that do not speak WebSocket as RFC 6455 has it, or do not read.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::usage::most_resident_bytes;
use tests::{Instance, InstanceSettings, RawSocket, TestGateway, exchange};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const TEXT: u8 = RawSocket::TEXT;
const BINARY: u8 = RawSocket::BINARY;
const CONTINUATION: u8 = RawSocket::CONTINUATION;
const CLOSE: u8 = RawSocket::CLOSE;
const PING: u8 = RawSocket::PING;

/// RFC 6455, §7.4.1.
const PROTOCOL: u16 = 1002;
const NOT_TEXT: u16 = 1007;
const TOO_BIG: u16 = 1009;
const NO_CODE: u16 = 1005;

/// The longest message.
const MOST_BYTES: usize = 64 * 1024;

/// Half of a character, and its other half.
const HALVES: [&[u8]; 2] = [b"\xe5\x8d", b"\x97"];

/// Well below what a farewell may take: who ends within it has not waited for the other side.
const AT_ONCE: Duration = Duration::from_millis(1500);

async fn gateway() -> TestGateway {
    TestGateway::start_with(|config| config.connections.max_frame_bytes = MOST_BYTES).await
}

fn whole(opcode: u8, payload: &[u8]) -> Vec<u8> {
    RawSocket::frame(true, opcode, payload)
}

fn begin(opcode: u8, payload: &[u8]) -> Vec<u8> {
    RawSocket::frame(false, opcode, payload)
}

/// A frame with other bits in its first byte.
fn marked(bits: u8, mut frame: Vec<u8>) -> Vec<u8> {
    frame[0] |= bits;
    frame
}

/// The beginning of a frame that announces more than comes.
fn unfinished(opcode: u8, announced: usize, payload: &[u8]) -> Vec<u8> {
    let mut frame = RawSocket::frame(true, opcode, &[payload, &vec![0; announced - payload.len()]].concat());
    frame.truncate(frame.len() - (announced - payload.len()));
    frame
}

fn farewell(code: u16, reason: &[u8]) -> Vec<u8> {
    whole(CLOSE, &[&code.to_be_bytes(), reason].concat())
}

fn heartbeat(seq: u64) -> String {
    json!({"head": RawSocket::head("heartbeat.alive", seq), "body": {}}).to_string()
}

/// What is wrong, as bytes, and the code that it is answered with.
fn faults() -> Vec<(String, Vec<u8>, u16)> {
    let mut faults = Vec::new();
    let mut fault = |name: &str, bytes: Vec<u8>, code: u16| faults.push((name.to_owned(), bytes, code));

    for bits in [0x40, 0x20, 0x10, 0x70] {
        fault(&format!("reserved bits {bits:#x} on a text"), marked(bits, whole(TEXT, b"{}")), PROTOCOL);
        fault(&format!("reserved bits {bits:#x} on a ping"), marked(bits, whole(PING, b"")), PROTOCOL);
        fault(&format!("reserved bits {bits:#x} on a close"), marked(bits, farewell(1000, b"")), PROTOCOL);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        fault(&format!("opcode {opcode}"), whole(opcode, b""), PROTOCOL);
        fault(&format!("opcode {opcode} with a payload"), whole(opcode, b"x"), PROTOCOL);
        // Its header says it all.
        fault(&format!("opcode {opcode}, the rest to come"), unfinished(opcode, 100, b"x"), PROTOCOL);
    }
    fault("an unmasked text", vec![0x80 | TEXT, 2, b'{', b'}'], PROTOCOL);
    fault("an unmasked ping", vec![0x80 | PING, 0], PROTOCOL);

    for (name, opcode) in [("ping", PING), ("pong", RawSocket::PONG), ("close", CLOSE)] {
        fault(&format!("a {name} in fragments"), begin(opcode, b""), PROTOCOL);
        fault(&format!("a {name} of 126 bytes"), whole(opcode, &[b'x'; 126]), PROTOCOL);
        fault(&format!("a {name} of 65536 bytes, announced"), unfinished(opcode, 0x1_0000, b""), PROTOCOL);
    }

    fault("the end of nothing", whole(CONTINUATION, b"{}"), PROTOCOL);
    fault("more of nothing", begin(CONTINUATION, b"{}"), PROTOCOL);
    let ended = [begin(TEXT, b"{"), whole(CONTINUATION, b"}"), whole(CONTINUATION, b"{}")].concat();
    fault("more of what has ended", ended, PROTOCOL);
    fault("a text within a text", [begin(TEXT, b"{"), whole(TEXT, b"{}")].concat(), PROTOCOL);
    fault("a binary message within a text", [begin(TEXT, b""), begin(BINARY, b"{}")].concat(), PROTOCOL);

    for (name, wrong) in [
        ("a byte that is in no text", &b"\xff"[..]),
        ("a character written too long", b"\xc0\xaf"),
        ("half of a surrogate pair", b"\xed\xa0\x80"),
        ("a character beyond the last", b"\xf4\x90\x80\x80"),
        ("a lone continuation", b"\x80"),
    ] {
        let text = [b"{\"a\":\"", wrong, b"\"}"].concat();
        fault(name, whole(TEXT, &text), NOT_TEXT);
        fault(&format!("{name}, in a first fragment"), begin(TEXT, &text), NOT_TEXT);
        fault(
            &format!("{name}, in a later one"),
            [begin(TEXT, b""), begin(CONTINUATION, &text)].concat(),
            NOT_TEXT,
        );
        fault(&format!("{name}, the rest of its frame to come"), unfinished(TEXT, 1000, &text), NOT_TEXT);
        let bytes = text.iter().map(|byte| begin(CONTINUATION, &[*byte])).collect::<Vec<_>>().concat();
        fault(&format!("{name}, byte by byte"), [begin(TEXT, b""), bytes].concat(), NOT_TEXT);
    }
    fault("half a character", whole(TEXT, HALVES[0]), NOT_TEXT);
    let half = [begin(TEXT, HALVES[0]), whole(CONTINUATION, b"")].concat();
    fault("half a character in fragments", half, NOT_TEXT);
    let broken = [begin(TEXT, HALVES[0]), begin(CONTINUATION, b"x")].concat();
    fault("half a character before another", broken, NOT_TEXT);

    fault("a close of one byte", whole(CLOSE, &[3]), PROTOCOL);
    fault("a close whose reason is not UTF-8", farewell(1000, b"\xce\xba\xff"), PROTOCOL);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        fault(&format!("a close with {code}"), farewell(code, b""), PROTOCOL);
    }

    fault("a message too big", unfinished(BINARY, MOST_BYTES + 1, b""), TOO_BIG);
    let endless = [&[0x80 | BINARY, 0xff][..], &u64::MAX.to_be_bytes(), &[1, 2, 3, 4]].concat();
    fault("a message of all bytes there are", endless, TOO_BIG);
    let parts = [begin(TEXT, &[b' '; MOST_BYTES]), begin(CONTINUATION, b""), begin(CONTINUATION, b" ")];
    fault("fragments too big together", parts.concat(), TOO_BIG);
    faults
}

/// What is allowed, and the code of the farewell that follows it.
fn farewells() -> Vec<(String, Vec<u8>, u16)> {
    let allowed = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999];
    let mut farewells: Vec<(String, Vec<u8>, u16)> =
        allowed.map(|code| (format!("farewell {code}"), farewell(code, "gr\u{fc}n".as_bytes()), code)).into();
    farewells.push(("a farewell of the longest reason".into(), farewell(1000, &[b'x'; 123]), 1000));
    farewells.push(("a farewell without a code".into(), whole(CLOSE, b""), NO_CODE));
    let within = [begin(TEXT, b"{"), farewell(1001, b"")].concat();
    farewells.push(("a farewell within a message".into(), within, 1001));
    let behind = [farewell(1000, b""), whole(TEXT, b"{}"), vec![0xff; 9]].concat();
    farewells.push(("what comes behind a farewell is not read".into(), behind, 1000));
    farewells
}

/// How the end came: its code, and whether it came without waiting for the other side.
async fn end(socket: &mut RawSocket) -> (u16, bool) {
    let code = socket.close_code().await;
    let closed = Instant::now();
    assert_eq!(socket.next().await, None, "nothing comes behind a farewell");
    (code, closed.elapsed() < AT_ONCE)
}

#[tokio::test]
async fn each_fault_has_its_code_and_hurts_nobody_else() {
    let gateway = gateway().await;
    let alice = gateway.user("alice").await;
    for path in ["/binfo?platform=7", "/info?platform=7"] {
        let mut cases = faults();
        cases.extend(farewells());
        let run = cases.into_iter().map(async |(name, bytes, code)| {
            let mut socket = RawSocket::connect(gateway.address(), path).await;
            socket.write(&bytes).await;
            let (is, at_once) = end(&mut socket).await;
            let wrong = (is, at_once) != (code, true);
            wrong.then(|| format!("{name}: {is} for {code}, at once: {at_once}"))
        });
        let wrong: Vec<String> = join_all(run).await.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{path}: {wrong:#?}");
    }
    alice.ping().await;
}

/// Answers that came, by their numbers, and pongs.
async fn heard(socket: &mut RawSocket, count: usize) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.len() < count {
        let frame = socket.next().await.expect("the connection lives");
        heard.push(match frame.opcode {
            RawSocket::PONG => format!("pong {}", String::from_utf8(frame.payload).unwrap()),
            _ => {
                let answer: Value = serde_json::from_slice(&frame.payload).unwrap();
                assert_eq!(answer["body"]["ErrorCode"], 0, "{answer}");
                answer["head"]["seq"].to_string()
            }
        });
    }
    heard
}

#[tokio::test]
async fn what_is_unusual_and_allowed_is_served() {
    let gateway = gateway().await;
    let mut socket = RawSocket::connect(gateway.address(), "/info?platform=7").await;
    // Pings between the pieces of a message, empty pieces, and pieces that part a character.
    let text = heartbeat(7).replacen("\"ver\"", "\"\u{5357}\":1,\"ver\"", 1);
    let at = text.find('\u{5357}').unwrap() + HALVES[0].len();
    let (first, second) = text.as_bytes().split_at(at);
    let parted = [
        begin(TEXT, b""),
        whole(PING, b"1"),
        begin(CONTINUATION, first),
        whole(PING, &[b'x'; 125]),
        whole(RawSocket::PONG, b"nobody asked"),
        begin(CONTINUATION, b""),
        whole(CONTINUATION, second),
    ]
    .concat();
    socket.write(&parted).await;
    let pong = format!("pong {}", "x".repeat(125));
    assert_eq!(heard(&mut socket, 3).await, ["pong 1", &pong, "7"]);
    // The same, of which each byte comes by itself.
    for byte in &parted {
        socket.write(std::slice::from_ref(byte)).await;
    }
    assert_eq!(heard(&mut socket, 3).await, ["pong 1", &pong, "7"]);
    // Several in one piece, a message of the greatest length among them.
    let mut long = heartbeat(8);
    long.push_str(&" ".repeat(MOST_BYTES - long.len()));
    let several = [whole(BINARY, long.as_bytes()), whole(PING, b""), whole(TEXT, heartbeat(9).as_bytes())];
    socket.write(&several.concat()).await;
    assert_eq!(heard(&mut socket, 3).await, ["8", "pong ", "9"]);
}

/// What is tested with the echo is the connection of the SDKs' clients, with other words.
#[tokio::test]
async fn an_echo_has_its_kind_and_is_never_too_large() {
    let gateway = TestGateway::start_with(|config| config.connections.queue_bytes = MOST_BYTES).await;
    let mut socket = RawSocket::connect(gateway.address(), "/echo").await;
    for (opcode, payload) in [(TEXT, &b"gr\xc3\xbcn"[..]), (BINARY, b"\xff\0"), (TEXT, b""), (BINARY, b"")] {
        socket.send(opcode, payload).await;
        let frame = socket.next().await.unwrap();
        assert_eq!((frame.opcode, frame.payload.as_slice()), (opcode, payload));
    }
    let large = vec![b'x'; 8 * MOST_BYTES];
    for _ in 0..4 {
        socket.send(BINARY, &large).await;
    }
    for _ in 0..4 {
        assert_eq!(socket.next().await.unwrap().payload, large);
    }
    socket.write(&farewell(1000, b"")).await;
    assert_eq!(end(&mut socket).await, (1000, true));
}

#[tokio::test]
async fn a_farewell_of_ours_waits_for_theirs_and_no_longer() {
    let gateway =
        TestGateway::start_with(|config| config.connections.login = Duration::from_millis(1500)).await;
    let mut socket = RawSocket::connect(gateway.address(), "/binfo?platform=7").await;
    assert_eq!(socket.close_code().await, 1008);
    // The first word that is understood after ours is theirs.
    let closed = Instant::now();
    socket.write(&[whole(TEXT, heartbeat(1).as_bytes()), farewell(1008, b"")].concat()).await;
    assert_eq!(socket.next().await, None);
    assert!(closed.elapsed() < AT_ONCE, "{:?}", closed.elapsed());
}

/// What a metric without labels says.
async fn counted(instance: &Instance, name: &str) -> u64 {
    let metrics = exchange(instance.address, "GET", "/metrics", b"").await;
    let value = metrics.text().lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or_else(|| panic!("{name} is not among the metrics"))
}

/// Who is cut off by size is counted in `slow_reader.rs`; here nothing is too large, and nothing is taken.
#[tokio::test]
async fn a_reader_who_takes_nothing_for_too_long_is_counted() {
    const COUNTER: &str = "gateway_slow_readers_total";
    let instance = Instance::start("a", InstanceSettings::default()).await;
    assert_eq!(counted(&instance, COUNTER).await, 0);
    let mut stuck = RawSocket::connect(instance.address, "/binfo?platform=7").await;
    let burst = whole(BINARY, heartbeat(7).as_bytes()).repeat(1000);
    // The end shows itself to who writes on; what they were told stays unread.
    let (mut written, mut began, patience) = (0, Instant::now(), 2 * tests::DEADLINE);
    while stuck.write_or_stuck(&burst, patience).await {
        written += 1;
        assert!(written < 2000, "the gateway reads without end");
        began = Instant::now();
    }
    assert!(began.elapsed() < patience, "it was never cut off");
    assert_eq!(counted(&instance, COUNTER).await, 1);
}

/// A body in as many pieces as it has bytes is kept as one: what the pieces would take is many times what they carry.
#[tokio::test]
async fn a_body_in_many_pieces_takes_what_its_bytes_take() {
    const CLIENTS: usize = 4;
    const BYTES: usize = 500_000;
    let instance = Instance::start("a", InstanceSettings::default()).await;
    let (target, id) = (instance.admin().target("im_open_login_svc.account_check"), instance.process().id());
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let content = br#"{"CheckItem":[{"UserID":"a"}]}"#;
    let mut bytes = head.into_bytes();
    for byte in content.iter().copied().chain(std::iter::repeat(b' ')).take(BYTES) {
        bytes.extend([b'1', b'\r', b'\n', byte, b'\r', b'\n']);
    }
    let before = most_resident_bytes(&[id]);
    let begun = join_all((0..CLIENTS).map(async |_| {
        let mut stream = TcpStream::connect(instance.address).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        stream
    }));
    let streams = timeout(tests::DEADLINE, begun).await.expect("bodies are read in time");
    let ended = join_all(streams.into_iter().map(async |mut stream| {
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }));
    for answer in timeout(tests::DEADLINE, ended).await.expect("answers in time") {
        assert!(answer.contains(r#""ErrorCode":0"#), "{answer}");
    }
    // Buffers and all, it is about 10 for each of them; a piece by itself takes 60 and more.
    let more = most_resident_bytes(&[id]).saturating_sub(before);
    assert!(more < (25 * CLIENTS * BYTES) as u64, "{more} bytes for {}", CLIENTS * BYTES);
}
