//! Where the logs end, remembered for the committer.

use std::collections::HashMap;

use crate::storage::{LogEnd, MOST_APPENDS};

use super::queue::GROUP_JOBS;

/// Logs that a generation remembers; there are two generations.
///
/// The ends of a group are not in the store yet, so it must not be able to push them out, however many logs its batches
/// append to.
const GENERATION: usize = MOST_APPENDS * GROUP_JOBS;

/// A bounded memory of ends, by the common part of the rows of a log.
///
/// When the young generation is full it becomes the old one and the old one is forgotten.
#[derive(Default)]
pub(super) struct LogEnds {
    young: HashMap<Box<[u8]>, LogEnd>,
    old: HashMap<Box<[u8]>, LogEnd>,
}

impl LogEnds {
    pub(super) fn get(&self, log: &[u8]) -> Option<LogEnd> {
        self.young.get(log).or_else(|| self.old.get(log)).copied()
    }

    pub(super) fn set(&mut self, log: &[u8], end: LogEnd) {
        if let Some(known) = self.young.get_mut(log) {
            *known = end;
            return;
        }
        if self.young.len() == GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(log.into(), end);
    }

    pub(super) fn forget(&mut self, log: &[u8]) {
        self.young.remove(log);
        self.old.remove(log);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::id::{Millis, Seq};

    fn end(seq: u64) -> LogEnd {
        LogEnd { seq: Seq(seq), at: Millis(0) }
    }

    #[test]
    fn forgets_the_oldest_and_keeps_the_newest_value() {
        let mut ends = LogEnds::default();
        ends.set(b"a", end(1));
        for log in 0..GENERATION {
            ends.set(&log.to_be_bytes(), end(0));
        }
        assert_eq!(ends.get(b"a"), Some(end(1)), "from the old generation");
        ends.set(b"a", end(2));
        assert_eq!(ends.get(b"a"), Some(end(2)), "the young value hides the old one");
        for log in 0..2 * GENERATION {
            ends.set(&log.to_be_bytes(), end(0));
        }
        assert_eq!(ends.get(b"a"), None);
        ends.set(b"a", end(3));
        ends.forget(b"a");
        assert_eq!(ends.get(b"a"), None);
    }
}
