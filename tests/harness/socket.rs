//! A client's WebSocket connection: requests out, answers paired by command and number, pushes collected.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::{Answer, DEADLINE};

/// Which path, and with it which kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `/binfo`
    Binary,
    /// `/info`
    Text,
}

impl Dialect {
    pub fn path(self) -> &'static str {
        match self {
            Dialect::Binary => "/binfo",
            Dialect::Text => "/info",
        }
    }

    fn message(self, text: String) -> Message {
        match self {
            Dialect::Binary => Message::binary(text.into_bytes()),
            Dialect::Text => Message::text(text),
        }
    }
}

/// One thing that was pushed: an element of `EventArray`, or the whole body where there is none.
#[derive(Clone, Debug)]
pub struct Event {
    pub servcmd: String,
    pub value: Value,
    /// When it was read.
    pub at: Instant,
}

/// What became of a request, where a test reckons with all of it.
#[derive(Clone, Debug)]
pub enum Outcome {
    Answer(Answer),
    /// The connection ended before an answer came.
    Lost,
    /// No answer came in the time that was given.
    Late,
}

/// A request whose answer is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    pub servcmd: String,
    pub seq: u64,
}

#[derive(Default)]
struct Inbox {
    answers: HashMap<(String, u64), Value>,
    /// Numbers of the requests that were sent.
    asked: HashMap<(String, u64), bool>,
    events: Vec<Event>,
    /// Those of `events` that no `expect` has taken yet.
    fresh: Vec<Event>,
    /// What acknowledges the pushes that asked for it.
    receipts: Vec<String>,
    /// What no gateway may do.
    faults: Vec<String>,
    /// The close code, 1006 when there was none.
    closed: Option<u16>,
}

type Stream = WebSocketStream<TcpStream>;

/// A connection. It is closed with the value.
pub struct Socket {
    dialect: Dialect,
    sink: tokio::sync::Mutex<SplitSink<Stream, Message>>,
    inbox: Arc<Mutex<Inbox>>,
    changed: watch::Receiver<u64>,
    reader: JoinHandle<()>,
    next_seq: AtomicU64,
}

