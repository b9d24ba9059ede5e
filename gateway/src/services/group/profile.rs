//! What a group says of itself, and which groups a user is in.

use futures_util::try_join;
use protocol::group::{ApplyJoinOption, Change, CustomField, InviteJoinOption, ProfileChange};
use protocol::id::{AppId, GroupId, UserId};

use super::lifecycle::{check_custom, check_merged, check_text, merge};
use super::{
    Denial, Fields, Group, GroupError, GroupRef, Groups, Indexed, Invalid, Member, Standing, Text, require,
};
use crate::services::decide::Decision;
use crate::services::deps::{Actor, whole_ones};
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, LogEnd, StorageError};

/// What is to be changed about a group. Absent members stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileEdit {
    pub name: Option<String>,
    pub introduction: Option<String>,
    pub notification: Option<String>,
    pub face: Option<String>,
    pub max_members: Option<u64>,
    pub apply_join: Option<ApplyJoinOption>,
    pub invite_join: Option<InviteJoinOption>,
    pub mute_all: Option<bool>,
    /// An empty value deletes the field.
    pub custom: Vec<CustomField>,
}

impl ProfileEdit {
    fn is_of_fields_only(&self) -> bool {
        *self == Self { custom: self.custom.clone(), ..Self::default() }
    }
}

/// How far a group has come.
#[derive(Clone, Copy, Debug)]
pub struct GroupState {
    /// Its last message.
    pub end: LogEnd,
    pub members: u64,
}

impl Groups {
    /// What a group says of itself beyond its record.
    pub async fn state(&self, found: &GroupRef) -> Result<GroupState, StorageError> {
        let log = found.channel().log;
        let (end, members) = try_join!(self.deps.engine.log_end(&log), self.count(found))?;
        Ok(GroupState { end, members })
    }

    /// The groups a user is a member of, with their memberships, in the order of their ids.
    pub async fn joined(&self, app: AppId, user: &UserId) -> Result<Vec<(GroupRef, Member)>, GroupError> {
        let indexed = self.indexed(app, user).await?;
        self.joined_among(app, user, indexed).await
    }

    async fn joined_among(
        &self,
        app: AppId,
        user: &UserId,
        indexed: Vec<(GroupId, Versioned<Indexed>)>,
    ) -> Result<Vec<(GroupRef, Member)>, GroupError> {
        let joined =
            whole_ones(
                indexed,
                |(id, indexed)| async move { self.membership(app, user, &id, &indexed).await },
            );
        Ok(joined.await?.into_iter().flatten().collect())
    }

    /// The membership that an entry of the index stands for; the entry goes when it stands for none.
    pub(in crate::services) async fn membership(
        &self,
        app: AppId,
        user: &UserId,
        id: &GroupId,
        indexed: &Versioned<Indexed>,
    ) -> Result<Option<(GroupRef, Member)>, GroupError> {
        if let Some(found) = self.find(app, id).await?
            && let Some(member) = self.member(&found, user).await?
        {
            return Ok(Some((found, member.record)));
        }
        self.forget(app, user, id, indexed).await?;
        Ok(None)
    }

    /// The communities a user is a member of, those with topics or those without, in the order of their ids.
    pub async fn joined_communities(
        &self,
        app: AppId,
        user: &UserId,
        with_topics: bool,
    ) -> Result<Vec<(GroupRef, Member)>, GroupError> {
        let mut indexed = self.indexed(app, user).await?;
        indexed.retain(|(id, _)| id.is_of_community());
        let mut joined = self.joined_among(app, user, indexed).await?;
        joined.retain(|(found, _)| found.group.record.has_topics == with_topics);
        Ok(joined)
    }

    /// Whether a group is of a kind that may have topics.
    pub fn may_have_topics(&self, found: &GroupRef) -> bool {
        self.rules(found.app, found.group.record.kind).has_topics
    }

    /// A page of the groups a user is a member of but for communities, in the order of their ids, and how many there are in
    /// all: few more than are told where the index still names some that they left or that were dismissed.
    pub async fn joined_page(
        &self,
        app: AppId,
        user: &UserId,
        offset: usize,
        limit: usize,
    ) -> Result<(usize, Vec<(GroupRef, Member)>), GroupError> {
        let mut indexed = self.indexed(app, user).await?;
        indexed.retain(|(id, _)| !id.is_of_community());
        let total = indexed.len();
        let page: Vec<_> = indexed.into_iter().skip(offset).take(limit).collect();
        let asked = page.len();
        let joined = self.joined_among(app, user, page).await?;
        Ok((total - (asked - joined.len()), joined))
    }

    /// How one gets into a group by oneself.
    pub fn apply_join(&self, found: &GroupRef) -> ApplyJoinOption {
        let group = &found.group.record;
        let rules = self.rules(found.app, group.kind);
        if rules.apply_join_is_fixed { rules.apply_join } else { group.apply_join }
    }

