//! What a follower of a user's topic has missed: notices, what was said with each peer, what was recalled of it, and what
//! the user and the peers have read.

use protocol::event;
use protocol::id::{AppId, Millis, Seq, UserId};

use super::{CatchUp, PAGE, earlier};
use crate::bus::{
    self, Aside, AsideOf, Event, HeardAsides, HeardWindow, Membership, MissedByUser, Origin, Pairs, Push,
    SourceError, Stamp, UserPlace,
};
use crate::services::StorageError;
use crate::services::conversation::pair_log;
use crate::services::deps::{unless_damaged, whole_ones};
use crate::services::group::{ChannelRef, GroupRef, Member};
use crate::services::push::StoredNotice;
use crate::services::timeline::{Entry, PastRecall, Position, Seen, after_tips};
use crate::storage::{Log, Window};

/// Where an event stands among those of its conversation: behind the entry with this number, in this order.
type Place = (Seq, Rank);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Said,
    Recalled,
    /// The SDKs count anew what lies behind a position.
    Read,
}

impl CatchUp {
    pub(super) async fn place_of_user(&self, app: AppId, user: &UserId) -> Result<UserPlace, SourceError> {
        let since = self.deps.now();
        let mut place = UserPlace {
            notice: self.notices.last(app, user).await?,
            notices: HeardWindow::default(),
            pairs: Pairs::new(since),
            asides: HeardAsides::new(since),
            since,
        };
        // Later it is read again from as long before as clocks differ: what is there now is known then. A look at each group
        // would cost every login more than it is worth that nothing which was read of groups in this time is told again.
        for (stamp, event) in self.missed_of_peers(app, user, &place).await? {
            place.hear(user, &event, Some(stamp));
        }
        Ok(place)
    }

    pub(super) async fn missed_on_topic(
        &self,
        app: AppId,
        user: &UserId,
        from: &UserPlace,
    ) -> Result<MissedByUser, SourceError> {
        let read_at = self.deps.now();
        let mut events = self.missed_notices(app, user, from).await?;
        events.extend(self.missed_of_peers(app, user, from).await?);
        let joined = self.groups.joined(app, user).await.map_err(|error| SourceError(error.to_string()))?;
        let groups = self.memberships(&joined);
        let reads = whole_ones(joined, |(found, _)| self.missed_reads(user, found, from)).await?;
        events.extend(reads.into_iter().flatten());
        Ok(MissedByUser { events, groups, read_at })
    }

    async fn missed_notices(
        &self,
        app: AppId,
        user: &UserId,
        from: &UserPlace,
    ) -> Result<Vec<(Stamp, Event)>, StorageError> {
        let last = self.notices.last(app, user).await?;
        let kept = self.notices.since(app, user, from.notice.min(last)).await?.into_iter();
        let news = kept.filter(|(seq, at, _)| !from.notices.has(Stamp { seq: *seq, at: *at }));
        let event = |kept| match kept {
            StoredNotice::Notice(notice) => bus::Entry::Notice { notice, origin: None }.into(),
            StoredNotice::Mark(mark) => bus::Entry::Mark { mark }.into(),
        };
        Ok(news.map(|(seq, at, kept)| (Stamp { seq, at }, event(kept))).collect())
    }

    async fn missed_of_peers(
        &self,
        app: AppId,
        user: &UserId,
        from: &UserPlace,
    ) -> Result<Vec<(Stamp, Event)>, StorageError> {
        let peers = self.conversations.possible_peers_of(app, user).await?;
        let missed = whole_ones(peers, |peer| self.missed_of_peer(app, user, peer, from)).await?;
        Ok(missed.into_iter().flatten().collect())
    }

