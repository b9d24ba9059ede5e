//! Groups.

mod application;
mod attribute;
mod ban;
mod counter;
mod join;
mod lifecycle;
mod live;
mod member;
mod profile;
mod topic;

use protocol::group::{
    AddMembers, AnswerInvitation, Ban, ChangeOwner, ClearAttributes, CountOnline, Create, CreateTopic,
    DecideInvitation, DecideJoin, DeleteAttributes, DeleteCounters, DeleteMembers, DestroyTopics, Dismiss,
    Get, GetApplications, GetAttributes, GetBanned, GetCommunityApplications, GetCounters, GetJoined,
    GetJoinedCommunities, GetMembers, GetPresent, GetPublic, GetSpecifiedMembers, GetTopics, GetWithSelf,
    Join, JoinUnknown, MarkMembers, Modify, ModifyAttributes, ModifyMember, ModifyTopic, Poll, PollUnknown,
    Quit, SetAttributes, Unban, UpdateCounters,
};
use protocol::id::{ChannelId, GroupId, TopicId};
use protocol::{ErrorCode, Failure};

use super::Refusal;
use super::table::{Row, rows};
use crate::services::group::{AttributeFault, CounterFault, FieldFault, Fields, GroupError, Invalid, Text};
use crate::services::rates::{Rule, TooOften};
use crate::telemetry::Bound;

pub(super) static ROWS: &[Row] = rows! {
    GROUP_CREATION {
        UserOrAdmin Apart + Once Create => lifecycle::create, 10 per second per user, 200 per second per app;
    }
    GROUP {
        UserOrAdmin Apart + Once Dismiss => lifecycle::dismiss, 10 per second per user, 200 per second per app;
        User Apart + Once ChangeOwner => lifecycle::change_owner, 10 per second per user;
        User Apart + Once Join => join::join, 20 per second per user;
        User Apart + Once Quit => join::quit, 20 per second per user;
        User Apart GetApplications => application::get, 20 per second per user;
        User Apart + Once DecideJoin => application::decide_join, 20 per second per user;
        User Apart + Once DecideInvitation => application::decide_invitation, 20 per second per user;
        User Apart + Once AnswerInvitation => application::answer_invitation, 20 per second per user;
        User Apart GetJoined => profile::get_joined, 20 per second per user;
        User Apart GetWithSelf => profile::get_with_self, 50 per second per user;
        User Apart GetPublic => profile::get_public, 50 per second per user;
        Admin Apart Get => profile::get, 200 per second per app;
        User Apart + Once Modify => profile::modify, 20 per second per user;
        UserOrAdmin Apart GetMembers => member::get, 50 per second per user, 200 per second per app;
        User Apart GetSpecifiedMembers => member::get_specified, 50 per second per user;
        UserOrAdmin Apart + Once AddMembers => member::add, 10 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once DeleteMembers => member::delete, 10 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once ModifyMember => member::modify, 20 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once Ban => ban::ban, 10 per second per user, 200 per second per app;
        Admin Apart Unban => ban::unban, 200 per second per app;
        Admin Apart GetBanned => ban::get, 200 per second per app;
        UserOrAdmin Apart CountOnline => member::count_online, 20 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once SetAttributes => attribute::set, 10 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once ModifyAttributes => attribute::modify, 10 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once DeleteAttributes => attribute::delete, 10 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once ClearAttributes => attribute::clear, 10 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once UpdateCounters => counter::update, 10 per second per user, 200 per second per app;
        UserOrAdmin Apart GetCounters => counter::get, 20 per second per user, 200 per second per app;
        Admin Apart DeleteCounters => counter::delete, 200 per second per app;
    }
    GROUP_ATTRIBUTES {
        UserOrAdmin Apart GetAttributes => attribute::get, 50 per second per user, 200 per second per app;
    }
    LIVE {
        UserOrAdmin Apart GetPresent => live::get_present, 5 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once MarkMembers => live::mark, 10 per second per user, 200 per second per app;
    }
    LIVE_UNKNOWN {
        Anybody Apart JoinUnknown => live::join_unknown, 2 per second per connection;
    }
    POLLING {
        User Apart Poll => live::poll, 5 per second per user;
    }
    POLLING_UNKNOWN {
        Anybody Apart PollUnknown => live::poll_unknown, 5 per second per connection;
    }
    COMMUNITY {
        User Apart GetCommunityApplications => application::get_of_communities, 20 per second per user;
        User Apart GetJoinedCommunities => profile::get_joined_communities, 20 per second per user;
        UserOrAdmin Apart + Once CreateTopic => topic::create, 10 per second per user, 200 per second per app;
        UserOrAdmin Reads GetTopics => topic::get, 20 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once ModifyTopic => topic::modify, 20 per second per user, 200 per second per app;
        UserOrAdmin Apart + Once DestroyTopics => topic::destroy, 10 per second per user, 200 per second per app;
    }
};

