//! One connection: reads messages, has what they ask for carried out, writes answers and pushes.
//!
//! One task serves a connection. Calls are begun in the order their frames came and go on side by side, up to a bound;
//! while it is reached nothing more is read, so a client that asks faster than it is served is slowed down by TCP.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt, poll};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Arrival, Session};
use crate::commands::{self, Effect};
use crate::edge::Edge;
use crate::hub::{Closing, Connection, PING, text_frame};

/// Messages that cannot be read, before the stream counts as broken.
const MAX_MALFORMED: u32 = 8;

/// A client that is silent for this long is gone.
const SILENCE: Duration = Duration::from_secs(90);

/// A silent client that does not speak up by itself is asked so often whether it is there. Proxies of the usual settings
/// end a connection on which nothing happens for a minute.
const ASK: Duration = Duration::from_secs(20);

/// A peer that takes nothing for this long is gone.
const WRITE_DEADLINE: Duration = Duration::from_secs(20);

/// A client whose connection lived shorter than this does not dial again by itself. Source: observed.
const SHORTEST_LIFE: Duration = Duration::from_millis(1100);

/// How long a polite end may take.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// The farewell to a client that is wanted again.
const COME_BACK: &str = "going down, come back";

/// More than this is not kept between two writes.
const SPARE_BYTES: usize = 16 * 1024;

/// What a message asks for, on its way.
pub(in crate::edge) type Call = Pin<Box<dyn Future<Output = Done> + Send>>;

type Calls = FuturesUnordered<Call>;

/// A call that was carried out.
pub(in crate::edge) struct Done {
    /// What is written to the client.
    pub(in crate::edge) reply: Option<String>,
    pub(in crate::edge) effect: Option<Effect>,
}

/// How a kind of client talks.
pub(in crate::edge) trait Speech: Send + Sync + 'static {
    /// Calls of one connection that may be under way at once.
    const AT_ONCE: usize;

    /// Whether a client that is silent is asked if it is there, because it does not speak up by itself.
    const IS_ASKED: bool;

    /// The call that a message asks for; for a message that cannot be read, what the client is told.
    fn begin(
        self: &Arc<Self>,
        edge: &Edge,
        session: Option<Arc<Session>>,
        payload: Bytes,
    ) -> Result<Call, String>;
}

