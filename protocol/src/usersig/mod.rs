//! UserSig: a signed text with which its holder acts as one user of one application for a time.
//!
//! ```text
//! UserSig = swap(base64(zlib(JSON)))        swap: + to *, / to -, = to _
//! ```
//!
//! The JSON object names the user, the application, the second of issue and the lifetime, and carries an
//! HMAC-SHA256 over these values. It holds no nonce and no key id, so whoever has the key can speak for
//! anybody.
//!
//! Texts of different libraries for the same values differ byte for byte (field order, compression level);
//! what is alike is the decoded object and its MAC.
//!
//! Source: "Generating UserSig" (269/32688) and the public signing libraries, format version 2.0.

mod key;
mod object;
mod text;

use crate::id::AppId;

pub use key::{KeyError, SecretKey};
pub use text::{MAX_JSON_BYTES, MAX_TEXT_BYTES};

/// How far the clock of whoever issues a UserSig may be ahead, unless somebody says otherwise. Seconds.
pub const SKEW_SECONDS: u64 = 300;

/// What a UserSig says. From [`verify`] it is true, from [`inspect`] it is only said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub app: AppId,
    /// Any text without control characters, the empty one too: length and alphabet of user ids are not
    /// the signature's business.
    pub user: String,
    /// Unix seconds, by the clock of whoever signed.
    pub issued_at: i64,
    /// Seconds. Zero is valid in the second of issue alone, a negative one never.
    pub lifetime: i64,
}

impl Claims {
    /// The last Unix second in which the UserSig is valid.
    ///
    /// `None` where no clock can be: before 1970, or past what an `i64` holds. Such a UserSig is expired.
    pub fn expires_at(&self) -> Option<u64> {
        let end = self.issued_at.checked_add(self.lifetime)?;
        u64::try_from(end).ok()
    }

    /// Whether it was issued later than `second` (Unix): what a user who was kicked in that second needs to
    /// come back. The second itself counts as before, or a stolen UserSig of that second would stay alive.
    pub fn issued_after(&self, second: u64) -> bool {
        u64::try_from(self.issued_at).is_ok_and(|issued_at| issued_at > second)
    }
}

/// A decoded UserSig whose signature nobody has checked. For explaining one, never for letting anyone in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchecked {
    pub claims: Claims,
    /// Opaque bytes; the vendor's real-time audio and video keep their room permissions there.
    pub userbuf: Option<Vec<u8>>,
    /// The MAC as it came; 32 bytes in a sound UserSig.
    pub mac: Vec<u8>,
}

/// Why a UserSig does not let its holder in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the UserSig is expired")]
    Expired,
    #[error("the UserSig was issued in the future: the clock of whoever issued it is fast")]
    NotYet,
    #[error("the UserSig is empty")]
    Empty,
    #[error("the UserSig is illegal: {0}")]
    Illegal(#[from] Fault),
    #[error("the signature does not match: another key, or a changed UserSig")]
    Signature,
    #[error("the UserSig was issued for another user")]
    OtherUser,
    #[error("the UserSig was issued for another application")]
    OtherApp,
}

impl Error {
    /// The vendor's number for it. Source: "Error Codes" (269/1671); 70002 from the web SDK's list.
    pub fn code(self) -> u32 {
        match self {
            Self::Expired => 70001,
            Self::Empty => 70002,
            Self::Illegal(_) | Self::NotYet => 70003,
            Self::Signature => 70009,
            Self::OtherUser => 70013,
            Self::OtherApp => 70014,
        }
    }
}

/// What makes a text no UserSig at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("longer than {MAX_TEXT_BYTES} bytes")]
    TooLong,
    #[error("not padded base64 with * - _ for + / =")]
    Base64,
    #[error("not exactly one zlib stream")]
    Zlib,
    #[error("inflates to more than {MAX_JSON_BYTES} bytes")]
    TooLarge,
    #[error("not one flat JSON object with each key once")]
    Json,
    #[error("{0} is missing or not of its type and range")]
    Field(&'static str),
    #[error("a control character in the user id")]
    ControlCharacter,
}

/// Why a UserSig is not issued: nobody would accept it, or it could be read as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    #[error("the user id holds a control character")]
    ControlCharacter,
    #[error("the lifetime ends later than any clock can tell")]
    Lifetime,
    #[error("user id and userbuf are too large for a UserSig")]
    TooLarge,
}

/// Issues a UserSig: the right to act as `user` of `app` until `now + lifetime`.
///
/// `now` in Unix seconds, `lifetime` in seconds. `userbuf` is signed along when it is there, also when empty.
/// Any user id without control characters can be signed; its length is the account's business.
pub fn issue(
    key: &SecretKey,
    app: AppId,
    user: &str,
    now: u64,
    lifetime: u64,
    userbuf: Option<&[u8]>,
) -> Result<String, IssueError> {
    if object::has_control_character(user) {
        return Err(IssueError::ControlCharacter);
    }
    let seconds = |value| i64::try_from(value).map_err(|_| IssueError::Lifetime);
    let claims =
        Claims { app, user: user.to_owned(), issued_at: seconds(now)?, lifetime: seconds(lifetime)? };
    claims.expires_at().ok_or(IssueError::Lifetime)?;

    let json = object::write(key, &claims, userbuf);
    text::pack(&json).ok_or(IssueError::TooLarge)
}

/// Checks that `text` is a UserSig by which its holder is `user` of `app` at `now` (Unix seconds).
///
/// All of `keys` are tried, for a UserSig does not say which one made it; with none, no signature matches.
/// A UserSig with a userbuf is as good as one without. Clocks differ, so one may be issued up to `skew` seconds after
/// `now`. Without a `skew` it may come from any future, as with the official verifiers; but then a kick does not void it,
/// which voids what was issued before.
///
/// The first fault found is reported, in this order: structure, application, user, signature, expiry, future. The
/// signature comes before expiry so that a forgery never reads as merely old.
pub fn verify(
    keys: &[SecretKey],
    app: AppId,
    user: &str,
    now: u64,
    skew: Option<u64>,
    text: &str,
) -> Result<Claims, Error> {
    let unchecked = inspect(text)?;
    if unchecked.claims.app != app {
        return Err(Error::OtherApp);
    }
    if unchecked.claims.user != user {
        return Err(Error::OtherUser);
    }
    if !keys.iter().any(|key| object::is_signed_by(key, &unchecked)) {
        return Err(Error::Signature);
    }
    if unchecked.claims.expires_at().is_none_or(|end| now > end) {
        return Err(Error::Expired);
    }
    if skew.is_some_and(|skew| unchecked.claims.issued_after(now.saturating_add(skew))) {
        return Err(Error::NotYet);
    }
    Ok(unchecked.claims)
}

/// Decodes a UserSig without a key. Fails with [`Error::Empty`] or [`Error::Illegal`].
pub fn inspect(text: &str) -> Result<Unchecked, Error> {
    if text.is_empty() {
        return Err(Error::Empty);
    }
    let json = text::unpack(text)?;
    Ok(object::read(&json)?)
}
