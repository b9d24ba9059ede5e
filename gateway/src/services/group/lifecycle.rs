//! How a group begins, changes hands and ends.

use protocol::group::{
    ApplyJoinOption, Change, CustomField, GroupKind, InviteJoinOption, ProfileChange, Role,
};
use protocol::id::{GroupId, Millis, Seq, TopicId, UserId};
use protocol::push::{Notice, NoticeKind};

use super::field::{Standing, is_key};
use super::join::Entering;
use super::{
    Denial, FieldFault, Fields, Group, GroupError, GroupRef, Groups, Invalid, Member, Membership, Rules,
    Text, group_key, require,
};
use crate::bus::{Control, Topic};
use crate::services::decide::Decision;
use crate::services::deps::{Actor, side_by_side};
use crate::services::limits::Limits;
use crate::services::push::StoredNotice;
use crate::services::rates::Rule;
use crate::storage::records::{self, Versioned};
use crate::storage::{Batch, Expected, Partition, Table};

/// A group as its creator describes it.
#[derive(Clone, Debug)]
pub struct NewGroup {
    pub kind: GroupKind,
    /// Made here when absent.
    pub id: Option<GroupId>,
    pub owner: Option<UserId>,
    pub name: String,
    pub introduction: String,
    pub notification: String,
    pub face: String,
    pub max_members: Option<u64>,
    pub apply_join: Option<ApplyJoinOption>,
    pub invite_join: Option<InviteJoinOption>,
    pub members: Vec<FirstMember>,
    pub custom: Vec<CustomField>,
    /// Whether its members talk in topics of it, and not in itself.
    pub has_topics: bool,
    /// By what it is known that it was made already, where its id is made here.
    pub request: Option<[u8; 16]>,
}

/// A member that a group begins with, beside its owner.
#[derive(Clone, Debug)]
pub struct FirstMember {
    pub user: UserId,
    pub is_admin: bool,
    pub custom: Vec<CustomField>,
}

/// The records that belong to one epoch of a group, or to a topic.
pub(super) const OF_AN_EPOCH: &[Table] = &[
    Table::Member,
    Table::Order,
    Table::Mute,
    Table::Ban,
    Table::Mark,
    Table::Application,
    Table::Topic,
    Table::Shared,
    Table::Counter,
    Table::Read,
    Table::Annotation,
    Table::Mention,
    Table::Recall,
    Table::Hidden,
    Table::Message,
];

/// Custom ids are printable ASCII and leave the prefix of made ones alone, but for kinds of which all ids begin with it.
/// Source: 269/1502.
pub fn check_custom_id(id: &GroupId, rules: &Rules) -> Result<(), GroupError> {
    let text = id.as_str();
    let is_printable = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    let own = match text.strip_prefix("@TGS#").map(|made| made.strip_prefix(rules.id_mark)) {
        None => !rules.chosen_ids_have_mark,
        Some(own) => {
            rules.chosen_ids_have_mark
                && own.is_some_and(|own| !own.is_empty() && !own.contains(TopicId::MARK))
        }
    };
    if text.len() <= 48 && is_printable && own {
        return Ok(());
    }
    Err(GroupError::BadId { has_mark: rules.chosen_ids_have_mark })
}

/// 50 random bits.
///
/// What the same `request` makes twice has the same, by which it is known that it is there.
pub(super) fn made_letters(request: Option<[u8; 16]>) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let bytes: [u8; 16] = request.unwrap_or_else(rand::random);
    bytes.iter().take(10).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// A made id: letters behind the kind's mark.
fn make_id(mark: &str, request: Option<[u8; 16]>) -> GroupId {
    GroupId::parse(&format!("@TGS#{mark}{}", made_letters(request)))
        .expect("short printable text is a group id")
}

pub(in crate::services) fn check_text(text: &str, most: usize, which: Text) -> Result<(), GroupError> {
    if text.len() > most { Err(GroupError::Invalid(Invalid::TooLong(which, most))) } else { Ok(()) }
}

/// Writes an edit into the fields that the application defined. An empty value deletes a field.
pub(super) fn merge(fields: &mut Vec<CustomField>, edit: &[CustomField]) {
    for field in edit {
        fields.retain(|known| known.key != field.key);
        if !field.value.is_empty() {
            fields.push(field.clone());
        }
    }
}

