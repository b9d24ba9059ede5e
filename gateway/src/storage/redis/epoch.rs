//! Whether the store is still the one that it was.
//!
//! Redis can lose what it had while connections stand: somebody says `FLUSHALL`, loads an older RDB, or puts another server
//! behind the address. Then numbers go back, and what is remembered of versions and numbers means nothing any more. So each
//! server has a hash with a random id and a time that all instances move on (`epoch.lua`). It is looked at twice a second:
//! another id, or a time before the last one, is another *epoch* of the store. Everything that is kept in memory of the store
//! belongs to an epoch, and all topics are recovered as if their subscriptions had been lost.
//!
//! A loss of less than the last second or so can go unnoticed here. Servers forget so little when they fail, and then the
//! connections to them break, which counts as a loss by itself.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::redis::slot_of;
use crate::storage::StorageError;

use super::calls::{Call, WhenLost};
use super::scripts::EPOCH;
use super::{Shared, list, text, unreadable};

/// As often as the hub looks for events that are missing.
const LOOK: Duration = Duration::from_millis(500);

const OPERATION: &str = "look at the epoch of the store";

/// The number of the epoch, as this process counts them.
pub(super) struct Epoch {
    number: watch::Sender<u64>,
    /// Woken when another has begun: its format and its servers are looked at anew.
    pub(super) has_begun: Arc<Notify>,
}

/// What was last seen on a server.
struct Seen {
    id: Bytes,
    at: Bytes,
}

impl Epoch {
    pub(super) fn new() -> Self {
        Self { number: watch::Sender::new(0), has_begun: Arc::default() }
    }

    pub(super) fn number(&self) -> u64 {
        *self.number.borrow()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.number.subscribe()
    }
}

/// Looks until the engine is gone or the store is refused.
pub(super) async fn watch(engine: Weak<Shared>) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = HashMap::new();
    loop {
        ticks.tick().await;
        let Some(shared) = engine.upgrade() else { return };
        // What a later version has written is not touched.
        if shared.format.pass(Instant::now() + LOOK).await.is_ok() && shared.is_another(&mut seen).await {
            shared.begin_epoch();
        }
    }
}

impl Shared {
    /// Whether a server has another epoch than was seen last.
    async fn is_another(&self, seen: &mut HashMap<Vec<u8>, Seen>) -> bool {
        let keys: Vec<Vec<u8>> = self.keys.of_masters(self.reads.topology()).into_values().collect();
        // A server that is master no more, or has other slots now, is first seen when it is again.
        seen.retain(|key, _| keys.contains(key));
        let looks = keys.iter().map(|key| self.epoch_at(key, seen.get(key)));
        let looks: Vec<_> = join_all(looks).await;
        let mut is_another = false;
        for (key, look) in keys.into_iter().zip(looks) {
            // While a server does not answer, what was seen stands.
            let Ok(now) = look else { continue };
            let id = now.id.clone();
            let before = seen.insert(key, now);
            is_another |= before.is_some_and(|before| before.id != id);
        }
        is_another
    }

    async fn epoch_at(&self, key: &[u8], seen: Option<&Seen>) -> Result<Seen, StorageError> {
        let mut command = EPOCH.eval(&[key]);
        match seen {
            Some(Seen { id, at }) => command.arg(&id[..]).arg(&at[..]),
            None => command.arg("").arg(0),
        };
        command.arg(format!("{:032x}", rand::random::<u128>()));
        let call = Call::new(OPERATION, slot_of(key), command, WhenLost::Tell);
        let deadline = Instant::now() + 2 * LOOK;
        let answer = Call { deadline, ..call }.finish(&self.reads, None).await?;
        let mut answer = list(OPERATION, answer)?.into_iter().map(|part| text(OPERATION, part));
        match (answer.next(), answer.next()) {
            (Some(Ok(Some(id))), Some(Ok(Some(at)))) => Ok(Seen { id, at }),
            _ => Err(unreadable(OPERATION)),
        }
    }

    /// Forgets what is known of the store.
    fn begin_epoch(self: &Arc<Self>) {
        tracing::warn!(
            "the store is another than before, or an older state of it was loaded: what is kept in memory is read anew"
        );
        metrics::counter!("gateway_store_epochs_total").increment(1);
        self.known.clear();
        self.epoch.number.send_modify(|number| *number += 1);
        self.epoch.has_begun.notify_waiters();
    }
}
