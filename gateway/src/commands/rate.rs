//! How often a command may be given.

use std::fmt;
use std::time::Duration;

/// Calls of one command in a time, of each caller of a kind. Rows state it; nothing holds callers to it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub calls: u32,
    pub time: Duration,
    pub each: Each,
}

/// Whose calls are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Each {
    /// A user, over all their devices.
    User,
    /// An application, over all its administrators.
    App,
    /// A connection, where nobody says who they are.
    Connection,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = match self.each {
            Each::User => "user",
            Each::App => "application",
            Each::Connection => "connection",
        };
        match self.time.as_secs() {
            1 => write!(f, "{} a second per {each}", self.calls),
            60 => write!(f, "{} a minute per {each}", self.calls),
            seconds => write!(f, "{} in {seconds} s per {each}", self.calls),
        }
    }
}

/// `rate!(10 per second per user)`.
macro_rules! rate {
    ($calls:literal per $time:ident per $each:ident) => {
        $crate::commands::rate::Rate {
            calls: $calls,
            time: $crate::commands::rate::rate!(@time $time),
            each: $crate::commands::rate::rate!(@each $each),
        }
    };
    (@time second) => { std::time::Duration::from_secs(1) };
    (@time minute) => { std::time::Duration::from_secs(60) };
    (@each user) => { $crate::commands::rate::Each::User };
    (@each app) => { $crate::commands::rate::Each::App };
    (@each connection) => { $crate::commands::rate::Each::Connection };
}
pub(super) use rate;

#[cfg(test)]
mod tests {
    #[test]
    fn a_rate_reads_as_it_is_written() {
        assert_eq!(rate!(10 per second per user).to_string(), "10 a second per user");
        assert_eq!(rate!(6 per minute per app).to_string(), "6 a minute per application");
    }
}
