//! One connection: reads messages, has what they ask for carried out, writes answers and pushes.
//!
//! One task serves a connection. Calls are begun in the order their frames came and go on side by side, up to a bound;
//! while it is reached nothing more is read, so a client that asks faster than it is served is slowed down by TCP.
//!
//! Most connections are silent most of the time, so what lies here while nothing happens is kept small: no buffer, one
//! timer, and nothing of a call that has ended. Answers and pushes are written by whoever has them (`hub::Outbound`).

mod returning;

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use protocol::id::{AppId, Millis};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

pub(in crate::edge) use self::returning::Settling;
use self::returning::{Arriving, Heard, Hold, Telling, ToSync};
use super::calls::Calls;
use super::inbound::{Inbound, Received};
use super::{Arrival, Session};
use crate::commands::{self, Effect};
use crate::edge::Edge;
use crate::edge::admission::{CountedLogin, Place};
use crate::edge::peer::{LAST_WRITE_DEADLINE, WRITE_DEADLINE};
use crate::edge::unfinished::{Full, Share};
use crate::hub::{
    Closing, Coming, Connection, Going, Missed, NotFollowed, PING, Pipe, close_frame, pong_frame, text_frame,
};
use crate::telemetry::Bound;

/// Messages that cannot be read, before the stream counts as broken.
const MAX_MALFORMED: u32 = 8;

/// A client that is silent for this long is gone.
const SILENCE: Duration = Duration::from_secs(90);

/// A silent client that does not speak up by itself is asked so often whether it is there. Proxies of the usual settings
/// end a connection on which nothing happens for a minute.
const ASK: Duration = Duration::from_secs(20);

/// How long a polite end may take.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// The farewell to a client that is wanted again.
const COME_BACK: &str = "going down, come back";

/// What one read takes at most.
const READ_BYTES: usize = 64 * 1024;

/// What is read of one connection before it is another's turn.
const TURN_BYTES: usize = 64 * 1024;

thread_local! {
    /// What is read lies here until it is taken apart: one buffer for all connections of a thread.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// What a message asks for, on its way.
pub(in crate::edge) type Call = Pin<Box<dyn Future<Output = Done> + Send>>;

/// A call that was carried out.
#[derive(Default)]
pub(in crate::edge) struct Done {
    /// What is written to the client.
    pub(in crate::edge) reply: Option<String>,
    pub(in crate::edge) effect: Option<Box<Effect>>,
    /// Counts a login until the hub does.
    pub(in crate::edge) arrival: Option<CountedLogin>,
    /// Whether the message could not be read at all.
    pub(in crate::edge) is_malformed: bool,
}

/// How a kind of client talks.
pub(in crate::edge) trait ClientProtocol: Send + Sync + 'static {
    /// Calls of one connection that may be under way at once.
    const AT_ONCE: usize;

    /// Whether a client that is silent is asked if it is there, because it does not speak up by itself.
    const IS_ASKED: bool;

    /// Whether it acknowledges what it is asked to.
    const GIVES_RECEIPTS: bool;

    /// A client whose connection lived shorter than this does not dial again by itself: it is not ended before. Source:
    /// observed.
    const SHORTEST_LIFE: Duration = Duration::from_millis(1100);

    /// Whether what a message asks for is answered after all that was asked for so before.
    fn is_answered_in_order(_payload: &[u8]) -> bool {
        false
    }

    /// The call that a message asks for.
    fn begin(
        self: &Arc<Self>,
        edge: &Edge,
        session: Option<Arc<Session>>,
        settling: Option<Settling>,
        is_text: bool,
        payload: Bytes,
    ) -> Call;
}

/// Why a connection ends.
enum End {
    /// The peer is gone, or takes nothing more.
    Gone,
    /// The peer says farewell.
    Farewell(Option<CloseCode>),
    /// We say so.
    Close(CloseCode, &'static str),
}

/// What a connection has to do next.
enum Next {
    Done(Done),
    Followed(Result<Missed, NotFollowed>),
    Closing(Closing),
    End(End),
    Moment,
    Stop,
}

impl Pipe for OwnedWriteHalf {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        OwnedWriteHalf::try_write(self, bytes)
    }

    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        OwnedWriteHalf::try_write_vectored(self, pieces)
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.as_ref().poll_write_ready(context)
    }
}

