//! In a cluster: the events of a batch for topics that other servers keep.
//!
//! They are sent after the batch is stored, by a script in the slot of each topic. So that those of one partition go out
//! in the order of its batches, a batch takes its place in a lane when it is sent, and the lane waits for each
//! batch in turn.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::redis::{Links, slot_of};
use crate::storage::Head;

use super::calls::{Call, WhenLost};
use super::commit::Foreign;
use super::scripts::ANNOUNCE;

/// A server that hangs holds up the lanes of its own slots, which lie together, and not the others.
const SLOTS_OF_A_LANE: u16 = 256;
const LANES: u16 = 16_384 / SLOTS_OF_A_LANE;

pub(super) struct Lanes {
    lanes: Vec<mpsc::UnboundedSender<Queued>>,
}

/// A batch that was sent and has such events.
struct Queued {
    /// Nothing comes when it was not stored.
    stored: oneshot::Receiver<Option<Head>>,
    sent: oneshot::Sender<()>,
    events: Vec<Foreign>,
}

/// A batch's place in its lane. Dropping it means that the batch was not stored.
pub(super) struct Place {
    stored: oneshot::Sender<Option<Head>>,
    sent: oneshot::Receiver<()>,
}

impl Place {
    /// Says that the batch is stored, and waits until its events are on their way.
    pub(super) async fn announce(self, entry: Option<Head>) {
        // A lane goes only with the engine.
        let _ = self.stored.send(entry);
        let _ = self.sent.await;
    }
}

impl Lanes {
    pub(super) fn new(links: Arc<Links>) -> Self {
        let lane = |_| {
            let (lane, queue) = mpsc::unbounded_channel();
            tokio::spawn(work(queue, links.clone()));
            lane
        };
        Self {
            lanes: if links.servers().target().is_cluster() {
                (0..LANES).map(lane).collect()
            } else {
                Vec::new()
            },
        }
    }

    /// Takes a place behind the batches that were sent before. Nothing where there is nothing to announce.
    pub(super) fn queue(&self, slot: u16, events: Vec<Foreign>) -> Option<Place> {
        if events.is_empty() {
            return None;
        }
        let (stored, is_stored) = oneshot::channel();
        let (sent, is_sent) = oneshot::channel();
        let lane = self.lanes.get(usize::from(slot / SLOTS_OF_A_LANE))?;
        // The queue is bounded by the batches that are under way.
        let _ = lane.send(Queued { stored: is_stored, sent, events });
        Some(Place { stored, sent: is_sent })
    }
}

async fn work(mut queue: mpsc::UnboundedReceiver<Queued>, links: Arc<Links>) {
    while let Some(Queued { stored, sent, events }) = queue.recv().await {
        let Ok(entry) = stored.await else { continue };
        let stamp = match entry {
            Some(Head { seq, at }) => format!(" {seq} {} ", at.0),
            None => " - - ".to_owned(),
        };
        for Foreign { tag, event } in events {
            let mut command = ANNOUNCE.call(&[tag.hash()]);
            command.arg(&stamp).arg(&event[..]);
            let call = Call::new("announce", slot_of(tag.channel()), command, WhenLost::Tell);
            let first = call.send(&links, None);
            let links = links.clone();
            tokio::spawn(async move {
                // The event is lost, which the topic's next turn shows to who receives it.
                if let Err(error) = call.finish(&links, first).await {
                    metrics::counter!("gateway_bus_unpublished_total").increment(1);
                    tracing::warn!(%error, "an event could not be announced");
                }
            });
        }
        let _ = sent.send(());
    }
}