impl From<GroupError> for Refusal {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Missing => ErrorCode::GROUP_MISSING.into(),
            GroupError::BadId { has_mark } => {
                let begin = if has_mark {
                    "begins with @TGS#_, has more behind it and no @TOPIC#_ in it"
                } else {
                    "does not begin with @TGS#"
                };
                let why = format_args!("GroupId is 1 to 48 printable ASCII characters and {begin}");
                Failure::because(ErrorCode::GROUP_BAD_ID, why).into()
            }
            GroupError::NotMember => not_allowed("not a member of the group"),
            GroupError::NotAllowed(denial) => not_allowed(denial),
            GroupError::Decided => ErrorCode::APPLICATION_DECIDED.into(),
            GroupError::TooManyApplications => {
                Failure::worded(ErrorCode::GROUP_BAD_PARAMETER, "too many wait to be let into the group")
                    .into()
            }
            GroupError::TooManyAdmins => {
                Failure::worded(ErrorCode::GROUP_BAD_PARAMETER, "Role: the group would have too many admins")
                    .into()
            }
            GroupError::OwnerCannotQuit => ErrorCode::OWNER_CANNOT_QUIT.into(),
            GroupError::AlreadyMember => ErrorCode::ALREADY_MEMBER.into(),
            GroupError::Full => ErrorCode::GROUP_FULL.into(),
            GroupError::TooManyGroups | GroupError::TooManyInvitations => ErrorCode::TOO_MANY_GROUPS.into(),
            GroupError::IdTaken => ErrorCode::GROUP_ID_TAKEN.into(),
            GroupError::IdYours => ErrorCode::GROUP_ID_YOURS.into(),
            GroupError::NoTopic => {
                Failure::because(ErrorCode::GROUP_MISSING, "TopicId: no such topic").into()
            }
            GroupError::BadTopicId => Failure::because(
                ErrorCode::GROUP_BAD_ID,
                "TopicId is up to 96 printable ASCII characters: GroupId, @TOPIC#_, and more",
            )
            .into(),
            GroupError::TopicTaken => Failure::because(ErrorCode::GROUP_ID_TAKEN, "TopicId").into(),
            GroupError::TooManyTopics => {
                Failure::worded(ErrorCode::GROUP_BAD_PARAMETER, "the group has as many topics as it may")
                    .into()
            }
            GroupError::TooManyMutes => {
                Failure::worded(ErrorCode::GROUP_BAD_PARAMETER, "too many members of the group are muted")
                    .into()
            }
            GroupError::TooManyBans => {
                Failure::worded(ErrorCode::GROUP_BAD_PARAMETER, "too many users are banned from the group")
                    .into()
            }
            GroupError::TooManyRooms => ErrorCode::TOO_MANY_ROOMS.into(),
            GroupError::TooManyPolls => {
                Failure::because(ErrorCode::GROUP_TOO_OFTEN, "too many ask at once for what is told").into()
            }
            GroupError::TooManyAccounts => ErrorCode::GROUP_TOO_MANY_ACCOUNTS.into(),
            GroupError::Invalid(invalid) => {
                Failure::worded(ErrorCode::GROUP_BAD_PARAMETER, what_is_invalid(invalid)).into()
            }
            GroupError::Attributes(fault) => fault.into(),
            GroupError::Counters(fault) => fault.into(),
            GroupError::TooOften(TooOften(Rule::AttributesWritten)) => ErrorCode::ATTRIBUTES_TOO_FAST.into(),
            GroupError::TooOften(why) => Failure::because(ErrorCode::GROUP_TOO_OFTEN, why).into(),
            GroupError::Busy => Refusal::Busy,
            GroupError::Storage(error) => Refusal::Store(error),
        }
    }
}

impl From<AttributeFault> for Refusal {
    fn from(fault: AttributeFault) -> Self {
        let (code, what) = match fault {
            AttributeFault::NothingNamed => return Refusal::malformed("GroupAttr must name an attribute"),
            AttributeFault::KeyEmpty => return Refusal::malformed("GroupAttr: key must not be empty"),
            AttributeFault::KeyTooLong(most) => {
                (ErrorCode::ATTRIBUTE_KEY_TOO_LONG, format!("GroupAttr: key has at most {most} bytes"))
            }
            AttributeFault::ValueTooLong(most) => {
                (ErrorCode::ATTRIBUTE_VALUE_TOO_LONG, format!("GroupAttr: value has at most {most} bytes"))
            }
            AttributeFault::TooMany(most) => {
                (ErrorCode::TOO_MANY_ATTRIBUTES, format!("GroupAttr: a group has at most {most} keys"))
            }
            AttributeFault::TooLarge(most) => (
                ErrorCode::ATTRIBUTES_TOO_LARGE,
                format!("GroupAttr: all values of a group have at most {most} bytes"),
            ),
            AttributeFault::Missing => {
                (ErrorCode::ATTRIBUTE_MISSING, "GroupAttr: the group has no such key".to_owned())
            }
            AttributeFault::Outdated => return ErrorCode::ATTRIBUTES_CHANGED.into(),
        };
        Failure::worded(code, what).into()
    }
}

