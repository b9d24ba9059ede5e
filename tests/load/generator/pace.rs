//! When messages are sent.

use rand::RngExt;

/// A source of messages. Which sender's turn it is, is a number that goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    Silent,
    /// A closed loop: as many messages as `window` are on their way, each sent when another has reached everybody.
    Window {
        window: u64,
        turn: u64,
    },
    /// A closed loop: so many messages at once, and as many again when all of them have reached everybody.
    Burst {
        size: u64,
        left: u64,
        turn: u64,
    },
    /// An open loop: an absolute schedule, whatever becomes of the messages.
    Schedule {
        due_ns: u64,
        gap_ns: f64,
        remainder: f64,
        is_poisson: bool,
        turn: u64,
    },
}

impl Pace {
    pub(crate) fn window(window: u64) -> Self {
        Self::Window { window, turn: 0 }
    }

    pub(crate) fn burst(size: u64) -> Self {
        Self::Burst { size, left: 0, turn: 0 }
    }

    /// Messages a second from `begin_ns` on: at equal distances, or as independent senders would (Poisson).
    pub(crate) fn schedule(messages_per_s: f64, is_poisson: bool, begin_ns: u64) -> Self {
        Self::Schedule { due_ns: begin_ns, gap_ns: 1e9 / messages_per_s, remainder: 0.0, is_poisson, turn: 0 }
    }

    /// When the next message is to be sent, if that is a question of time.
    pub(crate) fn due_ns(&self) -> Option<u64> {
        match self {
            Pace::Schedule { due_ns, .. } => Some(*due_ns),
            _ => None,
        }
    }

    /// The message that is to be sent now, if there is one: whose turn it is, and when it was to be sent.
    pub(crate) fn next(&mut self, now_ns: u64, outstanding: u64) -> Option<(u64, u64)> {
        match self {
            Pace::Window { window, turn } if outstanding < *window => {
                *turn += 1;
                Some((*turn, now_ns))
            }
            Pace::Burst { size, left, turn } if *left > 0 || outstanding == 0 => {
                if *left == 0 {
                    *left = *size;
                }
                *left -= 1;
                *turn += 1;
                Some((*turn, now_ns))
            }
            Pace::Schedule { due_ns, gap_ns, remainder, is_poisson, turn } if *due_ns <= now_ns => {
                let intended_ns = *due_ns;
                let mut random = rand::rng();
                let mut gap = *gap_ns;
                if *is_poisson {
                    *turn = random.random();
                    gap *= -(1.0 - random.random::<f64>()).ln();
                } else {
                    *turn += 1;
                }
                *remainder += gap;
                // What is less than a nanosecond is not lost.
                *due_ns += *remainder as u64;
                *remainder = remainder.fract();
                Some((*turn, intended_ns))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_does_not_drift() {
        let mut pace = Pace::schedule(300.0, false, 1_000);
        let mut sent = Vec::new();
        while let Some((_, intended_ns)) = pace.next(1_000 + 1_000_000_000 - 1, 0) {
            sent.push(intended_ns);
        }
        assert_eq!(sent.len(), 300);
        assert_eq!((sent[0], sent[3]), (1_000, 10_001_000));
    }

    #[test]
    fn independent_senders_keep_the_rate() {
        let mut pace = Pace::schedule(1_000.0, true, 0);
        let mut sent = 0;
        while pace.next(20 * 1_000_000_000, 0).is_some() {
            sent += 1;
        }
        // Twenty thousand on average; seven standard deviations.
        assert!((19_000..21_000).contains(&sent), "{sent}");
    }

    #[test]
    fn a_window_is_never_overrun() {
        let mut pace = Pace::window(2);
        assert!(pace.next(0, 0).is_some());
        assert!(pace.next(0, 1).is_some());
        assert!(pace.next(0, 2).is_none());
    }

    #[test]
    fn a_burst_waits_for_the_end_of_the_one_before() {
        let mut pace = Pace::burst(3);
        for outstanding in 0..3 {
            assert!(pace.next(0, outstanding).is_some());
        }
        assert!(pace.next(0, 3).is_none());
        assert!(pace.next(0, 1).is_none());
        assert!(pace.next(0, 0).is_some());
        assert!(pace.next(0, 1).is_some());
    }
}
