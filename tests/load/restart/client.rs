//! One user as the web SDK is (3.6.6): what it says on a connection, when it says it, when it dials again.
//!
//! It sees no socket and no clock: it takes bytes and moments and gives bytes.

use std::collections::VecDeque;

use rand::RngExt;
use serde_json::json;

use super::books::MessageCopy;
use super::wire::{Answer, Cursor, Incoming, LoggedIn, Page, Push, Synced};
use crate::clock::SECOND_NS;
use crate::frame::{self, Frame, Opcode};
use crate::target::gateway::{
    BEAT, LOGIN, PUSH_ACK, SEND, credentials_of_login, credentials_of_session, upgrade, write_request,
};

const PAGE: &str = "recentcontact.page_get";
const SYNC: &str = "openim.getmsg";
const HELLO: &str = "im_open_status.wshello";
const SEND_TO_ONE: &str = "openim.sendmsg";
const KICK: &str = "im_open_status.stat_forceoffline";
const PUSH: &str = "im_open_push.msg_push";
const PUSH_OF_MANY: &str = "im_open_push.multi_msg_push_ws";

/// So long nothing was heard: then the client asks whether anybody is there,
const SILENCE_NS: u64 = 10 * SECOND_NS;

/// and gives up the connection when the answer takes longer than that.
const BEAT_PATIENCE_NS: u64 = 3 * SECOND_NS;

/// After a connection that lived shorter, and where nobody listens, the client does not dial at once,
const SHORT_LIFE_NS: u64 = SECOND_NS;

/// but with what it says next by itself. That is in this time.
const DIAL_AFTER_NS: std::ops::Range<u64> = SECOND_NS..10 * SECOND_NS;

const PATIENCE_NS: u64 = 15 * SECOND_NS;
const LOGIN_PATIENCE_NS: u64 = 90 * SECOND_NS;

/// What an application has a client say at once at the most.
const MOST_UNANSWERED: usize = 4;

const CLOSED_BY_CLIENT: u16 = 4001;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No connection, and nobody dials before that moment.
    Away {
        dial_ns: u64,
    },
    Dialing,
    Upgrading,
    Open,
    /// The gateway does not know them any more. The application would have to log in.
    PutOut,
}

/// What happened to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    LoggedIn,
    /// All that a client asks for after a login was answered.
    Synced,
    PutOut(String),
    Got(MessageCopy),
    /// A message has its number or time. An early one was said before the login of its connection.
    Taken {
        message: usize,
        stamp: u64,
        is_early: bool,
    },
    Refused {
        code: i64,
    },
    /// A request that was not answered in time: for the application it has failed.
    GaveUp {
        command: &'static str,
    },
    /// A push that was to be acknowledged, and is.
    Acknowledged,
}

/// Something that was said and not answered yet.
struct Request {
    command: &'static str,
    seq: u64,
    /// Said again as it was.
    frame: Vec<u8>,
    asked_ns: u64,
    message: Option<usize>,
    /// A connection began with it.
    is_early: bool,
}

/// What the first login brought. It holds for all connections.
struct Session {
    credentials: String,
    tiny_id: u64,
}

pub(super) struct Client {
    pub(super) stage: Stage,
    /// Logged in on the connection that there is.
    pub(super) is_in: bool,
    pub(super) name: String,
    device: u32,
    usersig: String,
    session: Option<Session>,
    next_seq: u64,
    unanswered: VecDeque<Request>,
    cursor: Cursor,
    cookie: String,
    input: Vec<u8>,
    opened_ns: u64,
    heard_ns: u64,
    /// Since when an answer to the last beat is waited for.
    beat_ns: Option<u64>,
    hello_every_ns: u64,
    hello_ns: u64,
    /// Kept for the next request.
    payload: Vec<u8>,
}

impl Client {
    pub(super) fn new(device: u32, name: String, usersig: String) -> Self {
        Self {
            stage: Stage::Away { dial_ns: 0 },
            is_in: false,
            name,
            device,
            usersig,
            session: None,
            next_seq: 1,
            unanswered: VecDeque::new(),
            cursor: Cursor::default(),
            cookie: String::new(),
            input: Vec::new(),
            opened_ns: 0,
            heard_ns: 0,
            beat_ns: None,
            hello_every_ns: u64::MAX,
            hello_ns: u64::MAX,
            payload: Vec::new(),
        }
    }