/// Why a connection ends.
enum End {
    /// The peer said so, or is gone.
    Peer,
    /// We say so.
    Close(CloseCode, &'static str),
}

/// Serves a connection until it ends.
pub(super) async fn serve<S: Speech>(edge: Edge, socket: WebSocketStream<TcpStream>, arrival: Arrival<S>) {
    let mut served = Served {
        connection: arrival.connection,
        socket,
        speech: Arc::new(arrival.speech),
        session: arrival.session.map(Arc::new),
        calls: FuturesUnordered::new(),
        malformed: 0,
        since: Instant::now(),
        edge,
    };
    let end = served.run().await;
    Box::pin(served.finish(end)).await;
}

/// The connection is gone, and with it the place where its device was.
pub(super) async fn leave(edge: &Edge, connection: &Arc<Connection>, session: Option<&Session>) {
    let was_attached = edge.hub.disconnect(connection).await.is_some();
    if let Some(session) = session.filter(|_| was_attached) {
        commands::disconnected(&edge.context, session.app, &session.user, &session.device).await;
    }
}

struct Served<S> {
    edge: Edge,
    connection: Arc<Connection>,
    socket: WebSocketStream<TcpStream>,
    speech: Arc<S>,
    session: Option<Arc<Session>>,
    calls: Calls,
    malformed: u32,
    since: Instant,
}

impl<S: Speech> Served<S> {
    async fn run(&mut self) -> End {
        let stop = self.edge.stop.clone();
        let mut silent_since = Instant::now();
        let mut ask_at = silent_since + ASK;
        let mut drain_at: Option<Instant> = None;
        loop {
            let connection = self.connection.clone();
            let end = tokio::select! {
                () = connection.outbound.ready() => self.write().await,
                Some(done) = self.calls.next(), if !self.calls.is_empty() => {
                    self.complete(done).await;
                    None
                }
                message = self.socket.next(), if self.calls.len() < S::AT_ONCE => {
                    silent_since = Instant::now();
                    ask_at = silent_since + ASK;
                    self.read(message).await
                }
                () = tokio::time::sleep_until(ask_at), if S::IS_ASKED => {
                    ask_at += ASK;
                    self.connection.outbound.push(PING);
                    None
                }
                () = tokio::time::sleep_until(silent_since + SILENCE) => {
                    Some(End::Close(CloseCode::Away, "silent for too long"))
                }
                () = stop.cancelled(), if drain_at.is_none() => {
                    let window = self.edge.settings.drain.as_millis() as u64;
                    drain_at = Some(Instant::now() + Duration::from_millis(rand::random_range(0..=window)));
                    None
                }
                () = until(drain_at), if drain_at.is_some() => {
                    drain_at = None;
                    self.connection.outbound.close(Closing::GoingAway);
                    None
                }
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Takes in one message of the peer.
    async fn read(&mut self, message: Option<Result<Message, Error>>) -> Option<End> {
        let payload = match message {
            None | Some(Ok(Message::Close(_))) => return Some(End::Peer),
            Some(Err(Error::Capacity(error))) => {
                tracing::debug!(%error, "a frame is too large");
                return Some(End::Close(CloseCode::Size, "the frame is too large"));
            }
            Some(Err(Error::Utf8(_))) => return Some(End::Close(CloseCode::Invalid, "not UTF-8")),
            // The usual way of a client that is lost.
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                return Some(End::Peer);
            }
            Some(Err(Error::Protocol(error))) => {
                tracing::debug!(%error, "not WebSocket");
                return Some(End::Close(CloseCode::Protocol, "not WebSocket"));
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "a connection broke");
                return Some(End::Peer);
            }
            // Both kinds are understood on both paths; answers keep to the path's kind.
            Some(Ok(Message::Text(text))) => Bytes::from(text),
            Some(Ok(Message::Binary(bytes))) => bytes,
            // The library answers pings by itself.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return None,
        };
        self.begin(payload).await
    }

    /// Begins the call that a message asks for.
    async fn begin(&mut self, payload: Bytes) -> Option<End> {
        let is_here = |session: &&Arc<Session>| self.connection.is_attached(session.device.id);
        let session = self.session.as_ref().filter(is_here).cloned();
        let mut call = match self.speech.begin(&self.edge, session, payload) {
            Ok(call) => call,
            Err(reply) => {
                self.malformed += 1;
                if self.malformed >= MAX_MALFORMED {
                    return Some(End::Close(CloseCode::Invalid, "too many messages that cannot be read"));
                }
                self.push(&reply);
                return None;
            }
        };
        // The first step is taken here, so that what one client sends is stored in the order it was sent.
        match poll!(call.as_mut()) {
            Poll::Ready(done) => self.complete(done).await,
            Poll::Pending => self.calls.push(call),
        }
        None
    }

    /// Answers a call, after what it changes about this connection has been done.
    async fn complete(&mut self, done: Done) {
        let Some(effect) = done.effect else { return self.reply(done.reply.as_deref()) };
        // Rare and large: boxed, so that a connection at rest does not carry its state.
        Box::pin(self.set_session(Session::new(effect).map(Arc::new))).await;
        self.reply(done.reply.as_deref());
        // Another login may have put this device out before its connection could hear of it.
        let hub = self.edge.hub.clone();
        Box::pin(hub.verify(&self.connection)).await;
    }

    async fn set_session(&mut self, session: Option<Arc<Session>>) {
        let hub = self.edge.hub.clone();
        let Some(new) = &session else {
            hub.detach(&self.connection).await;
            self.session = None;
            return;
        };
        if let Some(old) = self.session.take_if(|old| old.user != new.user || old.app != new.app) {
            // Another user logged in where one had not logged out.
            commands::disconnected(&self.edge.context, old.app, &old.user, &old.device).await;
        }
        hub.attach(&self.connection, new.attachment()).await;
        self.session = session;
    }

    fn reply(&self, reply: Option<&str>) {
        if let Some(text) = reply {
            self.push(text);
        }
    }

    fn push(&self, text: &str) {
        self.connection.outbound.push(text_frame(self.connection.dialect, text));
    }

    /// Writes all that is queued with as few system calls as it takes.
    async fn write(&mut self) -> Option<End> {
        let (frames, closing) = self.connection.outbound.take();
        if closing != Some(Closing::Overflow) && !frames.is_empty() {
            let connection = self.connection.clone();
            let written = tokio::select! {
                written = tokio::time::timeout(WRITE_DEADLINE, write_frames(&mut self.socket, &frames)) => written,
                () = connection.outbound.overflowed() => return Some(End::Peer),
            };
            match written {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a connection broke");
                    return Some(End::Peer);
                }
                Err(_) => return Some(End::Peer),
            }
        }
        match closing {
            None => None,
            // A reader that is too slow reads no farewell either.
            Some(Closing::Overflow) => Some(End::Peer),
            Some(Closing::LoggedOut) => Some(End::Close(CloseCode::Normal, "logged out")),
            Some(Closing::GoingAway) if self.calls.is_empty() => {
                Some(End::Close(CloseCode::Restart, COME_BACK))
            }
            Some(Closing::GoingAway) => self.answer_the_rest().await,
        }
    }

