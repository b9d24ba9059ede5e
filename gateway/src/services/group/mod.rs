//! Groups: their life, their members and their profile.

mod application;
mod asked;
mod attribute;
mod ban;
mod counter;
mod error;
mod field;
mod join;
mod kind;
mod lifecycle;
mod live;
mod member;
mod mute;
mod order;
mod profile;
mod topic;

use std::sync::Arc;

use bytes::Bytes;
use protocol::event;
use protocol::group::{
    ApplyJoinOption, Change, CustomField, GroupKind, InviteJoinOption, ReceiveOption, Role, Tip,
};
use protocol::id::{AppId, GroupId, Millis, Seq, UserId};
use protocol::message::{GroupItem, GroupLabel};
use protocol::push::Receipt;
use serde::{Deserialize, Serialize};

use super::account::Accounts;
use super::channel::Channel;
use super::decide::Refused;
use super::deps::{Actor, Deps, MayBeDamage};
use super::push::Notices;
use super::rates::{Throttle, TooOften};
use super::timeline::{EntryRef, PastRecall, Timelines};
use crate::bus::{self, Push, Topic};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Key, Log, Partition, StorageError, Table};

/// In a group with more members nobody acknowledges a recall.
const MOST_RECEIPTS: u64 = 200;

pub(in crate::services) use application::WaitingEntry;
pub use application::{Application, Waiting};
pub use attribute::{AttributeEdit, AttributeFault, Attributes, Known};
pub use counter::{CounterFault, Counters};
pub use error::{Denial, FieldFault, Fields, Invalid, Text};
#[cfg(any(test, feature = "internals"))]
pub use field::FieldRule;
pub use field::{FieldBook, Standing};
pub use join::{AddOutcome, JoinOutcome};
#[cfg(any(test, feature = "internals"))]
pub use kind::Tips;
pub(in crate::services) use kind::{History, Membership};
pub use kind::{Overrides, RuleBook, Rules};
pub(in crate::services) use lifecycle::check_text;
pub use lifecycle::{FirstMember, NewGroup, check_custom_id};
pub use live::{Answered, Joined, LiveSettings, Marked, Poller, Rooms, Weight};
pub(in crate::services) use live::{Marks, Owned, PollClaims, Stay, stay_key};
pub use member::{MemberChange, MemberView};
pub use order::{Cursor, MemberPage};
pub use profile::{GroupState, ProfileEdit};
pub(in crate::services) use topic::TopicChoice;
pub use topic::{ChannelRef, GroupTopic, NewTopic, OwnPlace, TopicEdit, TopicView};

/// Why something about a group was not done.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    #[error("no such group")]
    Missing,
    /// Whether ids of the kind begin as made ones do.
    #[error("the group id is not valid")]
    BadId { has_mark: bool },
    #[error("not a member")]
    NotMember,
    #[error("{0}")]
    NotAllowed(Denial),
    #[error("nobody waits so: it was decided")]
    Decided,
    #[error("too many applications wait in the group")]
    TooManyApplications,
    #[error("the group has as many admins as it may have")]
    TooManyAdmins,
    #[error("the owner cannot quit")]
    OwnerCannotQuit,
    #[error("already a member")]
    AlreadyMember,
    #[error("the group is full")]
    Full,
    #[error("the user is in too many groups")]
    TooManyGroups,
    #[error("the user was put into too many groups within an hour")]
    TooManyInvitations,
    #[error("the group id is taken")]
    IdTaken,
    #[error("the group id is taken by a group of the same owner")]
    IdYours,
    #[error("no such topic")]
    NoTopic,
    #[error("the topic id is not one of this group")]
    BadTopicId,
    #[error("the topic id is taken")]
    TopicTaken,
    #[error("the group has too many topics")]
    TooManyTopics,
    /// So many are muted already, of members and past ones.
    #[error("too many members of the group are muted")]
    TooManyMutes,
    /// So many are kept out already.
    #[error("too many are banned from the group")]
    TooManyBans,
    #[error("the user has made too many live rooms")]
    TooManyRooms,
    #[error("too many ask at once for what is told in live rooms")]
    TooManyPolls,
    #[error("too many accounts in one call")]
    TooManyAccounts,
    #[error("{0}")]
    Invalid(Invalid),
    #[error(transparent)]
    Attributes(#[from] AttributeFault),
    #[error(transparent)]
    Counters(#[from] CounterFault),
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// Lost too many races in a row.
    #[error("the group is too busy")]
    Busy,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl MayBeDamage for GroupError {
    fn is_damage(&self) -> bool {
        matches!(self, GroupError::Storage(error) if error.is_damage())
    }
}

impl From<Refused> for GroupError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy(_) => GroupError::Busy,
            // Of a group's counts with a bound, that of its members: that of its mutes has a word of its own.
            Refused::Bound(_) => GroupError::Full,
        }
    }
}

