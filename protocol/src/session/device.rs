//! What a device reports about itself without an effect on the chat.

use serde::{Deserialize, Serialize};

use crate::request::{Empty, request};

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
///
/// ```json
/// {"State": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct Background {}

request! { Background = "im_open_status.ws_stat_background" -> Empty }

/// `im_open_status.ws_stat_foreground`: the app is in the foreground again.
///
/// ```json
/// {"State": 1}
/// ```
#[derive(Debug, Deserialize)]
pub struct Foreground {}

request! { Foreground = "im_open_status.ws_stat_foreground" -> Empty }

/// `imopenstat.tim_web_report_v2`: the SDK's statistics for its vendor. Carries no identity. Accepted and dropped:
/// a refused report is kept and repeated.
///
/// ```json
/// {"Header": {"platform": 7}, "Event": [{"event_type": 0}]}
/// ```
#[derive(Debug, Deserialize)]
pub struct Statistics {}

request! { Statistics = "imopenstat.tim_web_report_v2" -> Empty }

/// `openim.authkey`: the 2.x SDKs ask at start for a key to an old media store. There is none here.
///
/// ```json
/// {}
/// ```
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

request! { MediaKey = "openim.authkey" -> NoMediaKey }
