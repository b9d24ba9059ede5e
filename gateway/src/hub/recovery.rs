//! Topics of a bus that can lose events: how one comes to be followed, and how what is missing is read from the store.
//!
//! While a topic is recovered its events wait; then they go on where the store's answer ended. So every connection gets
//! every event once and in order, whatever the bus lost.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use protocol::id::{AppId, ChannelId, Millis, Seq, UserId};
use protocol::session::Newcomer;

use super::Hub;
use super::connection::{Connection, Follower};
use super::followers::Followers;
use super::position::{LogPlace, Place, Verdict};
use super::returning::MissedPush;
use super::shard::{Lease, Next, Recovery, Watch};
use crate::bus::{
    CLOCK_DIFFERENCE, Delivery, Event, GroupPlace, MissedByUser, MissedInGroup, Numbering, RecallMark,
    SourceError, Stamp, Topic, UserPlace,
};

/// Topics that may be recovered at once: after an outage there are many, and the store has other work too.
pub(super) const AT_ONCE: usize = 64;

/// Between two tries while the store does not answer. A random part is added.
const RETRY: Duration = Duration::from_millis(200);

/// Between two looks for topics that have gone quiet: the loss of the last event of a topic shows in no later one.
const LOOK: Duration = Duration::from_millis(500);

/// What became of a look into the store.
enum Look {
    Done,
    /// There is no such group: nobody follows it any more.
    Over,
}

impl Hub {
    /// Recovers a topic in the background.
    pub(super) fn begin_recovery(&self, recovery: Option<Recovery>) {
        if let Some(recovery) = recovery {
            let hub = self.clone();
            self.spawn(async move {
                let topic = recovery.lease.topic.clone();
                hub.recover(recovery).await;
                hub.shards.unfollow_if_deserted(&topic);
            });
        }
    }

    async fn recover(&self, mut recovery: Recovery) {
        if recovery.place.is_none() {
            self.bus.follow(&recovery.lease.topic).await;
        }
        // An event that is missing after the store was asked is nowhere.
        let mut has_looked = false;
        let mut is_resubscribed = false;
        loop {
            match self.shards.next(&mut recovery, self.clock.now()) {
                Next::Gone | Next::Open => return,
                Next::Suspect { resubscribed } => {
                    has_looked = false;
                    is_resubscribed |= resubscribed;
                }
                Next::Events(events) if recovery.place.is_some() => {
                    if self.hand_on(&mut recovery, events, has_looked).await {
                        has_looked = false;
                        continue;
                    }
                }
                Next::Newcomers(newcomers) if recovery.place.is_some() => {
                    match self.serve(&recovery, &newcomers).await {
                        Ok(()) => self.shards.settle(&recovery, &newcomers),
                        Err(error) => self.wait_for_store(&recovery, &error).await,
                    }
                    continue;
                }
                // Before anything else, where the topic stands must be known.
                Next::Events(events) => self.shards.give_back(&recovery, events),
                Next::Newcomers(_) => {}
            }
            while !has_looked {
                match self.look(&mut recovery, is_resubscribed).await {
                    Ok(Look::Done) => (has_looked, is_resubscribed) = (true, false),
                    Ok(Look::Over) => return,
                    Err(error) if self.shards.stands(&recovery.lease) => {
                        self.wait_for_store(&recovery, &error).await;
                    }
                    Err(_) => return,
                }
            }
        }
    }

    async fn wait_for_store(&self, recovery: &Recovery, error: &SourceError) {
        tracing::debug!(topic = ?recovery.lease.topic, %error, "a topic waits for the store");
        tokio::time::sleep(RETRY.mul_f64(1.0 + rand::random::<f64>())).await;
    }

