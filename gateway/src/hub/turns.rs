//! The place of what a client itself has said among what it is told.
//!
//! An SDK puts its own message into its list when it is answered, so the answer stands where the message stands: behind what
//! was said before it, before what was said after it. Where that is shows when the message comes to its own sender on its
//! topic. The answer may be there before that, or a moment later; then what is pushed waits for it.
//!
//! And of an answer that counts messages: clients add to it what they are pushed behind it. What is pushed while it is made
//! waits for it, and stands before it as far as it was counted.

use std::collections::{HashMap, VecDeque};

use protocol::id::Seq;
use protocol::message::ClientNumbers;
use tokio::time::Instant;

use super::frame::Frame;
use super::returning::Subject;
use crate::bus::Topic;

/// Messages of a client that have come to it and are not answered. No more calls than that are under way.
const MOST: usize = 64;

/// Where answers and pushes wait for each other. Nothing, most of the time.
#[derive(Default)]
pub(super) struct Turns {
    /// From the first message that has come and was not answered on: what stands behind it.
    waiting: VecDeque<Waiting>,
    /// Answers to what has not come.
    early: VecDeque<Own>,
    /// The latest of those that wait no more, though only their answer was there, or only they had come.
    given_up: VecDeque<ClientNumbers>,
    /// Since when the client waits for answers that it takes in order. Everything waits for them.
    asked: Option<Instant>,
    /// How many answers are made that count messages, and since when. Everything waits for them.
    counting: Option<(usize, Instant)>,
    /// Of the pushes that wait.
    push_bytes: usize,
    /// Of the answers that wait for pushes which they have counted.
    count_bytes: usize,
}

enum Waiting {
    Own(Own),
    Push(Push),
    Count(Frame),
    Release,
}

/// A push, or the answer to what the client said.
pub(super) struct Push {
    /// Of a notice.
    pub(super) number: Option<Seq>,
    pub(super) subject: Option<Subject>,
    pub(super) frame: Frame,
}

/// What is to be written next.
pub(super) enum Turn {
    Push(Push),
    /// An answer that has counted the pushes before it.
    Count(Frame),
    /// The pushes that were held.
    Release,
}

struct Own {
    numbers: ClientNumbers,
    answer: Option<Frame>,
    since: Instant,
}

impl Turns {
    /// The answer to something is there, which comes to the client or has come where it `is_told`. Gives the answer back when
    /// it has no place to wait for.
    pub(super) fn answer(&mut self, numbers: ClientNumbers, is_told: bool, frame: Frame) -> Option<Frame> {
        let frame = self.answer_waiting(numbers, frame)?;
        if is_told && !self.has_given_up(numbers) {
            self.early.push_back(Own { numbers, answer: Some(frame), since: Instant::now() });
            return None;
        }
        self.give_up(numbers);
        Some(frame)
    }

    /// The answer to something is there, which may have come. Gives the answer back when it has not.
    pub(super) fn answer_waiting(&mut self, numbers: ClientNumbers, frame: Frame) -> Option<Frame> {
        let is_it = |waiting: &&mut Waiting| matches!(waiting, Waiting::Own(own) if own.numbers == numbers);
        match self.waiting.iter_mut().find(is_it) {
            Some(Waiting::Own(own)) => {
                own.answer = Some(frame);
                None
            }
            _ => Some(frame),
        }
    }

    /// Whether something has come, and is answered elsewhere now.
    pub(super) fn has_come(&mut self, numbers: ClientNumbers) -> bool {
        let count = self.waiting.len();
        self.waiting.retain(|waiting| !matches!(waiting, Waiting::Own(own) if own.numbers == numbers));
        self.waiting.len() < count
    }

    /// Something is answered elsewhere, whether it has come or comes.
    pub(super) fn has_answered(&mut self, numbers: ClientNumbers) {
        self.has_come(numbers);
        self.give_up(numbers);
    }

    fn has_given_up(&self, numbers: ClientNumbers) -> bool {
        self.given_up.contains(&numbers)
    }

    fn give_up(&mut self, numbers: ClientNumbers) {
        self.given_up.push_back(numbers);
        if self.given_up.len() > MOST {
            self.given_up.pop_front();
        }
    }

    /// Something that the client said comes to it.
    pub(super) fn come(&mut self, numbers: ClientNumbers) {
        if self.has_given_up(numbers) {
            return;
        }
        let early = self.early.iter().position(|own| own.numbers == numbers);
        let early = early.and_then(|index| self.early.remove(index));
        let own = early.unwrap_or_else(|| Own { numbers, answer: None, since: Instant::now() });
        self.waiting.push_back(Waiting::Own(own));
        let is_unanswered = |waiting: &Waiting| matches!(waiting, Waiting::Own(Own { answer: None, .. }));
        if self.waiting.iter().filter(|waiting| is_unanswered(waiting)).count() > MOST
            && let Some(first) = self.waiting.iter().position(is_unanswered)
        {
            self.waiting.remove(first);
        }
    }

    /// Whether answers are to come that the client takes in order.
    pub(super) fn is_asked_in_order(&mut self, is_asked: bool) {
        self.asked = is_asked.then(|| self.asked.unwrap_or_else(Instant::now));
    }