    /// What happened with a peer and was not heard, in an order in which the SDKs count right: a message that was recalled is
    /// told, and the recall behind it, and what the user has read behind what was said till then.
    async fn missed_of_peer(
        &self,
        app: AppId,
        user: &UserId,
        peer: UserId,
        from: &UserPlace,
    ) -> Result<Vec<(Stamp, Event)>, StorageError> {
        let log = pair_log(app, user, &peer);
        let said = self.missed_from(&log, from.pairs.with(&peer), earlier(from.pairs.since()));
        let positions = self.timelines.positions(&log, [user, &peer]);
        let (said, [own, theirs]) = futures_util::try_join!(said, positions)?;
        // Read after what was said, so that of a message that is told the recall is too.
        let first_recalled = said.iter().find(|seen| seen.recall.is_some()).map(|seen| seen.at);
        let since = from.asides.since();
        let recalls = self.recalls_since(&log, first_recalled.map_or(since, |first| first.min(since)));
        let recalls = unless_damaged(recalls.await.map(Some))?.unwrap_or_default();

        let mut events: Vec<(Place, (Stamp, Event))> = Vec::new();
        let is_told = |seq: Seq| said.binary_search_by_key(&seq, |seen| seen.seq).is_ok();
        for past in recalls {
            let (seq, at) = (past.seq, Millis(past.at_us / 1000));
            let Some((stamp, event)) = self.pair_recalled(&log, (user, &peer), &past).await? else {
                continue;
            };
            let is_news = || at >= since && event.aside().is_some_and(|aside| !from.asides.has(aside));
            // One of a message that was said after this was read is told with that.
            if is_told(seq) || (from.pairs.has(&peer, stamp) && is_news()) {
                events.push(((seq, Rank::Recalled), (stamp, event)));
            }
        }
        for seen in said {
            if let Entry::Message(message) = seen.entry {
                let to = if message.from.user == *user { peer.clone() } else { user.clone() };
                let stamp = Stamp { seq: seen.seq, at: seen.at };
                let event = bus::Entry::C2cMessage { to, message }.into();
                events.push(((seen.seq, Rank::Said), (stamp, event)));
            }
        }
        let is_news = |position: Position, aside: &Aside| {
            position.moved_at >= since && position.read_time > 0 && !from.asides.has(aside)
        };
        let aside = own.aside(|to| AsideOf::PeerRead { peer: peer.clone(), to });
        if is_news(own, &aside) {
            let body = event::message::c2c_read(&peer, own.read_time);
            let told = (Stamp { seq: Seq::ZERO, at: own.moved_at }, told_read(body, user, own, aside));
            events.push(((own.read, Rank::Read), told));
        }
        events.sort_by_key(|(place, _)| *place);
        let mut events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
        let aside = theirs.aside(|to| AsideOf::ReadByPeer { peer: peer.clone(), to });
        if is_news(theirs, &aside) {
            let push = Push::new(event::message::read_by_peer(&peer, theirs.read_time)).telling(aside);
            events.push((Stamp { seq: Seq::ZERO, at: theirs.moved_at }, push.into()));
        }
        Ok(events)
    }

    /// What was said with a peer and not heard.
    async fn missed_from(
        &self,
        log: &Log,
        heard: Option<&HeardWindow>,
        since: Millis,
    ) -> Result<Vec<Seen>, StorageError> {
        let mut missed = self.back_to(log, (since, Seq::ZERO), None, usize::MAX).await?.unwrap_or_default();
        let is_heard = |stamp| heard.is_some_and(|heard| heard.has(stamp));
        missed.retain(|seen| !is_heard(Stamp { seq: seen.seq, at: seen.at }));
        Ok(missed)
    }

    /// Recalls in a log since a time.
    async fn recalls_since(&self, log: &Log, since: Millis) -> Result<Vec<PastRecall>, StorageError> {
        let mut after = (since.0 * 1000, Seq::ZERO);
        let mut recalls = Vec::new();
        loop {
            let page = self.timelines.recalls(log, after, u64::MAX, PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map_or(after, |last| (last.at_us, last.seq));
            recalls.extend(page);
            if is_last {
                return Ok(recalls);
            }
        }
    }

    /// That the user has read a group, and topics of it, on another device.
    async fn missed_reads(
        &self,
        user: &UserId,
        found: GroupRef,
        from: &UserPlace,
    ) -> Result<Vec<(Stamp, Event)>, StorageError> {
        let places = self.groups.places(found).await?;
        let reads = whole_ones(places, |place| self.missed_read(user, place, from)).await?;
        Ok(reads.into_iter().flatten().collect())
    }

    async fn missed_read(
        &self,
        user: &UserId,
        place: ChannelRef,
        from: &UserPlace,
    ) -> Result<Option<(Stamp, Event)>, StorageError> {
        let log = place.channel().log;
        let position = unless_damaged(self.timelines.position(&log, user).await.map(Some))?;
        let position = position.unwrap_or_default();
        let group = &place.id();
        let aside = position.aside(|to| AsideOf::GroupRead { group: group.clone(), to });
        if position.moved_at < from.asides.since() || position.read == Seq::ZERO || from.asides.has(&aside) {
            return Ok(None);
        }
        let from = position.read.next();
        let behind = Window { from, to: Seq(u64::MAX), limit: PAGE, newest_first: false };
        let behind = self.timelines.read(&log, behind, None).await?;
        let read = after_tips(position.read, &behind, Some(user));
        let stamp = Stamp { seq: Seq(self.deps.clock.number()), at: position.moved_at };
        let body = event::message::group_read(user, group, read, stamp.seq.0, stamp.at);
        Ok(Some((stamp, told_read(body, user, position, aside))))
    }

    pub(super) fn memberships(&self, joined: &[(GroupRef, Member)]) -> Vec<Membership> {
        let membership = |(found, member): &(GroupRef, Member)| Membership {
            group: found.id.clone(),
            has_topics: found.group.record.has_topics,
            joined_at: member.joined_at,
            joined_after: member.joined_after,
            hides_earlier: !self.groups.rules(found.app, found.group.record.kind).shows_earlier_messages,
        };
        joined.iter().map(membership).collect()
    }
}

/// What the user's other devices are told of what they have read.
fn told_read(body: event::PushBody, user: &UserId, position: Position, aside: Aside) -> Event {
    let origin = position.moved_by.map(|device| Origin { user: user.clone(), device });
    Push::new(body).by(origin).telling(aside).into()
}
