//! The books: what was sent, what came where, and what is wrong with it.
//!
//! A message has its number in its stream, which is one sender in one room. Every receiver of the room must see the
//! numbers of a stream one after the other. What they do not see so far is missing; what comes later is out of order;
//! what comes again is a duplicate.

use std::collections::{BTreeSet, VecDeque};

use crate::marker::Mark;

/// What may be missing at one receiver before its numbers are no longer kept.
const MOST_MISSING: usize = 100_000;

/// One sender in one room.
struct Stream {
    receivers: u32,
    /// The next number to be sent.
    next: u64,
    /// The number to which the first of `outstanding` belongs.
    base: u64,
    /// How many have yet to get each message; where there are no receivers it is the sender, who waits for the answer.
    outstanding: VecDeque<u32>,
    refused: BTreeSet<u64>,
    acknowledged: u64,
}

/// What one receiver has of one stream.
#[derive(Clone, Default)]
struct Page {
    next: u64,
    missing: BTreeSet<u64>,
}

/// What one receiver has of the streams of their room.
pub(crate) struct Receiver {
    room: u32,
    pages: Vec<Page>,
}

/// What is wrong. Everything must be 0, or the run says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) duplicates: u64,
    pub(crate) out_of_order: u64,
    /// Something that is no mark, or that never was sent to this room.
    pub(crate) foreign: u64,
    /// A request whose sender never heard what became of it, where they are told.
    pub(crate) unanswered: u64,
}

impl Faults {
    pub(crate) fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// The books of a run.
pub(crate) struct Ledger {
    senders: u32,
    streams: Vec<Stream>,
    pub(crate) faults: Faults,
    /// Messages that not all have yet.
    pub(crate) outstanding: u64,
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
}

impl Ledger {
    /// Books for rooms of `receivers` members, themselves not counted, in each of which so many speak.
    pub(crate) fn new(rooms: u32, senders: u32, receivers: u32) -> Self {
        let stream = |_| Stream {
            receivers,
            next: 0,
            base: 0,
            outstanding: VecDeque::new(),
            refused: BTreeSet::new(),
            acknowledged: 0,
        };
        Self {
            senders,
            streams: (0..rooms * senders).map(stream).collect(),
            faults: Faults::default(),
            outstanding: 0,
            sent: 0,
            delivered: 0,
            acknowledged: 0,
            refused: 0,
        }
    }

    pub(crate) fn receiver(&self, room: u32) -> Receiver {
        Receiver { room, pages: vec![Page::default(); self.senders as usize] }
    }

    /// The number of the message that a stream sends now.
    pub(crate) fn send(&mut self, stream: u32) -> u64 {
        let stream = &mut self.streams[stream as usize];
        let number = stream.next;
        stream.next += 1;
        stream.outstanding.push_back(stream.receivers.max(1));
        self.outstanding += 1;
        self.sent += 1;
        number
    }

    /// A message that has come. Whether it is one that was expected.
    pub(crate) fn receive(&mut self, receiver: &mut Receiver, mark: Mark) -> bool {
        let index = u64::from(mark.stream).checked_sub(u64::from(receiver.room) * u64::from(self.senders));
        let page = index.and_then(|index| receiver.pages.get_mut(index as usize));
        let stream = self.streams.get_mut(mark.stream as usize);
        let (Some(page), Some(stream)) = (page, stream) else {
            self.faults.foreign += 1;
            return false;
        };
        if mark.number >= stream.next || stream.refused.contains(&mark.number) {
            self.faults.foreign += 1;
            return false;
        }
        if mark.number < page.next {
            if page.missing.remove(&mark.number) {
                self.faults.out_of_order += 1;
            } else {
                self.faults.duplicates += 1;
                return false;
            }
        } else {
            let skipped = (page.next..mark.number).filter(|number| !stream.refused.contains(number));
            page.missing.extend(skipped.take(MOST_MISSING));
            page.next = mark.number + 1;
        }
        self.delivered += 1;
        self.outstanding -= stream.check_off(mark.number);
        true
    }

    /// One receiver of a room is no longer waited for. To be said before anything is sent.
    pub(crate) fn give_up(&mut self, room: u32) {
        let first = (room * self.senders) as usize;
        for stream in &mut self.streams[first..first + self.senders as usize] {
            stream.receivers -= 1;
        }
    }

    pub(crate) fn acknowledge(&mut self, stream: u32, number: u64) {
        let stream = &mut self.streams[stream as usize];
        stream.acknowledged += 1;
        self.acknowledged += 1;
        if stream.receivers == 0 {
            self.outstanding -= stream.drop_out(number);
        }
    }

    /// A message that the server did not take.
    pub(crate) fn refuse(&mut self, stream: u32, number: u64) {
        let stream = &mut self.streams[stream as usize];
        self.refused += 1;
        if stream.refused.insert(number) {
            self.outstanding -= stream.drop_out(number);
        }
    }

    /// Notes at the end what a receiver never got.
    pub(crate) fn close(&mut self, receiver: &Receiver) {
        let first = receiver.room as usize * self.senders as usize;
        for (page, stream) in receiver.pages.iter().zip(&self.streams[first..]) {
            let refused_later = stream.refused.range(page.next..).count() as u64;
            let missing = page.missing.iter().filter(|number| !stream.refused.contains(number)).count();
            self.faults.lost += missing as u64 + (stream.next - page.next) - refused_later;
        }
    }

