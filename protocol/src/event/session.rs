//! Devices that are logged out.

use serde_json::json;

use super::{c2c_notify, text};
use crate::session::KickReason;

/// This device is logged out. The body of a [`super::FORCE_OFFLINE`] push.
pub fn kicked(reason: KickReason, by_inst_id: u32) -> String {
    text(c2c_notify(json!({"KickoutMsgNotify": {
        "KickType": reason.number(), "NewInstInfo": {"InstId": by_inst_id},
    }})))
}