    /// A group that anybody may ask for, and how near the actor stands to it. One that is not found by strangers is to them
    /// as if it were not there.
    pub async fn in_public(&self, actor: &Actor, id: &GroupId) -> Result<(GroupRef, Standing), GroupError> {
        let found = self.existing(actor.app, id).await?;
        let standing = Standing::of_versioned(actor, self.member(&found, &actor.user).await?.as_ref());
        if standing == Standing::Anybody && !self.rules(found.app, found.group.record.kind).is_found {
            return Err(GroupError::Missing);
        }
        Ok((found, standing))
    }

    /// Changes the profile.
    pub async fn modify(&self, actor: &Actor, id: &GroupId, edit: &ProfileEdit) -> Result<(), GroupError> {
        self.check_edit(actor.app, edit)?;
        let decided = self.deps.decide("change a group", || async {
            let (found, member) = self.as_seen_by(actor, id).await?;
            let rules = self.rules(found.app, found.group.record.kind);
            let writer = Standing::of_versioned(actor, member.as_ref());
            let may_write = self.admits_fields(actor.app, Fields::OfGroup, writer, &edit.custom)?;
            if !(may_write && edit.is_of_fields_only()) {
                require(actor, member.as_ref(), rules.edits_profile)?;
            }
            if rules.apply_join_is_fixed && edit.apply_join.is_some_and(|option| option != rules.apply_join) {
                return Err(GroupError::NotAllowed(Denial::NobodyMayApply));
            }
            if edit.mute_all.is_some() {
                if rules.mutes.is_none() {
                    return Err(GroupError::NotAllowed(Denial::NoMutes));
                }
                require(actor, member.as_ref(), rules.mutes)?;
            }
            let mut group = found.group.record.clone();
            let mut change = apply(edit, &mut group, rules.max_members);
            self.hide_fields(actor.app, Fields::OfGroup, Standing::Member, &mut change.custom);
            let limits = &self.deps.settings(actor.app).limits;
            check_merged(&found.group.record.custom, &group.custom, Fields::OfGroup, limits)?;
            let now = self.deps.now();
            group.info_seq += 1;
            group.info_changed_at = now;
            let (key, unchanged) = found.unchanged();
            let mut batch = Batch::new(found.partition(), now)
                .check(key.clone(), unchanged)
                .put(key, records::encode(&group));
            if group.max_members != found.group.record.max_members {
                // Nobody is added; but the store refuses the batch when the group has more by then.
                let most = i64::try_from(group.max_members).unwrap_or(i64::MAX);
                batch = batch.add(found.count_key(), 0, Some(most));
            }
            let found =
                GroupRef { group: Versioned { record: group, version: found.group.version }, ..found };
            let mut told = None;
            if rules.tips.profile && change != ProfileChange::default() {
                let change = Change::Profile(Box::new(change));
                batch = self.with_tip(batch, &found, actor, change.clone(), None).await?;
                told = self.is_room(&found).then_some((found, change));
            }
            Ok(Decision::Commit(batch, told))
        });
        // The only count of the batch is that of the members, to which nobody is added.
        let told = decided.await.map_err(|error| match error {
            GroupError::Full => GroupError::Invalid(Invalid::TooFewPlaces),
            error => error,
        })?;
        if let Some((found, change)) = told {
            self.tell_room(actor, &found, change).await?;
        }
        Ok(())
    }

    fn check_edit(&self, app: AppId, edit: &ProfileEdit) -> Result<(), GroupError> {
        let limits = &self.deps.settings(app).limits;
        let text =
            |value: &Option<String>, most, text| check_text(value.as_deref().unwrap_or_default(), most, text);
        if edit.name.as_deref() == Some("") {
            return Err(GroupError::Invalid(Invalid::NameEmpty));
        }
        text(&edit.name, limits.group_name_bytes, Text::Name)?;
        text(&edit.introduction, limits.group_introduction_bytes, Text::Introduction)?;
        text(&edit.notification, limits.group_notification_bytes, Text::Notification)?;
        text(&edit.face, limits.group_face_bytes, Text::Face)?;
        check_custom(&edit.custom, Fields::OfGroup, limits)
    }
}

/// Writes the edit into the group and tells what of it the members must hear.
fn apply(edit: &ProfileEdit, group: &mut Group, most_members: u64) -> ProfileChange {
    let mut change = ProfileChange {
        name: edit.name.clone(),
        introduction: edit.introduction.clone(),
        notification: edit.notification.clone(),
        face: edit.face.clone(),
        apply_join: edit.apply_join,
        invite_join: edit.invite_join,
        mute_all: edit.mute_all.map(u8::from),
        ..ProfileChange::default()
    };
    let set = |field: &mut String, value: &Option<String>| {
        if let Some(value) = value {
            field.clone_from(value);
        }
    };
    set(&mut group.name, &edit.name);
    set(&mut group.introduction, &edit.introduction);
    set(&mut group.notification, &edit.notification);
    set(&mut group.face, &edit.face);
    group.apply_join = edit.apply_join.unwrap_or(group.apply_join);
    group.invite_join = edit.invite_join.unwrap_or(group.invite_join);
    group.mute_all = edit.mute_all.unwrap_or(group.mute_all);
    group.max_members = edit.max_members.map_or(group.max_members, |most| most.clamp(1, most_members));
    merge(&mut group.custom, &edit.custom);
    change.custom.clone_from(&edit.custom);
    change
}
