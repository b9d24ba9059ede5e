//! Our gateway, spoken to as the SDKs speak: upgrade, `wslogin` with a UserSig, a group, `send_group_msg`.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use ::tests::APP;
use protocol::usersig::{self, SecretKey};
use serde_json::{Value, json};

use super::{Answer, Client, Entry, Protocol, Running, Seat, Site, Target};
use crate::Result;
use crate::frame::{self, Frame, Opcode};
use crate::process::Process;

pub(crate) const LOGIN: &str = "im_open_status.wslogin";
pub(crate) const BEAT: &str = "heartbeat.alive";
/// What says that a push has come.
pub(crate) const PUSH_ACK: &str = "openim.ws_msg_push_ack";
pub(crate) const SEND: &str = "group_open_http_svc.send_group_msg";

const SIG_LIFETIME_SECONDS: u64 = 24 * 3600;

/// The number of a client's first message request; smaller ones are of other requests.
const FIRST_SEND_SEQ: u64 = 10_000_000;

/// What people talk in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Meeting,
    /// An AVChatRoom.
    Live,
    /// A community without topics.
    Community,
    /// The one topic of a community.
    Topic,
}

impl Room {
    fn target(self) -> &'static str {
        match self {
            Room::Meeting => "us",
            Room::Live => "us-live",
            Room::Community => "us-community",
            Room::Topic => "us-topic",
        }
    }

    /// As the SDKs call the type.
    fn kind(self) -> &'static str {
        match self {
            Room::Meeting => "ChatRoom",
            Room::Live => "AVChatRoom",
            Room::Community | Room::Topic => "Community",
        }
    }

    pub(crate) fn group(self, number: u32) -> String {
        match self {
            Room::Meeting | Room::Live => format!("room{number}"),
            Room::Community | Room::Topic => format!("@TGS#_room{number}"),
        }
    }

    fn topic(self, group: &str) -> Option<String> {
        (self == Room::Topic).then(|| format!("{group}@TOPIC#_only"))
    }

    /// The name of a command of such groups.
    pub(crate) fn command(self, name: &str) -> String {
        match self {
            Room::Meeting | Room::Live => format!("group_open_http_svc.{name}"),
            Room::Community | Room::Topic => format!("million_group_open_http_svc.{name}"),
        }
    }
}

pub(super) struct Gateway(pub(super) Room);

impl Target for Gateway {
    fn name(&self) -> &'static str {
        self.0.target()
    }

    fn start(&self, site: &Site) -> Result<Running> {
        let key = SecretKey::from_random(rand::random());
        let (process, address) = start(site, &key, &[])?;
        Ok(Running { processes: vec![process], address, protocol: protocol_in(key, self.0) })
    }
}

/// Starts the gateway on what is in the site's directory, with some more variables of the environment.
pub(crate) fn start(
    site: &Site,
    key: &SecretKey,
    variables: &[(&str, &str)],
) -> Result<(Process, SocketAddr)> {
    start_at(site, key, variables, ANYWHERE)
}

/// The same at an address that is chosen, as one who is started again has to be where they were.
pub(crate) fn start_at(
    site: &Site,
    key: &SecretKey,
    variables: &[(&str, &str)],
    address: SocketAddr,
) -> Result<(Process, SocketAddr)> {
    // A build from before there were such rates says that it does not know them, and ends.
    let newest = format!("{RATES_OFF}{RATE_OF_ROOMS_OFF}");
    start_with(site, key, variables, address, &newest)
        .or_else(|_| start_with(site, key, variables, address, RATES_OFF))
        .or_else(|_| start_with(site, key, variables, address, ""))
}

/// A port that is free.
const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What is measured is how much can be done, not how much one may do.
pub(crate) const RATES_OFF: &str = "\
[rates]
commands = 0
rest = 0
group_messages = { calls = 0, seconds = 1, burst = 0 }
user_messages = { calls = 0, seconds = 1, burst = 0 }
pair_messages = { calls = 0, seconds = 1, burst = 0 }
groups_made = { calls = 0, seconds = 1, burst = 0 }
members_added = { calls = 0, seconds = 1, burst = 0 }
user_accounts_made = { calls = 0, seconds = 1, burst = 0 }
app_accounts_made = { calls = 0, seconds = 1, burst = 0 }
address_logins = { calls = 0, seconds = 1, burst = 0 }
";

