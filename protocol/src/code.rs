//! Error codes: number, meaning, source.
//!
//! Source of all of them: "Error Codes" (269/1671 = 1047/34348) and the tables of the REST pages, unless a row says more.

use std::fmt;

use serde::{Serialize, Serializer};

/// A code of the vendor's table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub u32);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $meaning:literal;)*) => {
        impl ErrorCode {
            $($(#[$doc])* #[doc = $meaning] pub const $name: ErrorCode = ErrorCode($number);)*

            /// Every code that this server answers with.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name),*];

            /// The meaning in words, for `ErrorInfo`.
            pub fn meaning(self) -> &'static str {
                match self.0 {
                    $($number => $meaning,)*
                    _ => "error",
                }
            }
        }
    };
}

codes! {
    OK = 0, "success";

    /// Special to the SDKs: with `KickType` in the body it logs the device out. Source: observed.
    KICKED = 1002, "this device was logged out";

    BAD_URL = 60002, "the URL cannot be parsed";
    NOT_JSON = 60003, "the body is not JSON";
    NOT_AUTHENTICATED = 60004, "the account and signature of the request are missing or wrong";
    TOO_OFTEN = 60007, "this command was called too often, try again later";
    BACKEND_TIMEOUT = 60008, "the service did not answer in time, try again later";
    UNKNOWN_COMMAND = 60009, "no such command";
    NOT_ADMIN = 60010, "the command needs an administrator account";
    NO_SDKAPPID = 60012, "sdkappid is missing";
    ACCOUNT_NOT_TEXT = 60015, "an account in the body is not a valid text";
    UNAVAILABLE = 60020, "the service is not available now, try again later";
    BAD_PARAMETER_IN_URL = 60025, "one of sdkappid, identifier, usersig, contenttype is wrong";

    SIG_EXPIRED = 70001, "the UserSig has expired";
    SIG_EMPTY = 70002, "the UserSig is empty";
    SIG_ILLEGAL = 70003, "the UserSig cannot be decoded";
    SIG_WRONG = 70009, "the signature check failed: made with another key?";
    SIG_OTHER_USER = 70013, "the UserID of the request is not that of the UserSig";
    SIG_OTHER_APP = 70014, "the SDKAppID of the request is not that of the UserSig";
    APP_UNKNOWN = 70020, "no such SDKAppID";
    /// To one whose UserSigs are wrong again and again.
    SIG_TRIED_TOO_OFTEN = 70050, "too many wrong UserSigs, wait one minute";
    SIG_REVOKED = 70052, "the UserSig was made invalid, make a new one";
    ACCOUNT_MISSING = 70107, "the account does not exist";
    LOGIN_BAD_PARAMETER = 70402, "a parameter is missing or wrong";
    LOGIN_NOT_ADMIN = 70403, "the command needs an administrator account";
    LOGIN_INTERNAL = 70500, "internal error, try again later";
    LOGIN_TOO_OFTEN = 72010, "the login or foreground state is changed too often, try again later";

    CONTENT_REFUSED = 80001, "the content was refused";
    TOO_LONG = 80002, "the message is too long";

    GROUP_INTERNAL = 10002, "internal error, try again later";
    GROUP_BAD_PARAMETER = 10004, "a parameter is missing or wrong";
    GROUP_TOO_MANY_ACCOUNTS = 10005, "too many accounts in one request";
    GROUP_TOO_OFTEN = 10006, "this is done too often, try again later";
    /// In the answer to `create_group` the SDKs take this and 10010 for "made, but its profile cannot be read". Source:
    /// observed.
    GROUP_NOT_ALLOWED = 10007, "no permission: not a member, the role is too low, or the group type does not allow it";
    OWNER_CANNOT_QUIT = 10009, "the owner cannot quit";
    GROUP_MISSING = 10010, "the group does not exist or was dismissed";
    ALREADY_MEMBER = 10013, "already a member";
    GROUP_FULL = 10014, "the group is full";
    GROUP_BAD_ID = 10015, "the group id is not valid";
    MUTED = 10017, "the sender is muted";
    /// An SDK that asked for the groups of a user asks again for 50 at a time. Source: observed.
    GROUP_ANSWER_TOO_LARGE = 10018, "the answer is too large, ask for less at a time";
    GROUP_ACCOUNT_MISSING = 10019, "the account does not exist";
    GROUP_ID_TAKEN = 10021, "the group id is taken";
    GROUP_TOO_FAST = 10023, "too many messages in this group, try again later";
    APPLICATION_DECIDED = 10024, "the application or invitation was decided already, or is not open";
    GROUP_ID_YOURS = 10025, "the group id is taken, and you own the group";
    RECALL_MISSING = 10030, "the message to recall does not exist";
    RECALL_TOO_LATE = 10031, "it is too late to recall the message";
    RECALL_IMPOSSIBLE = 10032, "the message cannot be recalled";
    NOT_DELETED_HERE = 10035, "messages of groups of this type cannot be deleted";
    TOO_MANY_ROOMS = 10036, "the user has made too many live rooms";
    TOO_MANY_GROUPS = 10037, "the user is in too many groups";
    NO_HISTORY = 10044, "groups of this type keep no history";
    ATTRIBUTE_KEY_TOO_LONG = 10045, "the key of an attribute is too long";
    ATTRIBUTE_VALUE_TOO_LONG = 10046, "the value of an attribute is too long";
    TOO_MANY_ATTRIBUTES = 10047, "the group would have too many attributes";
    ATTRIBUTES_TOO_LARGE = 10048, "the attributes of the group would be too large together";
    ATTRIBUTES_TOO_FAST = 10049, "the attributes of this group are written too often, try again later";
    ATTRIBUTE_MISSING = 10050, "the attribute does not exist";
    TOO_MANY_MENTIONS = 10053, "too many users are mentioned";
    ATTRIBUTES_CHANGED = 10056, "others have written the attributes since, read them first";
    TOO_MANY_COUNTERS = 10063, "the group would have too many counters";
    TOO_MANY_PINS = 10070, "too many messages are pinned in the group";
    PINNED_ALREADY = 10071, "the message is pinned already";

    C2C_INTERNAL = 20005, "internal error, try again later";
    C2C_BAD_ACCOUNT = 20003, "the sender or the receiver is not valid";
    C2C_RECALL_TOO_LATE = 20016, "it is too late to recall the message";
    C2C_RECALL_MISSING = 20022, "the message to recall does not exist";
    C2C_RECALLED_ALREADY = 20023, "the message was recalled before";
    C2C_BAD_JSON = 90001, "the body does not have the shape of the command";
    C2C_BAD_BODY = 90002, "MsgBody does not have the shape of elements";
    C2C_BAD_RECEIVER = 90003, "To_Account is missing or wrong";
    C2C_NOT_ADMIN = 90009, "the command needs an administrator account";
    C2C_BAD_FORMAT = 90010, "the message does not have the shape of a message";
    C2C_TOO_MANY_ACCOUNTS = 90011, "too many accounts in one request";
    C2C_ACCOUNT_MISSING = 90048, "the account does not exist";

    PROFILE_BAD_PARAMETER = 40001, "a parameter is missing or wrong";
    PROFILE_ACCOUNT_MISSING = 40003, "the account does not exist";
    PROFILE_NOT_ADMIN = 40004, "the command needs an administrator account";
    PROFILE_INTERNAL = 40006, "internal error, try again later";
    PROFILE_UNKNOWN_TAG = 40009, "no such field";
    PROFILE_TOO_LONG = 40601, "a value is longer than 500 bytes";
    PROFILE_BAD_VALUE = 40605, "the value is not one of the field's";
    PROFILE_BAD_TYPE = 40610, "the value has the wrong type";

    FRIEND_BAD_PARAMETER = 30001, "a parameter is missing or wrong";
    FRIEND_ACCOUNT_MISSING = 30003, "the account does not exist";
    FRIEND_NOT_ADMIN = 30004, "the command needs an administrator account";
    FRIEND_INTERNAL = 30006, "internal error, try again later";
    FRIENDS_FULL = 30010, "the list of friends is full";
    FRIENDS_OF_PEER_FULL = 30014, "the other's list of friends is full";
    FRIEND_DENIED = 30516, "the other may not be added as a friend";

    CONVERSATION_BAD_PARAMETER = 50002, "a parameter is missing or wrong";
    CONVERSATION_NOT_ADMIN = 50003, "the command needs an administrator account";
    CONVERSATION_INTERNAL = 50004, "internal error, try again later";
    TOO_MANY_PINNED = 51012, "too many pinned conversations";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.meaning())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_explained() {
        let mut numbers: Vec<u32> = ErrorCode::ALL.iter().map(|code| code.0).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), ErrorCode::ALL.len());
        assert!(ErrorCode::ALL.iter().all(|code| !code.meaning().is_empty()));
    }
}