/// A group, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// This life of the group: everything of it is kept under this number, so a later group of the same name
    /// begins with nothing.
    pub epoch: u64,
    pub kind: GroupKind,
    pub name: String,
    #[serde(default)]
    pub introduction: String,
    #[serde(default)]
    pub notification: String,
    #[serde(default)]
    pub face: String,
    pub owner: Option<UserId>,
    pub created_at: Millis,
    /// Grows with each change of the profile.
    pub info_seq: u64,
    pub info_changed_at: Millis,
    pub max_members: u64,
    pub apply_join: ApplyJoinOption,
    pub invite_join: InviteJoinOption,
    #[serde(default)]
    pub mute_all: bool,
    #[serde(default)]
    pub custom: Vec<CustomField>,
    /// Its members talk in topics of it, and not in itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_topics: bool,
    /// Of a live room, whose members have no records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admins: Vec<UserId>,
}

impl Group {
    /// The role of a user in a live room, as far as it does not come with being there.
    fn role_in_room(&self, user: &UserId) -> Role {
        if self.owner.as_ref() == Some(user) {
            Role::Owner
        } else if self.admins.contains(user) {
            Role::Admin
        } else {
            Role::Member
        }
    }

    pub fn label(&self, id: &GroupId) -> GroupLabel {
        GroupLabel { id: id.into(), name: self.name.clone(), kind: self.kind, has_topics: self.has_topics }
    }
}

/// A membership, as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    pub role: Role,
    pub joined_at: Millis,
    /// The group's last number when they came.
    pub joined_after: Seq,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name_card: String,
    #[serde(default)]
    pub receive: ReceiveOption,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<CustomField>,
}

impl Member {
    /// One who comes now, after the number `after`.
    pub fn new(role: Role, now: Millis, after: Seq) -> Self {
        Self {
            role,
            joined_at: now,
            joined_after: after,
            name_card: String::new(),
            receive: ReceiveOption::default(),
            custom: Vec::new(),
        }
    }
}

/// A group that was read: its id, its record, and where it is kept.
#[derive(Clone, Debug)]
pub struct GroupRef {
    pub app: AppId,
    pub id: GroupId,
    pub group: Versioned<Group>,
}

impl GroupRef {
    pub fn partition(&self) -> Partition {
        Partition::group(self.app, &self.id)
    }

    pub fn label(&self) -> GroupLabel {
        self.group.record.label(&self.id)
    }

    /// What the suffix of everything of this life of the group begins with.
    pub fn epoch(&self) -> Bytes {
        epoch_bytes(self.group.record.epoch)
    }

    /// Where all its members talk: its messages and tips.
    pub fn channel(&self) -> Channel {
        Channel {
            log: Log { partition: self.partition(), name: self.epoch() },
            topic: Topic::Group(self.app, (&self.id).into()),
        }
    }

    pub fn member_key(&self, user: &UserId) -> Key {
        Key::new(Table::Member, [&self.epoch()[..], user.as_str().as_bytes()].concat())
    }

    /// Until when a user may not speak; kept apart from the membership, because it survives leaving.
    pub fn mute_key(&self, user: &UserId) -> Key {
        mute_key(&self.epoch(), user)
    }

    pub fn count_key(&self) -> Key {
        Key::new(Table::Counter, [&self.epoch()[..], b"members"].concat())
    }

    /// The group stands as it was read.
    pub fn unchanged(&self) -> (Key, Expected) {
        (group_key(), Expected::Version(self.group.version))
    }
}

fn mute_key(epoch: &[u8], user: &UserId) -> Key {
    Key::new(Table::Mute, [epoch, user.as_str().as_bytes()].concat())
}

pub(super) fn epoch_bytes(epoch: u64) -> Bytes {
    Bytes::copy_from_slice(&epoch.to_be_bytes())
}

pub(super) fn group_key() -> Key {
    Key::new(Table::Group, "")
}

pub(super) fn joined_key(group: &GroupId) -> Key {
    Key::new(Table::Joined, group.as_str().as_bytes().to_vec())
}

/// That a user may be in a group.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::services) struct Indexed {
    at: Millis,
}

/// The groups of all applications.
#[derive(Clone)]
pub struct Groups {
    deps: Deps,
    accounts: Accounts,
    notices: Notices,
    throttle: Throttle,
    rooms: Rooms,
    timelines: Timelines,
    /// Held while the order of a group's members is written anew.
    ordering: Arc<tokio::sync::Mutex<()>>,
    /// Held while a group's counters change.
    counting: counter::Turns,
}

impl Groups {
    pub fn new(deps: Deps, accounts: Accounts, notices: Notices, throttle: Throttle) -> Self {
        let rooms = Rooms::new(deps.clone(), accounts.clone());
        let timelines = Timelines::new(deps.clone());
        Self {
            deps,
            accounts,
            notices,
            throttle,
            rooms,
            timelines,
            ordering: Arc::default(),
            counting: counter::Turns::default(),
        }
    }

    /// Who is in live rooms, and what they hear.
    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// What is allowed in a group of this kind.
    pub fn rules(&self, app: AppId, kind: GroupKind) -> &Rules {
        self.deps.settings(app).rules.of(kind)
    }

