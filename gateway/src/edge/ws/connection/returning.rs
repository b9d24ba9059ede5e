//! A device that comes back: it is told what it missed, and what it asks for and says meanwhile has its place in that.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use protocol::id::Millis;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{ClientProtocol, Done, Served, Session};
use crate::commands::{self, Effect};
use crate::edge::admission::CountedLogin;
use crate::hub::{Back, Closing, Late, Missed, NotFollowed, RECEIPT_AFTER, text_frame};

/// How long a client that is back may ask for nothing before it is told what is new though it has not seen what it
/// missed. The SDKs ask as soon as they are logged in, and other clients need not.
const SYNC_DEADLINE: Duration = Duration::from_secs(5);

/// How long it may take to see that while it keeps asking. An SDK reads what it missed page by page, one after another,
/// and is done later than [`SYNC_DEADLINE`] when there is much of it, or when its line or the store is slow.
const SYNC_AT_MOST: Duration = Duration::from_secs(30);

/// How long the answer to one's own words waits for what was said before them. It waits for that to be written, which is
/// under way; where a bus has lost something it is found later.
const TURN_AT_MOST: Duration = Duration::from_millis(500);

/// How long a client that is told what it missed may take to have it. What it asks for that counts messages waits for that.
const SETTLE_AT_MOST: Duration = Duration::from_secs(3);

/// A client that was pushed something is asked for a receipt no more often than this, unless it was pushed much.
const RECEIPT_EVERY: Duration = Duration::from_secs(60);

/// After so many receipts in less time it is kept how far a client has heard.
const KEPT_AFTER: u32 = 8;

/// A login that was carried out, on its way to be answered.
pub(super) struct Arriving {
    session: Arc<Session>,
    is_back: bool,
    reply: Option<String>,
    _counted: Option<CountedLogin>,
    following: Pin<Box<dyn Future<Output = Result<Missed, NotFollowed>> + Send>>,
    /// Present when all is followed.
    followed: Option<Result<Missed, NotFollowed>>,
    /// How long it waits then for what was asked for before it.
    pub(super) until: Option<Instant>,
    /// Calls that have ended meanwhile and change who is logged in here.
    pub(super) later: Vec<Done>,
}

impl Arriving {
    /// The session, when all that its login has begun has come to an end, and what was to be done after it.
    pub(super) async fn give_up(self) -> (Arc<Session>, Vec<Done>) {
        if self.followed.is_none() {
            let _ = self.following.await;
        }
        (self.session, self.later)
    }
}

/// How far the client is known to have heard.
pub(super) struct Heard {
    /// What was said before this time it has, or reads after its login.
    pub(super) at: Millis,
    /// The time that the last receipt it was asked for names.
    asked: Option<Millis>,
    asked_at: Instant,
    /// When it was last kept.
    kept_at: Instant,
    /// Receipts since.
    pub(super) unkept: u32,
}

impl Heard {
    pub(super) fn since(now: Instant, at: Millis) -> Self {
        Self { at, asked: None, asked_at: now, kept_at: now, unkept: 0 }
    }
}

/// A client that is being told what it missed.
pub(super) struct Telling {
    pub(super) hold: Hold,
    pub(super) at_most: Instant,
    has_acknowledged: bool,
    /// What it is told at the end.
    late: Late,
}

/// What calls wait for that are not to be answered before a client has what it missed. Over when it has acknowledged that, or
/// had the time to.
#[derive(Clone, Default)]
pub(in crate::edge) struct Settling {
    is_over: CancellationToken,
    /// Calls that wait for the end of it.
    waiting: Arc<AtomicUsize>,
    /// The session that has begun meanwhile.
    session: Arc<OnceLock<Arc<Session>>>,
}

impl Settling {
    /// Gives the session in which it goes on, where one has begun.
    pub(in crate::edge::ws) async fn wait(self) -> Option<Arc<Session>> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.is_over.cancelled().await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.session.get().cloned()
    }
}

/// Holds calls until it is dropped.
pub(super) struct Hold {
    pub(super) settling: Settling,
    since: Instant,
}

impl Hold {
    fn new() -> Self {
        Self { settling: Settling::default(), since: Instant::now() }
    }

    fn waiting(&self) -> usize {
        self.settling.waiting.load(Ordering::Relaxed)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.settling.is_over.cancel();
    }
}

/// How long what is to come behind the sync waits for the client to ask for those that it missed.
pub(super) struct ToSync {
    /// Until then, and while calls are under way.
    until: Instant,
    at_most: Instant,
}

impl ToSync {
    fn since(begin: Instant) -> Self {
        Self { until: begin + SYNC_DEADLINE, at_most: begin + SYNC_AT_MOST }
    }

    /// When to look whether it is over.
    fn moment(&self, is_asking: bool) -> Instant {
        if is_asking { self.at_most } else { self.until.min(self.at_most) }
    }
}

