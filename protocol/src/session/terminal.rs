//! Kinds of terminals: a user has a list of devices for each, and one does not put out those of another.

use serde::{Deserialize, Serialize};

/// The number by which a client says what it runs on: `platform` of the URL and of each head.
///
/// The native clients of the vendor are 1 to 4; whatever is built on a web SDK has a number of its own above, from 7 on.
/// The Java client of this repository says 2, on Android and on a plain JVM. Source: observed; 269/2566 for the words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Terminal(pub u32);

impl Terminal {
    pub const ANDROID: Terminal = Terminal(2);
    pub const WEB: Terminal = Terminal(7);

    /// The vendor's word for it, as back ends and clients are told.
    pub fn name(self) -> &'static str {
        match self.0 {
            1 => "PC",
            2 => "Android",
            3 => "iPhone",
            4 => "Mac",
            _ => "Web",
        }
    }
}

/// The device for which another was put out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Newcomer {
    /// 0 when it was nobody's log-in.
    pub inst_id: u32,
    /// Versions that do not say it have none.
    pub terminal: Option<Terminal>,
}
