//! What the wire costs the processor, piece by piece.
//!
//! ```text
//! cargo bench -p protocol
//! ```

// criterion rather than divan: both are light without plots and threads, but criterion is the one that is released
// regularly, and it compares a run with the one before.
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use protocol::envelope::{self, Frame};
use protocol::event;
use protocol::group::GroupKind;
use protocol::id::{AppId, ChannelId, Millis, Seq, UserId};
use protocol::message::group::Send;
use protocol::message::{Body, GroupItem, GroupLabel, Message, Options, Priority, Sender};
use protocol::usersig::{self, SecretKey};
use serde_json::json;

const APP: AppId = AppId(1_400_000_000);
const NOW: u64 = 1_800_000_000;

/// 256 bytes.
fn text() -> String {
    "message ".repeat(32)
}

/// A UserSig as an application's server makes it at a login, and the key that checks it.
fn verify(criterion: &mut Criterion) {
    let keys = [SecretKey::from_random([7; 32])];
    let usersig = usersig::issue(&keys[0], APP, "user_1000000", NOW, 86_400, None)
        .expect("a short name and a day are within the bounds");
    criterion.bench_function("usersig: verify", |bencher| {
        bencher.iter(|| {
            usersig::verify(&keys, APP, "user_1000000", NOW, Some(usersig::SKEW_SECONDS), black_box(&usersig))
        });
    });
}

/// The frame with which an SDK sends a text to a group: about half of it says who calls.
fn request() -> String {
    let head = json!({
        "ver": "v4", "platform": 7, "websdkappid": 537_048_168, "websdkversion": "1.7.3",
        "servcmd": "group_open_http_svc.send_group_msg", "seq": 4_711, "reqtime": NOW, "sdkappid": APP.0,
        "contenttype": "json", "sdkability": 75_689_843, "sdkability_ext": "", "cappid": 0, "status_instid": 3,
        "identifier": "user_1000000", "a2": "0123456789abcdef".repeat(8), "tinyid": "144115200000000001",
    });
    let body = json!({
        "From_Account": "user_1000000", "GroupId": "@TGS#3ABCDEFGHIJ", "Random": 7, "ClientSeq": 7,
        "MsgPriority": "Normal", "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text()}}],
        "CloudCustomData": "", "OnlineOnlyFlag": 0, "GroupAtInfo": [], "SendMsgControl": [],
        "MsgClientTime": NOW, "NeedReadReceipt": 0,
    });
    json!({"head": head, "body": body}).to_string()
}

fn parse(criterion: &mut Criterion) {
    let request = request();
    let mut group = criterion.benchmark_group("request");
    group.throughput(Throughput::Bytes(request.len() as u64));
    group.bench_function("envelope", |bencher| {
        bencher.iter(|| Frame::parse(black_box(request.as_bytes())));
    });
    group.bench_function("envelope and body", |bencher| {
        bencher.iter(|| {
            let frame = Frame::parse(black_box(request.as_bytes())).expect("it is a frame");
            let body = frame.body().expect("it is not deep");
            serde_json::from_str::<Send>(body).expect("it is a message")
        });
    });
    group.finish();
}

fn push(criterion: &mut Criterion) {
    let elements = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text()}}]).to_string();
    let elements = serde_json::from_str(&elements).expect("it is JSON");
    let message = Message {
        from: Sender {
            user: UserId::parse("user_1000000").expect("a valid id"),
            tiny_id: 144_115_200_000_000_001,
            nick: "A nickname".to_owned(),
            face: "https://cdn.example.com/faces/0123456789.png".to_owned(),
            name_card: String::new(),
        },
        random: 7,
        client_seq: 7,
        client_time: NOW,
        priority: Priority::default(),
        body: Body::parse(elements, message_bytes()).expect("it is a body"),
        cloud_custom_data: String::new(),
        mentions: Vec::new(),
        options: Options::default(),
        origin: None,
    };
    let label = GroupLabel {
        id: ChannelId::parse("@TGS#3ABCDEFGHIJ").expect("a valid id"),
        name: "A group".to_owned(),
        kind: GroupKind::Public,
        has_topics: false,
    };
    let frame = || {
        let item = GroupItem::message(&label, Seq(1_000_000), Millis(NOW * 1000), black_box(&message), true);
        envelope::push(event::PUSH, &event::message::in_group(item))
    };
    let mut group = criterion.benchmark_group("push");
    group.throughput(Throughput::Bytes(frame().len() as u64));
    group.bench_function("a text in a group", |bencher| bencher.iter(frame));
    group.finish();
}

/// More than the elements above take.
fn message_bytes() -> usize {
    text().len() * 2
}

/// Short: the pieces take microseconds, and this is to be run often.
fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50)
}

criterion_group! { name = pieces; config = quick(); targets = verify, parse, push }
criterion_main!(pieces);