    /// Before the end, what was begun is answered.
    async fn answer_the_rest(&mut self) -> Option<End> {
        let mut answers = Vec::new();
        while let Some(done) = self.calls.next().await {
            answers.extend(done.reply.map(|text| text_frame(self.connection.dialect, &text)));
        }
        let written = tokio::time::timeout(WRITE_DEADLINE, write_frames(&mut self.socket, &answers)).await;
        match written {
            Ok(Ok(())) => Some(End::Close(CloseCode::Restart, COME_BACK)),
            _ => Some(End::Peer),
        }
    }

    async fn finish(mut self, end: End) {
        if let End::Close(code, reason) = end {
            tokio::time::sleep_until(self.since + SHORTEST_LIFE).await;
            let frame = CloseFrame { code, reason: reason.into() };
            let close = async {
                self.socket.close(Some(frame)).await?;
                // The peer's answer ends the stream; what it still says is of no interest.
                while let Some(Ok(_)) = self.socket.next().await {}
                Ok::<_, Error>(())
            };
            let _ = tokio::time::timeout(CLOSE_DEADLINE, close).await;
        } else {
            // The library has an answer to the peer's farewell, if there was one: without it he takes this for a break.
            let _ = tokio::time::timeout(CLOSE_DEADLINE, self.socket.flush()).await;
        }
        leave(&self.edge, &self.connection, self.session.as_deref()).await;
        if !self.calls.is_empty() {
            self.edge.tasks.clone().spawn(finish_calls(self.edge, self.calls));
        }
    }
}

/// What was begun is carried to its end though nobody waits for the answer: a change in several steps is not left
/// half done. Each call has its deadline.
async fn finish_calls(edge: Edge, mut calls: Calls) {
    while let Some(done) = calls.next().await {
        if let Some(session) = done.effect.and_then(Session::new) {
            // A login without a connection: the device is not there.
            commands::disconnected(&edge.context, session.app, &session.user, &session.device).await;
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Writes finished frames to the stream beneath the library, whose own buffer is empty after its flush.
async fn write_frames(socket: &mut WebSocketStream<TcpStream>, frames: &[Bytes]) -> Result<(), Error> {
    socket.flush().await?;
    let stream = socket.get_mut();
    match frames {
        [] => {}
        [frame] => stream.write_all(frame).await?,
        frames => {
            let mut buffer = Vec::with_capacity(SPARE_BYTES);
            for frame in frames {
                if !buffer.is_empty() && buffer.len() + frame.len() > SPARE_BYTES {
                    stream.write_all(&buffer).await?;
                    buffer.clear();
                }
                buffer.extend_from_slice(frame);
            }
            stream.write_all(&buffer).await?;
        }
    }
    Ok(())
}