    /// Whether somebody is in a group.
    pub async fn is_member(&self, actor: &Actor, id: &GroupId) -> Result<bool, StorageError> {
        let Some(found) = self.find(actor.app, id).await? else { return Ok(false) };
        Ok(self.member(&found, &actor.user).await?.is_some())
    }

    /// The group, if there is one.
    pub async fn find(&self, app: AppId, id: &GroupId) -> Result<Option<GroupRef>, StorageError> {
        let group = records::get(&self.deps.engine, &Partition::group(app, id), group_key()).await?;
        Ok(group.map(|group| GroupRef { app, id: id.clone(), group }))
    }

    pub(super) async fn existing(&self, app: AppId, id: &GroupId) -> Result<GroupRef, GroupError> {
        self.find(app, id).await?.ok_or(GroupError::Missing)
    }

    pub async fn member(
        &self,
        found: &GroupRef,
        user: &UserId,
    ) -> Result<Option<Versioned<Member>>, StorageError> {
        if self.is_room(found) {
            return self.member_of_room(found, user).await;
        }
        records::get(&self.deps.engine, &found.partition(), found.member_key(user)).await
    }

    /// The group, and the actor's membership: a user must be a member, an administrator need not.
    pub(super) async fn as_seen_by(
        &self,
        actor: &Actor,
        id: &GroupId,
    ) -> Result<(GroupRef, Option<Versioned<Member>>), GroupError> {
        let found = self.existing(actor.app, id).await?;
        let member = self.member(&found, &actor.user).await?;
        if member.is_none() && !actor.is_admin {
            return Err(GroupError::NotMember);
        }
        Ok((found, member))
    }

    /// How many members the group has.
    pub async fn count(&self, found: &GroupRef) -> Result<u64, StorageError> {
        if self.is_room(found) {
            return Ok(self.rooms.count(found.app, &found.id, found.group.record.epoch).await);
        }
        let counts = self.deps.engine.counters(&found.partition(), &[found.count_key()]).await?;
        Ok(counts.first().map_or(0, |count| u64::try_from(*count).unwrap_or(0)))
    }

    /// What devices acknowledge the push of a recall with. Where nothing is counted nobody minds a recall that they are told
    /// twice, and where too many hear of one, all of them together would be too much.
    pub async fn recall_receipt(
        &self,
        found: &GroupRef,
        recalled: &PastRecall,
    ) -> Result<Option<Receipt>, StorageError> {
        if !self.rules(found.app, found.group.record.kind).counts_unread {
            return Ok(None);
        }
        let is_small = self.count(found).await? <= MOST_RECEIPTS;
        Ok(is_small.then(|| recalled.receipt()))
    }

    /// Adds a tip to the batch that makes the change: kept in the log, told to the followers; or told alone, where the kind
    /// does not keep them. In a live room it is told when the change is made, see [`Groups::tell_room`].
    pub(super) async fn with_tip(
        &self,
        batch: Batch,
        found: &GroupRef,
        actor: &Actor,
        change: Change,
        members: Option<u64>,
    ) -> Result<Batch, StorageError> {
        if self.is_room(found) {
            return Ok(batch);
        }
        self.with_tip_in(batch, &found.clone().into(), actor, change, members).await
    }

    /// The same where members talk: in a group, or in a topic of one.
    pub(super) async fn with_tip_in(
        &self,
        batch: Batch,
        place: &ChannelRef,
        actor: &Actor,
        change: Change,
        members: Option<u64>,
    ) -> Result<Batch, StorageError> {
        let operator = self.accounts.shown(actor.app, &actor.user).await?;
        let random = u64::from(rand::random::<u32>());
        let tip = Tip { random, operator, change, members, online: None };
        let rules = self.rules(place.found.app, place.found.group.record.kind);
        let (label, channel) = (place.label(), place.channel());
        if !rules.keeps_tips {
            let last = self.deps.engine.log_end(&channel.log).await?.seq;
            let body = event::group::passing_tip(GroupItem::tip(&label, last, batch.at, &tip));
            return Ok(batch.announce(channel.topic, Push::new(body)));
        }
        let counts = rules.counts_unread;
        let entry = records::encode(&EntryRef::Tip(&tip));
        let event = bus::Entry::GroupTip { group: label, tip, counts };
        Ok(channel.say(batch, entry, event))
    }
}

/// What an actor may do in a group: the rank of an administrator of the application is that of the owner.
pub(super) fn rank(actor: &Actor, member: Option<&Versioned<Member>>) -> Option<Role> {
    if actor.is_admin { Some(Role::Owner) } else { member.map(|member| member.record.role) }
}

/// Fails unless the actor's rank reaches the lowest that may. Nobody but an administrator may what no role may.
pub(in crate::services) fn require(
    actor: &Actor,
    member: Option<&Versioned<Member>>,
    lowest: Option<Role>,
) -> Result<(), GroupError> {
    let may = actor.is_admin || lowest.is_some_and(|lowest| rank(actor, member) >= Some(lowest));
    if may { Ok(()) } else { Err(GroupError::NotAllowed(Denial::RoleTooLow)) }
}