    /// Hands events on. False when one is missing and the store must be asked.
    async fn hand_on(&self, recovery: &mut Recovery, events: Vec<Delivery>, has_looked: bool) -> bool {
        let mut events = events.into_iter();
        while let Some(delivery) = events.next() {
            let Some(place) = recovery.place.as_mut() else { return false };
            let mut verdict = place.admit(&delivery);
            if verdict == Verdict::Missing && has_looked {
                place.skip_gap(&delivery);
                verdict = place.admit(&delivery);
            }
            match verdict {
                Verdict::News => {
                    let followers = self.shards.followers(&recovery.lease);
                    Box::pin(self.dispatch(delivery, followers)).await;
                }
                Verdict::Known => {}
                Verdict::Missing => {
                    let rest = std::iter::once(delivery).chain(events).collect();
                    self.shards.give_back(recovery, rest);
                    return false;
                }
            }
        }
        true
    }

    /// Asks the store where the topic stands, and hands on what is missing up to there.
    async fn look(&self, recovery: &mut Recovery, is_resubscribed: bool) -> Result<Look, SourceError> {
        // The semaphore is never closed.
        let _permit = self.recoveries.acquire().await;
        // Read first: what happens while the store is read may be in both, and is known then.
        let offset = self
            .bus
            .last_offset(&recovery.lease.topic)
            .await
            .map_err(|error| SourceError(error.to_string()))?;
        let Recovery { lease, place } = recovery;
        let Some(place) = place else {
            let log = match &lease.topic {
                Topic::Group(app, channel) => match self.source.group_place(*app, channel).await? {
                    Some(place) => LogPlace::Group(place),
                    None => {
                        self.forget_group(lease, channel);
                        return Ok(Look::Over);
                    }
                },
                Topic::User(app, user) => LogPlace::User(self.source.user_place(*app, user).await?),
            };
            *place = Some(Box::new(Place::new(offset, log)));
            return Ok(Look::Done);
        };
        metrics::counter!("gateway_topics_recovered_total").increment(1);
        match (&lease.topic, &mut place.log) {
            (Topic::Group(app, channel), LogPlace::Group(log)) => {
                let since = log.asides.since();
                if let Look::Over = self.recover_group(lease, *app, channel, log).await? {
                    self.forget_group(lease, channel);
                    return Ok(Look::Over);
                }
                self.recover_topics(lease, *app, channel, since).await?;
            }
            (Topic::User(app, user), LogPlace::User(log)) => {
                self.recover_user(lease, *app, user, log).await?;
            }
            _ => {}
        }
        place.contiguous_to(offset, is_resubscribed);
        Ok(Look::Done)
    }

    async fn recover_group(
        &self,
        lease: &Lease,
        app: AppId,
        group: &ChannelId,
        log: &mut GroupPlace,
    ) -> Result<Look, SourceError> {
        // A store that was restored, or whose replica took over, may have forgotten entries: their numbers are news.
        let end = self.source.group_end(app, group, &log.epoch).await?;
        let kept = match log.window.range() {
            Some(range) => self.source.group_stamps(app, group, &log.epoch, range).await?,
            None => Vec::new(),
        };
        if let Some(first) = log.window.forget_lost(&kept, end) {
            log.forget_from(first);
        }
        log.seq = log.seq.min(end);
        self.recover_recalls(lease, app, group, log).await?;
        loop {
            match self.source.missed_in_group(app, group, log).await? {
                MissedInGroup::Gone => return Ok(Look::Over),
                MissedInGroup::Anew(place) => {
                    *log = place;
                    return Ok(Look::Done);
                }
                MissedInGroup::Events(_, place) if place.seq == log.seq => return Ok(Look::Done),
                MissedInGroup::Events(events, place) => {
                    for (stamp, event) in events {
                        self.hand_out(lease, stamp, Arc::new(event)).await;
                    }
                    *log = place;
                }
            }
        }
    }

