//! How many members of a group are online.
//!
//! In a small group it is looked who is. In a large one those are counted who follow it, which costs nothing for those who
//! are away: each instance counts its own, and says so when it is asked to. Who is asked first looks at all members, and has
//! the others say what the next one is told.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use protocol::id::{AppId, GroupId, Millis};
use serde::{Deserialize, Serialize};

use super::deps::{Actor, Deps};
use super::group::{GroupError, GroupRef, Groups};
use super::session::Sessions;
use crate::bus::{Audience, Control, Topic};

/// Larger groups are not counted for each who asks.
const COUNTED_ANEW: u64 = 200;

/// For so long what was counted of a larger group is told to everybody. Clients keep it for a minute themselves.
const KEPT_SECONDS: u64 = 10;

/// Counts that are kept.
const COUNTS: usize = 1000;

/// What an instance has said holds for so long, if it lives.
const SAID_WITHIN_MS: u64 = 60_000;
const SAID_LIFETIME: Duration = Duration::from_secs(70);

/// After so long all instances have said what they were asked.
const ANSWERED_WITHIN_MS: u64 = 3_000;

/// Application, group, its epoch, and the span of time.
type Span = (AppId, GroupId, Bytes, u64);

/// What an instance says of a group.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    at: Millis,
    followers: u64,
    /// Since when it has been asking again and again.
    asks_since: Option<Millis>,
}

/// When somebody here began to ask again and again for a group, and when they did last.
#[derive(Clone, Copy)]
struct Asking {
    since: Millis,
    last: Millis,
}

/// Counts who is there.
#[derive(Clone)]
pub struct Presence {
    deps: Deps,
    groups: Groups,
    sessions: Sessions,
    audience: Arc<OnceLock<Arc<dyn Audience>>>,
    counted: Arc<quick_cache::sync::Cache<Span, u64>>,
    asking: Arc<quick_cache::sync::Cache<Topic, Asking>>,
}

impl Presence {
    pub fn new(deps: Deps, groups: Groups, sessions: Sessions) -> Self {
        let counted = Arc::new(quick_cache::sync::Cache::new(COUNTS));
        let asking = Arc::new(quick_cache::sync::Cache::new(COUNTS));
        Self { deps, groups, sessions, audience: Arc::default(), counted, asking }
    }

    /// From whom it is known who follows what here. Said once.
    pub fn hears_from(&self, audience: Arc<dyn Audience>) {
        // There is one hub.
        let _ = self.audience.set(audience);
    }

    /// How many members of a group are online.
    pub async fn count(&self, actor: &Actor, id: &GroupId) -> Result<u64, GroupError> {
        let (found, _) = self.groups.as_seen_by(actor, id).await?;
        let members = self.groups.count(&found).await?;
        if self.groups.is_room(&found) {
            return Ok(members);
        }
        if members <= COUNTED_ANEW {
            return self.looked_at(&found).await;
        }
        let span = (actor.app, id.clone(), found.epoch(), self.deps.now().seconds() / KEPT_SECONDS);
        // Whoever asks at the same moment waits for the same count.
        self.counted.get_or_insert_async(&span, self.followed(&found)).await
    }

    /// Looks at all members.
    async fn looked_at(&self, found: &GroupRef) -> Result<u64, GroupError> {
        let members = self.groups.member_ids(found).await?;
        let online = self.sessions.are_online(found.app, members).await?;
        Ok(online.into_iter().filter(|is_online| *is_online).count() as u64)
    }

    /// Counts those who follow the group.
    async fn followed(&self, found: &GroupRef) -> Result<u64, GroupError> {
        let topic = found.channel().topic;
        let here = self.here(&topic);
        if !self.deps.bus.can_lose() {
            return Ok(here);
        }
        let now = self.deps.now();
        let mut notes = self.deps.notes::<Note>(&topic).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "it could not be asked how many follow a group");
            Vec::new()
        });
        notes.retain(|(_, note)| note.at.0 + SAID_WITHIN_MS > now.0);
        let asking = self.asking.get(&topic).filter(|asking| asking.last.0 + SAID_WITHIN_MS > now.0);
        let since = asking.map_or(now, |asking| asking.since);
        self.asking.insert(topic.clone(), Asking { since, last: now });
        self.say(&topic).await;
        self.deps.bus.publish(topic.clone(), None, Control::RollCall.into()).await;
        let asked_since = notes.iter().filter_map(|(_, note)| note.asks_since).min();
        if asked_since.is_none_or(|since| since.0 + ANSWERED_WITHIN_MS > now.0) {
            return self.looked_at(found).await;
        }
        let others = notes.iter().filter(|(node, _)| *node != self.deps.node);
        Ok(here + others.map(|(_, note)| note.followers).sum::<u64>())
    }

    /// It is to be said how many follow a group here.
    pub fn roll_called(&self, topic: &Topic) {
        if self.deps.bus.can_lose() {
            let (presence, topic) = (self.clone(), topic.clone());
            self.deps.tasks.spawn(async move { presence.say(&topic).await });
        }
    }

    async fn say(&self, topic: &Topic) {
        let now = self.deps.now();
        let asking = self.asking.get(topic).filter(|asking| asking.last.0 + SAID_WITHIN_MS > now.0);
        let asks_since = asking.map(|asking| asking.since);
        let note = Note { at: now, followers: self.here(topic), asks_since };
        let note = serde_json::to_vec(&note).expect("a note has only numbers");
        if let Err(error) = self.deps.bus.note(topic, Some(note.into()), SAID_LIFETIME).await {
            tracing::warn!(%error, "it could not be said how many follow a group");
        }
    }

    fn here(&self, topic: &Topic) -> u64 {
        self.audience.get().map_or(0, |audience| audience.users(topic))
    }
}
