//! Connections in rooms: groups in which one is by being there. Whoever keeps the rooms is told who comes and goes, and hears
//! what is told there.

use std::collections::HashSet;
use std::sync::Arc;

use protocol::id::{AppId, GroupId, UserId};

use super::connection::{Connection, Follower};
use super::{Attachment, Hub, NotFollowed};
use crate::bus::{Audience, Coming, Going, RoomStay, SourceError, Topic, Visitor, Wishes};

impl Audience for Hub {
    fn users(&self, topic: &Topic) -> u64 {
        let followers = self.shards.all_followers(topic);
        let users: HashSet<&UserId> = followers.iter().map(|follower| &follower.attachment.user).collect();
        users.len() as u64
    }
}

fn visitor(attached: &Attachment) -> Visitor {
    Visitor { app: attached.app, user: attached.user.clone(), device: attached.device.id }
}

impl Hub {
    /// A device that joined a room hears it from now on. It follows when this returns.
    pub async fn enter_room(
        &self,
        connection: &Arc<Connection>,
        stay: RoomStay,
        coming: Coming,
    ) -> Result<(), NotFollowed> {
        // Logged out meanwhile, or in the room already.
        let Some((attached, topic)) = connection.enter_room(&stay) else { return Ok(()) };
        if stay.is_pushed {
            self.follow(connection, vec![topic]).await?;
        } else {
            self.hear(&topic).await;
        }
        // After it follows, so that it hears that it came; unless it has left meanwhile.
        connection.while_in_room(&stay, || self.source.came(&visitor(&attached), &stay, coming));
        Ok(())
    }

    /// Has a room heard for those who ask what is told there: from now on, when this returns.
    async fn hear(&self, topic: &Topic) {
        let recovery = self.shards.listen(topic, self.bus.can_lose());
        self.begin_recovery(recovery);
        self.bus.follow(topic).await;
    }

    /// The same for somebody who is not logged in.
    pub async fn hear_room(&self, app: AppId, room: &GroupId) {
        self.hear(&Topic::Group(app, room.into())).await;
    }

    /// A device that left a room hears it no more.
    pub fn leave_room(&self, connection: &Arc<Connection>, room: &GroupId, going: Going) {
        let went = |attached: &Attachment| self.source.went(&visitor(attached), room, going);
        let Some((attached, seat)) = connection.leave_room(room, went) else { return };
        self.shards.remove(&Topic::Group(attached.app, room.into()), seat);
    }

    /// The rooms that a device is in, by what is kept of it.
    pub(super) async fn enter_rooms(&self, connection: &Arc<Connection>) -> Result<(), SourceError> {
        let Some(attached) = connection.attachment() else { return Ok(()) };
        let stays = self.source.rooms_of(&visitor(&attached)).await?;
        for room in connection.rooms() {
            if stays.iter().all(|stay| stay.room != room) {
                self.leave_room(connection, &room, Going::Out);
            }
        }
        for stay in stays {
            // What could not be followed is followed when the bus is back.
            let _ = self.enter_room(connection, stay, Coming::Back).await;
        }
        Ok(())
    }

    /// A device may come back, perhaps to another instance: that is to be heard though nobody else here is in its rooms, until
    /// whoever keeps them wishes otherwise.
    pub(super) fn wait_for(&self, attached: &Attachment, rooms: &[GroupId]) {
        if self.bus.can_lose() {
            for room in rooms {
                let topic = Topic::Group(attached.app, room.into());
                self.begin_recovery(self.shards.listen(&topic, true));
            }
        }
    }

    /// A device has gone with all the rooms that it was in.
    pub(super) fn left_rooms(&self, attached: &Attachment, rooms: &[GroupId], going: Going) {
        for room in rooms {
            self.source.went(&visitor(attached), room, going);
        }
    }

    /// All of these followers leave a room.
    pub(super) fn put_out<'a>(&self, followers: impl Iterator<Item = &'a Follower>, room: &GroupId) {
        for follower in followers.filter(|follower| follower.is_here()) {
            self.leave_room(&follower.connection, room, Going::Out);
        }
    }

    /// Follows topics for whoever keeps the rooms, as they wish.
    pub(super) async fn keep_wishes(self, wishes: Arc<Wishes>) {
        loop {
            for (topic, is_wanted) in wishes.next().await {
                if is_wanted {
                    let recovery = self.shards.listen(&topic, self.bus.can_lose());
                    self.begin_recovery(recovery);
                } else {
                    self.shards.listen_no_more(&topic);
                }
            }
        }
    }
}
