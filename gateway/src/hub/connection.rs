//! One connection, as the hub knows it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::id::GroupId;

use super::Attachment;
use super::frame::Dialect;
use super::outbound::Outbound;
use crate::bus::{DeviceId, Topic};

/// A connection and what waits to be written to it.
pub struct Connection {
    pub outbound: Outbound,
    pub dialect: Dialect,
    /// Changes with each login and logout.
    turn: AtomicU32,
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
    turn: u32,
}

impl Follower {
    pub(super) fn is(&self, connection: &Arc<Connection>) -> bool {
        Arc::ptr_eq(&self.connection, connection)
    }

    /// Whether the one who is logged in is still the one who followed.
    pub(super) fn is_here(&self) -> bool {
        self.connection.turn.load(Ordering::Acquire) == self.turn
    }
}

struct State {
    attachment: Arc<Attachment>,
    groups: GroupSet,
    /// Groups that the user left since the connection was attached, so that a list read before does not bring them back.
    left: GroupSet,
}

/// A set for few groups and many connections: sorted, and no larger than what is in it.
#[derive(Default)]
struct GroupSet(Vec<GroupId>);

impl GroupSet {
    fn contains(&self, group: &GroupId) -> bool {
        self.0.binary_search(group).is_ok()
    }

    /// True when it was not there.
    fn insert(&mut self, group: &GroupId) -> bool {
        let Err(place) = self.0.binary_search(group) else { return false };
        if self.0.is_empty() {
            self.0.reserve_exact(1);
        }
        self.0.insert(place, group.clone());
        true
    }

    /// True when it was there.
    fn remove(&mut self, group: &GroupId) -> bool {
        self.0.binary_search(group).map(|place| self.0.remove(place)).is_ok()
    }
}

impl Connection {
    pub(super) fn new(dialect: Dialect, only: Option<GroupId>, queue_bytes: usize) -> Self {
        let outbound = Outbound::new(queue_bytes);
        Self { outbound, dialect, turn: AtomicU32::new(0), only, state: Mutex::new(None) }
    }

    /// Whether it hears of all groups of its user.
    pub(super) fn cares_for_all(&self) -> bool {
        self.only.is_none()
    }

    /// Whether it hears of a group when its user is a member.
    pub(super) fn cares_for(&self, group: &GroupId) -> bool {
        self.only.as_ref().is_none_or(|only| only == group)
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

    pub(super) fn attach(&self, attachment: Attachment) {
        let mut state = self.state();
        self.turn.fetch_add(1, Ordering::Release);
        let attachment = Arc::new(attachment);
        *state = Some(State { attachment, groups: GroupSet::default(), left: GroupSet::default() });
    }

    pub(super) fn detach(&self) -> Option<(Arc<Attachment>, Vec<GroupId>)> {
        let mut state = self.state();
        self.turn.fetch_add(1, Ordering::Release);
        state.take().map(|state| (state.attachment, state.groups.0))
    }

    /// As a follower of topics, while somebody is logged in.
    pub(super) fn follower(self: &Arc<Self>) -> Option<Follower> {
        let state = self.state();
        let attachment = state.as_ref()?.attachment.clone();
        let (device, turn) = (attachment.device.id, self.turn.load(Ordering::Acquire));
        Some(Follower { connection: self.clone(), attachment, device, turn })
    }

    /// The groups that are followed.
    pub(super) fn groups(&self) -> Vec<GroupId> {
        self.state().as_ref().map(|state| state.groups.0.clone()).unwrap_or_default()
    }

    /// The topic to follow now, if it was not followed yet. `anew` overrules that the user left the group before.
    pub(super) fn enter(&self, group: &GroupId, anew: bool) -> Option<Topic> {
        if !self.cares_for(group) {
            return None;
        }
        let mut guard = self.state();
        let state = guard.as_mut()?;
        if anew {
            state.left.remove(group);
        } else if state.left.contains(group) {
            return None;
        }
        state.groups.insert(group).then(|| Topic::Group(state.attachment.app, group.clone()))
    }

    /// The topic to follow no more, if it was followed.
    pub(super) fn leave(&self, group: &GroupId) -> Option<Topic> {
        let mut guard = self.state();
        let state = guard.as_mut()?;
        state.left.insert(group);
        state.groups.remove(group).then(|| Topic::Group(state.attachment.app, group.clone()))
    }
}
