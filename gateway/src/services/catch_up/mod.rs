//! What somebody missed who followed a topic and did not hear everything, or who was away: answered from the store.

mod device;
mod user;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::event;
use protocol::id::{AppId, ChannelId, GroupId, Millis, Seq, UserId};
use protocol::message::GroupMessageId;

use super::StorageError;
use super::account::Accounts;
use super::conversation::Conversations;
use super::deps::{Deps, side_by_side};
use super::group::{ChannelRef, Groups};
use super::presence::Presence;
use super::push::Notices;
use super::session::Sessions;
use super::timeline::{Entry, PastRecall, Seen, Timelines};
use crate::bus::{
    self, Aside, AsideOf, CLOCK_DIFFERENCE, Coming, Delivery, DeviceClaim, DeviceId, Ended, Event, Going,
    GroupPlace, HeardAsides, HeardWindow, Membership, MissedByDevice, MissedByUser, MissedInGroup,
    MostMissed, Push, RecallMark, Recalls, RoomStay, Source, SourceError, Stamp, Topic, TopicPlace,
    UserPlace, Visitor, Wishes,
};
use crate::storage::{Log, LogEnd, Window};

/// Entries that are read at once.
const PAGE: usize = 200;

/// The services that know what was missed.
#[derive(Clone)]
pub struct CatchUp {
    pub deps: Deps,
    pub accounts: Accounts,
    pub sessions: Sessions,
    pub groups: Groups,
    pub conversations: Conversations,
    pub notices: Notices,
    pub presence: Presence,
    pub timelines: Timelines,
}

impl From<StorageError> for SourceError {
    fn from(error: StorageError) -> Self {
        SourceError(error.to_string())
    }
}

fn earlier(time: Millis) -> Millis {
    Millis(time.0.saturating_sub(CLOCK_DIFFERENCE))
}

impl CatchUp {
    async fn place(&self, place: &ChannelRef) -> Result<GroupPlace, StorageError> {
        let (at, log) = (self.deps.now(), place.channel().log);
        let LogEnd { seq, at: end_at } = self.deps.engine.log_end(&log).await?;
        let window = HeardWindow::from_end(Stamp { seq, at: end_at });
        let mut asides = HeardAsides::new(at);
        // Later it is read again from as long before as clocks differ: what is there now is known then.
        let after = (asides.since().0 * 1000, Seq::ZERO);
        let past = self.timelines.recalls(&log, after, u64::MAX, PAGE).await?;
        let known = side_by_side(past, |past| self.recalled(place, past)).await?;
        for aside in known.iter().flatten().filter_map(|(_, event)| event.aside()) {
            asides.hear(aside);
        }
        Ok(GroupPlace { epoch: place.epoch(), seq, window, asides })
    }

    fn event(&self, place: &ChannelRef, entry: Entry) -> Event {
        let found = &place.found;
        let counts = self.groups.rules(found.app, found.group.record.kind).counts_unread;
        let group = place.label();
        match entry {
            Entry::Message(message) => bus::Entry::GroupMessage { group, message, counts }.into(),
            Entry::Tip(tip) => bus::Entry::GroupTip { group, tip, counts }.into(),
        }
    }

    /// What followers are told of a recall; nothing when its message is gone.
    async fn recalled(
        &self,
        place: &ChannelRef,
        past: PastRecall,
    ) -> Result<Option<(Stamp, Event)>, StorageError> {
        let Some(seen) = self.timelines.entry(&place.channel().log, past.seq).await? else { return Ok(None) };
        let Entry::Message(message) = &seen.entry else { return Ok(None) };
        let message = GroupMessageId {
            seq: seen.seq,
            random: message.random,
            tiny_id: message.from.tiny_id,
            client_time: message.client_time,
            time: seen.at.seconds(),
        };
        let stamp = Stamp { seq: seen.seq, at: Millis(past.at_us / 1000) };
        let receipt = self.groups.recall_receipt(&place.found, &past).await?;
        let body = event::message::group_recalled(&place.label(), &message, &past.recall, stamp.at, receipt);
        let message = Stamp { seq: seen.seq, at: seen.at };
        let of = AsideOf::Recall { group: place.id(), message };
        let push = Push::new(body).by(past.made_on()).telling(Aside { of, at: stamp.at });
        Ok(Some((stamp, push.into())))
    }

