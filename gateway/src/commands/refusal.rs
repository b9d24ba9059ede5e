//! Why a command is not done, before its family has given it a number.

use std::borrow::Cow;

use protocol::{ErrorCode, Failure};

use super::family::Family;
use crate::services::StorageError;

/// A refusal. What every family says with a number of its own has none here yet.
#[derive(Debug)]
pub(super) enum Refusal {
    Coded(Failure),
    /// The request does not have the command's shape. Names the member and says what it should be.
    Malformed(Cow<'static, str>),
    /// The caller may not do this, whatever it is done to.
    Forbidden(&'static str),
    /// Lost too many races in a row.
    Busy,
    /// A fault of ours that the log has.
    Fault,
    Store(StorageError),
}

impl Refusal {
    pub(super) fn malformed(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(reason.into())
    }

    /// As the caller reads it. A fault of the store goes to the log; the caller gets the number under which it stands
    /// there.
    pub(super) fn failure(self, family: &Family) -> Failure {
        match self {
            Self::Coded(failure) => failure,
            Self::Malformed(reason) => Failure::worded(family.malformed, reason),
            Self::Forbidden(reason) => Failure::worded(family.forbidden, reason),
            Self::Busy => Failure::because(family.internal, "too many changes of the same thing at once"),
            Self::Fault => Failure::new(family.internal),
            Self::Store(error) => {
                let request = format!("{:08x}", rand::random::<u32>());
                tracing::error!(%error, request, "request {request}: the store failed");
                Failure::because(family.internal, format_args!("request {request}"))
            }
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Coded(failure)
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::Coded(Failure::new(code))
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::Store(error)
    }
}
