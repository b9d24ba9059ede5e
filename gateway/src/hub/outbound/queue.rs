//! What waits to be written to a connection, and what is known of what was.

use std::collections::{HashSet, VecDeque};

use bytes::Buf;
use protocol::id::Seq;
use protocol::message::ClientNumbers;
use tokio::time::Instant;

use super::super::frame::Frame;
use super::super::held::{Held, Resumed, Told};
use super::super::returning::Subject;
use super::super::turns::Turns;
use super::{Closing, Counting};

/// What a frame is, for the bounds of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Answer,
    Push,
}

#[derive(Default)]
pub(super) struct Queue {
    /// Empty, or the socket took nothing more when it was last asked, or there is none yet.
    pub(super) frames: VecDeque<(Kind, Frame)>,
    /// Of the pushes among them.
    pub(super) push_bytes: usize,
    /// Of the answers among them.
    pub(super) answer_bytes: usize,
    /// When the first frame came or the socket last took something.
    pub(super) moved_at: Option<Instant>,
    pub(super) closing: Option<Closing>,
    /// The last frame has been said.
    pub(super) is_over: bool,
    /// Present while pushes wait for [`Outbound::release`].
    pub(super) held: Option<Box<Held>>,
    /// Notices up to this number were told in an answer.
    pub(super) told: Seq,
    /// Pushes since the client was last asked for a receipt.
    pub(super) unreceipted: u32,
    /// Pushes of this connection, and what its client has changed by itself.
    pub(super) pushes: u64,
    /// Those among them of which an answer that is being made does not tell whether it has counted them.
    pub(super) unplaced: u64,
    /// Changes when pushes do not wait any more for the answers that are being made.
    pub(super) count_round: u32,
    /// Present when the client has said something.
    pub(super) turns: Option<Box<Turns>>,
    /// Present while it is read what was said in groups into which the user has come.
    pub(super) entering: Option<Box<Entering>>,
    /// Changes with the user.
    pub(super) user_round: u32,
    /// Present for a while when the device is back and was told what may come once more.
    pub(super) told_back: Option<Box<Told>>,
}

/// Of so many pushes it is known that they have come while something is read. What was said behind them may come twice.
const MOST_KNOWN: usize = 4096;

/// What is pushed while it is read what was said in groups before they were followed.
#[derive(Default)]
pub(super) struct Entering {
    /// How many are read.
    under_way: usize,
    pushed: HashSet<Subject>,
}

impl Entering {
    pub(super) fn begin(&mut self) {
        self.under_way += 1;
    }

    pub(super) fn pushes(&mut self, subject: Option<&Subject>) {
        if let Some(subject) = subject
            && self.pushed.len() < MOST_KNOWN
        {
            self.pushed.insert(subject.clone());
        }
    }

    /// Whether something that was read is pushed by itself.
    pub(super) fn has(&self, subject: &Subject) -> bool {
        self.pushed.contains(subject)
    }

    /// True when nothing is read any more.
    pub(super) fn end(&mut self) -> bool {
        self.under_way = self.under_way.saturating_sub(1);
        self.under_way == 0
    }
}

impl Queue {
    pub(super) fn bytes_of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Answer => &mut self.answer_bytes,
            Kind::Push => &mut self.push_bytes,
        }
    }

    /// Whether the device was told of it when it came back.
    pub(super) fn has_told(&mut self, subject: Option<&Subject>) -> bool {
        self.told_back.take_if(|told| told.is_over());
        subject.is_some_and(|subject| self.told_back.as_ref().is_some_and(|told| told.has(subject)))
    }

    /// What of that comes to the client is not waited for.
    pub(super) fn has_answered(&mut self, answered: Vec<ClientNumbers>) {
        for numbers in answered {
            self.turns.get_or_insert_default().has_answered(numbers);
        }
    }

    pub(super) fn begin_count(&mut self) -> Counting {
        self.turns.get_or_insert_default().begin_count();
        let Self { pushes, unplaced, count_round: round, user_round, .. } = *self;
        Counting { pushes, unplaced, round, user_round }
    }

    pub(super) fn end_count(&mut self, counting: &Counting) {
        if self.count_round == counting.round
            && let Some(turns) = &mut self.turns
        {
            turns.end_count();
        }
    }

    /// Something of which an answer that is being made does not tell whether it has counted it.
    pub(super) fn change(&mut self) {
        self.pushes = self.pushes.wrapping_add(1);
        self.unplaced = self.unplaced.wrapping_add(1);
    }

    /// Queues what was held. True when the connection's task has to look at it.
    pub(super) fn release(&mut self, most_bytes: usize) -> bool {
        let Some(held) = self.held.take().filter(|held| held.bytes() > 0) else { return false };
        if self.is_over || self.closing.is_some_and(Closing::is_abrupt) {
            return false;
        }
        if self.push_bytes + held.bytes() > most_bytes {
            self.overflow();
        } else {
            if self.frames.is_empty() {
                self.moved_at = Some(Instant::now());
            }
            self.push_bytes += held.bytes();
            let Resumed { frames, answered, behind } = held.into_resumed();
            self.has_answered(answered);
            self.has_answered(behind.iter().map(|answer| answer.numbers).collect());
            let frames = frames.into_iter().chain(behind.into_iter().map(|answer| answer.frame));
            self.frames.extend(frames.map(|frame| (Kind::Push, frame)));
        }
        true
    }

    pub(super) fn forget(&mut self) {
        self.frames = VecDeque::new();
        (self.push_bytes, self.answer_bytes) = (0, 0);
        self.moved_at = None;
        self.held = None;
        self.turns = None;
    }

    pub(super) fn overflow(&mut self) {
        self.forget();
        self.closing = Some(Closing::Overflow);
        metrics::counter!("gateway_slow_readers_total").increment(1);
    }

    /// The socket took so many bytes of what is queued.
    pub(super) fn advance(&mut self, mut count: usize) {
        while let Some((kind, first)) = self.frames.front_mut() {
            let (kind, taken) = (*kind, count.min(first.len()));
            let is_whole = taken == first.len();
            if !is_whole {
                first.advance(taken);
            }
            *self.bytes_of(kind) -= taken;
            if !is_whole {
                break;
            }
            count -= taken;
            self.frames.pop_front();
        }
        self.moved_at = (!self.frames.is_empty()).then(Instant::now);
    }
}