/// Serves a connection until it ends. `read` is what came behind the client's request.
pub(super) fn serve<S: ClientProtocol>(
    edge: Edge,
    stream: TcpStream,
    mut read: Vec<u8>,
    arrival: Arrival<S>,
    mut place: Place,
) -> impl Future<Output = ()> + Send {
    let (reader, writer) = stream.into_split();
    arrival.connection.outbound.open(writer);
    let mut inbound = Inbound::new(edge.settings.connections.max_frame_bytes);
    inbound.take_in(&mut read);
    if arrival.session.is_some() {
        place.log_in();
    }
    let now = Instant::now();
    let position = arrival.session.as_ref().map_or(Millis(0), |session| session.device.position);
    let mut served = Served {
        connection: arrival.connection,
        reader,
        inbound,
        protocol: Arc::new(arrival.protocol),
        session: arrival.session.map(Arc::new),
        calls: None,
        arriving: None,
        to_sync: None,
        heard: Heard::since(now, position),
        telling: None,
        early: None,
        asks_in_order: false,
        malformed: 0,
        since: now,
        heard_at: now,
        unfinished: None,
        is_leaving: false,
        place,
        edge,
    };
    async move {
        let end = served.run().await;
        Box::pin(served.finish(end)).await;
    }
}

/// The connection is gone, and with it the place where its device was.
pub(super) async fn leave(edge: &Edge, connection: &Arc<Connection>, session: Option<&Session>) {
    let was_attached = edge.hub.disconnect(connection).is_some();
    if let Some(session) = session.filter(|_| was_attached) {
        commands::disconnected(&edge.context, session.app, &session.user, &session.device).await;
    }
}

struct Served<S> {
    edge: Edge,
    connection: Arc<Connection>,
    reader: OwnedReadHalf,
    inbound: Inbound,
    protocol: Arc<S>,
    session: Option<Arc<Session>>,
    /// Absent while there are none.
    calls: Option<Box<Calls>>,
    /// Present while a login waits to be answered.
    arriving: Option<Box<Arriving>>,
    /// Present while the client has yet to ask for the notices that it missed.
    to_sync: Option<ToSync>,
    heard: Heard,
    /// Present while the client is told what it missed.
    telling: Option<Box<Telling>>,
    /// Present when something was asked for before a login.
    early: Option<Hold>,
    /// Whether answers are to come that the client takes in order.
    asks_in_order: bool,
    malformed: u32,
    since: Instant,
    /// When the peer last said something.
    heard_at: Instant,
    /// Present while a message has not come whole.
    unfinished: Option<Box<Partial>>,
    /// It is asked to go: what it does not take is not waited for.
    is_leaving: bool,
    place: Place,
}

/// A message of which some has come.
struct Partial {
    since: Instant,
    share: Share,
}

