//! Whoever is at the other end of an HTTP connection, and what time they have for what they are doing.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::admission::{Place, Refused};
use crate::config::Connections;

/// A peer that takes nothing for this long is gone.
pub(super) const WRITE_DEADLINE: Duration = Duration::from_secs(20);

/// The same when the node goes down.
pub(super) const LAST_WRITE_DEADLINE: Duration = Duration::from_secs(2);

/// Whoever gets a single answer has this long to ask.
const SPARE_DEADLINE: Duration = Duration::from_secs(2);

/// What the peer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// They may ask again, or not.
    Idle { since: Instant },
    /// A request's head is on its way; whether anything of it has come.
    Asking { since: Instant, has_begun: bool },
    /// They are answered.
    Answered,
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    Idle,
    Head,
    /// They take nothing of what is written.
    Write,
}

struct State {
    phase: Phase,
    /// Since when nothing is taken though there is something.
    stuck_since: Option<Instant>,
    /// Taken by the WebSocket that becomes of the connection.
    place: Option<Place>,
}

/// The peer of one connection.
pub(super) struct Peer {
    /// Who they are, as far as the connection tells: a proxy, perhaps.
    pub(super) from: IpAddr,
    pub(super) is_spare: bool,
    state: Mutex<State>,
}

impl Peer {
    pub(super) fn new(from: IpAddr, place: Place, has_begun: bool) -> Arc<Self> {
        let is_spare = place.is_spare();
        let phase = Phase::Asking { since: Instant::now(), has_begun };
        let state = State { phase, stuck_since: None, place: Some(place) };
        Arc::new(Self { from, is_spare, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something has come.
    fn heard(&self) {
        let mut state = self.state();
        match &mut state.phase {
            Phase::Idle { .. } => {
                state.phase = Phase::Asking { since: Instant::now(), has_begun: true };
            }
            Phase::Asking { has_begun, .. } => *has_begun = true,
            Phase::Answered => {}
        }
    }

    fn wrote(&self, is_taken: bool) {
        let mut state = self.state();
        state.stuck_since = if is_taken { None } else { state.stuck_since.or_else(|| Some(Instant::now())) };
    }

    /// A request is there.
    pub(super) fn begin(&self) {
        let mut state = self.state();
        state.phase = Phase::Answered;
        if let Some(place) = &mut state.place {
            place.set_busy(true);
        }
    }

    /// It is answered.
    pub(super) fn finish(&self) {
        let mut state = self.state();
        state.phase = Phase::Idle { since: Instant::now() };
        if let Some(place) = &mut state.place {
            place.wait();
        }
    }

    /// It is known now whose connection it is.
    pub(super) fn claim(&self, from: IpAddr) -> Result<(), Refused> {
        self.state().place.as_mut().map_or(Ok(()), |place| place.claim(from))
    }

    /// Takes the place along to what becomes of the connection.
    pub(super) fn take_place(&self) -> Option<Place> {
        self.state().place.take()
    }

    /// Ready when the peer is to make room.
    pub(super) fn poll_asked(&self, context: &mut Context<'_>) -> Poll<()> {
        let state = self.state();
        let door = state.place.as_ref().and_then(Place::door);
        door.map_or(Poll::Pending, |door| door.poll_asked(context))
    }

    /// When the connection is to be ended unless something happens, and why.
    pub(super) fn deadline(&self, settings: &Connections, is_stopping: bool) -> Option<(Instant, Overdue)> {
        let state = self.state();
        let phase = match state.phase {
            Phase::Answered => None,
            // Nothing was begun.
            Phase::Idle { since } if is_stopping || self.is_spare => Some((since, Overdue::Idle)),
            Phase::Asking { since, .. } if is_stopping => Some((since, Overdue::Idle)),
            Phase::Idle { since } => Some((since + settings.keep_alive, Overdue::Idle)),
            Phase::Asking { since, has_begun } => {
                let time = if self.is_spare { settings.head.min(SPARE_DEADLINE) } else { settings.head };
                // Browsers connect at a mere guess that they will ask.
                Some((since + time, if has_begun { Overdue::Head } else { Overdue::Idle }))
            }
        };
        let time = if is_stopping { LAST_WRITE_DEADLINE } else { WRITE_DEADLINE };
        let write = state.stuck_since.map(|since| (since + time, Overdue::Write));
        match write {
            // What is being written is the answer: its reader has the time that writing has.
            Some(_) => write,
            None => phase,
        }
    }
}

/// A connection that tells its peer's state what happens on it.
pub(super) struct Watched {
    stream: TcpStream,
    /// What was read before anybody asked for it.
    begun: BytesMut,
    peer: Arc<Peer>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, begun: BytesMut, peer: Arc<Peer>) -> Self {
        Self { stream, begun, peer }
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.peer.wrote(written.is_ready());
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.begun.has_remaining() {
            let count = self.begun.len().min(buffer.remaining());
            buffer.put_slice(&self.begun.split_to(count));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        std::task::ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.peer.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
