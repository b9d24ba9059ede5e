//! What groups say of themselves.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};
use protocol::Failure;
use protocol::group::{
    Get, GetJoined, GetJoinedCommunities, GetPublic, GetWithSelf, GroupInfo, GroupInfos, JoinedGroups,
    Modify, ResponseFilter, Switch, UNKNOWN_PUBLIC, failed_item,
};
use protocol::id::GroupId;
use protocol::json::{flag, raw};
use protocol::request::Empty;
use serde_json::{Map, Value};

use super::member::{Wanted, member_infos};
use super::too_large;
use crate::commands::page::{BYTES_OF_LIST, Filling, once};
use crate::commands::{Call, Context, Refusal, family};
use crate::services::StorageError;
use crate::services::deps::{Actor, side_by_side};
use crate::services::group::{Fields, GroupError, GroupRef, GroupState, Member, ProfileEdit, Standing};

/// Groups that one call may ask for.
const MAX_GROUPS: usize = 50;

/// Groups of a user that an SDK asks for where more were too large for one answer. So many are always told. Source:
/// observed.
const FEW: usize = 50;

/// Groups whose lines are made before others have their turn.
const AT_ONCE: usize = 50;

/// What groups with all their members have together in one answer.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// The group as clients read it who stand so near to it.
async fn group_info(
    context: &Context,
    found: &GroupRef,
    reader: Standing,
) -> Result<GroupInfo, StorageError> {
    let GroupState { end, members } = context.services.groups.state(found).await?;
    let mut group = found.group.record.clone();
    context.services.groups.hide_fields(found.app, Fields::OfGroup, reader, &mut group.custom);
    let mute_all = Switch::from(group.mute_all);
    Ok(GroupInfo {
        group: found.id.clone(),
        kind: group.kind,
        name: group.name,
        introduction: group.introduction,
        notification: group.notification,
        face: group.face,
        owner: group.owner.map(|owner| owner.as_str().to_owned()).unwrap_or_default(),
        created_at: group.created_at.seconds(),
        info_seq: group.info_seq,
        info_changed_at: group.info_changed_at.seconds(),
        last_message_at: end.at.seconds(),
        next_seq: end.seq.next(),
        members,
        max_members: group.max_members,
        apply_join: context.services.groups.apply_join(found),
        invite_join: group.invite_join,
        mute_all_old: mute_all,
        mute_all,
        app: found.app,
        custom: group.custom,
        has_topics: context.services.groups.may_have_topics(found).then_some(flag(group.has_topics)),
    })
}

fn check_count(groups: &[GroupId]) -> Result<(), Refusal> {
    if groups.len() > MAX_GROUPS {
        return Err(Refusal::malformed("GroupIdList has at most 50 groups"));
    }
    Ok(())
}

pub(in crate::commands) async fn get_joined(
    context: &Context,
    call: &Call,
    request: GetJoined,
) -> Result<JoinedGroups, Refusal> {
    let actor = call.actor_for(request.member.as_ref())?;
    let groups = &context.services.groups;
    let (offset, limit) = (request.offset, request.limit.unwrap_or(usize::MAX));
    let page = match request.kind {
        None => groups.joined_page(actor.app, &actor.user, offset, limit).await?,
        // Of which kind a group is, its record tells: all of them are read.
        Some(kind) => {
            let mut joined = groups.joined(actor.app, &actor.user).await?;
            joined.retain(|(found, _)| found.group.record.kind == kind);
            (joined.len(), joined.into_iter().skip(offset).take(limit).collect())
        }
    };
    lines(context, &actor, page, (limit, &request.filter)).await
}

/// The lines of a page of groups, of which there are so many in all.
async fn lines(
    context: &Context,
    actor: &Actor,
    (total, page): (usize, Vec<(GroupRef, Member)>),
    (limit, filter): (usize, &ResponseFilter),
) -> Result<JoinedGroups, Refusal> {
    let (user, own) = (&actor.user, filter.own.as_deref().unwrap_or_default());
    let mut lines = Filling::new(usize::MAX, BYTES_OF_LIST);
    let mut page: std::iter::Peekable<_> = page.into_iter().peekable();
    while page.peek().is_some() {
        let some: Vec<(GroupRef, Member)> = page.by_ref().take(AT_ONCE).collect();
        let items = side_by_side(some, |(found, member)| async move {
            let reader = Standing::of(actor, Some(&member));
            let info = group_info(context, &found, reader).await?;
            let wanted = Wanted::new(Some(own), None, reader);
            let own = member_infos(context, &found, vec![(user.clone(), member)], &wanted).await?;
            let item = own.first().map(|own| JoinedGroups::item(&info, own, filter));
            Ok::<_, GroupError>(item.unwrap_or_default())
        });
        for item in items.await? {
            if lines.takes(raw(&item)) {
                continue;
            }
            // Clients go on behind what they asked for, so a page is never shorter than that.
            if limit > FEW {
                return Err(too_large(user).into());
            }
            lines.adds(raw(&JoinedGroups::shortened(item)));
        }
        tokio::task::yield_now().await;
    }
    Ok(JoinedGroups { total, groups: lines.items() })
}

