//! The query of a REST call: `POST /v4/{service}/{command}?sdkappid&identifier&usersig&random&contenttype=json`.
//!
//! Source: "RESTful API Overview" (269/1519 = 1047/34620).

use crate::{ErrorCode, Failure};

/// Who calls, as the query says. `random` marks a request and is not looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub sdkappid: u32,
    pub identifier: String,
    pub usersig: String,
}

impl Query {
    /// Reads the decoded `name=value` pairs of a query. Names are case-sensitive; unknown ones are ignored.
    pub fn from_pairs<'a>(
        pairs: impl Iterator<Item = (std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>,
    ) -> Result<Self, Failure> {
        let (mut sdkappid, mut query) = (None, Self::default());
        for (name, value) in pairs {
            match name.as_ref() {
                "sdkappid" => sdkappid = Some(value.parse()),
                "identifier" => query.identifier = value.into_owned(),
                "usersig" => query.usersig = value.into_owned(),
                "contenttype" if value != "json" => {
                    return Err(Failure::worded(ErrorCode::BAD_PARAMETER_IN_URL, "contenttype must be json"));
                }
                _ => {}
            }
        }
        query.sdkappid = match sdkappid {
            None => return Err(Failure::new(ErrorCode::NO_SDKAPPID)),
            Some(Err(_)) => {
                return Err(Failure::worded(ErrorCode::BAD_PARAMETER_IN_URL, "sdkappid must be a number"));
            }
            Some(Ok(number)) => number,
        };
        if query.identifier.is_empty() || query.usersig.is_empty() {
            return Err(Failure::new(ErrorCode::NOT_AUTHENTICATED));
        }
        Ok(query)
    }
}
