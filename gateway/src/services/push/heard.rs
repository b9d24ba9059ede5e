//! Which notices a device has acknowledged.
//!
//! An SDK says with its cookie which notices it had at its last sync, and acknowledges those that are pushed to it later.
//! What was pushed and not acknowledged may be lost on a line that broke, so numbers may be missing in between.

use protocol::id::{AppId, Seq, UserId};
use serde::{Deserialize, Serialize};

use super::{LOG, Notices};
use crate::bus::DeviceId;
use crate::services::decide::Decision;
use crate::services::receipts::{Acknowledged, Owner};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Partition, StorageError, Table};

/// Ranges that are kept; beyond it the oldest is forgotten, and its notices may be told again. More numbers than
/// [`super::CATCH_UP`] are never told, so more holes are of no use.
const RANGES: usize = super::CATCH_UP;

/// Where it is kept which notices a device has. It goes when the device's session ends.
pub fn heard_key(device: DeviceId) -> Key {
    Key::new(Table::Read, [LOG, &device.to_be_bytes()].concat())
}

/// A set of numbers: ranges with both their ends, in order, with a hole between any two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::services) struct Heard(Vec<(Seq, Seq)>);

impl Heard {
    pub(super) fn has(&self, seq: Seq) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= seq);
        self.0[..after].last().is_some_and(|(_, last)| seq <= *last)
    }

    fn add(&mut self, (mut first, mut last): (Seq, Seq)) {
        // All that it touches become one with it. Clients may say any number.
        let from = self.0.partition_point(|(_, end)| end.0.saturating_add(1) < first.0);
        let to = self.0.partition_point(|(begin, _)| begin.0 <= last.0.saturating_add(1));
        if let [(begin, _), ..] = self.0[from..to] {
            first = first.min(begin);
        }
        if let [.., (_, end)] = self.0[from..to] {
            last = last.max(end);
        }
        self.0.splice(from..to, [(first, last)]);
        if self.0.len() > RANGES {
            self.0.remove(0);
        }
    }

    /// Without numbers that no notice has yet.
    fn up_to(mut self, most: Seq) -> Self {
        self.0.retain(|(first, _)| *first <= most);
        if let Some((_, last)) = self.0.last_mut() {
            *last = most.min(*last);
        }
        self
    }
}

impl Acknowledged for Heard {
    fn add_all(&mut self, other: &Self) {
        for range in &other.0 {
            self.add(*range);
        }
    }
}

impl Notices {
    /// A device has a notice. What is asked from now on knows; the store does a little later.
    pub fn acknowledge(&self, app: AppId, user: &UserId, device: DeviceId, seq: Seq) {
        let of = (app, user.clone(), device);
        if self.receipts.add(&of, &Heard(vec![(seq, seq)])) {
            let notices = self.clone();
            self.deps.tasks.spawn(async move { notices.write_receipts(&of).await });
        }
    }

    async fn write_receipts(&self, of: &Owner) {
        while let Some(written) = self.receipts.next(of) {
            if let Err(error) = self.write_heard(of, written).await {
                // The notices may be told once more.
                tracing::warn!(%error, "the acknowledgement of a notice could not be kept");
            }
        }
    }

    async fn write_heard(&self, (app, user, device): &Owner, new: Heard) -> Result<(), StorageError> {
        // What a client makes up must not hide what it is yet to be told.
        let new = new.up_to(self.last(*app, user).await?);
        let (partition, key) = (&Partition::user(*app, user), &heard_key(*device));
        let new = &new;
        let decided = self.deps.decide("keep an acknowledgement", || async move {
            let found: Option<Versioned<Heard>> =
                records::get(&self.deps.engine, partition, key.clone()).await?;
            let expected = found.as_ref().map_or(Expected::Absent, |found| Expected::Version(found.version));
            let before = found.map(|found| found.record).unwrap_or_default();
            let mut heard = before.clone();
            heard.add_all(new);
            if heard == before {
                return Ok(Decision::Done(()));
            }
            let batch = Batch::new(partition.clone(), self.deps.now())
                .check(key.clone(), expected)
                .put(key.clone(), records::encode(&heard));
            Ok::<_, StorageError>(Decision::Commit(batch, ()))
        });
        decided.await
    }

    /// What a device has acknowledged.
    pub(super) async fn heard(
        &self,
        app: AppId,
        user: &UserId,
        device: DeviceId,
    ) -> Result<Heard, StorageError> {
        let unwritten = self.receipts.unwritten(&(app, user.clone(), device));
        let found: Option<Versioned<Heard>> =
            records::get(&self.deps.engine, &Partition::user(app, user), heard_key(device)).await?;
        let mut heard = found.map(|found| found.record).unwrap_or_default();
        heard.add_all(&unwritten);
        Ok(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(ranges: &[(u64, u64)]) -> Heard {
        Heard(ranges.iter().map(|(first, last)| (Seq(*first), Seq(*last))).collect())
    }

    #[test]
    fn ranges_grow_together() {
        let mut set = Heard::default();
        for (seq, expected) in [
            (5, &[(5, 5)][..]),
            (7, &[(5, 5), (7, 7)]),
            (2, &[(2, 2), (5, 5), (7, 7)]),
            (6, &[(2, 2), (5, 7)]),
            (6, &[(2, 2), (5, 7)]),
            (1, &[(1, 2), (5, 7)]),
            (8, &[(1, 2), (5, 8)]),
        ] {
            set.add((Seq(seq), Seq(seq)));
            assert_eq!(set, heard(expected), "after {seq}");
        }
        set.add((Seq(2), Seq(6)));
        assert_eq!(set, heard(&[(1, 8)]));
        set.add((Seq(u64::MAX), Seq(u64::MAX)));
        assert!(set.has(Seq(8)) && !set.has(Seq(9)) && !set.has(Seq(0)) && set.has(Seq(u64::MAX)));
        assert_eq!(set.up_to(Seq(6)), heard(&[(1, 6)]));
        assert_eq!(heard(&[(5, 9)]).up_to(Seq(4)), heard(&[]));
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut set = Heard::default();
        for seq in (0..10_000).step_by(2) {
            set.add((Seq(seq), Seq(seq)));
        }
        assert_eq!(set.0.len(), RANGES);
        assert!(set.has(Seq(9_998)) && !set.has(Seq(0)));
    }

    #[test]
    fn it_is_the_same_set_in_any_order() {
        use rand::rngs::StdRng;
        use rand::seq::SliceRandom;
        use rand::{RngExt, SeedableRng};
        for seed in 0..200 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut numbers: Vec<u64> = (0..60).map(|_| random.random_range(0..100)).collect();
            let mut set = Heard::default();
            numbers.iter().for_each(|seq| set.add((Seq(*seq), Seq(*seq))));
            assert!((0..100).all(|seq| set.has(Seq(seq)) == numbers.contains(&seq)), "seed {seed}");
            numbers.shuffle(&mut random);
            let mut other = Heard::default();
            numbers.iter().for_each(|seq| other.add((Seq(*seq), Seq(*seq))));
            assert_eq!(set, other, "seed {seed}");
        }
    }
}
