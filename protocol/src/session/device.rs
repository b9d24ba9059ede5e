//! What a device reports about itself without an effect on the chat.

use serde::{Deserialize, Serialize};

use crate::Request;
use crate::id::UserId;
use crate::request::Empty;

/// Why a device is logged out: `KickType` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KickReason {
    /// The account logged in at another place of the same kind.
    Replaced,
    /// An administrator ended the log-ins.
    ByAdmin,
}

impl KickReason {
    pub fn number(self) -> u8 {
        match self {
            KickReason::Replaced => 1,
            KickReason::ByAdmin => 3,
        }
    }
}

/// `im_open_status.ws_stat_background`: the app left the foreground. Only native-app plugins send it.
#[derive(Debug, Deserialize)]
pub struct Background {}

impl Request for Background {
    const NAME: &'static str = "im_open_status.ws_stat_background";
    type Response = Empty;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `im_open_status.ws_stat_foreground`: the app is in the foreground again.
#[derive(Debug, Deserialize)]
pub struct Foreground {}

impl Request for Foreground {
    const NAME: &'static str = "im_open_status.ws_stat_foreground";
    type Response = Empty;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `imopenstat.tim_web_report_v2`: the SDK's statistics for its vendor. Carries no identity. Accepted and dropped:
/// a refused report is kept and repeated.
#[derive(Debug, Deserialize)]
pub struct Statistics {}

impl Request for Statistics {
    const NAME: &'static str = "imopenstat.tim_web_report_v2";
    type Response = Empty;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}

/// `openim.authkey`: the 2.x SDKs ask at start for a key to an old media store. There is none here.
#[derive(Debug, Deserialize)]
pub struct MediaKey {}

/// An empty key, which the SDK takes for "not needed".
#[derive(Debug, Default, Serialize)]
pub struct NoMediaKey {
    #[serde(rename = "AuthKey")]
    pub key: &'static str,
    #[serde(rename = "ExpireTime")]
    pub expires: u64,
}

impl Request for MediaKey {
    const NAME: &'static str = "openim.authkey";
    type Response = NoMediaKey;
    fn on_behalf_of(&self) -> Option<&UserId> {
        None
    }
}