    /// What names them as the speaker of a message. None before the first login.
    pub(super) fn tiny_id(&self) -> Option<u64> {
        self.session.as_ref().map(|session| session.tiny_id)
    }

    /// The connection stands.
    pub(super) fn connected(&mut self, now: u64, out: &mut Vec<u8>) {
        self.stage = Stage::Upgrading;
        (self.opened_ns, self.heard_ns) = (now, now);
        upgrade(self.device, out);
    }

    /// The WebSocket is open: what was not answered first, then who one is.
    fn opened(&mut self, now: u64, out: &mut Vec<u8>) {
        self.stage = Stage::Open;
        (self.opened_ns, self.heard_ns) = (now, now);
        for request in &mut self.unanswered {
            request.is_early = true;
            out.extend_from_slice(&request.frame);
        }
        self.ask(LOGIN, br#"{"State":"Online","is_web_uniapp":0,"InstType":0,"CustomInfo":""}"#, now, out);
        self.beat(now, out);
    }

    /// The connection has ended, or did not come about.
    pub(super) fn ended(&mut self, now: u64) {
        let was_open = self.stage == Stage::Open;
        self.is_in = false;
        self.beat_ns = None;
        self.input = Vec::new();
        if self.stage == Stage::PutOut {
            return;
        }
        let has_lived = was_open && now.saturating_sub(self.opened_ns) >= SHORT_LIFE_NS;
        let wait_ns = if has_lived { 0 } else { rand::rng().random_range(DIAL_AFTER_NS) };
        self.stage = Stage::Away { dial_ns: now + wait_ns };
    }

    /// Has the client say something. Who has no connection dials because of it. False where too much waits already.
    pub(super) fn say(
        &mut self,
        message: usize,
        is_to_one: bool,
        body: &[u8],
        now: u64,
        out: &mut Vec<u8>,
    ) -> bool {
        if !self.can_say() {
            return false;
        }
        let command = if is_to_one { SEND_TO_ONE } else { SEND };
        self.request(command, body, Some(message), now, out);
        if let Stage::Away { dial_ns } = &mut self.stage {
            *dial_ns = now;
        }
        true
    }

    pub(super) fn can_say(&self) -> bool {
        let waiting = self.unanswered.iter().filter(|request| request.message.is_some()).count();
        self.session.is_some() && self.stage != Stage::PutOut && waiting < MOST_UNANSWERED
    }

    /// Whether the gateway has answered all that was said.
    pub(super) fn has_answers(&self) -> bool {
        self.unanswered.iter().all(|request| request.message.is_none())
    }

    /// What is due now. True when the connection is to be given up.
    pub(super) fn tick(&mut self, now: u64, out: &mut Vec<u8>, news: &mut Vec<News>) -> bool {
        self.unanswered.retain(|request| {
            let patience_ns = if request.command == LOGIN { LOGIN_PATIENCE_NS } else { PATIENCE_NS };
            let is_in_time = now < request.asked_ns + patience_ns;
            if !is_in_time {
                news.push(News::GaveUp { command: request.command });
            }
            is_in_time
        });
        if self.stage != Stage::Open {
            return false;
        }
        if self.beat_ns.is_some_and(|beat_ns| now >= beat_ns + BEAT_PATIENCE_NS) {
            frame::write_masked(Opcode::Close, &CLOSED_BY_CLIENT.to_be_bytes(), out);
            return true;
        }
        if self.beat_ns.is_none() && now >= self.heard_ns + SILENCE_NS {
            self.beat(now, out);
        }
        if self.is_in && now >= self.hello_ns {
            self.hello_ns = now + self.hello_every_ns;
            self.ask(HELLO, br#"{"is_web_uniapp":0}"#, now, out);
        }
        false
    }

    /// Takes what has come. An error ends the connection.
    pub(super) fn hear(
        &mut self,
        bytes: &[u8],
        now: u64,
        out: &mut Vec<u8>,
        news: &mut Vec<News>,
    ) -> Result<(), String> {
        self.heard_ns = now;
        let mut input = std::mem::take(&mut self.input);
        input.extend_from_slice(bytes);
        if self.stage == Stage::Upgrading {
            if !frame::is_upgraded(&mut input)? {
                self.input = input;
                return Ok(());
            }
            self.opened(now, out);
        }
        let mut at = 0;
        while let Some(frame) = Frame::at(&input[at..]) {
            let payload = &input[at + frame.payload.start..at + frame.payload.end];
            if frame.is(Opcode::Close) {
                frame::write_masked(Opcode::Close, payload, out);
                return Err("the gateway closes".to_owned());
            }
            if frame.is(Opcode::Ping) {
                frame::write_masked(Opcode::Pong, payload, out);
            } else {
                self.read(payload, now, out, news).map_err(|error| format!("{}: {error}", self.name))?;
            }
            at += frame.payload.end;
        }
        // Thousands who wait for something need no memory for what they read.
        if at < input.len() {
            input.drain(..at);
            self.input = input;
        }
        Ok(())
    }

    fn read(
        &mut self,
        payload: &[u8],
        now: u64,
        out: &mut Vec<u8>,
        news: &mut Vec<News>,
    ) -> serde_json::Result<()> {
        let Incoming { head, body } = serde_json::from_slice(payload)?;
        let body = body.get();
        match head.servcmd.as_ref() {
            PUSH | PUSH_OF_MANY => {
                let push: Push<'_> = serde_json::from_str(body)?;
                if let Some(data) = push.asks_for() {
                    let said = format!(r#"{{"SessionData":{data}}}"#);
                    self.write(PUSH_ACK, said.as_bytes(), out);
                    news.push(News::Acknowledged);
                }
                news.extend(push.copies().map(News::Got));
            }
            BEAT => self.beat_ns = None,
            KICK => {
                self.stage = Stage::PutOut;
                news.push(News::PutOut("kicked".to_owned()));
            }
            command => {
                let is_it = |request: &Request| request.seq == head.seq && request.command == command;
                if let Some(at) = self.unanswered.iter().position(is_it)
                    && let Some(request) = self.unanswered.remove(at)
                {
                    self.answered(&request, body, now, out, news)?;
                }
            }
        }
        Ok(())
    }

    fn answered(
        &mut self,
        request: &Request,
        body: &str,
        now: u64,
        out: &mut Vec<u8>,
        news: &mut Vec<News>,
    ) -> serde_json::Result<()> {
        let answer: Answer = serde_json::from_str(body)?;
        match (request.command, request.message) {
            (_, Some(message)) if answer.code == 0 => {
                let stamp = if request.command == SEND { answer.number } else { answer.time };
                let stamp = stamp.unwrap_or_default();
                news.push(News::Taken { message, stamp, is_early: request.is_early });
            }
            (LOGIN, _) if answer.code == 0 => self.logged_in(&serde_json::from_str(body)?, now, out, news),
            (LOGIN, _) => {
                self.stage = Stage::PutOut;
                news.push(News::PutOut(answer.code.to_string()));
            }
            (PAGE, _) if answer.code == 0 => {
                let page: Page = serde_json::from_str(body)?;
                self.cursor = page.cursor;
                if page.is_last() { self.ask_for_kept(0, now, out) } else { self.ask_for_page(now, out) }
            }
            (SYNC, _) if answer.code == 0 => {
                let synced: Synced<'_> = serde_json::from_str(body)?;
                news.extend(synced.copies().map(News::Got));
                let is_done = synced.flag == Synced::DONE || synced.cookie.is_empty();
                self.cookie = synced.cookie.into_owned();
                if is_done { news.push(News::Synced) } else { self.ask_for_kept(synced.flag, now, out) }
            }
            _ if answer.code == 0 => {}
            _ => news.push(News::Refused { code: answer.code }),
        }
        Ok(())
    }

    fn logged_in(&mut self, answer: &LoggedIn, now: u64, out: &mut Vec<u8>, news: &mut Vec<News>) {
        if self.session.is_none() {
            let LoggedIn { a2, tiny_id, instance, hello_interval_s } = answer;
            self.session = Some(Session {
                credentials: credentials_of_session(a2, tiny_id, *instance),
                tiny_id: tiny_id.parse().unwrap_or_default(),
            });
            self.usersig = String::new();
            self.hello_every_ns = hello_interval_s.max(&1) * SECOND_NS;
            // People do not come all at the same time, as they do here.
            self.hello_ns = now + rand::rng().random_range(0..self.hello_every_ns);
        }
        if !std::mem::replace(&mut self.is_in, true) {
            news.push(News::LoggedIn);
        }
        self.ask_for_page(now, out);
    }

    fn ask_for_page(&mut self, now: u64, out: &mut Vec<u8>) {
        let mut body = json!(self.cursor);
        body["From_Account"] = json!(self.name);
        body["OrderType"] = json!(1);
        body["MsgAssistFlags"] = json!(15);
        body["AssistFlags"] = json!(31);
        self.ask(PAGE, body.to_string().as_bytes(), now, out);
    }

    fn ask_for_kept(&mut self, flag: u32, now: u64, out: &mut Vec<u8>) {
        let body = json!({
            "Cookie": self.cookie, "SyncFlag": flag, "NeedAbstract": 1, "IsOnlineSync": 0, "NeedSignaling": 1,
            "NeedCachedMsg": 1,
        });
        self.ask(SYNC, body.to_string().as_bytes(), now, out);
    }

    /// It is not said again on another connection, which begins with one of its own.
    fn beat(&mut self, now: u64, out: &mut Vec<u8>) {
        self.beat_ns = Some(now);
        self.write(BEAT, b"{}", out);
    }

    fn ask(&mut self, command: &'static str, body: &[u8], now: u64, out: &mut Vec<u8>) {
        self.request(command, body, None, now, out);
    }

    /// Says something on the connection, or on the next one where there is none.
    fn request(
        &mut self,
        command: &'static str,
        body: &[u8],
        message: Option<usize>,
        now: u64,
        out: &mut Vec<u8>,
    ) {
        let mut frame = Vec::new();
        let seq = self.write(command, body, &mut frame);
        if self.stage == Stage::Open {
            out.extend_from_slice(&frame);
        }
        let request = Request { command, seq, frame, asked_ns: now, message, is_early: false };
        self.unanswered.push_back(request);
    }

    /// Gives the number of the request.
    fn write(&mut self, command: &str, body: &[u8], out: &mut Vec<u8>) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        let of_login;
        let credentials = match &self.session {
            Some(session) => &session.credentials,
            None => {
                of_login = credentials_of_login(&self.name, &self.usersig);
                &of_login
            }
        };
        write_request(credentials, command, seq, body, &mut self.payload, out);
        seq
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::frame::{ACCEPT, write_plain};

    const START_NS: u64 = 1_000 * SECOND_NS;
    const SESSION: &str = r#""a2":"token","tinyid":"144","status_instid":7,"#;

    /// What a client wrote, unmasked.
    fn frames(out: &mut Vec<u8>) -> Vec<Value> {
        let mut found = Vec::new();
        while let Some(frame) = Frame::at(out) {
            let mask = frame.mask.unwrap();
            let bytes = out[frame.payload.clone()].iter().zip(mask.iter().cycle());
            let payload: Vec<u8> = bytes.map(|(byte, mask)| byte ^ mask).collect();
            found.push(serde_json::from_slice(&payload).unwrap_or(Value::Null));
            out.drain(..frame.payload.end);
        }
        found
    }

    fn commands(frames: &[Value]) -> Vec<&str> {
        frames.iter().map(|frame| frame["head"]["servcmd"].as_str().unwrap()).collect()
    }

    fn upgraded() -> Vec<u8> {
        format!("HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n").into_bytes()
    }

    fn of_gateway(command: &str, seq: &Value, body: &Value) -> Vec<u8> {
        let frame = json!({"head": {"servcmd": command, "seq": seq}, "body": body});
        let mut out = Vec::new();
        write_plain(Opcode::Binary, frame.to_string().as_bytes(), &mut out);
        out
    }

    struct Talk {
        client: Client,
        out: Vec<u8>,
        news: Vec<News>,
    }

    impl Talk {
        fn new() -> Self {
            let client = Client::new(3, "ann".to_owned(), "sig".to_owned());
            Self { client, out: Vec::new(), news: Vec::new() }
        }

        fn hear(&mut self, bytes: &[u8], now: u64) {
            self.client.hear(bytes, now, &mut self.out, &mut self.news).unwrap();
        }

        fn answer(&mut self, request: &Value, body: &Value, now: u64) {
            let head = &request["head"];
            self.hear(&of_gateway(head["servcmd"].as_str().unwrap(), &head["seq"], body), now);
        }

        fn tick(&mut self, now: u64) -> bool {
            self.client.tick(now, &mut self.out, &mut self.news)
        }

        fn say(&mut self, message: usize, now: u64) -> bool {
            self.client.say(message, false, br#"{"x":1}"#, now, &mut self.out)
        }

        /// Connects. Gives what the client says first.
        fn connect(&mut self, now: u64) -> Vec<Value> {
            self.client.connected(now, &mut self.out);
            assert!(self.out.starts_with(b"GET /binfo?"));
            self.out.clear();
            self.hear(&upgraded(), now);
            frames(&mut self.out)
        }

        /// Logs in with all that follows.
        fn start(&mut self, now: u64) {
            let said = self.connect(now);
            assert_eq!(commands(&said), [LOGIN, BEAT]);
            assert_eq!(said[0]["head"]["usersig"], "sig");
            let answer = json!({"A2Key": "token", "TinyId": "144", "InstId": 7, "HelloInterval": 10});
            self.answer(&said[0], &answer, now);
            self.answer(&said[1], &json!({}), now);
            self.read_up(now, 0, "");
            assert_eq!(std::mem::take(&mut self.news), [News::LoggedIn, News::Synced]);
        }

        /// Reads the list and what was kept, from where it is to be read from.
        fn read_up(&mut self, now: u64, start: u64, cookie: &str) {
            let said = frames(&mut self.out);
            assert_eq!(commands(&said), [PAGE]);
            assert_eq!(said[0]["body"]["StartIndex"], start);
            self.answer(&said[0], &json!({"CompleteFlag": 1, "StartIndex": 5}), now);
            let said = frames(&mut self.out);
            assert_eq!(commands(&said), [SYNC]);
            assert_eq!(said[0]["body"]["Cookie"], cookie);
            self.answer(&said[0], &json!({"Cookie": "c1", "SyncFlag": 2}), now);
        }
    }

    #[test]
    fn who_comes_back_says_first_what_was_not_answered_and_reads_on() {
        let mut talk = Talk::new();
        talk.start(START_NS);
        assert!(talk.say(8, START_NS));
        let first = talk.out.clone();
        assert_eq!(commands(&frames(&mut talk.out)), [SEND]);
        let now = START_NS + 2 * SECOND_NS;
        talk.client.ended(now);
        assert_eq!(talk.client.stage, Stage::Away { dial_ns: now });

        talk.client.connected(now, &mut talk.out);
        talk.out.clear();
        talk.hear(&upgraded(), now);
        assert!(talk.out.starts_with(&first), "byte for byte");
        let said = frames(&mut talk.out);
        assert_eq!(commands(&said), [SEND, LOGIN, BEAT]);
        assert_eq!(said[1]["head"]["a2"], "token");
        assert_eq!(said[1]["head"]["usersig"], Value::Null);
        talk.answer(&said[0], &json!({"ErrorCode": 0, "MsgSeq": 12}), now);
        talk.answer(
            &said[1],
            &json!({"A2Key": "other", "TinyId": "1", "InstId": 9, "HelloInterval": 10}),
            now,
        );
        talk.read_up(now, 5, "c1");
        let taken = News::Taken { message: 8, stamp: 12, is_early: true };
        assert_eq!(talk.news, [taken, News::LoggedIn, News::Synced]);
        assert_eq!(
            talk.client.session.as_ref().unwrap().credentials,
            SESSION,
            "that of the first login stays"
        );
    }

    #[test]
    fn a_short_life_is_not_followed_at_once_unless_something_is_to_be_said() {
        let mut talk = Talk::new();
        talk.start(START_NS);
        let waits = |client: &Client, now: u64| match client.stage {
            Stage::Away { dial_ns } => dial_ns - now,
            other => panic!("{other:?}"),
        };
        let now = START_NS + SECOND_NS / 2;
        talk.client.ended(now);
        assert!(DIAL_AFTER_NS.contains(&waits(&talk.client, now)));
        talk.client.stage = Stage::Dialing;
        talk.client.ended(now);
        assert!(DIAL_AFTER_NS.contains(&waits(&talk.client, now)), "nobody listened");
        assert!(talk.say(1, now));
        assert_eq!(waits(&talk.client, now), 0);
        assert!(talk.out.is_empty());
        assert_eq!(commands(&talk.connect(now)), [SEND, LOGIN, BEAT]);
    }

    #[test]
    fn a_push_is_acknowledged_as_it_asks() {
        let mut talk = Talk::new();
        talk.start(START_NS);
        let push = |need: u32| json!({"EventArray": [], "NeedAck": need, "SessionData": "n\"1"});
        talk.hear(&of_gateway(PUSH, &json!(1), &push(0)), START_NS);
        assert!(talk.out.is_empty());
        talk.hear(&of_gateway(PUSH, &json!(2), &push(1)), START_NS);
        let said = frames(&mut talk.out);
        assert_eq!(commands(&said), [PUSH_ACK]);
        assert_eq!(said[0]["body"], json!({"SessionData": "n\"1"}));
        assert_eq!(talk.news, [News::Acknowledged]);
    }

    #[test]
    fn a_gateway_that_says_nothing_is_asked_and_given_up() {
        let mut talk = Talk::new();
        talk.start(START_NS);
        talk.client.hello_ns = u64::MAX;
        assert!(!talk.tick(START_NS + SILENCE_NS - 1));
        assert!(talk.out.is_empty());
        let asked = START_NS + SILENCE_NS;
        assert!(!talk.tick(asked));
        let said = frames(&mut talk.out);
        assert_eq!(commands(&said), [BEAT]);
        assert!(!talk.tick(asked + BEAT_PATIENCE_NS - 1));
        assert!(talk.tick(asked + BEAT_PATIENCE_NS));
        // An answer in time ends the waiting.
        talk.answer(&said[0], &json!({}), asked);
        assert!(!talk.tick(asked + BEAT_PATIENCE_NS));
    }

    #[test]
    fn what_is_not_answered_has_failed_and_is_not_said_again() {
        let mut talk = Talk::new();
        talk.start(START_NS);
        talk.client.ended(START_NS + 2 * SECOND_NS);
        for message in 0..MOST_UNANSWERED {
            assert!(talk.say(message, START_NS));
        }
        assert!(!talk.say(MOST_UNANSWERED, START_NS));
        talk.tick(START_NS + PATIENCE_NS);
        assert_eq!(talk.news, vec![News::GaveUp { command: SEND }; MOST_UNANSWERED]);
        assert!(talk.client.has_answers());
        assert_eq!(commands(&talk.connect(START_NS + PATIENCE_NS)), [LOGIN, BEAT]);
    }

    #[test]
    fn whom_the_gateway_does_not_know_any_more_does_not_dial() {
        let mut talk = Talk::new();
        talk.start(START_NS);
        talk.client.ended(START_NS + 2 * SECOND_NS);
        let said = talk.connect(START_NS + 2 * SECOND_NS);
        talk.answer(&said[0], &json!({"ErrorCode": 70_001}), START_NS + 2 * SECOND_NS);
        assert_eq!(talk.news, [News::PutOut("70001".to_owned())]);
        talk.client.ended(START_NS + 5 * SECOND_NS);
        assert_eq!(talk.client.stage, Stage::PutOut);
    }
}
