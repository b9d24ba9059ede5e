//! How long to wait before something that failed is tried again.

use std::time::Duration;

/// Delays that double from the least to the most. From each a random part of up to half is taken, so that those who
/// failed at the same moment do not come back at the same moment (jitter).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    least: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new(least: Duration, most: Duration) -> Self {
        Self { least, most, next: least }
    }

    /// The delay before the next attempt.
    pub(crate) fn delay(&mut self) -> Duration {
        let delay = self.next.mul_f64(1.0 - rand::random::<f64>() / 2.0);
        self.next = (self.next * 2).min(self.most);
        delay
    }

    /// An attempt succeeded: the next failure begins from the least delay.
    pub(crate) fn reset(&mut self) {
        self.next = self.least;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_most_and_vary() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(20), ms(100));
        for most in [20, 40, 80, 100, 100] {
            let delay = backoff.delay();
            assert!(ms(most) / 2 <= delay && delay <= ms(most), "{delay:?} of {most} ms");
        }
        let delays: Vec<_> = (0..20).map(|_| backoff.delay()).collect();
        assert!(delays.iter().any(|delay| *delay != delays[0]), "{delays:?}");
        backoff.reset();
        assert!(backoff.delay() <= ms(20));
    }
}