/// The same of live rooms, which are younger.
const RATE_OF_ROOMS_OFF: &str = "room_messages = { calls = 0, seconds = 1, burst = 0 }\n";

fn start_with(
    site: &Site,
    key: &SecretKey,
    variables: &[(&str, &str)],
    address: SocketAddr,
    rates: &str,
) -> Result<(Process, SocketAddr)> {
    let settings = site.directory.join("gateway.toml");
    // The kind of group has a bound of its own, which large rooms are beyond.
    std::fs::write(&settings, format!("{rates}[group.meeting]\nmax_members = 100000\n"))?;
    let mut command = Command::new(&site.gateway);
    command
        .args(["--listen", &address.to_string(), "--sdkappid", &APP.to_string(), "--config"])
        .arg(settings)
        .arg("--data-dir")
        .arg(site.directory.join("data"))
        .env("GATEWAY_SECRET_KEY", key.expose())
        .env("RUST_LOG", "warn")
        .envs(variables.iter().copied());
    let mut process = Process::start("us", &mut command, site.cores)?;
    let address = process.line(::tests::listening)?;
    Ok((process, address))
}

/// How the SDKs speak to a gateway with this key, in Meetings.
pub(crate) fn protocol(key: SecretKey) -> Box<dyn Protocol> {
    protocol_in(key, Room::Meeting)
}

pub(crate) fn protocol_in(key: SecretKey, room: Room) -> Box<dyn Protocol> {
    Box::new(Sdk { key, room })
}

struct Sdk {
    key: SecretKey,
    room: Room,
}

impl Protocol for Sdk {
    fn client(&self, seat: Seat) -> Box<dyn Client> {
        let name = format!("user{}", seat.number);
        let usersig = usersig::issue(&self.key, APP, &name, unix_seconds(), SIG_LIFETIME_SECONDS, None);
        let group = self.room.group(seat.room);
        Box::new(SdkClient {
            seat,
            name,
            // Any user id can be signed.
            usersig: usersig.unwrap_or_default(),
            send: self.room.command("send_group_msg"),
            topic: self.room.topic(&group),
            group,
            room: self.room,
            step: Step::Upgrade,
            steps: Vec::new(),
            credentials: String::new(),
            next_seq: 1,
            body: Vec::new(),
            payload: Vec::new(),
        })
    }

    fn acknowledges(&self) -> bool {
        true
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Upgrade,
    Login,
    Room,
    Ready,
}

struct SdkClient {
    seat: Seat,
    name: String,
    usersig: String,
    room: Room,
    group: String,
    topic: Option<String>,
    /// The command with which one speaks there.
    send: String,
    step: Step,
    /// What is still to be called until one is in the room, the last first.
    steps: Vec<(String, Value)>,
    /// The fields of the head that say who asks: before the login name and UserSig, afterwards the token.
    credentials: String,
    next_seq: u64,
    /// Of the request that is written; kept for the next one.
    body: Vec<u8>,
    payload: Vec<u8>,
}

impl Client for SdkClient {
    fn begin(&mut self, out: &mut Vec<u8>) {
        upgrade(self.seat.number, out);
    }