impl<S: ClientProtocol> Served<S> {
    /// Follows what the user of a login hears. The login is answered when that is done.
    pub(super) fn follow(&mut self, login: Effect, reply: Option<String>, counted: Option<CountedLogin>) {
        let Some(session) = Session::new(login) else { return };
        let most_messages = self.edge.settings.connections.missed_messages;
        let device = &session.device;
        let back = device.is_back.then_some(Back { since: device.position, most_messages });
        let (hub, connection, attachment) =
            (self.edge.hub.clone(), self.connection.clone(), session.attachment());
        self.arriving = Some(Box::new(Arriving {
            session: Arc::new(session),
            is_back: back.is_some(),
            reply,
            _counted: counted,
            // Beside the calls: a client whose pings are not answered meanwhile would go.
            following: Box::pin(async move { hub.attach(&connection, attachment, back).await }),
            followed: None,
            until: None,
            later: Vec::new(),
        }));
        self.tell_door();
    }

    /// When what waits is let go though the client has not seen what it missed. A login that is on its way decides for
    /// itself.
    fn held_moment(&self) -> Option<Instant> {
        let to_sync = self.to_sync.as_ref().filter(|_| self.arriving.is_none())?;
        Some(to_sync.moment(self.is_asking()))
    }

    /// Asks the client for a receipt where it is time for one. Nobody is woken to see that: a client says something when it
    /// has heard nothing for a while.
    pub(super) fn ask_receipt(&mut self) {
        let unreceipted = self.connection.outbound.unreceipted();
        if unreceipted == 0 {
            return;
        }
        let now = Instant::now();
        if unreceipted >= RECEIPT_AFTER || self.heard.asked_at + RECEIPT_EVERY <= now {
            self.heard.asked =
                self.edge.hub.ask_receipt(&self.connection, self.heard.at).or(self.heard.asked);
            self.heard.asked_at = now;
        }
    }

    /// Lets the calls go on that wait for the client to have what it missed. What it asked for in between is answered first:
    /// an SDK has come to what was said in a group that is new to it when it knows what the group is.
    pub(super) fn settle(&mut self, now: Instant) {
        let under_way = self.calls.as_ref().map_or(0, |calls| calls.len());
        let has_settled = |telling: &mut Box<Telling>| {
            let is_asking = under_way > telling.hold.waiting();
            telling.has_acknowledged && !is_asking || telling.at_most <= now
        };
        if let Some(mut telling) = self.telling.take_if(has_settled) {
            self.connection.outbound.push_late(std::mem::take(&mut telling.late));
        }
    }

    /// The client has what was said before a time, which is one that it was asked to acknowledge.
    pub(super) fn has_heard(&mut self, at: Millis) {
        if let Some(telling) = self.telling.as_mut().filter(|_| self.heard.asked == Some(at)) {
            telling.has_acknowledged = true;
        }
        let Some(session) =
            self.session.clone().filter(|_| self.heard.asked.is_some_and(|asked| at <= asked))
        else {
            return;
        };
        self.heard.at = self.heard.at.max(at);
        self.heard.unkept += 1;
        let now = Instant::now();
        if self.heard.unkept >= KEPT_AFTER || self.heard.kept_at + RECEIPT_EVERY <= now {
            (self.heard.kept_at, self.heard.unkept) = (now, 0);
            let (context, at) = (self.edge.context.clone(), self.heard.at);
            self.edge.tasks.spawn(async move {
                commands::heard(&context, session.app, &session.user, &session.device, at).await;
            });
        }
    }

    /// Whether a login can be answered: all is followed, and what a client that is back has said before it is answered, or
    /// took too long, so that it stands in its place among what it missed.
    pub(super) fn poll_followed(&mut self, context: &mut Context<'_>) -> Option<Result<Missed, NotFollowed>> {
        let arriving = self.arriving.as_mut()?;
        if arriving.followed.is_none()
            && let Poll::Ready(followed) = arriving.following.as_mut().poll(context)
        {
            arriving.followed = Some(followed);
            arriving.until = Some(Instant::now() + TURN_AT_MOST);
        }
        let under_way = self.calls.as_ref().map_or(0, |calls| calls.len());
        let waiting = self.early.as_ref().map_or(0, |early| early.waiting());
        let is_answered = under_way <= waiting || !arriving.is_back;
        let is_late = arriving.until.is_some_and(|until| until <= Instant::now());
        arriving.followed.take_if(|_| is_answered || is_late)
    }

    /// Answers that something is said.
    pub(super) fn acknowledge(&mut self, effect: Effect, reply: Option<String>) {
        let (Effect::Said(said), Some(reply)) = (effect, reply) else { return };
        let frame = text_frame(self.connection.dialect, &reply);
        let is_early = self.is_yet_to_sync();
        let outbound = &self.connection.outbound;
        if is_early {
            outbound.hold();
            let place = (said.conversation, said.end.seq);
            outbound.say_among_missed(said.numbers, place, said.is_told, frame);
        } else {
            // Before a login it comes to nobody here.
            outbound.say_in_turn(said.numbers, said.is_told && self.session.is_some(), frame);
        }
    }

