//! What is written to a connection: at once where the socket takes it, otherwise from a queue.
//!
//! Pushes come whether one reads or not, so those that wait are bounded in bytes: who is too slow for them is cut off.
//! Answers come only to who asked, however large: they wait until the socket takes them. While they fill the queue nothing
//! more is read from the connection ([`Outbound::is_full_of_answers`]), so they are bounded by the calls under way.

mod queue;

use std::collections::HashMap;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use protocol::id::Seq;
use protocol::message::ClientNumbers;
use tokio::time::Instant;

use self::queue::{Kind, Queue};
use super::frame::Frame;
use super::held::{HeldAnswer, Resumed, Told};
use super::returning::{Missed, MissedPush, Subject};
use super::turns::{Push, Turn};
use crate::bus::Topic;

/// Frames that one system call takes.
const FRAMES_AT_ONCE: usize = 64;

/// After so many pushes the client is asked for a receipt.
pub const RECEIPT_AFTER: u32 = 256;

/// A queue that has grown beyond this gives its memory back once it is empty.
const SPARE_FRAMES: usize = 16;

/// The socket, as far as the hub knows it.
pub trait Pipe: Send + Sync + 'static {
    /// Writes what is taken now; `WouldBlock` when nothing is.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// The same of several pieces.
    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ready when it may take something. One task alone may wait.
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// Why a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The reader is too slow: it is cut off, comes back and reads what it missed from the store.
    Overflow,
    /// The socket takes nothing any more.
    Broken,
    /// The client is to come back: the node is going down, or what it talked in is gone.
    GoingAway,
    /// The client's session has ended, and it is no SDK, which would close by itself.
    LoggedOut,
}

impl Closing {
    /// Whether what is queued is not written any more.
    fn is_abrupt(self) -> bool {
        matches!(self, Closing::Overflow | Closing::Broken)
    }
}

/// An answer that counts messages and is being made.
pub struct Counting {
    pushes: u64,
    unplaced: u64,
    round: u32,
    user_round: u32,
}

/// What a device that is back is told when it has come to the end of what it missed.
#[derive(Default)]
pub struct Late(Vec<Frame>);

/// The way out of one connection.
///
/// Whoever has something to say writes it to the socket themselves, under the lock that keeps the order: to wake the
/// connection's task for each frame would cost as much as the write. What the socket does not take is queued, and the
/// task writes it when it can. Producers never wait.
pub struct Outbound {
    pipe: OnceLock<Box<dyn Pipe>>,
    queue: Mutex<Queue>,
    task: AtomicWaker,
    most_bytes: usize,
}

impl Outbound {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { pipe: OnceLock::new(), queue: Mutex::default(), task: AtomicWaker::new(), most_bytes }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing under this lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The socket is there. What was queued till now is written by the next [`Outbound::poll_closing`].
    pub fn open(&self, pipe: impl Pipe) {
        // There is one socket for each connection.
        let _ = self.pipe.set(Box::new(pipe));
    }

    /// Does something to the queue, and wakes the connection's task where that has to look at it.
    fn change(&self, work: impl FnOnce(&mut Queue) -> bool) {
        let is_to_wake = work(&mut self.queue());
        if is_to_wake {
            self.task.wake();
        }
    }

    /// Writes an answer, whatever pushes wait. It is never too large.
    pub fn say(&self, frame: &Frame) {
        self.change(|queue| self.write(queue, Kind::Answer, frame));
    }

    /// An answer that counts messages is begun: what is pushed waits until [`Outbound::say_counted`], so that it comes behind
    /// the answer where that has not counted it, and before it where it has.
    pub fn begin_count(&self) -> Counting {
        let mut queue = self.queue();
        let counting = queue.begin_count();
        drop(queue);
        // Or nobody would see that it does not end.
        self.task.wake();
        counting
    }

    /// The same for [`Outbound::push_before`].
    pub(super) fn begin_entering(&self) -> Counting {
        let mut queue = self.queue();
        queue.entering.get_or_insert_default().begin();
        let counting = queue.begin_count();
        drop(queue);
        self.task.wake();
        counting
    }

    /// Writes an answer that has counted what was said up to these ends: true when that is done, or will be behind what waits.
    /// Of what was pushed or changed meanwhile it may not tell whether it has counted it; then it is to be made again.
    pub fn say_counted(&self, counting: &Counting, ends: &HashMap<Topic, Seq>, frame: &Frame) -> bool {
        let mut is_said = false;
        self.change(|queue| {
            let is_held = queue.count_round == counting.round;
            let mut is_to_wake = false;
            if queue.pushes == counting.pushes {
                is_to_wake = self.put_count(queue, frame);
                is_said = true;
            } else if is_held
                && queue.unplaced == counting.unplaced
                && let Some(turns) = &mut queue.turns
            {
                is_said = turns.place_count(frame, ends);
            }
            queue.end_count(counting);
            self.take_turns(queue) || is_to_wake
        });
        is_said
    }