    fn enter(&mut self, input: &mut Vec<u8>, out: &mut Vec<u8>) -> std::result::Result<Entry, String> {
        if self.step == Step::Upgrade {
            if !frame::is_upgraded(input)? {
                return Ok(Entry::Waiting);
            }
            self.step = Step::Login;
            self.credentials = credentials_of_login(&self.name, &self.usersig);
            self.call(
                LOGIN,
                json!({"State": "Online", "is_web_uniapp": 0, "InstType": 0, "CustomInfo": ""}),
                out,
            );
            return Ok(Entry::Waiting);
        }
        let Some(frame) = Frame::at(input) else { return Ok(Entry::Waiting) };
        let answer: Value = serde_json::from_slice(&input[frame.payload.clone()])
            .map_err(|error| format!("{}: no JSON: {error}", self.name))?;
        input.drain(..frame.payload.end);
        let command = answer["head"]["servcmd"].as_str().unwrap_or_default();
        if self.step == Step::Login && command == LOGIN {
            return self.logged_in(&answer["body"], out);
        }
        if self.step == Step::Room && self.steps.last().is_some_and(|(name, _)| name == command) {
            self.succeeded(command, &answer["body"])?;
            self.steps.pop();
            return Ok(self.come_in(out));
        }
        // Something that is pushed meanwhile.
        self.enter(input, out)
    }