    /// Tells of the messages that were heard and recalled meanwhile, all of them.
    async fn recover_recalls(
        &self,
        lease: &Lease,
        app: AppId,
        group: &ChannelId,
        log: &mut GroupPlace,
    ) -> Result<(), SourceError> {
        let mut after = RecallMark { at_us: log.asides.since().0 * 1000, seq: Seq::ZERO };
        let mut read_at = None;
        loop {
            let page = self.source.recalled_in_group(app, group, &log.epoch, after).await?;
            // The first page's: what is recalled while the others are read is told, or is read the next time.
            let begun = *read_at.get_or_insert(page.read_at);
            for (stamp, event) in page.events {
                // Behind what was heard it is told with its message.
                if stamp.seq <= log.seq && event.aside().is_none_or(|aside| log.asides.hear(aside)) {
                    self.hand_out(lease, stamp, Arc::new(event)).await;
                }
            }
            match page.next {
                Some(next) => after = next,
                None => {
                    log.asides.heard_up_to(begun);
                    return Ok(());
                }
            }
        }
    }

    /// Beside the events: devices that were logged out, and groups that the user entered or left.
    async fn recover_user(
        &self,
        lease: &Lease,
        app: AppId,
        user: &UserId,
        log: &mut UserPlace,
    ) -> Result<(), SourceError> {
        let MissedByUser { events, groups, read_at } = self.source.missed_by_user(app, user, log).await?;
        for (stamp, event) in events {
            if log.hear(user, &event, Some(stamp)) {
                self.hand_out(lease, stamp, Arc::new(event)).await;
            }
        }
        log.asides.heard_up_to(read_at);
        let since = Millis(log.since.0.saturating_sub(CLOCK_DIFFERENCE));
        for follower in self.shards.followers(lease).iter().filter(|follower| follower.is_here()) {
            let connection = &follower.connection;
            if let Some(reason) = self.source.ended(app, user, follower.attachment.device).await? {
                self.log_out(connection, reason, Newcomer::default());
                continue;
            }
            for membership in &groups {
                if let Some(topic) = connection.enter(&membership.group, membership.hidden(), true) {
                    // One that they entered while nothing was heard: what was said since then is news to them.
                    let is_new = membership.joined_at >= since;
                    let since = is_new.then(|| membership.joined_after.next());
                    drop(self.join(connection, &topic, since));
                    if membership.has_topics {
                        let came = is_new.then_some(membership.joined_at);
                        drop(self.enter_topics(connection, app, membership, came).await?);
                    }
                }
            }
            self.enter_rooms(connection).await?;
            let left = connection.channels().into_iter().filter(|channel| !channel.is_topic());
            for group in left.map(|channel| channel.group()) {
                if groups.iter().all(|membership| membership.group != group) {
                    self.leave(std::iter::once(follower), &group).await;
                }
            }
        }
        Ok(())
    }

    /// A user has come into a group behind a number, and is about to follow it. What was said since then may have been brought
    /// by a bus that loses nothing before this was.
    pub(super) fn begin_entering(&self, connection: &Arc<Connection>, topic: &Topic, after: Seq) {
        let Topic::Group(app, channel) = topic else { return };
        let (hub, connection, app, channel) = (self.clone(), connection.clone(), *app, channel.clone());
        let counting = connection.outbound.begin_entering();
        self.spawn(async move {
            let missed = hub.missed_before(&connection, app, &channel, after).await;
            let missed = missed.inspect_err(|error| {
                tracing::warn!(%error, "what was said while somebody came into a group could not be read");
            });
            connection.outbound.push_before(&counting, missed.unwrap_or_default());
        });
    }