    /// Writes what was said in a group before its followers were told that the user of this connection is one of them, but
    /// for what has come here. `counting` was begun before that by [`Outbound::begin_entering`], so that what is pushed there
    /// stands behind it, as long as pushes wait for it.
    pub(super) fn push_before(&self, counting: &Counting, missed: Vec<MissedPush>) {
        let push = |MissedPush { subject, frame, .. }| Push { number: None, subject, frame };
        self.change(|queue| {
            // It was another user's.
            if queue.user_round != counting.user_round {
                return false;
            }
            let entering = queue.entering.as_deref();
            let has_come = |missed: &MissedPush| {
                let subject = missed.subject.as_ref();
                subject.is_some_and(|subject| entering.is_some_and(|entering| entering.has(subject)))
            };
            let missed: Vec<Push> = missed.into_iter().filter(|missed| !has_come(missed)).map(push).collect();
            queue.entering.take_if(|entering| entering.end());
            if !missed.is_empty() {
                queue.turns.get_or_insert_default().put_before(missed);
                queue.change();
            }
            queue.end_count(counting);
            self.take_turns(queue)
        });
    }

    /// An answer that counts does not come to be.
    pub fn give_up_count(&self, counting: &Counting) {
        self.change(|queue| {
            queue.end_count(counting);
            self.take_turns(queue)
        });
    }

    /// Writes an answer that has counted what was pushed, behind the pushes that wait.
    pub fn say_behind_pushes(&self, frame: &Frame) {
        self.change(|queue| self.put_count(queue, frame));
    }

    /// The pushes that wait for their turn were there before it was counted, or may have been.
    fn put_count(&self, queue: &mut Queue, frame: &Frame) -> bool {
        match queue.turns.as_mut().filter(|turns| turns.is_waiting()) {
            None => self.write(queue, Kind::Answer, frame),
            Some(turns) => {
                turns.count(frame.clone());
                // More may have to wait until that is written.
                true
            }
        }
    }

    /// Writes the answer to what the client said where that stands among what it is told, if it `is_told` now.
    pub fn say_in_turn(&self, numbers: ClientNumbers, is_told: bool, frame: Frame) {
        self.change(|queue| match queue.turns.get_or_insert_default().answer(numbers, is_told, frame) {
            None => self.take_turns(queue),
            // Behind the pushes that wait, if any do.
            Some(frame) => self.put(queue, Push { number: None, subject: None, frame }),
        });
    }

    /// Writes the answer to what the client said before it is told what it missed: where that stands among what it missed, or
    /// among what comes then, if it `is_told` now.
    pub fn say_among_missed(&self, numbers: ClientNumbers, place: (Topic, Seq), is_told: bool, frame: Frame) {
        self.change(|queue| {
            // By its number it stands there behind all that was said before and has come.
            let has_come = queue.turns.as_mut().is_some_and(|turns| turns.has_come(numbers));
            let answer = HeldAnswer { place, numbers, is_told: is_told && !has_come, frame };
            queue.held.get_or_insert_default().answer(answer);
            self.take_turns(queue)
        });
    }

    /// What the client said comes to it: all that was said before is written.
    pub(super) fn comes(&self, numbers: ClientNumbers) {
        self.change(|queue| {
            queue.change();
            if queue.held.as_mut().is_some_and(|held| held.has_come(numbers)) {
                return false;
            }
            queue.turns.get_or_insert_default().come(numbers);
            let is_to_wake = self.take_turns(queue);
            // Or nobody would see that nobody answers.
            is_to_wake || queue.turns.as_ref().is_some_and(|turns| turns.is_waiting())
        });
    }

    /// Whether questions are under way whose answers the client takes in order. An SDK asks so what a group is for each
    /// message that it has of one it does not know, and puts them in their places by the answers: what is pushed meanwhile would
    /// come before them.
    pub fn is_asked_in_order(&self, is_asked: bool) {
        self.change(|queue| {
            if !is_asked && queue.turns.is_none() {
                return false;
            }
            queue.turns.get_or_insert_default().is_asked_in_order(is_asked);
            self.take_turns(queue)
        });
    }

