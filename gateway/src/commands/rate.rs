//! How often a command may be given.

use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use protocol::ErrorCode;
use protocol::id::{AppId, UserId};
use serde::Serialize;

use super::{Context, Refusal, Row};
use crate::services::rates::Quota;
use crate::telemetry::Bound;

/// Calls of one command in a time, of each caller of a kind. How many times as much is allowed is set by the application.
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

/// So many seconds' worth may come at once: clients ask for much at their start, and when somebody comes to a new page.
const BURST_SECONDS: u32 = 10;

impl Rate {
    fn quota(self, times: u32) -> Quota {
        let seconds = u32::try_from(self.time.as_secs()).unwrap_or(u32::MAX);
        let calls = self.calls.saturating_mul(times);
        Quota { calls, seconds, burst: calls.saturating_mul(BURST_SECONDS.div_ceil(seconds.max(1))) }
    }
}

fn rate_of(row: &Row, each: Each) -> Option<Rate> {
    row.rates.iter().copied().find(|rate| rate.each == each)
}

/// What the SDKs hold themselves to before they ask; without it, to numbers of their own.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct ClientLimit {
    /// Without the service.
    #[serde(rename = "cmd")]
    command: &'static str,
    /// A time in seconds in which so many requests are let go, and the rest is refused by the SDK itself.
    #[serde(rename = "interval")]
    seconds: u32,
    count: u32,
}

impl ClientLimit {
    /// What a user's rate lets through: all that may come at once, and again when as much has flowed in.
    pub(super) fn of(row: &Row, times: u32) -> Option<Self> {
        let quota = rate_of(row, Each::User)?.quota(times);
        let (_, command) = row.name.split_once('.')?;
        let seconds = quota.seconds.max(BURST_SECONDS);
        let count = if quota.is_off() { u32::MAX } else { quota.burst };
        Some(Self { command, seconds, count })
    }
}

/// A user who proved who they are.
pub(super) fn hold_user(context: &Context, row: &Row, app: AppId, user: &UserId) -> Result<(), Refusal> {
    // One who gives a back end's command is refused for that, and may not even ask for it more often than a back end.
    let rate = rate_of(row, Each::User).or_else(|| rate_of(row, Each::App));
    let Some(rate) = rate else { return Ok(()) };
    let throttle = &context.services.throttle;
    if throttle.hold(rate.quota(throttle.rates(app).commands), &(row.name, app, user)) {
        return Ok(());
    }
    Bound::Commands.refused(user);
    Err(Refusal::TooOften)
}

/// A back end that proved which one it is.
pub(super) fn hold_app(context: &Context, row: &Row, app: AppId) -> Result<(), Refusal> {
    let Some(rate) = rate_of(row, Each::App) else { return Ok(()) };
    let throttle = &context.services.throttle;
    if throttle.hold(rate.quota(throttle.rates(app).rest), &(row.name, app)) {
        return Ok(());
    }
    Bound::RestCommands.refused(app);
    // The same for all: it is the front of the vendor's REST that says it.
    Err(ErrorCode::TOO_OFTEN.into())
}

/// A connection of anybody.
pub(super) fn hold_connection(
    context: &Context,
    row: &Row,
    app: AppId,
    connection: &impl Hash,
) -> Result<(), Refusal> {
    let Some(rate) = rate_of(row, Each::Connection) else { return Ok(()) };
    let throttle = &context.services.throttle;
    if throttle.hold(rate.quota(throttle.rates(app).commands), &(row.name, connection)) {
        return Ok(());
    }
    Bound::Commands.refused(row.name);
    Err(Refusal::TooOften)
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
    use super::super::table;
    use super::*;

    #[test]
    fn a_rate_reads_as_it_is_written() {
        assert_eq!(rate!(10 per second per user).to_string(), "10 a second per user");
        assert_eq!(rate!(6 per minute per app).to_string(), "6 a minute per application");
    }

    #[test]
    fn ten_seconds_worth_may_come_at_once() {
        let of_a_second = rate!(10 per second per user).quota(1);
        assert_eq!((of_a_second.calls, of_a_second.seconds, of_a_second.burst), (10, 1, 100));
        let of_a_minute = rate!(6 per minute per app).quota(2);
        assert_eq!((of_a_minute.calls, of_a_minute.seconds, of_a_minute.burst), (12, 60, 12));
        assert!(rate!(10 per second per user).quota(0).is_off());
    }

    #[test]
    fn clients_hold_themselves_to_what_is_let_through() {
        let row = table().find(|row| row.name == "openim.getroammsg").unwrap();
        let rate = rate_of(row, Each::User).unwrap();
        let limit = |count| Some(ClientLimit { command: "getroammsg", seconds: 10, count });
        assert_eq!(ClientLimit::of(row, 1), limit(10 * rate.calls));
        assert_eq!(ClientLimit::of(row, 3), limit(30 * rate.calls));
        assert_eq!(ClientLimit::of(row, 0), limit(u32::MAX));
        let row = table().find(|row| rate_of(row, Each::User).is_none()).unwrap();
        assert_eq!(ClientLimit::of(row, 1), None);
    }
}
