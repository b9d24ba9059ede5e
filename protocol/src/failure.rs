//! The refusal of one request.

use serde_json::value::RawValue;

use crate::ErrorCode;

/// Answers one request with an error. The connection lives on.
#[derive(Clone, Debug)]
pub struct Failure {
    pub code: ErrorCode,
    /// For the caller's developer: what is wrong and how to mend it. Never an internal error's text.
    pub info: String,
    /// More members of the answer's body, as a JSON object.
    pub extra: Option<Box<RawValue>>,
}

impl Failure {
    pub fn new(code: ErrorCode) -> Self {
        Self { code, info: code.meaning().to_owned(), extra: None }
    }

    #[must_use]
    pub fn because(code: ErrorCode, reason: impl std::fmt::Display) -> Self {
        Self { code, info: format!("{}: {reason}", code.meaning()), extra: None }
    }

    /// With a text that says it all.
    #[must_use]
    pub fn worded(code: ErrorCode, info: impl Into<String>) -> Self {
        Self { code, info: info.into(), extra: None }
    }

    /// Adds the members of a JSON object to the answer's body.
    #[must_use]
    pub fn with(mut self, extra: &impl serde::Serialize) -> Self {
        self.extra = serde_json::value::to_raw_value(extra).ok();
        self
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}
