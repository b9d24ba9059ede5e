//! Applications: who waits to be let into a group, and who decides about it.

use serde::{Deserialize, Serialize};

use crate::id::{GroupId, UserId};
use crate::request::{Empty, request};

/// What is waited for. Its numbers are those of `PendencyType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum ApplicationKind {
    /// A user wants to come in; the owner or an admin decides.
    Join,
    /// A member wants somebody to come in; they decide themselves.
    Invitation,
    /// A member wants somebody to come in; the owner or an admin decides.
    InvitationToApprove,
}

impl From<ApplicationKind> for u8 {
    fn from(kind: ApplicationKind) -> Self {
        match kind {
            ApplicationKind::Join => 0,
            ApplicationKind::Invitation => 1,
            ApplicationKind::InvitationToApprove => 2,
        }
    }
}

impl TryFrom<u8> for ApplicationKind {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self::Join),
            1 => Ok(Self::Invitation),
            2 => Ok(Self::InvitationToApprove),
            _ => Err("0, 1 or 2"),
        }
    }
}

/// An open application as those read it who decide about it.
#[derive(Clone, Debug, Serialize)]
pub struct ApplicationInfo {
    /// Who wants to come in, or wants somebody to: the applicant of the decisions.
    #[serde(rename = "From_Account")]
    pub from: UserId,
    #[serde(rename = "FromUserNickName")]
    pub nick: String,
    #[serde(rename = "FromUserFaceUrl")]
    pub face: String,
    /// Who is invited, or else who decides.
    #[serde(rename = "To_Account")]
    pub to: UserId,
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "GroupName")]
    pub name: String,
    /// Unix microseconds.
    #[serde(rename = "AddTime")]
    pub at_us: u64,
    /// Names the application: the decision repeats it.
    #[serde(rename = "Authentication")]
    pub token: String,
    /// 0: nobody has decided. Others are not told of.
    #[serde(rename = "Handled")]
    pub handled: u8,
    #[serde(rename = "ApplyInviteMsg")]
    pub text: String,
    #[serde(rename = "UserDefinedField", skip_serializing_if = "String::is_empty")]
    pub custom: String,
    #[serde(rename = "PendencyType")]
    pub kind: ApplicationKind,
}

/// `group_open_http_svc.get_pendency`: the applications about which this user decides but for those of communities, oldest first. Source: observed.
///
/// ```json
/// {"StartTime": 0, "Limit": 20, "Handle_Account": "{caller}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetApplications {
    /// What the page before gave as `NextStartTime`.
    #[serde(rename = "StartTime", default)]
    pub from: u64,
    /// At most 50, and that many when absent.
    #[serde(rename = "Limit")]
    pub limit: Option<usize>,
    #[serde(rename = "Handle_Account")]
    pub handler: Option<UserId>,
}

#[derive(Debug, Default, Serialize)]
pub struct Applications {
    /// Where the next page begins; 0 ends the list, and without it the SDKs ask for ever.
    #[serde(rename = "NextStartTime")]
    pub next: u64,
    /// Of this page.
    #[serde(rename = "UnreadCount")]
    pub unread: usize,
    #[serde(rename = "PendencyList")]
    pub applications: Vec<ApplicationInfo>,
}

request! { GetApplications = "group_open_http_svc.get_pendency" -> Applications, acts_for handler }

/// `million_group_open_http_svc.get_pendency`: the same of communities. The SDKs put both lists together, and would ask for a
/// second page of this one under the name of the other: it has none. Source: observed.
///
/// ```json
/// {"StartTime": 0, "Limit": 20, "Handle_Account": "{caller}"}
/// ```
#[derive(Debug, Deserialize)]
pub struct GetCommunityApplications {
    #[serde(rename = "Handle_Account")]
    pub handler: Option<UserId>,
}

request! {
    GetCommunityApplications = "million_group_open_http_svc.get_pendency" -> Applications, acts_for handler
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Verdict {
    Agree,
    Reject,
}

/// `group_open_http_svc.handle_apply_join_group`: decides about one who wants to come in. Source: observed.
///
/// ```json
/// {"GroupId": "{club}", "Applicant_Account": "{third}", "HandleMsg": "Agree", "ApprovalMsg": "welcome",
/// "Authentication": "{applied}", "MsgKey": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct DecideJoin {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Also one who invited somebody: the SDKs name them so where they answer a notice.
    #[serde(rename = "Applicant_Account")]
    pub applicant: UserId,
    #[serde(rename = "HandleMsg")]
    pub verdict: Verdict,
    /// What the applicant is told.
    #[serde(rename = "ApprovalMsg", default)]
    pub text: String,
    /// The application's own; it names it.
    #[serde(rename = "Authentication")]
    pub token: String,
}

request! { DecideJoin = "group_open_http_svc.handle_apply_join_group" -> Empty }

/// `group_open_http_svc.handle_invite_join_permission_group`: decides about one whom a member wants to come in. Source:
/// observed.
///
/// ```json
/// {"GroupId": "{club}", "Applicant_Account": "{other}", "HandleMsg": "Reject", "ApprovalMsg": "no",
/// "Authentication": "{proposed}", "MsgKey": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct DecideInvitation {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    /// Who invited them.
    #[serde(rename = "Applicant_Account")]
    pub inviter: UserId,
    #[serde(rename = "HandleMsg")]
    pub verdict: Verdict,
    #[serde(rename = "ApprovalMsg", default)]
    pub text: String,
    /// The application's own; it names it.
    #[serde(rename = "Authentication")]
    pub token: String,
}

request! { DecideInvitation = "group_open_http_svc.handle_invite_join_permission_group" -> Empty }

/// `group_open_http_svc.handle_invite_join_group`: says whether one comes in who was invited. Source: observed.
///
/// ```json
/// {"GroupId": "{party}", "Inviter_Account": "{other}", "HandleMsg": "Agree", "ApprovalMsg": "",
/// "Authentication": "{invited}", "MsgKey": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct AnswerInvitation {
    #[serde(rename = "GroupId")]
    pub group: GroupId,
    #[serde(rename = "Inviter_Account")]
    pub inviter: UserId,
    #[serde(rename = "HandleMsg")]
    pub verdict: Verdict,
    #[serde(rename = "ApprovalMsg", default)]
    pub text: String,
    /// The application's own; it names it.
    #[serde(rename = "Authentication")]
    pub token: String,
}

request! { AnswerInvitation = "group_open_http_svc.handle_invite_join_group" -> Empty }