impl<S: ClientProtocol> Served<S> {
    async fn run(&mut self) -> End {
        let edge = self.edge.clone();
        let mut stop = pin!(edge.stop.cancelled());
        let mut drain_at = None;
        let mut asked_at = self.heard_at;
        let mut is_stopping = false;
        let mut timer = pin!(tokio::time::sleep_until(self.next_moment(asked_at, drain_at)));
        loop {
            let next = std::future::poll_fn(|context| {
                if !is_stopping && stop.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Next::Stop);
                }
                self.poll_next(context, timer.as_mut())
            });
            match next.await {
                Next::Done(done) => {
                    self.complete(done).await;
                    self.settle(Instant::now());
                    self.end_questions();
                }
                Next::Followed(followed) => Box::pin(self.arrive(followed)).await,
                Next::Closing(Closing::GoingAway) => return End::Close(CloseCode::Restart, COME_BACK),
                Next::Closing(Closing::LoggedOut) => return End::Close(CloseCode::Normal, "logged out"),
                // A reader that is too slow reads no farewell either.
                Next::Closing(Closing::Overflow | Closing::Broken) => return End::Gone,
                Next::End(end) => return end,
                Next::Stop => {
                    is_stopping = true;
                    drain_at = Some(Instant::now() + self.edge.leaves_after());
                }
                Next::Moment => {
                    let now = Instant::now();
                    if let Some(end) = self.overdue(now) {
                        return end;
                    }
                    if S::IS_ASKED && self.heard_at.max(asked_at) + ASK <= now {
                        asked_at = now;
                        self.connection.outbound.say(&PING);
                    }
                    if drain_at.take_if(|at| *at <= now).is_some() {
                        self.is_leaving = true;
                        self.connection.outbound.close(Closing::GoingAway);
                    }
                    self.end_waiting(now);
                }
            }
            // What was heard meanwhile does not move the timer: it is looked at when it rings.
            let moment = self.next_moment(asked_at, drain_at);
            if timer.is_elapsed() || moment < timer.deadline() {
                timer.as_mut().reset(moment);
            }
        }
    }

    /// When something is to be done though nothing happens.
    fn next_moment(&self, asked_at: Instant, drain_at: Option<Instant>) -> Instant {
        let mut moment = self.heard_at + SILENCE;
        if S::IS_ASKED {
            moment = moment.min(self.heard_at.max(asked_at) + ASK);
        }
        let others = [
            drain_at,
            self.returning_moment(),
            self.session_end(),
            self.message_moment(),
            self.login_moment(),
        ];
        others.into_iter().flatten().fold(moment, Instant::min)
    }

    /// When the rest of a message has to be there.
    fn message_moment(&self) -> Option<Instant> {
        self.unfinished.as_ref().map(|partial| partial.since + self.edge.settings.connections.message)
    }

    /// When somebody has to be logged in.
    fn login_moment(&self) -> Option<Instant> {
        if self.is_asking() || self.arriving.is_some() {
            // They may be about to.
            return None;
        }
        self.place.waits_since().map(|since| since + self.edge.settings.connections.login)
    }

    fn write_deadline(&self) -> Duration {
        if self.is_leaving { LAST_WRITE_DEADLINE } else { WRITE_DEADLINE }
    }

    fn session_end(&self) -> Option<Instant> {
        self.session.as_ref()?.ends_at
    }

    fn is_asking(&self) -> bool {
        self.calls.as_ref().is_some_and(|calls| calls.len() > 0)
    }

    /// The end of one who is silent or takes nothing for too long.
    fn overdue(&mut self, now: Instant) -> Option<End> {
        if self.message_moment().is_some_and(|moment| moment <= now) {
            Bound::MessageTime.refused(self.whom());
            return Some(End::Close(CloseCode::Policy, "the rest of a message did not come"));
        }
        let has_nobody = self.arriving.is_none() && self.connection.attachment().is_none();
        if has_nobody && self.place.waits_since().is_none() {
            // Another device has put this one out.
            self.place.wait();
        }
        if has_nobody && self.login_moment().is_some_and(|moment| moment <= now) {
            Bound::LoginTime.refused("a WebSocket");
            return Some(End::Close(CloseCode::Policy, "nobody has logged in"));
        }
        if self.heard_at + SILENCE <= now {
            return Some(End::Close(CloseCode::Away, "silent for too long"));
        }
        // It was told so by the refusal of whatever it asked for since.
        if self.session_end().is_some_and(|end| end <= now) {
            return Some(End::Close(CloseCode::Normal, "the session is over"));
        }
        let stuck_since = self.connection.outbound.stuck_since();
        if stuck_since.is_none_or(|since| since + self.write_deadline() > now) {
            return None;
        }
        metrics::counter!("gateway_slow_readers_total").increment(1);
        Some(End::Gone)
    }

    /// Who it is, for the log.
    fn whom(&self) -> String {
        match &self.session {
            Some(session) => session.user.to_string(),
            None => "somebody who is not logged in".to_owned(),
        }
    }

    /// What is to be done next. Cancelling loses nothing.
    fn poll_next(&mut self, context: &mut Context<'_>, mut timer: Pin<&mut Sleep>) -> Poll<Next> {
        if S::GIVES_RECEIPTS && self.arriving.is_none() && self.session.is_some() {
            self.ask_receipt();
        }
        let closing = self.connection.outbound.poll_closing(context);
        if let Some(calls) = &mut self.calls {
            match calls.poll_next(context) {
                Poll::Ready(Some(done)) => return Poll::Ready(Next::Done(done)),
                Poll::Ready(None) => {
                    self.calls = None;
                    self.tell_door();
                }
                Poll::Pending => {}
            }
        }
        let is_asked = self.place.door().is_some_and(|door| door.poll_asked(context).is_ready());
        if is_asked && !self.place.door().is_some_and(|door| door.has_last_word()) {
            return Poll::Ready(Next::End(End::Gone));
        }
        if let Some(followed) = self.poll_followed(context) {
            return Poll::Ready(Next::Followed(followed));
        }
        match closing {
            // Before it goes, what was begun is answered.
            Poll::Ready(Closing::GoingAway) if self.calls.is_some() || self.arriving.is_some() => {}
            Poll::Ready(closing) => return Poll::Ready(Next::Closing(closing)),
            Poll::Pending => {
                if let Poll::Ready(next) = self.poll_messages(context) {
                    return Poll::Ready(next);
                }
                if is_asked && !self.is_busy() {
                    return Poll::Ready(Next::End(End::Gone));
                }
            }
        }
        let stuck = self.connection.outbound.stuck_since().map(|since| since + self.write_deadline());
        let arriving = self.arriving.as_ref().and_then(|arriving| arriving.until);
        for moment in [stuck, self.message_moment(), arriving, self.turn_moment(), self.early_moment()]
            .into_iter()
            .flatten()
        {
            if moment < timer.deadline() {
                timer.as_mut().reset(moment);
            }
        }
        timer.poll(context).map(|()| Next::Moment)
    }

    /// Reads and begins what is asked for, while there is room for more calls.
    fn poll_messages(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        let mut read = 0;
        while self.has_room() {
            match self.inbound.next() {
                Some(Ok(Received::Message { is_text, payload })) => {
                    if let Poll::Ready(next) = self.begin(is_text, payload, context) {
                        return Poll::Ready(next);
                    }
                }
                Some(Ok(Received::Ping(payload))) => self.connection.outbound.say(&pong_frame(&payload)),
                Some(Ok(Received::Pong)) => {}
                Some(Ok(Received::Close(code))) => return Poll::Ready(Next::End(End::Farewell(code))),
                Some(Err(error)) => return Poll::Ready(Next::End(unreadable(&error))),
                None if read >= TURN_BYTES => {
                    // Others first, however much has come.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => match std::task::ready!(self.poll_read(context)) {
                    Ok(0) | Err(_) => return Poll::Ready(Next::End(End::Gone)),
                    Ok(count) => {
                        read += count;
                        if self.inbound.has_next() {
                            self.heard_at = Instant::now();
                        }
                        if let Err(Full) = self.count_unfinished() {
                            Bound::UnfinishedBytes.refused(self.whom());
                            let reason = "too much has not come whole";
                            return Poll::Ready(Next::End(End::Close(CloseCode::Again, reason)));
                        }
                    }
                },
            }
        }
        Poll::Pending
    }

    /// Begins the call that a message asks for. Ready when it has ended already.
    fn begin(&mut self, is_text: bool, payload: Bytes, context: &mut Context<'_>) -> Poll<Next> {
        let is_here = |session: &&Arc<Session>| self.connection.is_attached(session.device.id);
        let session = self.session.as_ref().filter(is_here).cloned();
        let is_in_order = S::is_answered_in_order(&payload);
        let settling = self.settling();
        let mut call = self.protocol.begin(&self.edge, session, settling, is_text, payload);
        // The first step is taken here, so that what one client sends is stored in the order it was sent: see
        // "Ordering" in the README.
        let Poll::Ready(done) = call.as_mut().poll(context) else {
            self.calls.get_or_insert_default().push(call, is_in_order);
            if is_in_order {
                self.wait_for_answers();
            }
            self.tell_door();
            return Poll::Pending;
        };
        self.malformed += u32::from(done.is_malformed);
        if self.malformed >= MAX_MALFORMED {
            let reason = "too many messages that cannot be read";
            return Poll::Ready(Next::End(End::Close(CloseCode::Invalid, reason)));
        }
        let done = match &mut self.calls {
            Some(calls) if is_in_order => calls.end(done),
            _ => Some(done),
        };
        done.map_or(Poll::Pending, |done| Poll::Ready(Next::Done(done)))
    }

    /// Who has something under way is not asked to make room.
    fn tell_door(&mut self) {
        self.place.set_busy(self.is_busy());
    }

    fn is_busy(&self) -> bool {
        self.calls.is_some() || self.arriving.is_some()
    }

    /// Counts what has come of a message that is not whole, and since when.
    fn count_unfinished(&mut self) -> Result<(), Full> {
        let kept = self.inbound.unfinished();
        let has_ended = self.inbound.take_ended();
        if kept == 0 {
            self.unfinished = None;
            return Ok(());
        }
        let new = || Box::new(Partial { since: Instant::now(), share: self.edge.unfinished.share() });
        let partial = self.unfinished.get_or_insert_with(new);
        if has_ended {
            partial.since = Instant::now();
        }
        partial.share.set(kept)
    }

    /// Whether more may be asked for. While many answers wait for the socket it may not: the client is to read them first.
    fn has_room(&self) -> bool {
        self.calls.as_ref().is_none_or(|calls| calls.len() < S::AT_ONCE)
            && !self.connection.outbound.is_full_of_answers()
    }

    /// Reads once. Gives how much it was; 0 at the end.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            std::task::ready!(Pin::new(&mut self.reader).poll_read(context, &mut buffer))?;
            let read = buffer.filled_mut();
            self.inbound.take_in(read);
            Poll::Ready(Ok(read.len()))
        })
    }

    /// Answers a call, after what it changes about this connection has been done.
    async fn complete(&mut self, mut done: Done) {
        match (done.effect.take(), &mut self.arriving) {
            (None, _) => {
                self.reply(done.reply.as_deref());
                self.goes_on_syncing();
            }
            (Some(effect), _) if matches!(*effect, Effect::Said(_)) => self.acknowledge(*effect, done.reply),
            (effect, Some(arriving)) => arriving.later.push(Done { effect, ..done }),
            // Rare and large: boxed, so that a connection at rest does not carry its state.
            (Some(effect), None) => Box::pin(self.take_effect(effect, done)).await,
        }
    }

    async fn take_effect(&mut self, effect: Box<Effect>, done: Done) {
        let Done { reply, arrival, .. } = done;
        match &*effect {
            Effect::Synced { notices, .. } => {
                self.reply(reply.as_deref());
                if let Some(notices) = notices {
                    self.connection.outbound.knows_notices(*notices);
                }
                self.release();
            }
            // Answered already.
            Effect::Said(_) => {}
            Effect::Counted(_) => self.reply(reply.as_deref()),
            Effect::Heard { at } => {
                self.reply(reply.as_deref());
                self.has_heard(*at);
            }
            Effect::Entered(stay) => {
                // What cannot be followed now is followed when the bus is back.
                let _ = self.edge.hub.enter_room(&self.connection, stay.clone(), Coming::Joined).await;
                self.reply(reply.as_deref());
            }
            Effect::Left(room) => {
                self.edge.hub.leave_room(&self.connection, room, Going::Left);
                self.reply(reply.as_deref());
            }
            Effect::ReadsAlong(begins) => {
                if let Some((app, room)) = begins {
                    self.edge.hub.hear_room(*app, room).await;
                }
                self.place.reads_along();
                self.reply(reply.as_deref());
            }
            Effect::Detach => {
                self.edge.hub.detach(&self.connection);
                (self.to_sync, self.telling) = (None, None);
                self.session = None;
                self.place.wait();
                self.reply(reply.as_deref());
            }
            Effect::Attach { .. } => self.follow(*effect, reply, arrival),
        }
    }

    fn reply(&self, reply: Option<&str>) {
        if let Some(text) = reply {
            self.connection.outbound.say(&text_frame(self.connection.dialect, text));
        }
    }

    async fn finish(mut self, end: End) {
        // At once: a call that nobody polls during the farewell holds up whoever waits for what it holds.
        if let Some(calls) = self.calls.take() {
            let app = self.session.as_ref().map(|session| session.app);
            self.edge.tasks.clone().spawn(finish_calls(self.edge.clone(), app, calls));
        }
        let farewell = match end {
            End::Gone => None,
            // Without an answer to its farewell the peer takes this for a break.
            End::Farewell(code) => Some(close_frame(code.map(u16::from), "")),
            End::Close(code, reason) => {
                tokio::time::sleep_until(self.since + S::SHORTEST_LIFE).await;
                Some(close_frame(Some(code.into()), reason))
            }
        };
        self.connection.outbound.say_last(farewell.as_ref());
        if farewell.is_some() {
            let _ = tokio::time::timeout(CLOSE_DEADLINE, self.part(end)).await;
        }
        // A login on its way comes to its end before it is taken back, or it would leave a follower behind.
        let mut later = Vec::new();
        if let Some(arriving) = self.arriving.take() {
            let (session, to_do) = arriving.give_up().await;
            (self.session, later) = (Some(session), to_do);
        }
        if let Some(session) = self.session.as_ref().filter(|_| self.heard.unkept > 0) {
            let Session { app, user, device, .. } = &**session;
            commands::heard(&self.edge.context, *app, user, device, self.heard.at).await;
        }
        leave(&self.edge, &self.connection, self.session.as_deref()).await;
        for done in later {
            forget(&self.edge, done).await;
        }
    }

    /// Waits until the close frame is written and, when ours was first, the peer has sent theirs (RFC 6455 §7).
    async fn part(&mut self, end: End) {
        let outbound = &self.connection.outbound;
        std::future::poll_fn(|context| outbound.poll_flushed(context)).await;
        if !matches!(end, End::Close(..)) {
            return;
        }
        if self.inbound.is_over() {
            // Their farewell will not be understood: the end of the stream behind ours says that nothing is waited for.
            // It is read on all the same, because a socket closed with something unread takes back what was written.
            let _ = rustix::net::shutdown(self.reader.as_ref(), rustix::net::Shutdown::Write);
        }
        loop {
            match std::future::poll_fn(|context| self.poll_read(context)).await {
                Ok(0) | Err(_) => return,
                // What they still say is of no interest, but their farewell.
                Ok(_) => {
                    while let Some(next) = self.inbound.next() {
                        if matches!(next, Ok(Received::Close(_))) {
                            return;
                        }
                    }
                }
            }
        }
    }
}

fn unreadable(error: &Error) -> End {
    tracing::debug!(%error, "a message cannot be read");
    match error {
        Error::Capacity(_) => End::Close(CloseCode::Size, "the frame is too large"),
        Error::Utf8(_) => End::Close(CloseCode::Invalid, "not UTF-8"),
        _ => End::Close(CloseCode::Protocol, "not WebSocket"),
    }
}

/// What was asked for is done though nobody waits for the answer: a client may say something and be gone.
async fn finish_calls(edge: Edge, app: Option<AppId>, mut calls: Box<Calls>) {
    let _counted = edge.context.unattended(app, calls.len());
    while let Some(done) = calls.next().await {
        forget(&edge, done).await;
    }
}

/// Takes back what a call changes about a connection that is gone: after a login without one the device is not there.
async fn forget(edge: &Edge, done: Done) {
    if let Some(session) = done.effect.and_then(|effect| Session::new(*effect)) {
        commands::disconnected(&edge.context, session.app, &session.user, &session.device).await;
    }
}