    /// Notes at the end which requests were never answered, where senders are told.
    pub(crate) fn close_requests(&mut self) {
        for stream in &self.streams {
            self.faults.unanswered += stream.next - stream.acknowledged - stream.refused.len() as u64;
        }
    }
}

impl Stream {
    /// One receiver more has the message. How many messages all have now that not all had before.
    fn check_off(&mut self, number: u64) -> u64 {
        let index = (number - self.base) as usize;
        self.outstanding[index] -= 1;
        self.settle(u64::from(self.outstanding[index] == 0))
    }

    /// Nobody is to get the message any more. How many messages that settles, which is none where it was settled.
    fn drop_out(&mut self, number: u64) -> u64 {
        let index = number.checked_sub(self.base).and_then(|index| usize::try_from(index).ok());
        let Some(left) = index.and_then(|index| self.outstanding.get_mut(index)) else { return 0 };
        let settled = u64::from(*left > 0);
        *left = 0;
        self.settle(settled)
    }

    fn settle(&mut self, settled: u64) -> u64 {
        while self.outstanding.front() == Some(&0) {
            self.outstanding.pop_front();
            self.base += 1;
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(stream: u32, number: u64) -> Mark {
        Mark { stream, number, intended_ns: 0 }
    }

    /// Sends four messages to two receivers and gives each the numbers that are said.
    fn books(first: &[u64], second: &[u64]) -> Ledger {
        let mut ledger = Ledger::new(1, 1, 2);
        for _ in 0..4 {
            ledger.send(0);
        }
        for numbers in [first, second] {
            let mut receiver = ledger.receiver(0);
            for number in numbers {
                ledger.receive(&mut receiver, mark(0, *number));
            }
            ledger.close(&receiver);
        }
        ledger
    }

    const ALL: &[u64] = &[0, 1, 2, 3];

    #[test]
    fn a_sound_stream_has_no_faults() {
        let ledger = books(ALL, ALL);
        assert!(ledger.faults.is_none(), "{:?}", ledger.faults);
        assert_eq!((ledger.sent, ledger.delivered, ledger.outstanding), (4, 8, 0));
    }

    #[test]
    fn what_is_lost_is_found() {
        let lost = |numbers| {
            let ledger = books(ALL, numbers);
            (ledger.faults, ledger.outstanding)
        };
        assert_eq!(lost(&[0, 2, 3]), (Faults { lost: 1, ..Faults::default() }, 1));
        assert_eq!(lost(&[0, 1]), (Faults { lost: 2, ..Faults::default() }, 2));
        assert_eq!(lost(&[]), (Faults { lost: 4, ..Faults::default() }, 4));
    }

    #[test]
    fn what_comes_twice_is_found() {
        assert_eq!(books(ALL, &[0, 1, 1, 2, 3]).faults, Faults { duplicates: 1, ..Faults::default() });
        assert_eq!(books(ALL, &[0, 1, 2, 3, 0]).faults, Faults { duplicates: 1, ..Faults::default() });
    }

    #[test]
    fn what_comes_out_of_order_is_found() {
        assert_eq!(books(ALL, &[0, 2, 1, 3]).faults, Faults { out_of_order: 1, ..Faults::default() });
    }

    #[test]
    fn what_belongs_elsewhere_is_found() {
        let mut ledger = Ledger::new(2, 2, 1);
        for stream in 0..4 {
            ledger.send(stream);
        }
        let mut receiver = ledger.receiver(1);
        assert!(!ledger.receive(&mut receiver, mark(1, 0)), "of another room");
        assert!(!ledger.receive(&mut receiver, mark(9, 0)), "of no room");
        assert!(!ledger.receive(&mut receiver, mark(2, 1)), "never sent");
        assert!(ledger.receive(&mut receiver, mark(2, 0)));
        assert!(ledger.receive(&mut receiver, mark(3, 0)));
        assert_eq!(ledger.faults, Faults { foreign: 3, ..Faults::default() });
    }

    #[test]
    fn what_was_refused_is_not_lost() {
        let mut ledger = Ledger::new(1, 1, 1);
        let mut receiver = ledger.receiver(0);
        for _ in 0..4 {
            ledger.send(0);
        }
        ledger.refuse(0, 1);
        ledger.refuse(0, 3);
        ledger.receive(&mut receiver, mark(0, 0));
        ledger.acknowledge(0, 0);
        ledger.receive(&mut receiver, mark(0, 2));
        ledger.close(&receiver);
        ledger.close_requests();
        assert_eq!(ledger.faults, Faults { unanswered: 1, ..Faults::default() });
        assert_eq!((ledger.outstanding, ledger.refused, ledger.acknowledged), (0, 2, 1));
    }

    #[test]
    fn where_nobody_listens_the_answer_settles_a_message() {
        let mut ledger = Ledger::new(1, 1, 0);
        let receiver = ledger.receiver(0);
        for _ in 0..3 {
            ledger.send(0);
        }
        assert_eq!(ledger.outstanding, 3);
        ledger.acknowledge(0, 1);
        ledger.acknowledge(0, 0);
        assert_eq!(ledger.outstanding, 1);
        ledger.refuse(0, 2);
        // An answer that comes again settles nothing.
        ledger.acknowledge(0, 0);
        assert_eq!(ledger.outstanding, 0);
        ledger.close(&receiver);
    }

    #[test]
    fn what_was_refused_and_comes_all_the_same_is_found() {
        let mut ledger = Ledger::new(1, 1, 1);
        let mut receiver = ledger.receiver(0);
        ledger.send(0);
        ledger.refuse(0, 0);
        ledger.receive(&mut receiver, mark(0, 0));
        assert_eq!(ledger.faults, Faults { foreign: 1, ..Faults::default() });
    }
}
