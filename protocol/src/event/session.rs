//! Devices that are logged out.

use serde_json::json;

use super::{c2c_notify, text};
use crate::session::{KickReason, Newcomer, Terminal};

/// This device is logged out. The body of a [`super::FORCE_OFFLINE`] push.
///
/// What it was put out by is in `NewInstInfo`; the SDKs do no more than to log that.
pub fn kicked(reason: KickReason, by: Newcomer) -> String {
    let mut newcomer = json!({"InstId": by.inst_id});
    if let Some(platform) = by.terminal.map(Terminal::name) {
        newcomer["Platform"] = json!(platform);
    }
    text(c2c_notify(json!({"KickoutMsgNotify": {"KickType": reason.number(), "NewInstInfo": newcomer}})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kick_names_the_kind_of_terminal_where_it_is_known() {
        let by = |terminal| kicked(KickReason::Replaced, Newcomer { inst_id: 9, terminal });
        assert!(by(Some(Terminal::ANDROID)).contains(r#""NewInstInfo":{"InstId":9,"Platform":"Android"}"#));
        assert!(by(None).contains(r#""NewInstInfo":{"InstId":9}"#));
    }
}
