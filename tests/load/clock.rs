//! The monotonic clock, and a timer of its precision that can be waited for together with sockets.

use std::os::fd::{AsRawFd, OwnedFd};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};

use crate::Result;

pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// Nanoseconds of the monotonic clock.
pub(crate) fn now_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// CPU time of this thread, in nanoseconds.
pub(crate) fn own_cpu_ns() -> u64 {
    nanoseconds(clock_gettime(ClockId::ThreadCPUTime))
}

fn nanoseconds(time: Timespec) -> u64 {
    time.tv_sec.unsigned_abs() * SECOND_NS + time.tv_nsec.unsigned_abs()
}

/// Wakes a poll at a moment. The poll's own time-out counts whole milliseconds.
pub(crate) struct Timer {
    timer: OwnedFd,
    set_to_ns: u64,
}

impl Timer {
    pub(crate) fn new(registry: &Registry, token: Token) -> Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self { timer, set_to_ns: 0 })
    }

    /// Sets it to a moment of the clock; one that has passed wakes at once.
    pub(crate) fn set(&mut self, at_ns: u64) -> Result<()> {
        if self.set_to_ns == at_ns {
            return Ok(());
        }
        self.set_to_ns = at_ns;
        let it_value = Timespec {
            tv_sec: (at_ns / SECOND_NS).cast_signed(),
            tv_nsec: (at_ns % SECOND_NS).cast_signed(),
        };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &once)?;
        Ok(())
    }
}
