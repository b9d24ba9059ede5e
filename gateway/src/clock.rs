//! The time of day, as a value that can be handed in, and how it is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;
use protocol::id::Millis;

/// Tells the time. A cheap handle; tests hand in one that they move.
#[derive(Clone)]
pub struct Clock(Arc<Inner<dyn Fn() -> Millis + Send + Sync>>);

struct Inner<Now: ?Sized> {
    last_number: AtomicU64,
    now: Now,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::from_fn(|| {
            // A clock before 1970 reads as 1970: wrong, but no reason to stop.
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
        })
    }

    pub fn from_fn(now: impl Fn() -> Millis + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { last_number: AtomicU64::new(0), now }))
    }

    pub fn now(&self) -> Millis {
        (self.0.now)()
    }

    /// A number greater than all that this clock has given: the microseconds since 1970, or more where many are asked
    /// for in one. The last digits of the first in a millisecond are random, so that instances give different ones.
    /// What reads numbers as doubles can tell them apart until the year 2255.
    pub fn number(&self) -> u64 {
        let number = self.now().0.saturating_mul(1000).saturating_add(rand::random_range(0..1000));
        let next = |last: u64| number.max(last.saturating_add(1));
        match self.0.last_number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last))) {
            Ok(last) | Err(last) => next(last),
        }
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now().0)
    }
}

/// A time zone without seasons, as far from UTC as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Offset);

/// `yyyy-MM-dd HH:mm:ss`
const SECONDS: &str = "%Y-%m-%d %H:%M:%S";

impl Zone {
    /// Reads `+08:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let offset = BrokenDownTime::parse("%:z", text).ok()?.offset()?;
        Some(Self(offset))
    }

    /// The second as `yyyy-MM-dd HH:mm:ss`.
    pub fn format(self, moment: Millis) -> String {
        // What no calendar holds reads as its last day.
        let second = i64::try_from(moment.seconds()).unwrap_or(i64::MAX);
        let moment = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        self.0.to_datetime(moment).strftime(SECONDS).to_string()
    }

    /// The Unix second of a `yyyy-MM-dd HH:mm:ss`; 0 for what lies before 1970.
    pub fn second(self, text: &str) -> Option<u64> {
        let moment = DateTime::strptime(SECONDS, text).ok()?;
        // The library takes more spellings than the one.
        let is_plain = moment.strftime(SECONDS).to_string() == text;
        let moment = self.0.to_timestamp(moment).ok()?;
        is_plain.then_some(u64::try_from(moment.as_second()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_twice() {
        let clock = Clock::from_fn(|| Millis(1_700_000_000_000));
        let other = clock.clone();
        let mut last = 0;
        for _ in 0..3000 {
            for clock in [&clock, &other] {
                let number = clock.number();
                assert!(number > last, "{number} after {last}");
                last = number;
            }
        }
        // 1,000 of them fit in a millisecond.
        assert!((1_700_000_000_000_000..1_700_000_000_010_000).contains(&last), "{last}");
        assert!(last < 1 << 53, "JavaScript reads it");
    }

    #[test]
    fn a_second_is_written_and_read_in_its_zone() {
        let zone = Zone::parse("+08:00").unwrap();
        let moment = Millis(1_767_240_000_999);
        assert_eq!(zone.format(moment), "2026-01-01 12:00:00");
        assert_eq!(zone.second("2026-01-01 12:00:00"), Some(1_767_240_000));
        let west = Zone::parse("-03:30").unwrap();
        assert_eq!(west.format(moment), "2026-01-01 00:30:00");
        assert_eq!(west.second("2026-01-01 00:30:00"), Some(1_767_240_000));
        assert_eq!(zone.second("1969-01-01 00:00:00"), Some(0));
        assert_eq!(zone.second(&zone.format(Millis(u64::MAX))).map(|second| second > 1 << 35), Some(true));
    }

    #[test]
    fn what_is_no_time_of_day_is_not_read() {
        let zone = Zone::parse("+08:00").unwrap();
        for text in [
            "",
            "now",
            "2026-01-01",
            "2026-1-1 12:00:00",
            "2026-01-01T12:00:00",
            "2026-02-30 12:00:00",
            "2026-01-01 24:00:00",
            "2026-01-01 12:00:60",
            "2026-01-01 12:00:00 ",
            " 2026-01-01 12:00:00",
            "2026-01-01  12:00:00",
            "2026-01-01 12:00:00.5",
            "+002026-01-01 12:00:00",
            "99999-01-01 12:00:00",
        ] {
            assert_eq!(zone.second(text), None, "{text:?}");
        }
        for text in ["", "8", "+8", "08:00", "Asia/Shanghai", "+26:00", "+08:60", "+08:00 "] {
            assert_eq!(Zone::parse(text), None, "{text:?}");
        }
    }
}
