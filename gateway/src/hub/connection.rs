//! One connection, as the hub knows it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::id::{ChannelId, GroupId, Seq, TopicId};

use super::Attachment;
use super::frame::Dialect;
use super::outbound::Outbound;
use crate::bus::{DeviceId, RoomStay, Topic};

/// A connection and what waits to be written to it.
pub struct Connection {
    pub outbound: Outbound,
    pub dialect: Dialect,
    /// Changes with each login and logout.
    generation: AtomicU32,
    /// The one group that it hears of; absent, all groups of its user.
    only: Option<GroupId>,
    state: Mutex<Option<State>>,
}

/// A connection that follows a topic, as who was logged in when it began to.
///
/// What is needed for each message lies here, beside each other for all followers of a topic.
#[derive(Clone)]
pub(super) struct Follower {
    pub(super) connection: Arc<Connection>,
    pub(super) attachment: Arc<Attachment>,
    pub(super) device: DeviceId,
    generation: u32,
}

/// A connection from a login to the next logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Seat(usize, u32);

impl Seat {
    fn of(connection: &Arc<Connection>, generation: u32) -> Self {
        // Whoever holds it among followers holds the connection, too, so the address is nobody else's.
        Self(Arc::as_ptr(connection).addr(), generation)
    }
}

impl Follower {
    pub(super) fn seat(&self) -> Seat {
        Seat::of(&self.connection, self.generation)
    }

    /// Whether the one who is logged in is still the one who followed.
    pub(super) fn is_here(&self) -> bool {
        self.connection.generation.load(Ordering::Acquire) == self.generation
    }
}

/// Who was logged in, and where.
pub(super) struct Detached {
    pub(super) attachment: Arc<Attachment>,
    pub(super) channels: Vec<ChannelId>,
    pub(super) rooms: Vec<GroupId>,
    pub(super) seat: Seat,
}

struct State {
    attachment: Arc<Attachment>,
    groups: GroupSet,
    /// The rooms that the device is in, with their epochs.
    rooms: Vec<(GroupId, u64)>,
    /// While the list of the user's groups is read: those that they left meanwhile, so that it does not bring them back.
    left: Option<GroupSet>,
}

/// A set for few groups and many connections: sorted, and no larger than what is in it. With the numbers up to which
/// everything is hidden there. The topics of a group stand behind it.
#[derive(Default)]
struct GroupSet(Vec<(ChannelId, Seq)>);

impl GroupSet {
    fn place(&self, channel: &ChannelId) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(channel))
    }

    fn contains(&self, channel: &ChannelId) -> bool {
        self.place(channel).is_ok()
    }

    /// The number up to which everything is hidden; nothing where the group is not there.
    fn hidden(&self, channel: &ChannelId) -> Option<Seq> {
        self.place(channel).ok().and_then(|place| self.0.get(place)).map(|(_, hidden)| *hidden)
    }

    /// True when it was not there.
    fn insert(&mut self, channel: &ChannelId, hidden: Seq) -> bool {
        let Err(place) = self.place(channel) else { return false };
        if self.0.is_empty() {
            self.0.reserve_exact(1);
        }
        self.0.insert(place, (channel.clone(), hidden));
        true
    }

    /// True when it was there.
    fn remove(&mut self, channel: &ChannelId) -> bool {
        self.place(channel).map(|place| self.0.remove(place)).is_ok()
    }

    /// Takes out a group with its topics.
    fn remove_group(&mut self, group: &GroupId) -> Vec<ChannelId> {
        let own = ChannelId::from(group);
        let mut removed = Vec::new();
        if self.remove(&own) {
            removed.push(own);
        }
        if group.is_of_community() {
            // Other groups may stand between a group and its topics.
            let start = format!("{group}{}", TopicId::MARK);
            let first = self.0.partition_point(|(known, _)| known.as_str() < start.as_str());
            let is_of_group = |(known, _): &&(ChannelId, Seq)| known.as_str().starts_with(&start);
            let count = self.0[first..].iter().take_while(is_of_group).count();
            removed.extend(self.0.drain(first..first + count).map(|(topic, _)| topic));
        }
        removed
    }
}

impl Connection {
    pub(super) fn new(dialect: Dialect, only: Option<GroupId>, queue_bytes: usize) -> Self {
        let outbound = Outbound::new(queue_bytes);
        Self { outbound, dialect, generation: AtomicU32::new(0), only, state: Mutex::new(None) }
    }

    /// Whether it hears of all groups of its user.
    pub(super) fn cares_for_all(&self) -> bool {
        self.only.is_none()
    }