pub(in crate::commands) async fn get_joined_communities(
    context: &Context,
    call: &Call,
    request: GetJoinedCommunities,
) -> Result<JoinedGroups, Refusal> {
    let actor = call.actor_for(request.member.as_ref())?;
    let joined =
        context.services.groups.joined_communities(actor.app, &actor.user, request.with_topics).await?;
    let limit = request.limit.unwrap_or(usize::MAX);
    let page = (joined.len(), joined.into_iter().skip(request.offset).take(limit).collect());
    lines(context, &actor, page, (limit, &request.filter)).await
}

/// Whose membership an answer about groups has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MemberDetail {
    /// The caller's own; they must be a member.
    SelfOnly,
    /// Nobody's.
    Nobody,
    /// Everybody's.
    All,
}

pub(in crate::commands) async fn get_with_self(
    context: &Context,
    call: &Call,
    request: GetWithSelf,
) -> Result<GroupInfos, Refusal> {
    infos(context, &call.actor()?, &request.groups, request.filter.as_ref(), MemberDetail::SelfOnly).await
}

pub(in crate::commands) async fn get_public(
    context: &Context,
    call: &Call,
    request: GetPublic,
) -> Result<GroupInfos, Refusal> {
    infos(context, &call.actor()?, &request.groups, request.filter.as_ref(), MemberDetail::Nobody).await
}

pub(in crate::commands) async fn get(
    context: &Context,
    call: &Call,
    request: Get,
) -> Result<GroupInfos, Refusal> {
    infos(context, &call.actor()?, &request.groups, request.filter.as_ref(), MemberDetail::All).await
}

async fn infos(
    context: &Context,
    actor: &Actor,
    ids: &[GroupId],
    filter: Option<&ResponseFilter>,
    tells: MemberDetail,
) -> Result<GroupInfos, Refusal> {
    let ids = once(ids.to_vec());
    check_count(&ids)?;
    let is_full = AtomicBool::new(false);
    let item = |id: GroupId| {
        let is_full = &is_full;
        async move {
            if is_full.load(Ordering::Relaxed) {
                return (id, None);
            }
            let item = match info(context, actor, &id, filter, tells).await {
                Ok(item) => item,
                Err(GroupError::Missing) if tells == MemberDetail::Nobody => {
                    failed_item(&id, &Failure::new(UNKNOWN_PUBLIC))
                }
                Err(error) => failed_item(&id, &Refusal::from(error).failure(&family::GROUP)),
            };
            (id, Some(raw(&item)))
        }
    };
    // Groups with all their members are large, and their members are looked up side by side themselves.
    let at_once = if tells == MemberDetail::All { 2 } else { MAX_GROUPS };
    let mut items = std::pin::pin!(stream::iter(ids).map(item).buffered(at_once));
    let mut groups = Filling::new(MAX_GROUPS, MOST_BYTES);
    while let Some((id, item)) = items.next().await {
        if item.is_none_or(|item| !groups.takes(item)) {
            is_full.store(true, Ordering::Relaxed);
            groups.adds(raw(&failed_item(&id, &too_large(&actor.user))));
        }
    }
    Ok(GroupInfos { groups: groups.items() })
}

async fn info(
    context: &Context,
    actor: &Actor,
    id: &GroupId,
    filter: Option<&ResponseFilter>,
    tells: MemberDetail,
) -> Result<Map<String, Value>, GroupError> {
    let groups = &context.services.groups;
    let (found, mut reader) = match tells {
        MemberDetail::Nobody => groups.in_public(actor, id).await?,
        MemberDetail::SelfOnly | MemberDetail::All => {
            let found = groups.find(actor.app, id).await?.ok_or(GroupError::Missing)?;
            (found, Standing::of(actor, None))
        }
    };
    // A group is told with its members unless there is a filter that names nothing about them.
    let member_filter = filter.and_then(|filter| filter.member.as_deref());
    let wants_members = filter.is_none() || member_filter.is_some();
    let members = match tells {
        MemberDetail::Nobody => None,
        MemberDetail::SelfOnly => {
            let member = groups.member(&found, &actor.user).await?.ok_or(GroupError::NotMember)?;
            reader = Standing::of(actor, Some(&member.record));
            Some(vec![(actor.user.clone(), member.record)])
        }
        MemberDetail::All if wants_members => Some(groups.members(&found, None).await?),
        MemberDetail::All => None,
    };
    let group = group_info(context, &found, reader).await?;
    let mut item = if reader > Standing::Anybody { group.item(filter) } else { group.public_item(filter) };
    if let Some(members) = members.filter(|_| wants_members) {
        let keys = filter.and_then(|filter| filter.member_custom.as_deref());
        let wanted = Wanted::new(member_filter, keys, reader);
        let infos = member_infos(context, &found, members, &wanted).await?;
        let list: Vec<Value> = infos.iter().map(|info| wanted.filtered(info).into()).collect();
        item.insert("MemberList".into(), list.into());
    }
    Ok(item)
}

pub(in crate::commands) async fn modify(
    context: &Context,
    call: &Call,
    request: Modify,
) -> Result<Empty, Refusal> {
    let actor = call.actor()?;
    let edit = ProfileEdit {
        name: request.name,
        introduction: request.introduction,
        notification: request.notification,
        face: request.face,
        max_members: request.max_members,
        apply_join: request.apply_join,
        invite_join: request.invite_join,
        mute_all: request.mute_all.map(|switch| switch == Switch::On),
        custom: request.custom,
    };
    context.services.groups.modify(&actor, &request.group, &edit).await?;
    Ok(Empty {})
}