impl Socket {
    pub async fn connect(address: SocketAddr, dialect: Dialect, query: &str) -> Self {
        Self::try_connect(address, dialect, query).await.unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    /// Connects where somebody may be who listens.
    pub async fn try_connect(address: SocketAddr, dialect: Dialect, query: &str) -> Result<Self, String> {
        let open = async {
            let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
            stream.set_nodelay(true).map_err(|error| error.to_string())?;
            let url = format!("ws://{address}{}?{query}", dialect.path());
            tokio_tungstenite::client_async(url, stream).await.map_err(|error| error.to_string())
        };
        let (stream, _) = timeout(DEADLINE, open).await.map_err(|_| "no upgrade in time".to_owned())??;
        let (sink, stream) = stream.split();
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let (change, changed) = watch::channel(0);
        let reader = tokio::spawn(read(stream, dialect, inbox.clone(), change));
        let sink = tokio::sync::Mutex::new(sink);
        Ok(Self { dialect, sink, inbox, changed, reader, next_seq: AtomicU64::new(1000) })
    }

    pub fn fresh_seq(&self) -> u64 {
        self.next_seq.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends a request frame. Its head names the command and the number.
    pub async fn send(&self, head: &Value, body: &Value) -> Request {
        let request = Request {
            servcmd: head["servcmd"].as_str().unwrap().to_owned(),
            seq: head["seq"].as_u64().unwrap(),
        };
        self.note(&request);
        self.send_text(json!({"head": head, "body": body}).to_string()).await;
        request
    }

    /// Awaits an answer to a request that is sent by hand.
    pub fn note(&self, request: &Request) {
        let mut inbox = self.inbox.lock().unwrap();
        inbox.asked.insert((request.servcmd.clone(), request.seq), false);
        inbox.answers.remove(&(request.servcmd.clone(), request.seq));
    }

    /// Sends any text as a message of the connection's kind.
    pub async fn send_text(&self, text: String) {
        self.send_message(self.dialect.message(text)).await;
    }

    /// A connection that the gateway has closed takes nothing more: the test sees it where it waits.
    pub async fn send_message(&self, message: Message) {
        let mut sink = self.sink.lock().await;
        let _ = timeout(DEADLINE, sink.send(message)).await.expect("the gateway reads in time");
    }

    /// Many messages with one flush at the end.
    pub async fn send_all(&self, texts: impl IntoIterator<Item = String>) {
        let mut sink = self.sink.lock().await;
        let send = async {
            for text in texts {
                sink.feed(self.dialect.message(text)).await?;
            }
            sink.flush().await
        };
        let _ = timeout(DEADLINE, send).await.expect("the gateway reads in time");
    }

    pub async fn answer(&self, request: &Request) -> Answer {
        let key = (request.servcmd.clone(), request.seq);
        let what = format!("an answer to {} {}", request.servcmd, request.seq);
        let body = self.wait(&what, |inbox| inbox.answers.remove(&key)).await;
        Answer { servcmd: request.servcmd.clone(), body }
    }

    /// What becomes of a request in the time that a client would wait for it.
    pub async fn outcome(&self, request: &Request, patience: Duration) -> Outcome {
        let mut changed = self.changed.clone();
        let wait = async {
            loop {
                changed.borrow_and_update();
                if let Some(answer) = self.answered(request) {
                    return Outcome::Answer(answer);
                }
                if self.is_closed() || changed.changed().await.is_err() {
                    return self.answered(request).map_or(Outcome::Lost, Outcome::Answer);
                }
            }
        };
        timeout(patience, wait).await.unwrap_or(Outcome::Late)
    }

    /// The answer, if it has come.
    pub fn answered(&self, request: &Request) -> Option<Answer> {
        let key = (request.servcmd.clone(), request.seq);
        let body = self.inbox.lock().unwrap().answers.remove(&key)?;
        Some(Answer { servcmd: request.servcmd.clone(), body })
    }

    /// Waits for an event of which `is_it` is true, and takes it.
    pub async fn expect_event(&self, what: &str, mut is_it: impl FnMut(&Event) -> bool) -> Event {
        self.wait(what, |inbox| {
            let index = inbox.fresh.iter().position(&mut is_it)?;
            Some(inbox.fresh.remove(index))
        })
        .await
    }

    /// Waits until what was pushed so far satisfies `is_enough`.
    pub async fn until(&self, what: &str, mut is_enough: impl FnMut(&[Event]) -> bool) {
        self.wait(what, |inbox| is_enough(&inbox.events).then_some(())).await;
    }

    /// Everything that was pushed, in its order.
    pub fn events(&self) -> Vec<Event> {
        self.inbox.lock().unwrap().events.clone()
    }

    /// What acknowledges the pushes that asked for it, in their order.
    pub fn receipts(&self) -> Vec<String> {
        self.inbox.lock().unwrap().receipts.clone()
    }

    /// Everything that was pushed since the last call, in its order. It is kept no longer.
    pub fn take_events(&self) -> Vec<Event> {
        let mut inbox = self.inbox.lock().unwrap();
        assert!(inbox.faults.is_empty(), "the gateway must not: {:#?}", inbox.faults);
        inbox.fresh.clear();
        std::mem::take(&mut inbox.events)
    }

    /// Waits for the end of the connection, however long it takes.
    pub async fn end(&self) -> u16 {
        let mut changed = self.changed.clone();
        loop {
            changed.borrow_and_update();
            if let Some(code) = self.inbox.lock().unwrap().closed {
                return code;
            }
            if changed.changed().await.is_err() {
                return self.inbox.lock().unwrap().closed.unwrap_or(1006);
            }
        }
    }

    /// Waits until something else has come: an answer, a push, the end.
    pub async fn changed(&self) {
        let mut changed = self.changed.clone();
        changed.mark_unchanged();
        let _ = changed.changed().await;
    }

    /// Says goodbye and waits until the gateway is done with the connection.
    pub async fn close(&self) {
        self.send_message(Message::Close(None)).await;
        self.closed().await;
    }

    /// Waits for the end of the connection and gives the close code.
    pub async fn closed(&self) -> u16 {
        self.wait("the end of the connection", |inbox| inbox.closed).await
    }

    pub fn is_closed(&self) -> bool {
        self.inbox.lock().unwrap().closed.is_some()
    }

    async fn wait<T>(&self, what: &str, mut look: impl FnMut(&mut Inbox) -> Option<T>) -> T {
        let mut changed = self.changed.clone();
        let search = async {
            loop {
                changed.borrow_and_update();
                {
                    let mut inbox = self.inbox.lock().unwrap();
                    assert!(inbox.faults.is_empty(), "the gateway must not: {:#?}", inbox.faults);
                    if let Some(found) = look(&mut inbox) {
                        return Some(found);
                    }
                    if inbox.closed.is_some() {
                        return None;
                    }
                }
                if changed.changed().await.is_err() {
                    // The reader is gone; what it left is looked at once more.
                    return look(&mut self.inbox.lock().unwrap());
                }
            }
        };
        match timeout(DEADLINE, search).await {
            Ok(Some(found)) => found,
            Ok(None) => panic!("{what}: the connection ended before, {}", self.state()),
            Err(_) => panic!("{what}: did not come in time, {}", self.state()),
        }
    }

    fn state(&self) -> String {
        let inbox = self.inbox.lock().unwrap();
        let last: Vec<String> = inbox.events.iter().rev().take(5).map(|event| format!("{event:?}")).collect();
        format!("closed {:?}, {} events, the last: {last:#?}", inbox.closed, inbox.events.len())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read(
    mut stream: SplitStream<Stream>,
    dialect: Dialect,
    inbox: Arc<Mutex<Inbox>>,
    change: watch::Sender<u64>,
) {
    let mut code = None;
    while let Some(Ok(message)) = stream.next().await {
        let text = match (message, dialect) {
            (Message::Close(frame), _) => {
                code = frame.map(|frame| u16::from(frame.code));
                continue;
            }
            (Message::Binary(bytes), Dialect::Binary) => bytes.to_vec(),
            (Message::Text(text), Dialect::Text) => text.as_bytes().to_vec(),
            (Message::Ping(_) | Message::Pong(_), _) => continue,
            (message, _) => {
                inbox.lock().unwrap().faults.push(format!("send another kind of message: {message}"));
                continue;
            }
        };
        inbox.lock().unwrap().take_in(&text);
        change.send_modify(|version| *version += 1);
    }
    inbox.lock().unwrap().closed = Some(code.unwrap_or(1006));
    change.send_modify(|version| *version += 1);
}

impl Inbox {
    fn take_in(&mut self, text: &[u8]) {
        let frame: Value = match serde_json::from_slice(text) {
            Ok(frame) => frame,
            Err(error) => {
                return self.faults.push(format!("send {error}: {}", String::from_utf8_lossy(text)));
            }
        };
        let servcmd = frame["head"]["servcmd"].as_str().unwrap_or_default().to_owned();
        let key = (servcmd, frame["head"]["seq"].as_u64().unwrap_or(0));
        let is_answer = self.asked.contains_key(&key);
        // Without a body, and in a push without a dot in the name, the real client throws.
        if !frame["body"].is_object() || !(is_answer || key.0.contains('.')) {
            return self.faults.push(format!("send a frame that clients choke on: {frame}"));
        }
        match self.asked.get_mut(&key) {
            Some(is_answered) if !*is_answered => {
                *is_answered = true;
                self.answers.insert(key, frame["body"].clone());
            }
            Some(_) => self.faults.push(format!("answer twice: {frame}")),
            None => self.push(&key.0, &frame["body"]),
        }
    }

    fn push(&mut self, servcmd: &str, body: &Value) {
        let at = Instant::now();
        let event = |value: &Value| Event { servcmd: servcmd.to_owned(), value: value.clone(), at };
        let events: Vec<Event> = match body["EventArray"].as_array() {
            Some(events) => events.iter().map(event).collect(),
            None => vec![event(body)],
        };
        self.fresh.extend(events.iter().cloned());
        self.events.extend(events);
        if body["NeedAck"] == 1 {
            self.receipts.push(body["SessionData"].as_str().unwrap_or_default().to_owned());
        }
    }
}
