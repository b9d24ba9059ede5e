//! One connection, as the hub knows it.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::id::GroupId;

use super::Attachment;
use super::frame::Dialect;
use super::outbound::{Closing, Outbound};
use crate::bus::{DeviceId, Topic};

/// A connection and what waits to be written to it.
#[derive(Debug)]
pub struct Connection {
    id: u64,
    pub dialect: Dialect,
    /// The one group that it hears of; absent, all groups of its user.
    only: Option<GroupId>,
    pub outbound: Outbound,
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    attachment: Attachment,
    groups: HashSet<GroupId>,
    /// Groups that the user left since the connection was attached, so that a list read before does not bring them back.
    left: HashSet<GroupId>,
}

impl Connection {
    pub(super) fn new(id: u64, dialect: Dialect, only: Option<GroupId>, queue_bytes: usize) -> Self {
        Self { id, dialect, only, outbound: Outbound::new(queue_bytes), state: Mutex::new(None) }
    }

    /// Whether it hears of a group when its user is a member.
    pub(super) fn cares_for(&self, group: &GroupId) -> bool {
        self.only.as_ref().is_none_or(|only| only == group)
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        // Nothing under this lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is logged in here.
    pub fn attachment(&self) -> Option<Attachment> {
        self.state().as_ref().map(|state| state.attachment.clone())
    }

    /// Whether this device is logged in here still.
    pub fn is_attached(&self, device: DeviceId) -> bool {
        self.state().as_ref().is_some_and(|state| state.attachment.device.id == device)
    }

    pub(super) fn attach(&self, attachment: Attachment) {
        *self.state() = Some(State { attachment, groups: HashSet::new(), left: HashSet::new() });
    }

    pub(super) fn detach(&self) -> Option<(Attachment, HashSet<GroupId>)> {
        self.state().take().map(|state| (state.attachment, state.groups))
    }

    /// The groups that are followed.
    pub(super) fn groups(&self) -> Vec<GroupId> {
        self.state().as_ref().map(|state| state.groups.iter().cloned().collect()).unwrap_or_default()
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
        state.groups.insert(group.clone()).then(|| Topic::Group(state.attachment.app, group.clone()))
    }

    /// The topic to follow no more, if it was followed.
    pub(super) fn leave(&self, group: &GroupId) -> Option<Topic> {
        let mut guard = self.state();
        let state = guard.as_mut()?;
        state.left.insert(group.clone());
        let topic = state.groups.remove(group).then(|| Topic::Group(state.attachment.app, group.clone()));
        if topic.is_some() && self.only.is_some() {
            // It has nothing more to hear here. Who comes back may be let in again.
            self.outbound.close(Closing::GoingAway);
        }
        topic
    }
}
