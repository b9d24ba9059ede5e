//! Topics of communities: who follows a group follows all of its topics, each by itself, at the same cost as a group.
//!
//! A topic that is made or gone is told of on the topic of its group, which is followed before the list of topics is read: so
//! none is missed. What a lossy bus loses of that is found when the group's topic is recovered.

use std::sync::Arc;

use protocol::id::{AppId, ChannelId, GroupId, Millis, Seq, TopicId};
use tokio::sync::oneshot;

use super::connection::Connection;
use super::shard::Lease;
use super::{Hub, NotFollowed};
use crate::bus::{Membership, SourceError};

impl Hub {
    /// Follows the topics of these groups from now on, and waits until that is done.
    pub(super) async fn follow_topics(
        &self,
        connection: &Arc<Connection>,
        app: AppId,
        groups: impl Iterator<Item = &Membership>,
    ) -> Result<(), NotFollowed> {
        let mut waits = Vec::new();
        for membership in groups {
            let entered = self.enter_topics(connection, app, membership, None).await;
            waits.extend(entered.map_err(|error| {
                tracing::warn!(%error, "the topics of a group could not be read");
                NotFollowed
            })?);
        }
        self.followed(waits).await
    }

    /// Follows the topics of a group that are not followed yet, from now on or, of one who came at a time, from then on. Gives
    /// what to wait for until they are.
    pub(super) async fn enter_topics(
        &self,
        connection: &Arc<Connection>,
        app: AppId,
        membership: &Membership,
        came: Option<Millis>,
    ) -> Result<Vec<oneshot::Receiver<()>>, SourceError> {
        let Membership { group, joined_at, hides_earlier, .. } = membership;
        let at = came.or(hides_earlier.then_some(*joined_at));
        let mut waits = Vec::new();
        for place in self.source.topics(app, group, at).await? {
            let hidden = if *hides_earlier { place.before } else { Seq::ZERO };
            if let Some(topic) = connection.enter_topic(&place.topic, hidden) {
                waits.extend(self.join(connection, &topic, came.map(|_| place.before.next())));
            }
        }
        Ok(waits)
    }

    /// A user has come into a group with topics, and follows them from then on.
    pub(super) fn begin_entering_topics(
        &self,
        connection: &Arc<Connection>,
        group: &GroupId,
        joined_at: Millis,
        hides_earlier: bool,
    ) {
        let Some(attached) = connection.attachment() else { return };
        let (hub, connection, app) = (self.clone(), connection.clone(), attached.app);
        let (group, joined_after) = (group.clone(), Seq::ZERO);
        let membership = Membership { group, has_topics: true, joined_at, joined_after, hides_earlier };
        // Where nothing is lost, what was brought before the topics are followed is read, and stands before what comes.
        let counting = (!self.bus.can_lose()).then(|| connection.outbound.begin_entering());
        self.spawn(async move {
            let entered = hub.enter_topics(&connection, app, &membership, Some(joined_at)).await;
            let mut missed = Ok(Vec::new());
            if let (Ok(_), Some(_)) = (&entered, &counting) {
                missed = hub.missed_in_topics(&connection, app, &membership).await;
            }
            if let Err(error) = entered.map(drop).and(missed.as_ref().map(|_| ()).map_err(Clone::clone)) {
                tracing::warn!(%error, "the topics of a group into which somebody came could not be followed");
            }
            if let Some(counting) = counting {
                connection.outbound.push_before(&counting, missed.unwrap_or_default());
            }
        });
    }

    /// What was said in the topics of a group since somebody came, till they followed them.
    async fn missed_in_topics(
        &self,
        connection: &Connection,
        app: AppId,
        membership: &Membership,
    ) -> Result<Vec<super::returning::MissedPush>, SourceError> {
        let mut missed = Vec::new();
        for place in self.source.topics(app, &membership.group, Some(membership.joined_at)).await? {
            if place.end > place.before {
                let channel = ChannelId::from(&place.topic);
                missed.extend(self.missed_before(connection, app, &channel, place.before).await?);
            }
        }
        Ok(missed)
    }

    /// Has the followers of a group, of which nothing is missing that happened before `since`, follow the topics of it that
    /// they have not heard of, and not those that are gone.
    pub(super) async fn recover_topics(
        &self,
        lease: &Lease,
        app: AppId,
        channel: &ChannelId,
        since: Millis,
    ) -> Result<(), SourceError> {
        let group = channel.group();
        if channel.is_topic() || !group.is_of_community() {
            return Ok(());
        }
        let topics = self.source.topics(app, &group, Some(since)).await?;
        for follower in self.shards.followers(lease).iter().filter(|follower| follower.is_here()) {
            let connection = &follower.connection;
            for place in &topics {
                // It was made meanwhile: what was said in it since then is news.
                if let Some(topic) = connection.enter_topic(&place.topic, Seq::ZERO) {
                    drop(self.join(connection, &topic, Some(place.before.next())));
                }
            }
            let followed = connection.channels().into_iter().filter_map(|channel| channel.topic());
            let is_gone =
                |topic: &TopicId| topic.group() == group && topics.iter().all(|place| place.topic != *topic);
            let gone: Vec<TopicId> = followed.filter(is_gone).collect();
            self.leave_topics(connection, &gone);
        }
        Ok(())
    }

    /// Topics are gone.
    pub(super) fn leave_topics(&self, connection: &Arc<Connection>, topics: &[TopicId]) {
        for topic in topics {
            if let Some((topic, seat)) = connection.leave_topic(topic) {
                self.shards.remove(&topic, seat);
            }
        }
    }
}