    pub(super) async fn missed_before(
        &self,
        connection: &Connection,
        app: AppId,
        group: &ChannelId,
        after: Seq,
    ) -> Result<Vec<MissedPush>, SourceError> {
        // The semaphore is never closed.
        let _permit = self.recoveries.acquire().await;
        let (Some(attached), Some(mut place)) =
            (connection.attachment(), self.source.group_place(app, group).await?)
        else {
            return Ok(Vec::new());
        };
        let end = place.seq;
        if end <= after {
            return Ok(Vec::new());
        }
        place.seq = after;
        let mut missed = Vec::new();
        while place.seq < end
            && let MissedInGroup::Events(events, next) =
                self.source.missed_in_group(app, group, &place).await?
            && next.seq > place.seq
        {
            for (stamp, event) in &events {
                missed.extend(MissedPush::of(connection, &attached, *stamp, event));
            }
            place = next;
        }
        // What has yet to be brought comes to the connection itself.
        self.is_put().await;
        self.fanout.flushed().await;
        Ok(missed)
    }

    async fn hand_out(&self, lease: &Lease, stamp: Stamp, event: Arc<Event>) {
        let followers = self.shards.followers(lease);
        let topic = lease.topic.clone();
        let delivery = Delivery { topic, stamp: Some(stamp), numbering: Numbering::Unneeded, event };
        Box::pin(self.dispatch(delivery, followers)).await;
    }

    /// Gives newcomers what was said in the group from the number on from which they should hear it.
    async fn serve(
        &self,
        recovery: &Recovery,
        newcomers: &[(Follower, Option<Seq>)],
    ) -> Result<(), SourceError> {
        let (Topic::Group(app, channel), Some(place)) = (&recovery.lease.topic, recovery.place.as_ref())
        else {
            return Ok(());
        };
        let LogPlace::Group(here) = &place.log else { return Ok(()) };
        for (follower, since) in newcomers {
            let Some(since) = since.filter(|since| *since <= here.seq) else { continue };
            let mut from = GroupPlace { seq: since.previous(), ..here.clone() };
            while from.seq < here.seq {
                match self.source.missed_in_group(*app, channel, &from).await? {
                    MissedInGroup::Events(events, next) if next.seq > from.seq => {
                        let followers = Followers::one(follower.clone());
                        for (stamp, event) in events.into_iter().filter(|(stamp, _)| stamp.seq <= here.seq) {
                            let topic = recovery.lease.topic.clone();
                            let (stamp, event) = (Some(stamp), Arc::new(event));
                            let numbering = Numbering::Unneeded;
                            let delivery = Delivery { topic, stamp, numbering, event };
                            self.fanout.push(followers.clone(), delivery).await;
                        }
                        from = next;
                    }
                    _ => break,
                }
            }
        }
        Ok(())
    }

    /// The group, or the topic, is gone, and its followers did not hear of it.
    fn forget_group(&self, lease: &Lease, channel: &ChannelId) {
        for connection in self.shards.abandon(lease) {
            match channel.topic() {
                Some(topic) => self.leave_topics(&connection, &[topic]),
                None => {
                    for (topic, seat) in connection.leave(&channel.group()) {
                        self.shards.remove(&topic, seat);
                    }
                }
            }
        }
    }

    /// Compares quiet topics with the store for as long as the process lives: soon after they went quiet, then at each
    /// look or, where they are many, in turns.
    pub(super) async fn keep_watch(self) {
        if !self.bus.can_lose() {
            return;
        }
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut watch = Watch::default();
        loop {
            ticks.tick().await;
            let looks =
                self.shards.quiet(&mut watch).into_iter().map(|(topic, epoch)| self.compare(topic, epoch));
            stream::iter(looks).buffer_unordered(AT_ONCE).for_each(|()| async {}).await;
        }
    }

    async fn compare(&self, topic: Topic, epoch: Option<bytes::Bytes>) {
        // While the store does not answer there is nothing to compare with; the next look will tell.
        let Ok(offset) = self.bus.last_offset(&topic).await else { return };
        let end = match (&topic, epoch) {
            (Topic::Group(app, channel), Some(epoch)) => {
                let Ok(end) = self.source.group_end(*app, channel, &epoch).await else { return };
                Some(end)
            }
            _ => None,
        };
        self.begin_recovery(self.shards.compare(&topic, offset, end));
    }
}