    /// Writes what nothing stands before any more. True when the connection's task has to look at it.
    fn take_turns(&self, queue: &mut Queue) -> bool {
        let mut is_to_wake = false;
        while let Some(turn) = queue.turns.as_mut().and_then(|turns| turns.next()) {
            match turn {
                Turn::Push(push) => is_to_wake |= self.put_now(queue, push),
                Turn::Count(frame) => {
                    self.write(queue, Kind::Answer, &frame);
                    // There may be room for more answers.
                    is_to_wake = true;
                }
                Turn::Release => is_to_wake |= queue.release(self.most_bytes),
            }
        }
        // Every login has some, and most connections say nothing for long.
        queue.turns.take_if(|turns| turns.is_over());
        is_to_wake
    }

    /// Since when an answer waits for its turn, or a push for an answer.
    pub fn waits_in_turn_since(&self) -> Option<Instant> {
        self.queue().turns.as_ref()?.since()
    }

    /// Lets nothing wait for its turn for longer than since a time.
    pub fn end_turns(&self, since: Option<Instant>) {
        if let Some(since) = since {
            self.change(|queue| self.end(queue, since));
        }
    }

    fn end(&self, queue: &mut Queue, since: Instant) -> bool {
        if queue.turns.as_mut().is_some_and(|turns| turns.end(since)) {
            queue.count_round = queue.count_round.wrapping_add(1);
        }
        self.take_turns(queue)
    }

    /// Writes a push, or several in one piece; while pushes are held it waits with them.
    #[cfg(any(test, feature = "internals"))]
    pub fn push(&self, frame: &Frame) {
        self.push_as(None, None, frame);
    }

    /// Writes a push, or several in one piece; where pushes are held of which it will be asked which they are, it does
    /// nothing and gives false.
    pub(super) fn push_at_once(&self, frame: &Frame) -> bool {
        let mut queue = self.queue();
        let is_held = queue.held.as_ref().is_some_and(|held| !held.is_told());
        let is_counted = queue.turns.as_ref().is_some_and(|turns| turns.is_counting());
        if is_held || is_counted || queue.told_back.is_some() || queue.entering.is_some() {
            return false;
        }
        let push = Push { number: None, subject: None, frame: frame.clone() };
        let is_to_wake = self.put(&mut queue, push);
        drop(queue);
        if is_to_wake {
            self.task.wake();
        }
        true
    }

    /// The same with what it tells of, by which it is left out where that was missed and told as such.
    pub(super) fn push_once(&self, subject: Option<Subject>, frame: &Frame) {
        self.push_as(None, subject, frame);
    }

    /// The same with a notice, unless an answer has told of it.
    pub fn push_notice(&self, number: Seq, frame: &Frame) {
        self.push_as(Some(number), None, frame);
    }

    fn push_as(&self, number: Option<Seq>, subject: Option<Subject>, frame: &Frame) {
        let push = Push { number, subject, frame: frame.clone() };
        self.change(|queue| self.put(queue, push));
    }

    /// Writes a push, or lets it wait: for an answer that stands before it, or until it is released. True when the
    /// connection's task has to look at it.
    fn put(&self, queue: &mut Queue, push: Push) -> bool {
        queue.pushes = queue.pushes.wrapping_add(1);
        if let Some(entering) = &mut queue.entering {
            entering.pushes(push.subject.as_ref());
        }
        let is_counting = queue.turns.as_ref().is_some_and(|turns| turns.is_counting());
        if !(is_counting && matches!(push.subject, Some(Subject::Entry(..)))) {
            queue.unplaced = queue.unplaced.wrapping_add(1);
        }
        self.put_in_turn(queue, push)
    }

    fn put_in_turn(&self, queue: &mut Queue, push: Push) -> bool {
        let Some(turns) = queue.turns.as_mut().filter(|turns| turns.is_waiting()) else {
            return self.put_now(queue, push);
        };
        let waiting = turns.push(push);
        let is_too_much = queue.push_bytes + waiting > self.most_bytes;
        if is_too_much {
            queue.overflow();
        }
        is_too_much
    }

    fn put_now(&self, queue: &mut Queue, Push { number, subject, frame }: Push) -> bool {
        if number.is_some_and(|number| number <= queue.told) || queue.has_told(subject.as_ref()) {
            return false;
        }
        queue.unreceipted = queue.unreceipted.saturating_add(1);
        let is_to_ask = queue.unreceipted == RECEIPT_AFTER;
        let Some(held) = queue.held.as_mut().filter(|held| held.holds(number)) else {
            return self.write(queue, Kind::Push, &frame) || is_to_ask;
        };
        let waiting = held.push(number, subject, frame);
        let is_too_much = queue.push_bytes + waiting > self.most_bytes;
        if is_too_much {
            queue.overflow();
        }
        is_too_much || is_to_ask
    }

