//! The recalls that a device is known to have.
//!
//! SDKs take one off the unread count for every recall that they are told of, also for one that they have. A device's
//! position is a time that lies some way before what it really has, so what it is told anew when it comes back begins there,
//! and doubles of messages they drop. Recalls are acknowledged one by one, and those that are left out.

use std::collections::BTreeSet;

use protocol::id::{AppId, Seq, UserId};
use serde::{Deserialize, Serialize};

use super::Sessions;
use crate::bus::{DeviceId, RecallMark};
use crate::services::decide::Decision;
use crate::services::deps::unless_damaged;
use crate::services::receipts::{Acknowledged, Owner};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Partition, StorageError, Table};

/// The name of these rows in a user's partition.
const NAME: &[u8] = b"recalls";

/// Recalls of a device that are kept. Beyond it the oldest is forgotten, and may be told again.
const MOST: usize = 100;

/// Where it is kept. It goes when the device's session ends.
pub(super) fn key(device: DeviceId) -> Key {
    Key::new(Table::Read, [NAME, &device.to_be_bytes()].concat())
}

/// Recalls by their times in microseconds and the numbers of their messages, which name one among all that a device hears
/// of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::services) struct KnownRecalls(BTreeSet<(u64, Seq)>);

impl KnownRecalls {
    pub(in crate::services) fn has(&self, mark: RecallMark) -> bool {
        self.0.contains(&(mark.at_us, mark.seq))
    }
}

impl Acknowledged for KnownRecalls {
    fn add_all(&mut self, other: &Self) {
        self.0.extend(&other.0);
        while self.0.len() > MOST {
            self.0.pop_first();
        }
    }
}

impl Sessions {
    /// A device has been told of a recall, by its time in microseconds and the number of its message. What is asked from now on knows; the store does a little later.
    pub fn knows_recall(&self, app: AppId, user: &UserId, device: DeviceId, recall: (u64, Seq)) {
        let of = (app, user.clone(), device);
        if self.recalls.add(&of, &KnownRecalls([recall].into())) {
            let sessions = self.clone();
            self.deps.tasks.spawn(async move { sessions.write_recalls(&of).await });
        }
    }

    async fn write_recalls(&self, of: &Owner) {
        while let Some(written) = self.recalls.next(of) {
            if let Err(error) = self.write_known(of, &written).await {
                // They may be told once more.
                tracing::warn!(%error, "the acknowledgement of a recall could not be kept");
            }
        }
    }

    async fn write_known(&self, (app, user, device): &Owner, new: &KnownRecalls) -> Result<(), StorageError> {
        let (partition, key) = (&Partition::user(*app, user), &key(*device));
        let decided = self.deps.decide("keep which recalls a device has", || async move {
            let found: Option<Versioned<KnownRecalls>> =
                records::get(&self.deps.engine, partition, key.clone()).await?;
            let expected = found.as_ref().map_or(Expected::Absent, |found| Expected::Version(found.version));
            let before = found.map(|found| found.record).unwrap_or_default();
            let mut known = before.clone();
            known.add_all(new);
            if known == before {
                return Ok(Decision::Done(()));
            }
            let batch = Batch::new(partition.clone(), self.deps.now())
                .check(key.clone(), expected)
                .put(key.clone(), records::encode(&known));
            Ok::<_, StorageError>(Decision::Commit(batch, ()))
        });
        decided.await
    }

    /// The recalls that a device has acknowledged. Where they cannot be read they are told again.
    pub(in crate::services) async fn known_recalls(
        &self,
        app: AppId,
        user: &UserId,
        device: DeviceId,
    ) -> Result<KnownRecalls, StorageError> {
        let unwritten = self.recalls.unwritten(&(app, user.clone(), device));
        let found: Option<Versioned<KnownRecalls>> =
            unless_damaged(records::get(&self.deps.engine, &Partition::user(app, user), key(device)).await)?;
        let mut known = found.map(|found| found.record).unwrap_or_default();
        known.add_all(&unwritten);
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept() {
        let mut known = KnownRecalls::default();
        for at_us in 0..10_000 {
            known.add_all(&KnownRecalls([(at_us, Seq(1))].into()));
        }
        assert_eq!(known.0.len(), MOST);
        assert!(known.has(RecallMark { at_us: 9_999, seq: Seq(1) }));
        assert!(!known.has(RecallMark { at_us: 9_999, seq: Seq(2) }));
        assert!(!known.has(RecallMark { at_us: 0, seq: Seq(1) }));
    }
}