    /// Whether nothing waits, and nothing is known that would not be known anew.
    pub(super) fn is_over(&self) -> bool {
        !self.is_waiting() && self.early.is_empty() && self.given_up.is_empty()
    }

    /// Whether a push has to wait.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() || self.asked.is_some() || self.counting.is_some()
    }

    /// Lets a push wait. Gives the bytes of all that do.
    pub(super) fn push(&mut self, push: Push) -> usize {
        self.push_bytes += push.frame.len();
        self.waiting.push_back(Waiting::Push(push));
        self.push_bytes
    }

    /// An answer that counts is begun.
    pub(super) fn begin_count(&mut self) {
        let (count, since) = self.counting.unwrap_or_else(|| (0, Instant::now()));
        self.counting = Some((count + 1, since));
    }

    /// One that was begun is there, or is given up.
    pub(super) fn end_count(&mut self) {
        self.counting = self.counting.and_then(|(count, since)| (count > 1).then(|| (count - 1, since)));
    }

    pub(super) fn is_counting(&self) -> bool {
        self.counting.is_some()
    }

    /// Puts pushes before all that wait.
    pub(super) fn put_before(&mut self, pushes: Vec<Push>) {
        for push in pushes.into_iter().rev() {
            self.push_bytes += push.frame.len();
            self.waiting.push_front(Waiting::Push(push));
        }
    }

    /// Lets an answer wait that has counted what was said up to these ends, and behind it the pushes of what was said later.
    /// Does nothing, and gives false, where those would come behind something else as well.
    pub(super) fn place_count(&mut self, frame: &Frame, ends: &HashMap<Topic, Seq>) -> bool {
        let is_later = |waiting: &Waiting| match waiting {
            Waiting::Push(Push { subject: Some(Subject::Entry(topic, seq)), .. }) => {
                ends.get(topic).is_some_and(|end| end < seq)
            }
            _ => false,
        };
        let first = self.waiting.iter().position(is_later).unwrap_or(self.waiting.len());
        if !self.waiting.iter().skip(first).all(|waiting| matches!(waiting, Waiting::Push(_))) {
            return false;
        }
        let (later, earlier): (Vec<_>, Vec<_>) = self.waiting.drain(first..).partition(is_later);
        self.waiting.extend(earlier);
        self.count(frame.clone());
        self.waiting.extend(later);
        true
    }

    /// Lets an answer wait that has counted the pushes which wait.
    pub(super) fn count(&mut self, frame: Frame) {
        self.count_bytes += frame.len();
        self.waiting.push_back(Waiting::Count(frame));
    }

    /// What is held is let go behind what waits.
    pub(super) fn release(&mut self) {
        self.hold();
        self.waiting.push_back(Waiting::Release);
    }

    /// What is held is held on.
    pub(super) fn hold(&mut self) {
        self.waiting.retain(|waiting| !matches!(waiting, Waiting::Release));
    }

    /// Of the answers that wait for pushes which they have counted.
    pub(super) fn count_bytes(&self) -> usize {
        self.count_bytes
    }

    pub(super) fn next(&mut self) -> Option<Turn> {
        let is_waiting = self.asked.is_some() || self.counting.is_some();
        if is_waiting || matches!(self.waiting.front()?, Waiting::Own(Own { answer: None, .. })) {
            return None;
        }
        match self.waiting.pop_front()? {
            Waiting::Own(own) => {
                own.answer.map(|frame| Turn::Push(Push { number: None, subject: None, frame }))
            }
            Waiting::Push(push) => {
                self.push_bytes -= push.frame.len();
                Some(Turn::Push(push))
            }
            Waiting::Release => Some(Turn::Release),
            Waiting::Count(frame) => {
                self.count_bytes -= frame.len();
                Some(Turn::Count(frame))
            }
        }
    }

    /// Nothing waits for longer than since a time: what has not come by then comes now, and what nobody answers, because
    /// another connection was asked, holds nobody up. True when the answers that count are not waited for any more.
    pub(super) fn end(&mut self, since: Instant) -> bool {
        self.asked.take_if(|asked| *asked <= since);
        let counts_no_more = self.counting.take_if(|(_, begun)| *begun <= since).is_some();
        let mut unanswered = Vec::new();
        self.waiting.retain(|waiting| match waiting {
            Waiting::Own(own) if own.since <= since && own.answer.is_none() => {
                unanswered.push(own.numbers);
                false
            }
            _ => true,
        });
        unanswered.into_iter().for_each(|numbers| self.give_up(numbers));
        let is_old = self.early.iter().take_while(|own| own.since <= since).count();
        let late: Vec<Own> = self.early.drain(..is_old).collect();
        for own in late {
            self.give_up(own.numbers);
            self.waiting.push_back(Waiting::Own(own));
        }
        counts_no_more
    }

    /// Since when something waits.
    pub(super) fn since(&self) -> Option<Instant> {
        let first = self.waiting.iter().find_map(|waiting| match waiting {
            Waiting::Own(own) => Some(own.since),
            Waiting::Push(..) | Waiting::Count(_) | Waiting::Release => None,
        });
        let counting = self.counting.map(|(_, since)| since);
        let early = self.early.front().map(|own| own.since);
        [first, early, self.asked, counting].into_iter().flatten().min()
    }
}