    /// Answers a login, now that nothing which is said can be missed. Without that the client is to come again: it would
    /// read what there is and never hear of what was said between its reading and the following.
    pub(super) async fn arrive(&mut self, followed: Result<Missed, NotFollowed>) {
        let Some(arriving) = self.arriving.take() else { return };
        let Arriving { session, is_back, reply, later, .. } = *arriving;
        let other = |old: &mut Arc<Session>| old.user != session.user || old.app != session.app;
        if let Some(old) = self.session.take_if(other) {
            // Another user logged in where one had not logged out.
            commands::disconnected(&self.edge.context, old.app, &old.user, &old.device).await;
        }
        self.heard = Heard::since(Instant::now(), session.device.position);
        self.session = Some(session);
        self.place.log_in();
        let Ok(missed) = followed else {
            self.connection.outbound.close(Closing::GoingAway);
            return;
        };
        self.reply(reply.as_deref());
        let hold = self.early.take().unwrap_or_else(Hold::new);
        if let Some(session) = &self.session {
            // It is the first, or another one has waited for nothing.
            let _ = hold.settling.session.set(session.clone());
        }
        if is_back {
            let now = Instant::now();
            let is_told = !missed.is_empty();
            let late = self.connection.outbound.resume(missed);
            self.to_sync = Some(ToSync::since(now));
            if is_told {
                self.heard.asked = self.edge.hub.ask_receipt(&self.connection, self.heard.at);
                let telling = Telling { hold, at_most: now + SETTLE_AT_MOST, has_acknowledged: false, late };
                self.telling = self.heard.asked.map(|_| Box::new(telling));
                self.wait_for_answers();
            }
        } else {
            self.release();
        }
        // Another login may have put this device out before its connection could hear of it.
        self.edge.hub.verify(&self.connection).await;
        for done in later {
            self.complete(done).await;
        }
    }

    /// Whether a client that says something is to log in here and to see what it missed, as far as can be told: it repeats
    /// what was not answered, and its login comes behind.
    fn is_yet_to_sync(&mut self) -> bool {
        if self.arriving.is_some() {
            // The login may not have begun to hold what is pushed; it decides how long that waits.
            return true;
        }
        let early = ToSync::since(self.since);
        if self.session.is_some() || early.moment(self.is_asking()) <= Instant::now() {
            return false;
        }
        self.to_sync.get_or_insert(early);
        true
    }

    /// The client asks for what it missed: it has yet to ask for more when it has this.
    pub(super) fn goes_on_syncing(&mut self) {
        if let Some(to_sync) = self.to_sync.as_mut().filter(|_| self.session.is_some()) {
            to_sync.until = Instant::now() + SYNC_DEADLINE;
        }
    }

    /// When nothing waits any more that waits for its turn now.
    pub(super) fn turn_moment(&self) -> Option<Instant> {
        self.connection.outbound.waits_in_turn_since().map(|since| since + TURN_AT_MOST)
    }

    /// What a call waits for that is not to be answered before a client has what it missed. An SDK repeats what was not answered
    /// before it has logged in again, and counts what it is told then behind the answer.
    pub(super) fn settling(&mut self) -> Option<Settling> {
        if self.session.is_none() || self.arriving.is_some() {
            return Some(self.early.get_or_insert_with(Hold::new).settling.clone());
        }
        self.telling.as_ref().map(|telling| telling.hold.settling.clone())
    }

    /// When a call that counts does not wait any more for a login. One that is on its way decides for itself.
    pub(super) fn early_moment(&self) -> Option<Instant> {
        let early = self.early.as_ref().filter(|early| self.arriving.is_none() && early.waiting() > 0)?;
        Some(early.since + SETTLE_AT_MOST)
    }

    /// When something is to be done for a client that is back though nothing happens.
    pub(super) fn returning_moment(&self) -> Option<Instant> {
        let told = self.telling.as_ref().map(|telling| telling.at_most);
        let arrived = self.arriving.as_ref().and_then(|arriving| arriving.until);
        [self.turn_moment(), told, arrived, self.held_moment(), self.early_moment()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets what is pushed wait for answers that the client takes in order.
    pub(super) fn wait_for_answers(&mut self) {
        self.asks_in_order = true;
        self.connection.outbound.is_asked_in_order(true);
    }

    /// Lets go what waits for answers that the client takes in order, when all are given. One that is told what it missed may
    /// be about to ask until it has acknowledged that.
    pub(super) fn end_questions(&mut self) {
        let is_asking = self.calls.as_ref().is_some_and(|calls| calls.has_in_order());
        let may_ask = self.telling.as_ref().is_some_and(|telling| !telling.has_acknowledged);
        if self.asks_in_order && !is_asking && !may_ask {
            self.asks_in_order = false;
            self.connection.outbound.is_asked_in_order(false);
        }
    }

    /// Lets nothing wait for longer than it may.
    pub(super) fn end_waiting(&mut self, now: Instant) {
        self.settle(now);
        if self.early_moment().is_some_and(|moment| moment <= now) {
            self.early = None;
        }
        self.connection.outbound.end_turns(now.checked_sub(TURN_AT_MOST));
        if self.held_moment().is_some_and(|moment| moment <= now) {
            self.release();
        }
    }

    /// Lets the client hear what is new.
    pub(super) fn release(&mut self) {
        self.to_sync = None;
        self.connection.outbound.release();
    }
}
