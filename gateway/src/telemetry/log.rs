//! Where log lines go: into a bounded queue, and from there to standard error by a thread of its own.
//!
//! Standard error may be closed, full, a pipe that nobody reads or one whose reader is gone. Nothing of that may stop or
//! slow those who log, so they never write to it themselves: what does not fit is dropped and counted.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Bytes of lines that may wait.
const MOST_WAITING: usize = 4 << 20;

/// How long the end of the process waits for the lines that are left.
const FLUSH: Duration = Duration::from_secs(2);

pub(super) const DROPPED: &str = "gateway_log_lines_dropped_total";

/// The lines of this process on their way to standard error.
static LINES: LazyLock<Lines> = LazyLock::new(Lines::to_standard_error);

#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Something waits.
    wake: Condvar,
    /// Nothing waits, and nothing is being written.
    idle: Condvar,
    most: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    is_writing: bool,
    /// Since the last line that told of them.
    dropped: u64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn to_standard_error() -> Self {
        // The standard library's own handle has a lock, which a write that blocks would hold against everybody.
        match io::stderr().as_fd().try_clone_to_owned() {
            Ok(descriptor) => Self::to(File::from(descriptor), MOST_WAITING),
            Err(_) => Self::to(io::sink(), MOST_WAITING),
        }
    }

    fn to(target: impl Write + Send + 'static, most: usize) -> Self {
        let shared = Shared { state: Mutex::default(), wake: Condvar::new(), idle: Condvar::new(), most };
        let lines = Self(Arc::new(shared));
        let taken = lines.clone();
        let thread = thread::Builder::new().name("log".into()).spawn(move || taken.write_to(target));
        if thread.is_err() {
            // Without the thread the queue fills, and what comes then is dropped: there is nobody to tell.
            lines.0.lock().dropped += 1;
        }
        lines
    }

    /// Takes a line, or drops it; never waits.
    fn push(&self, line: &[u8]) {
        let mut state = self.0.lock();
        if state.bytes + line.len() > self.0.most {
            state.dropped += 1;
            drop(state);
            metrics::counter!(DROPPED).increment(1);
            return;
        }
        state.bytes += line.len();
        state.waiting.push_back(line.to_vec());
        drop(state);
        self.0.wake.notify_one();
    }

    fn write_to(&self, mut target: impl Write) {
        loop {
            let lines = {
                let mut state = self.0.lock();
                state.is_writing = false;
                while state.waiting.is_empty() {
                    self.0.idle.notify_all();
                    state = self.0.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                state.is_writing = true;
                state.bytes = 0;
                std::mem::take(&mut state.waiting)
            };
            let mut lost = 0;
            for line in lines {
                // One that fails is lost, and the next is tried: the disk may have room again, the pipe never will.
                lost += u64::from(target.write_all(&line).is_err());
            }
            self.tell(lost);
        }
    }

    /// Counts what could not be written, and says so when lines can be written again.
    fn tell(&self, lost: u64) {
        if lost > 0 {
            self.0.lock().dropped += lost;
            metrics::counter!(DROPPED).increment(lost);
            return;
        }
        let lines = std::mem::take(&mut self.0.lock().dropped);
        if lines > 0 {
            tracing::warn!(lines, "log lines were dropped: standard error did not take them in time");
        }
    }

    /// Waits until everything is written, but not for long.
    fn flush(&self, deadline: Duration) {
        let end = Instant::now() + deadline;
        let mut state = self.0.lock();
        while state.is_writing || !state.waiting.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            (state, _) = self.0.idle.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Write for &Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The subscriber gives a whole line with each call.
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes the subscriber write into the queue.
pub(super) struct Queued;

impl MakeWriter<'_> for Queued {
    type Writer = &'static Lines;

    fn make_writer(&self) -> Self::Writer {
        &LINES
    }
}

/// Says something on standard error, past the log and its format, without waiting.
pub fn say(text: &str) {
    LINES.push(format!("{text}\n").as_bytes());
}

/// Writes to standard output what the operator may read or not: whoever does not read it holds up nobody.
pub fn greet(text: String) {
    // A thread that cannot be made, like a closed standard output, is no reason not to serve.
    let _ = thread::Builder::new().name("greeting".into()).spawn(move || {
        let _ = io::stdout().write_all(text.as_bytes());
        let _ = io::stdout().flush();
    });
}

/// Waits for the lines that are left, no longer than so.
pub fn flush(most: Duration) {
    LINES.flush(most);
}

/// Waits, when it is dropped, for the lines that are left.
pub struct Flush(());

impl Flush {
    #[allow(clippy::new_without_default, reason = "it is made once, for its end")]
    pub fn at_the_end() -> Self {
        Self(())
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        LINES.flush(FLUSH);
    }
}

/// Panics are told like everything else, and not by the standard library, which waits for standard error.
pub(super) fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("of an unknown kind");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = thread::current();
        let name = thread.name().unwrap_or("without a name");
        let backtrace = std::backtrace::Backtrace::capture();
        let backtrace = match backtrace.status() {
            std::backtrace::BacktraceStatus::Captured => format!("\n{backtrace}"),
            _ => String::new(),
        };
        tracing::error!("thread '{name}' panicked at {place}: {text}{backtrace}");
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Hands over what is written, and does not go on before somebody took it.
    struct Handing(mpsc::SyncSender<Vec<u8>>);

    impl Write for Handing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_in_their_order() {
        let (send, written) = mpsc::sync_channel(100);
        let lines = Lines::to(Handing(send), 1000);
        for line in ["one", "two", "three"] {
            lines.push(line.as_bytes());
        }
        lines.flush(Duration::from_secs(60));
        assert!(written.try_iter().eq(["one", "two", "three"].map(Vec::from)));
    }

    #[test]
    fn who_logs_does_not_wait_for_who_reads() {
        let (send, written) = mpsc::sync_channel(0);
        let lines = Lines::to(Handing(send), 100);
        for _ in 0..1000 {
            lines.push(&[b'x'; 10]);
        }
        lines.flush(Duration::from_millis(1));
        let dropped = lines.0.lock().dropped;
        assert!((980..=990).contains(&dropped), "{dropped}");
        drop(written);
        lines.flush(Duration::from_secs(60));
        assert_eq!(lines.0.lock().dropped, 1000, "what could not be written is lost as well");
    }
}