fn merged(fields: &[CustomField]) -> Vec<CustomField> {
    let mut merged = Vec::new();
    merge(&mut merged, fields);
    merged
}

fn most(which: Fields, limits: &Limits) -> usize {
    match which {
        Fields::OfGroup => limits.group_custom_fields,
        Fields::OfMember => limits.member_custom_fields,
    }
}

/// The limit holds for what a group or member has after an edit. One that has more, from a time when more were allowed,
/// may still change those it has.
pub(super) fn check_merged(
    before: &[CustomField],
    after: &[CustomField],
    which: Fields,
    limits: &Limits,
) -> Result<(), GroupError> {
    let most = most(which, limits);
    if after.len() > most && after.len() > before.len() {
        return Err(GroupError::Invalid(Invalid::Fields(which, FieldFault::TooMany(most))));
    }
    Ok(())
}

/// Fields that the application defines, of a group or of a member, as a call names them.
pub(super) fn check_custom(fields: &[CustomField], which: Fields, limits: &Limits) -> Result<(), GroupError> {
    let most = most(which, limits);
    let fault = |fault| Err(GroupError::Invalid(Invalid::Fields(which, fault)));
    if fields.len() > most {
        return fault(FieldFault::TooMany(most));
    }
    if !fields.iter().all(|field| is_key(&field.key, limits)) {
        return fault(FieldFault::Key(limits.custom_key_bytes));
    }
    if fields.iter().any(|field| field.value.len() > limits.custom_value_bytes) {
        return fault(FieldFault::ValueTooLong(limits.custom_value_bytes));
    }
    Ok(())
}

fn check(new: &NewGroup, limits: &Limits, rules: &Rules) -> Result<(), GroupError> {
    if let Some(id) = &new.id {
        check_custom_id(id, rules)?;
    }
    if new.has_topics && !rules.has_topics {
        return Err(GroupError::Invalid(Invalid::NoTopics));
    }
    if new.name.is_empty() {
        return Err(GroupError::Invalid(Invalid::NameEmpty));
    }
    check_text(&new.name, limits.group_name_bytes, Text::Name)?;
    check_text(&new.introduction, limits.group_introduction_bytes, Text::Introduction)?;
    check_text(&new.notification, limits.group_notification_bytes, Text::Notification)?;
    check_text(&new.face, limits.group_face_bytes, Text::Face)?;
    check_custom(&new.custom, Fields::OfGroup, limits)?;
    for member in &new.members {
        check_custom(&member.custom, Fields::OfMember, limits)?;
    }
    if new.members.len() > limits.members_per_call {
        return Err(GroupError::TooManyAccounts);
    }
    if rules.membership == Membership::Present && !new.members.is_empty() {
        return Err(GroupError::NotAllowed(Denial::NobodyIsBrought));
    }
    let admins = new.members.iter().filter(|member| member.is_admin).count();
    if !rules.has_admins && admins > 0 {
        return Err(GroupError::Invalid(Invalid::NoAdmins));
    }
    if admins > limits.admins_per_group {
        return Err(GroupError::TooManyAdmins);
    }
    Ok(())
}

