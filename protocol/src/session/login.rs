//! Login, hello, logout, ping.

use serde::{Deserialize, Serialize};

use crate::request::{Empty, request};

/// `im_open_status.wslogin`: begins the session of a device, or takes it up again on a new connection.
///
/// Who logs in stands in the frame's head: `identifier` + `usersig` first, `a2` later. Source: observed.
///
/// ```json
/// {"State": "Online", "is_web_uniapp": 0, "InstType": 0, "CustomInfo": ""}
/// ```
#[derive(Debug, Deserialize)]
pub struct Login {}

/// The answer to a login.
#[derive(Debug, Serialize)]
pub struct LoggedIn {
    /// Comes back as `head.a2` with every later request. The client keeps that of its first login over reconnects.
    #[serde(rename = "A2Key")]
    pub a2: String,
    /// The user's number: decimal digits in a string, stable for ever, a part of every message id.
    #[serde(rename = "TinyId")]
    pub tiny_id: String,
    /// The device's number; comes back as `head.status_instid`.
    #[serde(rename = "InstId")]
    pub inst_id: u32,
    /// Seconds between two hellos. Also how soon a client that was refused dials again, so keep it short.
    #[serde(rename = "HelloInterval")]
    pub hello_interval_seconds: u32,
    /// Unix seconds: the client corrects its clock with it.
    #[serde(rename = "TimeStamp")]
    pub time: u64,
    /// Base64 of the user's own status text.
    #[serde(rename = "CustomStatus")]
    pub custom_status: String,
    /// The same as [`super::Bits::bits`]: the UI kits look at it once, here.
    #[serde(rename = "PurchaseBits")]
    pub purchase_bits: &'static str,
}

request! { Login = "im_open_status.wslogin" -> LoggedIn }

/// `im_open_status.wshello`: the device is still there. Sent every `HelloInterval` seconds.
///
/// ```json
/// {"is_web_uniapp": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct Hello {}

request! { Hello = "im_open_status.wshello" -> Empty }

/// `im_open_status.wslogout`: ends the device's session. The connection stays.
///
/// ```json
/// {"wslogout_type": 0, "is_web_uniapp": 0}
/// ```
#[derive(Debug, Deserialize)]
pub struct Logout {}

request! { Logout = "im_open_status.wslogout" -> Empty }

/// `heartbeat.alive`: sent after 10 s without an inbound frame, also before a login; must be answered within 3 s.
///
/// ```json
/// {}
/// ```
#[derive(Debug, Deserialize)]
pub struct Ping {}

request! { Ping = "heartbeat.alive" -> Empty }
