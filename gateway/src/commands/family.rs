//! The families of commands: the services that their names begin with, each with its own codes for what can go wrong with
//! any command.
//!
//! Source of the numbers: "Error Codes" (269/1671). Heartbeat, statistics and configuration have none of their own there,
//! and their clients look only at whether the code is 0; they get those of the login, which they belong to.

use protocol::ErrorCode;

/// A service of the vendor's, as the first word of a command's name says it.
#[derive(Debug)]
pub struct Family {
    pub service: &'static str,
    /// The request does not have the command's shape.
    pub malformed: ErrorCode,
    /// A fault on our side.
    pub internal: ErrorCode,
    /// A user gives a command too often. Where the vendor's family has no number for it, the one that is common to all.
    pub too_often: ErrorCode,
    /// It needs an administrator, or names another user as the one who acts.
    pub forbidden: ErrorCode,
    /// Codes that the SDKs do not take for a refusal: [`Self::malformed`] goes out in place of these.
    pub misread: &'static [ErrorCode],
}

impl Family {
    /// `name`, which must be of this service: a row in the wrong family does not compile.
    pub(super) const fn name(&self, name: &'static str) -> &'static str {
        let (name_bytes, service) = (name.as_bytes(), self.service.as_bytes());
        assert!(name_bytes.len() > service.len() && name_bytes[service.len()] == b'.', "of another service");
        let mut index = 0;
        while index < service.len() {
            assert!(name_bytes[index] == service[index], "of another service");
            index += 1;
        }
        name
    }
}

const LOGIN: Family = Family {
    service: "im_open_login_svc",
    malformed: ErrorCode::LOGIN_BAD_PARAMETER,
    internal: ErrorCode::LOGIN_INTERNAL,
    too_often: ErrorCode::LOGIN_TOO_OFTEN,
    forbidden: ErrorCode::LOGIN_NOT_ADMIN,
    misread: &[],
};

pub(super) static ACCOUNT: Family = LOGIN;

pub(super) static STATUS: Family = Family { service: "im_open_status", ..LOGIN };

pub(super) static HEARTBEAT: Family = Family { service: "heartbeat", ..LOGIN };

pub(super) static STATISTICS: Family = Family { service: "imopenstat", ..LOGIN };

pub(super) static CONFIG: Family = Family { service: "im_sdk_config_mgr", ..LOGIN };

pub(super) static PROFILE: Family = Family {
    service: "profile",
    malformed: ErrorCode::PROFILE_BAD_PARAMETER,
    internal: ErrorCode::PROFILE_INTERNAL,
    too_often: ErrorCode::TOO_OFTEN,
    forbidden: ErrorCode::PROFILE_NOT_ADMIN,
    misread: &[],
};

pub(super) static FRIEND: Family = Family {
    service: "sns",
    malformed: ErrorCode::FRIEND_BAD_PARAMETER,
    internal: ErrorCode::FRIEND_INTERNAL,
    too_often: ErrorCode::TOO_OFTEN,
    forbidden: ErrorCode::FRIEND_NOT_ADMIN,
    misread: &[],
};

const OF_GROUPS: Family = Family {
    service: "group_open_http_svc",
    malformed: ErrorCode::GROUP_BAD_PARAMETER,
    internal: ErrorCode::GROUP_INTERNAL,
    too_often: ErrorCode::GROUP_TOO_OFTEN,
    forbidden: ErrorCode::GROUP_NOT_ALLOWED,
    misread: &[],
};

pub(super) static GROUP: Family = OF_GROUPS;

/// Reading the attributes of a group.
pub(super) static GROUP_ATTRIBUTES: Family = Family { service: "group_open_attr_http_svc", ..OF_GROUPS };

/// Making a group. Both generations of SDKs read 10007 and 10010 in the answer as "made, but its profile cannot be read":
/// the application is given a group that does not exist. Source: observed, `tests/sdk/refusals.mjs`.
pub(super) static GROUP_CREATION: Family = Family {
    forbidden: ErrorCode::NOT_ADMIN,
    misread: &[ErrorCode::GROUP_NOT_ALLOWED, ErrorCode::GROUP_MISSING],
    ..OF_GROUPS
};

/// Live rooms: what has a service of its own there.
pub(super) static LIVE: Family = Family { service: "group_open_avchatroom_http_svc", ..OF_GROUPS };

/// The same of one who is not logged in.
pub(super) static LIVE_UNKNOWN: Family = Family { service: "group_open_http_noauth_svc", ..OF_GROUPS };

pub(super) static POLLING: Family = Family { service: "group_open_long_polling_http_svc", ..OF_GROUPS };

pub(super) static POLLING_UNKNOWN: Family =
    Family { service: "group_open_long_polling_http_noauth_svc", ..OF_GROUPS };

/// Of communities. Where a command has a name in both, the row is in the one of groups.
pub(super) static COMMUNITY: Family = Family { service: "million_group_open_http_svc", ..OF_GROUPS };

/// One-to-one messages, and whatever else the vendor put there.
pub(super) static C2C: Family = Family {
    service: "openim",
    malformed: ErrorCode::C2C_BAD_FORMAT,
    internal: ErrorCode::C2C_INTERNAL,
    too_often: ErrorCode::TOO_OFTEN,
    forbidden: ErrorCode::C2C_NOT_ADMIN,
    misread: &[],
};

pub(super) static CONVERSATION: Family = Family {
    service: "recentcontact",
    malformed: ErrorCode::CONVERSATION_BAD_PARAMETER,
    internal: ErrorCode::CONVERSATION_INTERNAL,
    too_often: ErrorCode::TOO_OFTEN,
    forbidden: ErrorCode::CONVERSATION_NOT_ADMIN,
    misread: &[],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_the_service_that_it_begins_with() {
        assert_eq!(GROUP.name("group_open_http_svc.create_group"), "group_open_http_svc.create_group");
        for name in
            ["openim.sendmsg", "group_open_http_svc", "group_open_http_svc_x.y", "xgroup_open_http_svc.y"]
        {
            assert!(std::panic::catch_unwind(|| GROUP.name(name)).is_err(), "{name}");
        }
    }
}