    /// The entries of a log since a time and after a number, oldest first, as `reader` sees them; nothing when there are more
    /// than `most`.
    async fn back_to(
        &self,
        log: &Log,
        (since, after): (Millis, Seq),
        reader: Option<&UserId>,
        most: usize,
    ) -> Result<Option<Vec<Seen>>, StorageError> {
        let end = self.deps.engine.log_end(log).await?;
        let mut entries = Vec::new();
        let mut to = end.seq;
        // From the newest down: how far it goes back is told by the time alone.
        'pages: while to > after && end.at >= since {
            let window = Window { from: after.next(), to, limit: PAGE, newest_first: true };
            let page = self.timelines.read(log, window, reader).await?;
            let Some(last) = page.last() else { break };
            to = last.seq.previous();
            for seen in page {
                if seen.at < since {
                    break 'pages;
                }
                if entries.len() == most {
                    return Ok(None);
                }
                entries.push(seen);
            }
        }
        entries.reverse();
        Ok(Some(entries))
    }
}

#[async_trait]
impl Source for CatchUp {
    async fn group_place(&self, app: AppId, group: &ChannelId) -> Result<Option<GroupPlace>, SourceError> {
        match self.groups.place(app, group).await? {
            None => Ok(None),
            Some(place) => Ok(Some(self.place(&place).await?)),
        }
    }

    async fn topics(
        &self,
        app: AppId,
        group: &GroupId,
        at: Option<Millis>,
    ) -> Result<Vec<TopicPlace>, SourceError> {
        let Some(found) = self.groups.find(app, group).await? else { return Ok(Vec::new()) };
        Ok(self.groups.topic_places(&found, at).await?)
    }

    async fn group_end(&self, app: AppId, group: &ChannelId, epoch: &Bytes) -> Result<Seq, SourceError> {
        let partition = crate::storage::Partition::group(app, &group.group());
        Ok(self.deps.engine.log_end(&Log { partition, name: epoch.clone() }).await?.seq)
    }

    async fn group_stamps(
        &self,
        app: AppId,
        group: &ChannelId,
        epoch: &Bytes,
        (from, to): (Seq, Seq),
    ) -> Result<Vec<Stamp>, SourceError> {
        let log =
            Log { partition: crate::storage::Partition::group(app, &group.group()), name: epoch.clone() };
        let window = Window { from, to, limit: PAGE, newest_first: true };
        let entries = self.deps.engine.read(&log, window).await?;
        Ok(entries.into_iter().map(|entry| Stamp { seq: entry.seq, at: entry.at }).collect())
    }

    async fn missed_in_group(
        &self,
        app: AppId,
        group: &ChannelId,
        from: &GroupPlace,
    ) -> Result<MissedInGroup, SourceError> {
        let Some(known) = self.groups.place(app, group).await? else { return Ok(MissedInGroup::Gone) };
        if known.epoch() != from.epoch {
            return Ok(MissedInGroup::Anew(self.place(&known).await?));
        }
        let window = Window { from: from.seq.next(), to: Seq(u64::MAX), limit: PAGE, newest_first: false };
        let log = known.channel().log;
        let entries = self.timelines.read(&log, window, None).await?;
        // When they were recalled: devices acknowledge a recall by that.
        let recalled = entries.iter().find(|seen| seen.recall.is_some());
        let recalls = match recalled.map(|first| (first.at.0 * 1000, Seq::ZERO)) {
            Some(after) => self.timelines.recalls(&log, after, u64::MAX, PAGE).await?,
            None => Vec::new(),
        };
        let mut place = from.clone();
        let mut events = Vec::with_capacity(entries.len());
        for seen in entries {
            let stamp = Stamp { seq: seen.seq, at: seen.at };
            place.seq = stamp.seq;
            place.window.hear(stamp);
            let recall = seen.recall.clone();
            events.push((stamp, self.event(&known, seen.entry)));
            // With its message: without that the SDKs would have a hole there, and count the recall.
            if let Some(recall) = recall {
                let noted = recalls.iter().find(|past| past.seq == stamp.seq).cloned();
                let past = noted.unwrap_or(PastRecall {
                    seq: stamp.seq,
                    random: 0,
                    recall,
                    at_us: stamp.at.0 * 1000,
                    origin: None,
                });
                if let Some(recalled) = self.recalled(&known, past).await? {
                    if let Some(aside) = recalled.1.aside() {
                        place.asides.hear(aside);
                    }
                    events.push(recalled);
                }
            }
        }
        Ok(MissedInGroup::Events(events, place))
    }

