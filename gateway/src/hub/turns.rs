//! The place of what a client itself has said among what it is told.
//!
//! An SDK puts its own message into its list when it is answered, so the answer stands where the message stands: behind what
//! was said before it, before what was said after it. Where that is shows when the message comes to its own sender on its
//! topic. The answer may be there before that, or a moment later; then what is pushed waits for it.

use std::collections::VecDeque;

use protocol::id::Seq;
use protocol::message::ClientNumbers;
use tokio::time::Instant;

use super::frame::Frame;

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
    /// Of the pushes that wait.
    bytes: usize,
}

enum Waiting {
    Own(Own),
    Push(Option<Seq>, Frame),
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
        let is_it = |waiting: &&mut Waiting| matches!(waiting, Waiting::Own(own) if own.numbers == numbers);
        if let Some(Waiting::Own(own)) = self.waiting.iter_mut().find(is_it) {
            own.answer = Some(frame);
            return None;
        }
        if is_told && !self.has_given_up(numbers) {
            self.early.push_back(Own { numbers, answer: Some(frame), since: Instant::now() });
            return None;
        }
        self.give_up(numbers);
        Some(frame)
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
        let owns = self.waiting.iter().filter(|waiting| matches!(waiting, Waiting::Own(_))).count();
        if owns > MOST {
            self.waiting.pop_front();
        }
    }

    /// Whether answers are to come that the client takes in order.
    pub(super) fn is_asked_in_order(&mut self, is_asked: bool) {
        self.asked = is_asked.then(|| self.asked.unwrap_or_else(Instant::now));
    }

    /// Whether a push has to wait.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() || self.asked.is_some()
    }

    /// Lets a push wait. Gives the bytes of all that do.
    pub(super) fn push(&mut self, number: Option<Seq>, frame: Frame) -> usize {
        self.bytes += frame.len();
        self.waiting.push_back(Waiting::Push(number, frame));
        self.bytes
    }

    /// What is to be written next; a notice with its number.
    pub(super) fn next(&mut self) -> Option<(Option<Seq>, Frame)> {
        if self.asked.is_some() || matches!(self.waiting.front()?, Waiting::Own(Own { answer: None, .. })) {
            return None;
        }
        match self.waiting.pop_front()? {
            Waiting::Own(own) => own.answer.map(|frame| (None, frame)),
            Waiting::Push(number, frame) => {
                self.bytes -= frame.len();
                Some((number, frame))
            }
        }
    }

    /// Nothing waits for longer than since a time: what has not come by then comes now, and what nobody answers, because
    /// another connection was asked, holds nobody up.
    pub(super) fn end(&mut self, since: Instant) {
        self.asked.take_if(|asked| *asked <= since);
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
    }

    /// Since when something waits.
    pub(super) fn since(&self) -> Option<Instant> {
        let first = self.waiting.iter().find_map(|waiting| match waiting {
            Waiting::Own(own) => Some(own.since),
            Waiting::Push(..) => None,
        });
        first.into_iter().chain(self.early.front().map(|own| own.since)).chain(self.asked).min()
    }
}