    /// Whether it hears of a group when its user is a member.
    pub(super) fn cares_for(&self, channel: &ChannelId) -> bool {
        self.only.as_ref().is_none_or(|only| only.as_str() == channel.as_str())
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        // Nothing under this lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is logged in here.
    pub fn attachment(&self) -> Option<Arc<Attachment>> {
        self.state().as_ref().map(|state| state.attachment.clone())
    }

    /// Whether this device is logged in here still.
    pub fn is_attached(&self, device: DeviceId) -> bool {
        self.state().as_ref().is_some_and(|state| state.attachment.device.id == device)
    }

    /// Gives the number of this login.
    pub(super) fn attach(&self, attachment: Attachment) -> u32 {
        let mut state = self.state();
        let generation = self.generation.fetch_add(1, Ordering::Release).wrapping_add(1);
        let attachment = Arc::new(attachment);
        let (groups, left) = (GroupSet::default(), Some(GroupSet::default()));
        *state = Some(State { attachment, groups, rooms: Vec::new(), left });
        generation
    }

    /// Who was logged in, the groups and topics they followed and the rooms they were in.
    pub(super) fn detach(self: &Arc<Self>) -> Option<Detached> {
        let mut state = self.state();
        let seat = Seat::of(self, self.generation.fetch_add(1, Ordering::Release));
        let channels = |groups: GroupSet| groups.0.into_iter().map(|(channel, _)| channel).collect();
        let rooms = |rooms: Vec<(GroupId, u64)>| rooms.into_iter().map(|(room, _)| room).collect();
        let State { attachment, groups: followed, rooms: entered, .. } = state.take()?;
        Some(Detached { attachment, channels: channels(followed), rooms: rooms(entered), seat })
    }

    /// The list of the user's groups is followed, or will be read anew.
    pub(super) fn has_entered(&self, login: u32) {
        let mut state = self.state();
        if self.generation.load(Ordering::Acquire) == login
            && let Some(state) = state.as_mut()
        {
            state.left = None;
        }
    }

    /// As a follower of topics, while somebody is logged in.
    pub(super) fn follower(self: &Arc<Self>) -> Option<Follower> {
        let state = self.state();
        let attachment = state.as_ref()?.attachment.clone();
        let (device, generation) = (attachment.device.id, self.generation.load(Ordering::Acquire));
        Some(Follower { connection: self.clone(), attachment, device, generation })
    }

    /// The groups that are followed, and the topics of them.
    pub(super) fn channels(&self) -> Vec<ChannelId> {
        let state = self.state();
        let groups = state.iter().flat_map(|state| &state.groups.0);
        groups.map(|(channel, _)| channel.clone()).collect()
    }

    /// The rooms that the device is in.
    pub(super) fn rooms(&self) -> Vec<GroupId> {
        let state = self.state();
        state.iter().flat_map(|state| &state.rooms).map(|(room, _)| room.clone()).collect()
    }

    /// Who comes into a room with it, and the topic to follow; nothing when the device is in it.
    pub(super) fn enter_room(&self, stay: &RoomStay) -> Option<(Arc<Attachment>, Topic)> {
        let mut guard = self.state();
        let state = guard.as_mut().filter(|_| self.cares_for(&(&stay.room).into()))?;
        let known = state.rooms.iter_mut().find(|(room, _)| *room == stay.room);
        match known {
            Some((_, epoch)) if *epoch == stay.epoch => return None,
            // It follows the topic already.
            Some((_, epoch)) => *epoch = stay.epoch,
            None => state.rooms.push((stay.room.clone(), stay.epoch)),
        }
        let topic = Topic::Group(state.attachment.app, (&stay.room).into());
        Some((state.attachment.clone(), topic))
    }

    /// Does something while the device is in a room: whoever takes it out waits.
    pub(super) fn while_in_room(&self, stay: &RoomStay, work: impl FnOnce()) {
        let state = self.state();
        let rooms = state.iter().flat_map(|state| &state.rooms);
        if rooms.into_iter().any(|(room, epoch)| *room == stay.room && *epoch == stay.epoch) {
            work();
        }
    }

    /// Who leaves a room with it, if the device was in it. Whoever brings it in again waits until `went` was done.
    pub(super) fn leave_room(
        self: &Arc<Self>,
        room: &GroupId,
        went: impl FnOnce(&Attachment),
    ) -> Option<(Arc<Attachment>, Seat)> {
        let mut guard = self.state();
        let state = guard.as_mut()?;
        let place = state.rooms.iter().position(|(known, _)| known == room)?;
        state.rooms.swap_remove(place);
        went(&state.attachment);
        let seat = Seat::of(self, self.generation.load(Ordering::Acquire));
        Some((state.attachment.clone(), seat))
    }

    /// Whether what has this number in a group is hidden from the user.
    pub(super) fn hides(&self, channel: &ChannelId, seq: Seq) -> bool {
        self.state()
            .as_ref()
            .and_then(|state| state.groups.hidden(channel))
            .is_some_and(|hidden| seq <= hidden)
    }

    /// The topic to follow now, if it was not followed yet, where everything is `hidden` up to a number. `anew` overrules that
    /// the user left the group before.
    pub(super) fn enter(&self, group: &GroupId, hidden: Seq, anew: bool) -> Option<Topic> {
        let group = ChannelId::from(group);
        if !self.cares_for(&group) {
            return None;
        }
        let mut guard = self.state();
        let state = guard.as_mut()?;
        if let Some(left) = &mut state.left {
            if anew {
                left.remove(&group);
            } else if left.contains(&group) {
                return None;
            }
        }
        state.groups.insert(&group, hidden).then(|| Topic::Group(state.attachment.app, group))
    }

    /// The same of a topic of a group, which is followed only where the group is.
    pub(super) fn enter_topic(&self, topic: &TopicId, hidden: Seq) -> Option<Topic> {
        let mut guard = self.state();
        let state = guard.as_mut()?;
        if !state.groups.contains(&ChannelId::from(&topic.group())) {
            return None;
        }
        let topic = ChannelId::from(topic);
        state.groups.insert(&topic, hidden).then(|| Topic::Group(state.attachment.app, topic))
    }

    /// The topics to follow no more, where they were followed: that of the group, and those of its topics.
    pub(super) fn leave(self: &Arc<Self>, group: &GroupId) -> Vec<(Topic, Seat)> {
        let mut guard = self.state();
        let Some(state) = guard.as_mut() else { return Vec::new() };
        if let Some(left) = &mut state.left {
            left.insert(&ChannelId::from(group), Seq::ZERO);
        }
        let (app, seat) = (state.attachment.app, Seat::of(self, self.generation.load(Ordering::Acquire)));
        let removed = state.groups.remove_group(group).into_iter();
        removed.map(|channel| (Topic::Group(app, channel), seat)).collect()
    }

    /// The topic to follow no more, if it was followed, of a topic that is gone.
    pub(super) fn leave_topic(self: &Arc<Self>, topic: &TopicId) -> Option<(Topic, Seat)> {
        let mut guard = self.state();
        let state = guard.as_mut()?;
        let seat = Seat::of(self, self.generation.load(Ordering::Acquire));
        let topic = ChannelId::from(topic);
        state.groups.remove(&topic).then(|| (Topic::Group(state.attachment.app, topic), seat))
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::{AppId, Millis, UserId};

    use super::*;
    use crate::hub::DeviceClaim;

    fn group(number: u32) -> GroupId {
        GroupId::parse(&format!("group{number}")).unwrap()
    }

    fn connection() -> (Arc<Connection>, u32) {
        let connection = Arc::new(Connection::new(Dialect::Text, None, 1));
        let device = DeviceClaim { id: 1, platform: 1, since: Millis(0) };
        let login =
            connection.attach(Attachment { app: AppId(1), user: UserId::parse("alice").unwrap(), device });
        (connection, login)
    }

    #[test]
    fn a_list_that_was_read_before_brings_no_group_back() {
        let (connection, login) = connection();
        assert!(connection.leave(&group(1)).is_empty());
        assert!(connection.enter(&group(1), Seq::ZERO, false).is_none());
        assert!(connection.enter(&group(2), Seq::ZERO, false).is_some());
        connection.has_entered(login);
        assert_eq!(connection.leave(&group(2)).len(), 1);
        assert!(connection.enter(&group(2), Seq::ZERO, true).is_some());
    }

    #[test]
    fn a_topic_is_followed_where_its_group_is() {
        let (connection, login) = connection();
        connection.has_entered(login);
        let names = ["@TGS#_a", "@TGS#_a@", "@TGS#_ab", "@TGS#_b"];
        let [group, others @ ..] = names.map(|name| GroupId::parse(name).unwrap());
        let topic = |group: &GroupId, name: &str| TopicId::parse(&format!("{group}@TOPIC#_{name}")).unwrap();
        assert!(connection.enter_topic(&topic(&group, "x"), Seq::ZERO).is_none());
        for group in others.iter().chain([&group]) {
            connection.enter(group, Seq::ZERO, true);
            for name in ["x", "y"] {
                assert!(connection.enter_topic(&topic(group, name), Seq::ZERO).is_some());
                assert!(connection.enter_topic(&topic(group, name), Seq::ZERO).is_none());
            }
        }
        assert!(connection.leave_topic(&topic(&group, "y")).is_some());
        assert_eq!(connection.leave(&group).len(), 2);
        assert_eq!(connection.channels().len(), 9, "{:?}", connection.channels());
        assert!(connection.enter_topic(&topic(&group, "x"), Seq::ZERO).is_none());
    }

    #[test]
    fn groups_that_are_left_take_no_memory() {
        let (connection, login) = connection();
        connection.has_entered(login);
        for number in 0..1000 {
            connection.enter(&group(number), Seq::ZERO, true);
            connection.leave(&group(number));
        }
        let state = connection.state();
        let state = state.as_ref().unwrap();
        assert!(state.left.is_none() && state.groups.0.is_empty());
    }
}