    async fn recalled_in_group(
        &self,
        app: AppId,
        group: &ChannelId,
        epoch: &Bytes,
        after: RecallMark,
    ) -> Result<Recalls, SourceError> {
        let read_at = self.deps.now();
        let place = self.groups.place(app, group).await?.filter(|place| place.epoch() == *epoch);
        let Some(place) = place else { return Ok(Recalls { events: Vec::new(), next: None, read_at }) };
        let after = (after.at_us, after.seq);
        let past = self.timelines.recalls(&place.channel().log, after, u64::MAX, PAGE).await?;
        let last = past.last().map(|last| RecallMark { at_us: last.at_us, seq: last.seq });
        let next = last.filter(|_| past.len() == PAGE);
        let events = side_by_side(past, |past| self.recalled(&place, past)).await?;
        Ok(Recalls { events: events.into_iter().flatten().collect(), next, read_at })
    }

    async fn user_place(&self, app: AppId, user: &UserId) -> Result<UserPlace, SourceError> {
        self.place_of_user(app, user).await
    }

    async fn missed_by_user(
        &self,
        app: AppId,
        user: &UserId,
        from: &UserPlace,
    ) -> Result<MissedByUser, SourceError> {
        self.missed_on_topic(app, user, from).await
    }

    async fn missed_by_device(
        &self,
        app: AppId,
        user: &UserId,
        device: DeviceId,
        since: Millis,
        most: MostMissed,
    ) -> Result<MissedByDevice, SourceError> {
        self.missed(app, user, device, since, most).await
    }

    async fn groups_of(&self, app: AppId, user: &UserId) -> Result<Vec<Membership>, SourceError> {
        let joined = self.groups.joined(app, user).await.map_err(|error| SourceError(error.to_string()))?;
        Ok(self.memberships(&joined))
    }

    async fn ended(
        &self,
        app: AppId,
        user: &UserId,
        device: DeviceClaim,
    ) -> Result<Option<Ended>, SourceError> {
        Ok(self.sessions.ended(app, user, device).await?)
    }

    fn account_changed(&self, app: AppId, user: &UserId) {
        self.accounts.forget(app, user);
    }

    async fn rooms_of(&self, visitor: &Visitor) -> Result<Vec<RoomStay>, SourceError> {
        Ok(self.groups.rooms_of(visitor).await?)
    }

    fn came(&self, visitor: &Visitor, stay: &RoomStay, coming: Coming) {
        self.groups.rooms().came(visitor, stay, coming);
    }

    fn went(&self, visitor: &Visitor, room: &GroupId, going: Going) {
        self.groups.rooms().went(visitor, room, going);
    }

    fn heard(&self, delivery: &Delivery) {
        self.groups.rooms().heard(delivery);
    }

    fn roll_called(&self, topic: &Topic) {
        self.presence.roll_called(topic);
    }

    fn wishes(&self) -> Option<Arc<Wishes>> {
        Some(self.groups.rooms().wishes())
    }
}