    fn say(&mut self, number: u64, text: &[u8], out: &mut Vec<u8>) {
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        group_message(&self.name, &self.group, number, unix_seconds(), text, &mut body);
        if let Some(topic) = &self.topic {
            body.pop();
            let _ = write!(body, r#","TopicId":"{topic}"}}"#);
        }
        let send = std::mem::take(&mut self.send);
        self.write(&send, FIRST_SEND_SEQ + number, &body, out);
        (self.body, self.send) = (body, send);
    }

    fn hear(
        &mut self,
        input: &mut Vec<u8>,
        out: &mut Vec<u8>,
        answers: &mut Vec<Answer>,
    ) -> std::result::Result<(), String> {
        let mut at = 0;
        while let Some(frame) = Frame::at(&input[at..]) {
            let payload = &input[at + frame.payload.start..at + frame.payload.end];
            if frame.is(Opcode::Close) {
                return Err(format!("{}: the gateway closes", self.name));
            }
            if frame.is(Opcode::Ping) {
                frame::write_masked(Opcode::Pong, payload, out);
            } else if let Some(answer) = answer(payload) {
                answers.push(answer);
            }
            at += frame.payload.end;
        }
        input.drain(..at);
        Ok(())
    }

    fn beat(&mut self, out: &mut Vec<u8>) {
        self.call(BEAT, json!({}), out);
    }
}

/// The request for a connection of the device with this number.
pub(crate) fn upgrade(device: u32, out: &mut Vec<u8>) {
    let target = format!(
        "/binfo?sdkappid={APP}&instanceid={device:032x}&random=0.5173&platform=7&host=unknown&version=-1\
         &sdkversion=3.6.6&compress=gzip"
    );
    out.extend_from_slice(frame::upgrade(&target, "").as_bytes());
}

/// Fields of the head that say who asks: before the login,
pub(crate) fn credentials_of_login(name: &str, usersig: &str) -> String {
    format!(r#""identifier":"{name}","usersig":"{usersig}","#)
}

/// and with what its answer brought.
pub(crate) fn credentials_of_session(a2: &str, tiny_id: &str, instance: u64) -> String {
    format!(r#""a2":"{a2}","tinyid":"{tiny_id}","status_instid":{instance},"#)
}

/// With sender and group or peer it names the message: different for each, and as long for all.
pub(crate) fn random_of(number: u64) -> u64 {
    1_000_000_000 + number
}

/// The body of `send_group_msg`.
pub(crate) fn group_message(
    name: &str,
    group: &str,
    number: u64,
    time: u64,
    text: &[u8],
    body: &mut Vec<u8>,
) {
    let random = random_of(number);
    let _ = write!(
        body,
        r#"{{"From_Account":"{name}","GroupId":"{group}","Random":{random},"ClientSeq":{random},"MsgPriority":"Normal","MsgBody":[{{"MsgType":"TIMTextElem","MsgContent":{{"Text":""#
    );
    body.extend_from_slice(text);
    let _ = write!(
        body,
        r#""}}}}],"CloudCustomData":"","OnlineOnlyFlag":0,{OFFLINE_PUSH},"GroupAtInfo":[],"SendMsgControl":[],"MsgClientTime":{time},{AT_THE_END}}}"#
    );
}

/// The body of `openim.sendmsg`.
pub(crate) fn message_between_two(
    name: &str,
    peer: &str,
    number: u64,
    time: u64,
    text: &[u8],
    body: &mut Vec<u8>,
) {
    let random = random_of(number);
    let _ = write!(
        body,
        r#"{{"From_Account":"{name}","To_Account":"{peer}","MsgSeq":{random},"MsgRandom":{random},"MsgBody":[{{"MsgType":"TIMTextElem","MsgContent":{{"Text":""#
    );
    body.extend_from_slice(text);
    let _ = write!(
        body,
        r#""}}}}],"CloudCustomData":"","From_AccountNick":"","From_AccountHeadurl":"",{OFFLINE_PUSH},"SendMsgControl":[],"MsgClientTime":{time},"IsNeedReadReceipt":0,"SupportMessageExtension":0,"IsRelayMsg":0}}"#
    );
}

/// Writes a request as the SDK does. `payload` is room to write in.
pub(crate) fn write_request(
    credentials: &str,
    command: &str,
    seq: u64,
    body: &[u8],
    payload: &mut Vec<u8>,
    out: &mut Vec<u8>,
) {
    // The SDK gives no checksum of what it sends at every start, nor of what it sends most often.
    let checksum = if matches!(command, LOGIN | BEAT | PUSH_ACK) { 0 } else { crc32fast::hash(body) };
    payload.clear();
    let _ = write!(
        payload,
        r#"{{"head":{{"ver":"v4","platform":7,"websdkappid":537048168,"websdkversion":"1.7.3",{credentials}"sdkappid":{APP},"contenttype":"json","reqtime":{},"sdkability":75689843,"sdkability_ext":"","cappid":0,"cs":{checksum},"servcmd":"{command}","seq":{seq}}},"body":"#,
        unix_seconds(),
    );
    payload.extend_from_slice(body);
    payload.push(b'}');
    frame::write_masked(Opcode::Binary, payload, out);
}

/// Of every message.
const OFFLINE_PUSH: &str = r#""OfflinePushInfo":{"PushFlag":0,"Title":"","Desc":"","Ext":"","ApnsInfo":{"Sound":"","BadgeMode":0,"Image":"","InterruptionLevel":"active","ContentAvailable":0},"AndroidInfo":{"Sound":"","XiaoMiChannelID":"","OPPOChannelID":"","GoogleChannelID":"","VIVOClassification":1,"VIVOCategory":"","HuaWeiCategory":"","OPPOCategory":"","HuaWeiImage":"","HonorImage":"","GoogleImage":"","HonorImportance":""}}"#;
const AT_THE_END: &str = r#""NeedReadReceipt":0,"SupportMessageExtension":0,"IsRelayMsg":0"#;

impl SdkClient {
    fn logged_in(&mut self, body: &Value, out: &mut Vec<u8>) -> std::result::Result<Entry, String> {
        self.succeeded(LOGIN, body)?;
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let (a2, tiny_id, instance) =
            (text("A2Key"), text("TinyId"), body["InstId"].as_u64().unwrap_or_default());
        self.credentials = credentials_of_session(a2, tiny_id, instance);
        self.usersig = String::new();
        self.step = Step::Room;
        self.steps = self.way_in();
        self.come_in(out);
        Ok(Entry::LoggedIn)
    }

    /// The calls that lead into the room, the last first.
    fn way_in(&self) -> Vec<(String, Value)> {
        let (room, group) = (self.room, &self.group);
        let call = |name: &str, body: Value| (room.command(name), body);
        let join = json!({"GroupId": group, "WebPushFlag": 1, "HugeGroupHistoryMsgFlag": 1});
        if !self.seat.is_first {
            return vec![call("apply_join_group", join)];
        }
        let made = json!({
            "Type": room.kind(), "Name": group, "GroupId": group, "Owner_Account": self.name, "WebPushFlag": 1,
            "FaceUrl": "", "SupportTopic": u8::from(self.topic.is_some()),
        });
        let mut steps = Vec::new();
        // Of a live room nobody is a member who has not come in.
        if room == Room::Live {
            steps.push(call("apply_join_group", join));
        }
        if let Some(topic) = &self.topic {
            let topic = json!({"GroupId": group, "TopicId": topic, "TopicName": "only"});
            steps.push(call("create_topic", topic));
        }
        steps.push(call("create_group", made));
        steps
    }

    /// Makes the next call, if one is left.
    fn come_in(&mut self, out: &mut Vec<u8>) -> Entry {
        let Some((command, body)) = self.steps.last().cloned() else {
            self.step = Step::Ready;
            return Entry::Ready;
        };
        self.call(&command, body, out);
        Entry::Waiting
    }

    fn succeeded(&self, command: &str, body: &Value) -> std::result::Result<(), String> {
        match body["ErrorCode"].as_i64() {
            None | Some(0) => Ok(()),
            Some(code) => Err(format!("{}: {command}: {code} {}", self.name, body["ErrorInfo"])),
        }
    }

    fn call(&mut self, command: &str, body: Value, out: &mut Vec<u8>) {
        let seq = self.next_seq;
        self.next_seq += 1;
        self.write(command, seq, body.to_string().as_bytes(), out);
    }

    fn write(&mut self, command: &str, seq: u64, body: &[u8], out: &mut Vec<u8>) {
        write_request(&self.credentials, command, seq, body, &mut self.payload, out);
    }
}

/// What a frame says of a message that was sent. None for pushes and other answers.
fn answer(payload: &[u8]) -> Option<Answer> {
    memchr::memmem::find(payload, SEND.as_bytes())?;
    let seq = number_behind(payload, b"\"seq\":")?;
    let number = seq.checked_sub(FIRST_SEND_SEQ)?;
    match number_behind(payload, b"\"ErrorCode\":") {
        None | Some(0) => Some(Answer::Taken(number)),
        Some(_) => Some(Answer::Refused(number)),
    }
}

fn number_behind(text: &[u8], name: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(text, name)? + name.len();
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |value, digit| value * 10 + u64::from(digit - b'0')))
}

pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_pushes() {
        let frame = |command: &str, seq: u64, code: u32| {
            json!({"head": {"servcmd": command, "seq": seq}, "body": {"ErrorCode": code}}).to_string()
        };
        let of = |text: String| answer(text.as_bytes());
        assert_eq!(of(frame(SEND, FIRST_SEND_SEQ + 7, 0)), Some(Answer::Taken(7)));
        assert_eq!(of(frame(SEND, FIRST_SEND_SEQ + 7, 10_017)), Some(Answer::Refused(7)));
        assert_eq!(of(frame("im_open_push.msg_push", FIRST_SEND_SEQ + 7, 0)), None);
        assert_eq!(of(frame(BEAT, 3, 0)), None);
    }

    #[test]
    fn a_request_is_what_the_sdk_sends() {
        let mut client = Sdk { key: SecretKey::from_random([7; 32]), room: Room::Meeting }.client(Seat {
            number: 3,
            room: 5,
            is_first: true,
            speaks: true,
        });
        let mut out = Vec::new();
        client.say(9, b"hello", &mut out);
        let frame = Frame::at(&out).unwrap();
        let mask = frame.mask.unwrap();
        let bytes = out[frame.payload].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        let request: Value = serde_json::from_slice(&bytes.collect::<Vec<u8>>()).unwrap();
        let captured = include_str!("../../fixtures/wire/group-messages.jsonl");
        let captured = captured.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let is_it = |line: &Value| line["from"] == "client" && line["frame"]["head"]["servcmd"] == SEND;
        let captured = captured.into_iter().find(is_it).unwrap();
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&request["body"]), names(&captured["frame"]["body"]));
        assert_eq!(request["body"]["OfflinePushInfo"], captured["frame"]["body"]["OfflinePushInfo"]);
        assert_eq!(request["body"]["MsgBody"][0]["MsgContent"]["Text"], "hello");
    }
}
