//! Why a command is not done, before its family has given it a number.

use std::borrow::Cow;

use protocol::{ErrorCode, Failure};

use super::family::Family;
use crate::services::StorageError;
use crate::telemetry::Sparing;

/// A refusal. What every family says with a number of its own has none here yet.
#[derive(Debug)]
pub(super) enum Refusal {
    Coded(Failure),
    /// The request does not have the command's shape. Names the member and says what it should be.
    Malformed(Cow<'static, str>),
    /// The caller may not do this, whatever it is done to.
    Forbidden(&'static str),
    /// The caller gives the command too often.
    TooOften,
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

    /// As the caller reads it. A fault of the store goes to the log, one of many; the caller gets the number under which
    /// it stands there.
    pub(super) fn failure(self, family: &Family) -> Failure {
        let mut failure = match self {
            Self::Coded(failure) => failure,
            Self::Malformed(reason) => Failure::worded(family.malformed, reason),
            Self::Forbidden(reason) => Failure::worded(family.forbidden, reason),
            Self::TooOften => Failure::new(family.too_often),
            Self::Busy => Failure::because(family.internal, "too many changes of the same thing at once"),
            Self::Fault => Failure::new(family.internal),
            Self::Store(error) => {
                let request = format!("{:08x}", rand::random::<u32>());
                // A store that is full or gone refuses as often as it is asked.
                static LINES: Sparing = Sparing::new();
                if let Some(kept_back) = LINES.admit() {
                    tracing::error!(%error, request, kept_back, "request {request}: the store failed");
                }
                Failure::because(family.internal, format_args!("request {request}"))
            }
        };
        if family.misread.contains(&failure.code) {
            failure.code = family.malformed;
        }
        failure
    }
}

/// What is shown of a name that was sent.
const MAX_CHARS: usize = 64;

/// A name that somebody sent, as people can read it: short and plain, whatever it was.
pub(super) fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let plain = |c: char| if is_plain(c) { c } else { '?' };
    let mut shown: String = name.chars().take(MAX_CHARS).map(plain).collect();
    if name.chars().nth(MAX_CHARS).is_some() {
        shown.push('…');
    }
    shown
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
