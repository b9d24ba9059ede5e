//! What devices have acknowledged, on its way to the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::id::{AppId, UserId};

use crate::bus::DeviceId;

/// A device of a user.
pub(super) type Owner = (AppId, UserId, DeviceId);

/// A set of what was acknowledged.
pub(super) trait Acknowledged: Clone + Default + PartialEq {
    fn add_all(&mut self, other: &Self);
}

/// What devices have acknowledged and the store does not know yet. There are no more entries than devices that
/// acknowledge at this moment.
pub(super) struct Receipts<T>(Arc<Mutex<HashMap<Owner, Receipt<T>>>>);

impl<T> Clone for Receipts<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Receipts<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// What comes while the store is written goes into the next write.
#[derive(Default)]
struct Receipt<T> {
    written: T,
    waiting: T,
}

impl<T: Acknowledged> Receipts<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Owner, Receipt<T>>> {
        // Nothing under this lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device has acknowledged this. True where nobody is writing what it acknowledges: the caller is to.
    pub(super) fn add(&self, of: &Owner, new: &T) -> bool {
        let mut receipts = self.lock();
        let is_new = !receipts.contains_key(of);
        receipts.entry(of.clone()).or_default().waiting.add_all(new);
        is_new
    }

    /// What is to be written next; nothing when all of it is, and whoever wrote it is done.
    pub(super) fn next(&self, of: &Owner) -> Option<T> {
        let mut receipts = self.lock();
        let receipt = receipts.get_mut(of)?;
        receipt.written = std::mem::take(&mut receipt.waiting);
        if receipt.written == T::default() {
            receipts.remove(of);
            return None;
        }
        Some(receipt.written.clone())
    }

    /// What the store may not know. To be asked before the store is: it is there before it is gone from here.
    pub(super) fn unwritten(&self, of: &Owner) -> T {
        let mut unwritten = T::default();
        if let Some(receipt) = self.lock().get(of) {
            unwritten.add_all(&receipt.written);
            unwritten.add_all(&receipt.waiting);
        }
        unwritten
    }
}
