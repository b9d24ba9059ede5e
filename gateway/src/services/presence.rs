//! How many members of a group are online.

use std::sync::Arc;

use bytes::Bytes;
use protocol::id::{AppId, GroupId};

use super::deps::{Actor, Deps};
use super::group::{GroupError, Groups};
use super::session::Sessions;

/// Larger groups are not counted for each who asks.
const COUNTED_ANEW: u64 = 200;

/// For so long what was counted of a larger group is told to everybody. Clients keep it for a minute themselves.
const KEPT_SECONDS: u64 = 10;

/// Counts that are kept.
const COUNTS: usize = 1000;

/// Application, group, its epoch, and the span of time.
type Span = (AppId, GroupId, Bytes, u64);

/// Counts who is there.
#[derive(Clone)]
pub struct Presence {
    deps: Deps,
    groups: Groups,
    sessions: Sessions,
    counted: Arc<quick_cache::sync::Cache<Span, u64>>,
}

impl Presence {
    pub fn new(deps: Deps, groups: Groups, sessions: Sessions) -> Self {
        Self { deps, groups, sessions, counted: Arc::new(quick_cache::sync::Cache::new(COUNTS)) }
    }

    /// How many members of a group are online.
    pub async fn count(&self, actor: &Actor, id: &GroupId) -> Result<u64, GroupError> {
        let (found, _) = self.groups.as_seen_by(actor, id).await?;
        if self.groups.is_room(&found) {
            return Ok(self.groups.count(&found).await?);
        }
        let count = async {
            let members = self.groups.member_ids(&found).await?;
            let online = self.sessions.are_online(actor.app, members).await?;
            Ok::<_, GroupError>(online.into_iter().filter(|is_online| *is_online).count() as u64)
        };
        if self.groups.count(&found).await? <= COUNTED_ANEW {
            return count.await;
        }
        let span = (actor.app, id.clone(), found.epoch(), self.deps.now().seconds() / KEPT_SECONDS);
        // Whoever asks at the same moment waits for the same count.
        self.counted.get_or_insert_async(&span, count).await
    }
}