impl From<CounterFault> for Refusal {
    fn from(fault: CounterFault) -> Self {
        match fault {
            CounterFault::NothingNamed => Refusal::malformed("GroupCounter must name a counter"),
            CounterFault::Key(most) => {
                Refusal::malformed(format!("GroupCounter: Key must have 1 to {most} bytes"))
            }
            CounterFault::Overflow => {
                Refusal::malformed("GroupCounter: Value would be beyond a signed number of 64 bits")
            }
            CounterFault::TooMany(most) => Failure::worded(
                ErrorCode::TOO_MANY_COUNTERS,
                format!("GroupCounter: a group has at most {most} counters"),
            )
            .into(),
        }
    }
}

/// An answer that the caller can ask for in parts. `whom` is told in the log.
fn too_large(whom: impl std::fmt::Display) -> Failure {
    Bound::AnswerBytes.refused(whom);
    Failure::new(ErrorCode::GROUP_ANSWER_TOO_LARGE)
}

/// Where a request means something: in the group that it names, or in a topic of that.
pub(super) fn channel(group: &GroupId, topic: Option<&TopicId>) -> Result<ChannelId, Refusal> {
    match topic {
        None => Ok(group.into()),
        Some(topic) if topic.group() == *group => Ok(topic.into()),
        Some(_) => Err(GroupError::BadTopicId.into()),
    }
}

fn not_allowed(why: impl std::fmt::Display) -> Refusal {
    Failure::worded(ErrorCode::GROUP_NOT_ALLOWED, format!("no permission: {why}")).into()
}

/// Names the member of the request and says what it should be.
fn what_is_invalid(invalid: Invalid) -> String {
    match invalid {
        Invalid::NameEmpty => "Name is empty: give the group a name".to_owned(),
        Invalid::TopicNameEmpty => "TopicName is empty: give the topic a name".to_owned(),
        Invalid::NotOfTopic => "with TopicId only ShutUpTime and MsgFlag are changed".to_owned(),
        Invalid::TooLong(text, most) => {
            let name = match text {
                Text::Name => "Name",
                Text::TopicName => "TopicName",
                Text::TopicCustom => "CustomString",
                Text::Introduction => "Introduction",
                Text::Notification => "Notification",
                Text::Face => "FaceUrl",
                Text::NameCard => "NameCard",
                Text::Reason => "Reason",
                Text::Application => "ApplyMsg or ApprovalMsg",
                Text::ApplicationField => "UserDefinedField",
                Text::Description => "Description",
            };
            format!("{name} has at most {most} bytes")
        }
        Invalid::TooFewPlaces => "MaxMemberNum must not be less than the group has members".to_owned(),
        Invalid::OwnerByRole => {
            "Role must be Admin or Member: change_group_owner hands a group over".to_owned()
        }
        Invalid::Fields(fields, fault) => {
            let name = match fields {
                Fields::OfGroup => "AppDefinedData",
                Fields::OfMember => "AppMemberDefinedData",
            };
            match fault {
                FieldFault::TooMany(most) => format!("{name} has at most {most} fields"),
                FieldFault::Key(most) => {
                    format!("{name}: Key must be 1 to {most} letters, digits or _")
                }
                FieldFault::ValueTooLong(most) => format!("{name}: Value has at most {most} bytes"),
                FieldFault::Unknown => format!("{name}: Key must be one that the application has defined"),
            }
        }
        // The two commands that name messages or receivers so, and how.
        Invalid::NoSuchMessage => "Seqs must be numbers of messages of the group".to_owned(),
        Invalid::NothingToPin => "MsgSeq must be the number of a message of the group".to_owned(),
        Invalid::NoAdmins => "MemberList: Role must be Member: groups of this type have no admins".to_owned(),
        Invalid::NoTopics => "SupportTopic must be 0: groups of this type have no topics".to_owned(),
        Invalid::NoApplication => {
            "Authentication must be that of an application or of the notice about it".to_owned()
        }
        Invalid::OnlyByBan => "ban_group_member puts out of groups of this type".to_owned(),
        Invalid::NoDuration => "Duration must be a number of seconds from 1 on".to_owned(),
        Invalid::TooManyAdmins => "groups of this type have at most 5 admins".to_owned(),
        Invalid::MarkTooLow => "Marks must be numbers from 1000 on".to_owned(),
        Invalid::TooManyMarkKinds => "Marks: a group has at most 10 kinds of them".to_owned(),
        Invalid::TooManyMarked => "MemberList: too many users are marked in the group".to_owned(),
        Invalid::NotWhoApplied => "Applicant_Account or Inviter_Account must be who applied".to_owned(),
        Invalid::ReceiverNotMember => "To_Account must be members of the group".to_owned(),
    }
}
