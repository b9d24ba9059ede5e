//! What is measured between two moments.

use hdrhistogram::Histogram;

/// Latencies are kept with three significant digits, which is an error below 0.1 %.
const DIGITS: u8 = 3;

/// Ten minutes; what is later counts as this.
const LATEST_NS: u64 = 600 * 1_000_000_000;

/// Counters and latencies. Everything is counted; the latency of those messages that were to be sent in the window.
pub(crate) struct Meter {
    from_ns: u64,
    to_ns: u64,
    /// From the intended time to the moment it was read, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// From the intended time to the moment it was sent.
    pub(crate) lateness: Histogram<u64>,
    pub(crate) deliveries: u64,
    /// Those to members who do not speak, the reads that brought them at least one, and all bytes they read.
    pub(crate) listeners: Received,
    /// The latencies of what came since it was last taken, whenever it was to be sent.
    pub(crate) recent: Histogram<u64>,
    pub(crate) messages: u64,
    /// Those that were due and not sent, because the server took nothing from the sender's connection.
    pub(crate) withheld: u64,
    pub(crate) sent_bytes: u64,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Received {
    pub(crate) deliveries: u64,
    pub(crate) reads: u64,
    pub(crate) bytes: u64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let histogram =
            || Histogram::new_with_bounds(1, LATEST_NS, DIGITS).expect("so many digits can be kept");
        Self {
            from_ns: u64::MAX,
            to_ns: u64::MAX,
            latency: histogram(),
            lateness: histogram(),
            deliveries: 0,
            listeners: Received::default(),
            recent: histogram(),
            messages: 0,
            withheld: 0,
            sent_bytes: 0,
        }
    }

    /// Begins anew.
    pub(crate) fn begin(&mut self, from_ns: u64) {
        *self = Self { from_ns, ..Self::new() };
    }

    /// Later messages no longer count for the latencies.
    pub(crate) fn end(&mut self, to_ns: u64) {
        self.to_ns = to_ns;
    }

    fn counts(&self, intended_ns: u64) -> bool {
        (self.from_ns..self.to_ns).contains(&intended_ns)
    }

    pub(super) fn received(&mut self, intended_ns: u64, now_ns: u64) {
        let latency_ns = now_ns.saturating_sub(intended_ns).max(1);
        self.recent.saturating_record(latency_ns);
        if self.counts(intended_ns) {
            self.latency.saturating_record(latency_ns);
        }
    }

    /// The 99th percentile of what came since the last time, in nanoseconds. None when nothing came.
    pub(crate) fn take_recent_p99_ns(&mut self) -> Option<u64> {
        let p99 = (!self.recent.is_empty()).then(|| self.recent.value_at_quantile(0.99));
        self.recent.reset();
        p99
    }

    pub(super) fn read(&mut self, is_listener: bool, deliveries: u64, bytes: usize) {
        self.deliveries += deliveries;
        if is_listener {
            self.listeners.deliveries += deliveries;
            self.listeners.reads += u64::from(deliveries > 0);
            self.listeners.bytes += bytes as u64;
        }
    }

    pub(super) fn sent(&mut self, intended_ns: u64, now_ns: u64, bytes: usize) {
        self.messages += 1;
        self.sent_bytes += bytes as u64;
        if self.counts(intended_ns) {
            self.lateness.saturating_record(now_ns.saturating_sub(intended_ns).max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_keep_their_precision() {
        let mut meter = Meter::new();
        meter.begin(1_000);
        for latency_ns in 1..=100_000_u64 {
            meter.received(1_000, 1_000 + latency_ns * 1_000);
        }
        for share in [0.01, 0.5, 0.9, 0.99, 0.999] {
            let (found, exact) = (meter.latency.value_at_quantile(share) as f64, share * 1e8);
            assert!((found / exact - 1.0).abs() < 0.01, "{share}: {found} for {exact}");
        }
    }

    #[test]
    fn only_messages_of_the_window_count_for_the_latency() {
        let mut meter = Meter::new();
        meter.received(10, 20);
        meter.begin(100);
        for intended_ns in [99, 100, 150, 199, 200] {
            meter.received(intended_ns, 250);
            meter.sent(intended_ns, 250, 7);
            if intended_ns == 150 {
                // One that comes in the window's last moments is counted when it arrives.
                meter.end(200);
            }
        }
        assert_eq!((meter.latency.len(), meter.lateness.len()), (3, 3));
        assert_eq!((meter.messages, meter.sent_bytes), (5, 35));
    }
}