    /// Asks for a receipt, behind all that was pushed till now.
    pub(super) fn push_receipt(&self, frame: &Frame) {
        self.change(|queue| {
            let push = Push { number: None, subject: None, frame: frame.clone() };
            // It is nothing that anybody counts.
            let is_to_wake = self.put_in_turn(queue, push);
            queue.unreceipted = 0;
            is_to_wake
        });
    }

    /// Pushes since the client was last asked for a receipt. The connection's task is woken when there are
    /// [`RECEIPT_AFTER`].
    pub fn unreceipted(&self) -> u32 {
        self.queue().unreceipted
    }

    /// The client has brought something about that it is not pushed.
    pub fn has_changed(&self) {
        self.queue().change();
    }

    /// What may wait for the socket.
    pub(super) fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    /// From now on pushes wait until they are released; answers do not.
    pub fn hold(&self) {
        let mut queue = self.queue();
        queue.held.get_or_insert_default().hold_all();
        if let Some(turns) = &mut queue.turns {
            turns.hold();
        }
    }

    /// While pushes are held: from now on what is said is on its way here, or among what the device missed.
    pub(super) fn has_followed(&self) {
        if let Some(held) = &mut self.queue().held {
            held.has_followed();
        }
    }

    /// Writes the pushes that a device missed, before those that wait, and lets all go but notices. The answers to
    /// what it said meanwhile stand among them. Gives what it is told when it has come to the end of those.
    pub fn resume(&self, missed: Missed) -> Late {
        let Missed { pushes, late } = missed;
        self.change(|queue| {
            let count = u32::try_from(pushes.len()).unwrap_or(u32::MAX);
            queue.unreceipted = queue.unreceipted.saturating_add(count);
            let once = Told::among(pushes.iter().chain(&late)).map(Box::new);
            let held = queue.held.get_or_insert_default();
            let Resumed { frames, answered, behind } = held.resume(pushes, once.as_deref());
            queue.told_back = once;
            queue.has_answered(answered);
            // In one piece: a system call, not one for each.
            let mut is_to_wake =
                !frames.is_empty() && self.write(queue, Kind::Push, &Frame::from(frames.concat()));
            for HeldAnswer { numbers, is_told, frame, .. } in behind {
                let answer = queue.turns.get_or_insert_default().answer(numbers, is_told, frame);
                is_to_wake |= match answer {
                    // Behind those before it that have come and wait.
                    Some(frame) => self.put_in_turn(queue, Push { number: None, subject: None, frame }),
                    // Or nobody would see that it does not come.
                    None => true,
                };
            }
            self.take_turns(queue) || is_to_wake
        });
        Late(late.into_iter().map(|missed| missed.frame).collect())
    }

    /// Writes what a device missed and is told at the end, before what is new and waits.
    pub fn push_late(&self, Late(late): Late) {
        if late.is_empty() {
            return;
        }
        self.change(|queue| {
            queue.change();
            let push = |frame| Push { number: None, subject: None, frame };
            queue.turns.get_or_insert_default().put_before(late.into_iter().map(push).collect());
            self.take_turns(queue)
        });
    }

    /// Notices up to a number were told in an answer: those among the pushes that wait or come late are left out.
    pub fn knows_notices(&self, told: Seq) {
        let mut queue = self.queue();
        queue.told = queue.told.max(told);
        if let Some(held) = &mut queue.held {
            held.leave_out_notices(told);
        }
    }

    /// Another user may come: what waits for its turn was this one's, and nothing of what was told counts.
    pub(super) fn forget_user(&self) {
        self.change(|queue| {
            let is_to_wake = self.end(queue, Instant::now());
            (queue.told, queue.turns, queue.told_back, queue.entering) = (Seq::ZERO, None, None, None);
            queue.user_round = queue.user_round.wrapping_add(1);
            is_to_wake
        });
    }

    /// Lets the pushes go that waited; those that come after do not wait. The connection's task writes them.
    pub fn release(&self) {
        self.change(|queue| {
            let Some(turns) = queue.turns.as_mut().filter(|turns| turns.is_waiting() && queue.held.is_some())
            else {
                return queue.release(self.most_bytes);
            };
            // The answer for which they waited may wait itself.
            turns.release();
            false
        });
    }

