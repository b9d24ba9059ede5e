//! Where the logs end, remembered for the committer.

use std::collections::HashMap;

use crate::storage::{Head, MOST_APPENDS};

use super::queue::GROUP_JOBS;

/// Logs that a generation remembers; there are two generations.
///
/// The heads of a group are not in the store yet, so it must not be able to push them out, however many logs its batches
/// append to.
const GENERATION: usize = MOST_APPENDS * GROUP_JOBS;

/// A bounded memory of heads, by the common part of the rows of a log.
///
/// When the young generation is full it becomes the old one and the old one is forgotten.
#[derive(Default)]
pub(super) struct Heads {
    young: HashMap<Box<[u8]>, Head>,
    old: HashMap<Box<[u8]>, Head>,
}

impl Heads {
    pub(super) fn get(&self, log: &[u8]) -> Option<Head> {
        self.young.get(log).or_else(|| self.old.get(log)).copied()
    }

    pub(super) fn set(&mut self, log: &[u8], head: Head) {
        if let Some(known) = self.young.get_mut(log) {
            *known = head;
            return;
        }
        if self.young.len() == GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(log.into(), head);
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

    fn head(seq: u64) -> Head {
        Head { seq: Seq(seq), at: Millis(0) }
    }

    #[test]
    fn forgets_the_oldest_and_keeps_the_newest_value() {
        let mut heads = Heads::default();
        heads.set(b"a", head(1));
        for log in 0..GENERATION {
            heads.set(&log.to_be_bytes(), head(0));
        }
        assert_eq!(heads.get(b"a"), Some(head(1)), "from the old generation");
        heads.set(b"a", head(2));
        assert_eq!(heads.get(b"a"), Some(head(2)), "the young value hides the old one");
        for log in 0..2 * GENERATION {
            heads.set(&log.to_be_bytes(), head(0));
        }
        assert_eq!(heads.get(b"a"), None);
        heads.set(b"a", head(3));
        heads.forget(b"a");
        assert_eq!(heads.get(b"a"), None);
    }
}