impl Groups {
    /// Makes a group. Its owner and the members it begins with are members when this returns, but for those whom it gives:
    /// they are in too many groups, or were put into too many within an hour.
    pub async fn create(&self, actor: &Actor, new: NewGroup) -> Result<(GroupId, Vec<UserId>), GroupError> {
        let settings = self.deps.settings(actor.app);
        let rules = settings.rules.of(new.kind);
        check(&new, &settings.limits, rules)?;
        let maker = if actor.is_admin { Standing::Administrator } else { Standing::Owner };
        self.admits_fields(actor.app, Fields::OfGroup, maker, &new.custom)?;
        for member in &new.members {
            self.admits_fields(actor.app, Fields::OfMember, maker, &member.custom)?;
        }
        let max_members = new.max_members.unwrap_or(rules.max_members).clamp(1, rules.max_members);
        let now = self.deps.now();
        let is_room = rules.membership == Membership::Present;
        let members = if is_room { Vec::new() } else { first_members(&new, now) };
        if members.len() as u64 > max_members {
            return Err(GroupError::Full);
        }
        if self.throttle.is_held(actor) {
            self.throttle.take(actor.app, Rule::GroupsMade, &actor.user, 1)?;
            let guests = u32::try_from(new.members.len()).unwrap_or(u32::MAX);
            self.throttle.take(actor.app, Rule::MembersAdded, &actor.user, guests)?;
        }
        // Whoever is named exists from now on, as with the first login.
        let ensured = side_by_side(users_of(&members), |user| async move {
            self.accounts.ensure_named::<GroupError>(actor, &user).await
        });
        ensured.await?;

        let group = Group {
            // Milliseconds would do but for two lives within one; the rest tells those apart.
            epoch: now.0 * 1000 + rand::random_range(0..1000),
            kind: new.kind,
            name: new.name.clone(),
            introduction: new.introduction.clone(),
            notification: new.notification.clone(),
            face: new.face.clone(),
            owner: new.owner.clone(),
            created_at: now,
            info_seq: 1,
            info_changed_at: now,
            max_members,
            // Back ends name an option for every kind; to some it means nothing.
            apply_join: new.apply_join.filter(|_| !rules.apply_join_is_fixed).unwrap_or(rules.apply_join),
            invite_join: new.invite_join.unwrap_or(rules.invite_join),
            mute_all: false,
            custom: merged(&new.custom),
            has_topics: new.has_topics,
            admins: Vec::new(),
        };
        if let Some(owner) = new.owner.as_ref().filter(|_| is_room) {
            self.accounts.ensure_named::<GroupError>(actor, owner).await?;
        }
        let decided = self.deps.decide("make a group", || async {
            let id = match &new.id {
                None => {
                    let id = make_id(rules.id_mark, new.request);
                    let made = match new.request {
                        Some(_) => self.find(actor.app, &id).await?,
                        // One that exists already loses the race: another one is made.
                        None => None,
                    };
                    if made.is_some_and(|made| made.group.record.owner == new.owner) {
                        return Ok(Decision::Done((id, None)));
                    }
                    id
                }
                Some(id) => match self.find(actor.app, id).await? {
                    None => id.clone(),
                    Some(found) if found.group.record.owner.as_ref() == Some(&actor.user) => {
                        return Err(GroupError::IdYours);
                    }
                    Some(_) => return Err(GroupError::IdTaken),
                },
            };
            if let Some(owner) = group.owner.as_ref().filter(|_| is_room) {
                self.note_owned(actor.app, owner, &id).await?;
            }
            let members = self.indexed_of(actor, &id, &members).await?;
            let batch = self.created(actor, &id, &group, &members).await?;
            Ok::<_, GroupError>(Decision::Commit(batch, (id, Some(members))))
        });
        let (id, entered) = decided.await?;
        let Some(entered) = entered else { return Ok((id, Vec::new())) };
        self.tell_created(actor, &id, &group, &entered).await?;
        let is_out = |user: &UserId| entered.iter().all(|(entered, _)| entered != user);
        Ok((id, users_of(&members).into_iter().filter(is_out).collect()))
    }

