//! What an operator can set for live rooms.

use serde::{Deserialize, Serialize};

/// Live rooms, of which nothing is kept but for a while in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LiveSettings {
    /// For how long one counts as being there whose connection is gone; 0 is not at all.
    pub away_seconds: u64,
    /// Of so many who come and go in a second each is told by itself, on each instance; of more, once a second. Fewer and less
    /// often in rooms of thousands. 0 is any number.
    pub tips_per_second: u32,
    /// How many of them are named then, in rooms of up to 2,500; fewer in larger ones. 0 is as many as may be.
    pub names_per_tip: usize,
    /// The latest messages that one who comes is told, where the client asks for them; 0 is none.
    pub recent_messages: usize,
    /// Items of a room that an instance remembers, to be recalled, asked for by those who are not pushed them, and told to
    /// those who come; 0 is none.
    pub kept_items: usize,
    /// Bytes of those, about.
    pub kept_bytes: usize,
    /// Whether clients ask for what is told, where they are pushed it otherwise.
    pub long_polling: bool,
    /// Whether one may read along who is not logged in.
    pub anonymous: bool,
    /// Questions for what is told that may wait on an instance at once; 0 is any number.
    pub polls: usize,
}

impl LiveSettings {
    /// The same where 0 is a bound that nobody meets.
    pub(in crate::services) fn open(&mut self) {
        for most in [&mut self.names_per_tip, &mut self.polls] {
            if *most == 0 {
                *most = usize::MAX;
            }
        }
    }
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self {
            away_seconds: 30,
            tips_per_second: 5,
            names_per_tip: 20,
            recent_messages: 0,
            kept_items: 300,
            kept_bytes: 1 << 20,
            long_polling: false,
            anonymous: true,
            polls: 10_000,
        }
    }
}
