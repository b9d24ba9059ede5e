//! One connection: reads frames, has them carried out, writes answers and pushes.
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
use protocol::envelope::{self, Frame};
use protocol::{ErrorCode, Failure};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::session::{Session, identity};
use super::upgrade::Client;
use crate::commands::{self, Answer};
use crate::edge::Edge;
use crate::hub::{Attachment, Closing, Connection, DeviceClaim, text_frame};

/// Calls of one connection that may be under way at once.
const MAX_CALLS: usize = 64;

/// Frames that are no frames, before the stream counts as broken.
const MAX_MALFORMED: u32 = 8;

/// A client pings after 10 s without an inbound frame and says hello in between; one that is silent for this long is gone.
const SILENCE: Duration = Duration::from_secs(90);

/// A peer that takes nothing for this long is gone.
const WRITE_DEADLINE: Duration = Duration::from_secs(20);

/// A client whose connection lived shorter than this does not dial again by itself. Source: observed.
const SHORTEST_LIFE: Duration = Duration::from_millis(1100);

/// How long a polite end may take.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// More than this is not kept between two writes.
const SPARE_BYTES: usize = 16 * 1024;

/// The command under which a frame that cannot be read is answered: there is no request to pair the answer with,
/// and clients ignore pushes of names that they do not know.
const MALFORMED: &str = "gateway.malformed_frame";

type Calls = FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send>>>;

/// A call that was carried out.
struct Done {
    servcmd: String,
    seq: u64,
    answer: Answer,
}

/// Why a connection ends.
enum End {
    /// The peer said so, or is gone.
    Peer,
    /// We say so.
    Close(CloseCode, &'static str),
}

/// Serves a connection until it ends.
pub(super) async fn serve(edge: Edge, socket: WebSocketStream<TcpStream>, client: Client) {
    let connection = edge.hub.connect(client.dialect, edge.settings.queue_bytes);
    let mut served = Served {
        connection,
        socket,
        client: Arc::new(client),
        session: None,
        calls: FuturesUnordered::new(),
        malformed: 0,
        since: Instant::now(),
        edge,
    };
    let end = served.run().await;
    Box::pin(served.finish(end)).await;
}

struct Served {
    edge: Edge,
    connection: Arc<Connection>,
    socket: WebSocketStream<TcpStream>,
    client: Arc<Client>,
    session: Option<Arc<Session>>,
    calls: Calls,
    malformed: u32,
    since: Instant,
}

impl Served {
    async fn run(&mut self) -> End {
        let stop = self.edge.stop.clone();
        let mut silent_since = Instant::now();
        let mut drain_at: Option<Instant> = None;
        loop {
            let connection = self.connection.clone();
            let end = tokio::select! {
                () = connection.outbound.ready() => self.write().await,
                Some(done) = self.calls.next(), if !self.calls.is_empty() => {
                    self.complete(done).await;
                    None
                }
                message = self.socket.next(), if self.calls.len() < MAX_CALLS => {
                    silent_since = Instant::now();
                    self.read(message).await
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

    /// Begins the call that a frame asks for.
    async fn begin(&mut self, payload: Bytes) -> Option<End> {
        if let Err(failure) = readable(&payload) {
            self.malformed += 1;
            if self.malformed >= MAX_MALFORMED {
                return Some(End::Close(CloseCode::Invalid, "too many frames that cannot be read"));
            }
            self.push(&envelope::push(MALFORMED, &envelope::refusal(&failure)));
            return None;
        }
        let is_here = |session: &&Arc<Session>| self.connection.is_attached(session.device.id);
        let session = self.session.as_ref().filter(is_here).cloned();
        let (edge, client) = (self.edge.clone(), self.client.clone());
        let mut call: Pin<Box<dyn Future<Output = Done> + Send>> =
            Box::pin(async move { carry_out(&edge, &client, session.as_deref(), &payload).await });
        // The first step is taken here, so that what one client sends is stored in the order it was sent.
        match poll!(call.as_mut()) {
            Poll::Ready(done) => self.complete(done).await,
            Poll::Pending => self.calls.push(call),
        }
        None
    }

    /// Answers a call, after what it changes about this connection has been done.
    async fn complete(&mut self, done: Done) {
        let answer = envelope::answer(&done.servcmd, done.seq, &done.answer.body);
        let Some(effect) = done.answer.effect else { return self.push(&answer) };
        // Rare and large: boxed, so that a connection at rest does not carry its state.
        Box::pin(self.set_session(Session::new(effect).map(Arc::new))).await;
        self.push(&answer);
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
        let device =
            DeviceClaim { id: new.device.id, platform: new.device.platform, since: new.device.since };
        hub.attach(&self.connection, Attachment { app: new.app, user: new.user.clone(), device }).await;
        self.session = session;
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
            Some(Closing::GoingAway) if self.calls.is_empty() => {
                Some(End::Close(CloseCode::Restart, "going down, come back"))
            }
            Some(Closing::GoingAway) => self.answer_the_rest().await,
        }
    }

    /// Before the end, what was begun is answered.
    async fn answer_the_rest(&mut self) -> Option<End> {
        let mut answers = Vec::new();
        while let Some(done) = self.calls.next().await {
            let text = envelope::answer(&done.servcmd, done.seq, &done.answer.body);
            answers.push(text_frame(self.connection.dialect, &text));
        }
        let written = tokio::time::timeout(WRITE_DEADLINE, write_frames(&mut self.socket, &answers)).await;
        match written {
            Ok(Ok(())) => Some(End::Close(CloseCode::Restart, "going down, come back")),
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
        }
        let was_attached = self.edge.hub.disconnect(&self.connection).await.is_some();
        if let Some(session) = self.session.filter(|_| was_attached) {
            commands::disconnected(&self.edge.context, session.app, &session.user, &session.device).await;
        }
        if !self.calls.is_empty() {
            self.edge.tasks.clone().spawn(finish_calls(self.edge, self.calls));
        }
    }
}

/// What was begun is carried to its end though nobody waits for the answer: a change in several steps is not left
/// half done. Each call has its deadline.
async fn finish_calls(edge: Edge, mut calls: Calls) {
    while let Some(done) = calls.next().await {
        if let Some(session) = done.answer.effect.and_then(Session::new) {
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

/// Whether the payload is a frame whose request can be answered.
fn readable(payload: &[u8]) -> Result<(), Failure> {
    let frame = Frame::parse(payload)?;
    if frame.head.servcmd.is_empty() {
        return Err(Failure::because(ErrorCode::NOT_JSON, "head.servcmd is missing"));
    }
    Ok(())
}

async fn carry_out(edge: &Edge, client: &Client, session: Option<&Session>, payload: &[u8]) -> Done {
    match Frame::parse(payload) {
        Ok(frame) => {
            let identity = identity(session, client, &frame.head);
            let servcmd = frame.head.servcmd.as_ref();
            let answer = match frame.body() {
                Ok(body) => commands::dispatch(&edge.context, identity, servcmd, body).await,
                Err(failure) => Answer::refusal(&failure),
            };
            Done { servcmd: servcmd.to_owned(), seq: frame.head.seq, answer }
        }
        Err(failure) => Done { servcmd: MALFORMED.to_owned(), seq: 0, answer: Answer::refusal(&failure) },
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