    /// Writes a frame, or queues what is not taken. When a push does not fit, the queue is emptied and the connection is
    /// to be closed. True when the connection's task has to look at it.
    fn write(&self, queue: &mut Queue, kind: Kind, frame: &Frame) -> bool {
        // Who is to go somewhere else still gets the answers to what they asked.
        if queue.is_over || queue.closing.is_some_and(Closing::is_abrupt) {
            return false;
        }
        let is_first = queue.frames.is_empty();
        let mut taken = 0;
        if is_first && let Some(pipe) = self.pipe.get() {
            match pipe.try_write(frame) {
                Ok(count) if count == frame.len() => return false,
                Ok(count) => taken = count,
                Err(error) if is_temporary(&error) => {}
                Err(_) => {
                    queue.closing = Some(Closing::Broken);
                    return true;
                }
            }
        }
        let rest = frame.slice(taken..);
        if kind == Kind::Push && queue.push_bytes + rest.len() > self.most_bytes {
            queue.overflow();
            return true;
        }
        *queue.bytes_of(kind) += rest.len();
        queue.frames.push_back((kind, rest));
        if is_first {
            queue.moved_at = Some(Instant::now());
        }
        // Otherwise the task waits for the socket already.
        is_first
    }

    /// Sends what waits for its turn, and the close frame, if there is one; nothing is written after it.
    pub fn say_last(&self, frame: Option<&Frame>) {
        self.end_turns(Some(Instant::now()));
        if let Some(frame) = frame {
            self.say(frame);
        }
        let mut queue = self.queue();
        queue.is_over = true;
        queue.held = None;
    }

    /// Asks for the end of the connection after what is queued.
    pub fn close(&self, reason: Closing) {
        self.queue().closing.get_or_insert(reason);
        self.task.wake();
    }

    /// Writes what is queued as the socket takes it. Ready with the reason when the connection is to end. For the
    /// connection's task alone.
    pub fn poll_closing(&self, context: &mut Context<'_>) -> Poll<Closing> {
        // Before the look, so that what happens in between wakes it.
        self.task.register(context.waker());
        let mut queue = self.queue();
        self.drain(&mut queue, context);
        match queue.closing {
            Some(closing) if closing.is_abrupt() || queue.frames.is_empty() => Poll::Ready(closing),
            _ => Poll::Pending,
        }
    }

    /// Ready when nothing is left to write, or cannot be. For the connection's task alone.
    pub fn poll_flushed(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut queue = self.queue();
        self.drain(&mut queue, context);
        let is_done = queue.frames.is_empty() || queue.closing.is_some_and(Closing::is_abrupt);
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    }

    fn drain(&self, queue: &mut Queue, context: &mut Context<'_>) {
        let Some(pipe) = self.pipe.get() else { return };
        while !queue.frames.is_empty() {
            let written = match pipe.poll_writable(context) {
                Poll::Pending => return,
                Poll::Ready(Ok(())) => {
                    let mut pieces = [IoSlice::new(&[]); FRAMES_AT_ONCE];
                    let mut count = 0;
                    for (piece, (_, frame)) in pieces.iter_mut().zip(&queue.frames) {
                        *piece = IoSlice::new(frame);
                        count += 1;
                    }
                    pipe.try_write_vectored(&pieces[..count])
                }
                Poll::Ready(Err(error)) => Err(error),
            };
            match written {
                Ok(count) => queue.advance(count),
                Err(error) if is_temporary(&error) => {}
                Err(_) => {
                    queue.forget();
                    queue.closing = Some(Closing::Broken);
                }
            }
        }
        if queue.frames.capacity() > SPARE_FRAMES {
            queue.frames = Default::default();
        }
    }

    /// Whether so many answers wait that nothing more is to be asked for. For the connection's task alone, which looks
    /// again after it has written.
    pub fn is_full_of_answers(&self) -> bool {
        let queue = self.queue();
        let waiting = queue.turns.as_ref().map_or(0, |turns| turns.count_bytes());
        queue.answer_bytes + waiting > self.most_bytes
    }

    /// Since when the socket takes nothing although something waits.
    pub fn stuck_since(&self) -> Option<Instant> {
        self.queue().moved_at
    }

    /// Everything that is queued: what a connection without a socket was told.
    #[cfg(test)]
    pub(super) fn take(&self) -> Vec<Frame> {
        let mut queue = self.queue();
        (queue.push_bytes, queue.answer_bytes) = (0, 0);
        queue.frames.drain(..).map(|(_, frame)| frame).collect()
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests;