    /// Those of the first members whose indexes know of the group now: others have no room for it. The index is a superset
    /// of the truth, so it is written first.
    async fn indexed_of(
        &self,
        actor: &Actor,
        id: &GroupId,
        members: &[(UserId, Member)],
    ) -> Result<Vec<(UserId, Member)>, GroupError> {
        let indexed = side_by_side(members.iter().cloned(), |(user, member)| async move {
            let entering = Entering::of(actor, &user);
            match self.index(actor.app, &user, id, entering).await {
                Ok(()) => Ok(Some((user, member))),
                Err(GroupError::TooManyGroups | GroupError::TooManyInvitations)
                    if member.role != Role::Owner =>
                {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        });
        Ok(indexed.await?.into_iter().flatten().collect())
    }

    /// What makes the group, after the members' indexes know of it.
    async fn created(
        &self,
        actor: &Actor,
        id: &GroupId,
        group: &Group,
        members: &[(UserId, Member)],
    ) -> Result<Batch, GroupError> {
        let found = GroupRef {
            app: actor.app,
            id: id.clone(),
            group: Versioned { record: group.clone(), version: crate::storage::Version(0) },
        };
        let mut batch = Batch::new(Partition::group(actor.app, id), group.created_at)
            .check(group_key(), Expected::Absent)
            .put(group_key(), records::encode(group))
            .add(found.count_key(), i64::try_from(members.len()).unwrap_or(i64::MAX), None);
        for (user, member) in members {
            // Nothing was said before.
            let entered = Control::Entered {
                group: id.clone(),
                after: member.joined_after,
                hides_earlier: false,
                topics_since: None,
            };
            batch = batch
                .put(found.member_key(user), records::encode(member))
                .announce(Topic::User(actor.app, user.clone()), entered);
        }
        batch = self.with_places(batch, &found, members.iter().map(|(user, member)| (user, member)));
        let guests: Vec<&UserId> =
            members.iter().map(|(user, _)| user).filter(|user| group.owner.as_ref() != Some(user)).collect();
        if !guests.is_empty() && self.rules(actor.app, group.kind).tips.membership {
            let mut shown = Vec::with_capacity(guests.len());
            for user in guests {
                shown.push(self.accounts.shown(actor.app, user).await?);
            }
            let change = Change::Joined { members: shown, invited: true };
            batch = self.with_tip(batch, &found, actor, change, Some(members.len() as u64)).await?;
        }
        Ok(batch)
    }

    async fn tell_created(
        &self,
        actor: &Actor,
        id: &GroupId,
        group: &Group,
        members: &[(UserId, Member)],
    ) -> Result<(), GroupError> {
        let operator = self.accounts.shown(actor.app, &actor.user).await?;
        let notice = |kind| Notice {
            group: group.label(id),
            operator: operator.clone(),
            kind,
            remark: String::new(),
            application: None,
            ban_seconds: None,
        };
        if let Some(owner) = group.owner.as_ref().filter(|_| members.is_empty()) {
            self.notices.notify_live(actor.app, owner, notice(NoticeKind::Created), actor.device).await;
        }
        let told = side_by_side(users_of(members), |user| {
            let is_owner = group.owner.as_ref() == Some(&user);
            let notice = notice(if is_owner { NoticeKind::Created } else { NoticeKind::Invited });
            async move {
                if is_owner {
                    self.notices.notify_live(actor.app, &user, notice, actor.device).await;
                    return Ok(());
                }
                self.notices.notify(actor.app, &user, StoredNotice::Notice(notice), None).await
            }
        });
        told.await?;
        Ok(())
    }

    /// Ends a group. All members are told, and its history can be reached no more.
    pub async fn dismiss(&self, actor: &Actor, id: &GroupId) -> Result<(), GroupError> {
        let decided = self.deps.decide("dismiss a group", || async {
            let (found, member) = self.as_seen_by(actor, id).await?;
            let owner_may = self.rules(found.app, found.group.record.kind).owner_may_dismiss;
            require(actor, member.as_ref(), owner_may.then_some(Role::Owner))?;
            let notice = Notice {
                group: found.label(),
                operator: self.accounts.shown(actor.app, &actor.user).await?,
                kind: NoticeKind::Dismissed,
                remark: String::new(),
                application: None,
                ban_seconds: None,
            };
            let topics = self.topics(&found).await?;
            let (key, unchanged) = found.unchanged();
            let batch = Batch::new(found.partition(), self.deps.now())
                .check(key.clone(), unchanged)
                .delete(key)
                .announce(found.channel().topic, Control::Dismissed { notice, origin: actor.device });
            Ok::<_, GroupError>(Decision::Commit(batch, (found, topics)))
        });
        let (found, topics) = decided.await?;
        self.sweep(&found);
        self.sweep_topics(&found, topics);
        if self.is_room(&found) {
            self.forget_owned(&found).await?;
        }
        Ok(())
    }

    /// What is left of a dismissed group lies under an epoch that nobody will ask for again. A crash on the way leaves
    /// some of it behind as garbage, nothing more.
    fn sweep(&self, found: &GroupRef) {
        let (engine, partition, epoch) = (self.deps.engine.clone(), found.partition(), found.epoch());
        self.deps.tasks.spawn(async move {
            if let Err(error) = engine.purge(&partition, OF_AN_EPOCH, epoch).await {
                tracing::warn!(%error, "what a dismissed group left behind was not swept");
            }
        });
    }

    /// Hands a group over to another member. The former owner becomes a plain member.
    pub async fn change_owner(&self, actor: &Actor, id: &GroupId, heir: &UserId) -> Result<(), GroupError> {
        let decided = self.deps.decide("hand over a group", || async {
            let (found, member) = self.as_seen_by(actor, id).await?;
            if !self.rules(found.app, found.group.record.kind).owner_may_change {
                return Err(GroupError::NotAllowed(Denial::NotHandedOver));
            }
            require(actor, member.as_ref(), Some(Role::Owner))?;
            let Some(mut new_owner) = self.member(&found, heir).await? else {
                return Err(GroupError::NotMember);
            };
            let former = found.group.record.owner.clone();
            if former.as_ref() == Some(heir) {
                return Ok(Decision::Done(found));
            }
            let now = self.deps.now();
            let mut group = found.group.record.clone();
            group.owner = Some(heir.clone());
            group.info_seq += 1;
            group.info_changed_at = now;
            let before = new_owner.record.clone();
            let placed = self.placed(&found, heir, &before).await?;
            new_owner.record.role = Role::Owner;
            let (key, unchanged) = found.unchanged();
            let mut batch = Batch::new(found.partition(), now)
                .check(key.clone(), unchanged)
                .check(found.member_key(heir), Expected::Version(new_owner.version))
                .put(key, records::encode(&group))
                .put(found.member_key(heir), records::encode(&new_owner.record));
            batch = self.with_new_place(batch, &found, heir, (&before, placed), &new_owner.record);
            if let Some(former) = former
                && let Some(mut old_owner) = self.member(&found, &former).await?
            {
                let before = old_owner.record.clone();
                let placed = self.placed(&found, &former, &before).await?;
                old_owner.record.role = Role::Member;
                batch = batch
                    .check(found.member_key(&former), Expected::Version(old_owner.version))
                    .put(found.member_key(&former), records::encode(&old_owner.record));
                batch = self.with_new_place(batch, &found, &former, (&before, placed), &old_owner.record);
            }
            if self.rules(actor.app, group.kind).tips.profile {
                let change = ProfileChange { owner: Some(heir.clone()), ..ProfileChange::default() };
                batch = self.with_tip(batch, &found, actor, Change::Profile(Box::new(change)), None).await?;
            }
            Ok::<_, GroupError>(Decision::Commit(batch, found))
        });
        self.hand_over_applications(&decided.await?, heir).await?;
        Ok(())
    }
}

fn users_of(members: &[(UserId, Member)]) -> Vec<UserId> {
    members.iter().map(|(user, _)| user.clone()).collect()
}

/// The owner first, then the others, each once.
fn first_members(new: &NewGroup, now: Millis) -> Vec<(UserId, Member)> {
    let mut members: Vec<(UserId, Member)> = Vec::new();
    if let Some(owner) = &new.owner {
        members.push((owner.clone(), Member::new(Role::Owner, now, Seq::ZERO)));
    }
    for guest in &new.members {
        if members.iter().all(|(user, _)| *user != guest.user) {
            let role = if guest.is_admin { Role::Admin } else { Role::Member };
            let mut member = Member::new(role, now, Seq::ZERO);
            merge(&mut member.custom, &guest.custom);
            members.push((guest.user.clone(), member));
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_ids_leave_made_ones_alone() {
        let verdict =
            |text: &str| check_custom_id(&GroupId::parse(text).unwrap(), &Rules::of(GroupKind::Meeting));
        assert!(verdict("meeting 1").is_ok());
        assert!(verdict(&"x".repeat(48)).is_ok());
        for text in ["@TGS#3ABC", "@TGS#_ABC", "会议", &"x".repeat(49)] {
            assert!(matches!(verdict(text), Err(GroupError::BadId { has_mark: false })), "{text}");
        }
        assert!(make_id("3", None).as_str().starts_with("@TGS#3"));
    }

    #[test]
    fn all_ids_of_communities_begin_alike() {
        let verdict =
            |text: &str| check_custom_id(&GroupId::parse(text).unwrap(), &Rules::of(GroupKind::Community));
        assert!(verdict("@TGS#_club").is_ok());
        assert!(verdict("@TGS#_@TGS#3club").is_ok());
        for text in
            ["club", "@TGS#3club", "@TGS#_", "@TGS#_a@TOPIC#_b", "@TGS#_会", &format!("@TGS#_{:43}", "x")]
        {
            assert!(matches!(verdict(text), Err(GroupError::BadId { has_mark: true })), "{text}");
        }
    }
}
