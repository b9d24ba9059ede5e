//! How far a device is known to have heard.
//!
//! A socket takes what is written to it long after its line is dead, so what was written says nothing. Now and then a push
//! asks the client for a receipt (`hub::Hub::ask_receipt`); what was said some time before the push was written it has
//! when it acknowledges that. One time for all that the device hears is enough, and is as small as can be: every log knows
//! the times of its entries.

use protocol::id::{AppId, Millis, UserId};
use serde::{Deserialize, Serialize};

use super::{Device, Sessions};
use crate::bus::DeviceId;
use crate::services::deps::unless_damaged;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Key, Partition, StorageError, Table};

/// The name of these rows in a user's partition.
const NAME: &[u8] = b"device";

/// What was said before this time, and was to be heard by the device, it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::services) struct DevicePosition(Millis);

impl DevicePosition {
    pub(super) fn at(at: Millis) -> Self {
        Self(at)
    }
}

/// Where it is kept. It goes when the device's session ends.
pub(super) fn key(device: DeviceId) -> Key {
    Key::new(Table::Read, [NAME, &device.to_be_bytes()].concat())
}

impl Sessions {
    /// Notes that a device has what was said before a time. One that is noted late moves it back, and costs no more than
    /// that something is told again.
    pub async fn heard(
        &self,
        app: AppId,
        user: &UserId,
        device: &Device,
        at: Millis,
    ) -> Result<(), StorageError> {
        let batch = Batch::new(Partition::user(app, user), self.deps.now())
            .put(key(device.id), records::encode(&DevicePosition(at)));
        self.deps.commit(batch).await?;
        Ok(())
    }

    /// Up to when a device has what was said. Where nothing is kept of that it has what was said before it logged in.
    pub(super) async fn position(
        &self,
        app: AppId,
        user: &UserId,
        device: &Device,
    ) -> Result<Millis, StorageError> {
        let partition = Partition::user(app, user);
        let found: Option<Versioned<DevicePosition>> =
            unless_damaged(records::get(&self.deps.engine, &partition, key(device.id)).await)?;
        Ok(found.map_or(device.since, |found| found.record.0))
    }
}
