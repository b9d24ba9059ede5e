//! Calls whose callers are gone: what was begun is carried to its end all the same.
//!
//! A change is often a series of steps in several partitions, and a client may close its connection, or a call reach its
//! deadline, between any two of them. Whoever drops a command at work hands it to a task of its own, on the tracker that
//! the end of the gateway waits for. As long as its caller waits it is no task: the caller polls it, so that what one
//! sender asks for begins in the order in which it came.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::runtime::Handle;

use super::refusal::Refusal;
use super::table::{Row, Work};
use super::{Context, Done, Effect, disconnected};

/// While so many calls go on without their callers, no other is begun: those who ask and leave are not served faster
/// than the store can follow.
pub const MAX_UNATTENDED: usize = 1024;

/// A command that does not let others have their turn for so long is counted: it should be a few milliseconds.
const LONG_POLL: Duration = Duration::from_millis(50);

/// Calls that go on without their callers, counted while the value lives.
pub struct Unattended {
    context: Context,
    calls: usize,
}

impl Unattended {
    fn count(context: &Context) -> f64 {
        context.unattended.load(Ordering::Relaxed) as f64
    }
}

impl Drop for Unattended {
    fn drop(&mut self) {
        self.context.unattended.fetch_sub(self.calls, Ordering::Relaxed);
        metrics::gauge!("gateway_unattended_calls").set(Self::count(&self.context));
    }
}

impl Context {
    /// Counts calls as going on without their callers.
    pub fn unattended(&self, calls: usize) -> Unattended {
        self.unattended.fetch_add(calls, Ordering::Relaxed);
        metrics::gauge!("gateway_unattended_calls").set(Unattended::count(self));
        Unattended { context: self.clone(), calls }
    }

    /// Whether too many calls go on without their callers for another to be begun.
    pub(super) fn is_overrun(&self) -> bool {
        self.unattended.load(Ordering::Relaxed) >= MAX_UNATTENDED
    }

    /// Carries a command to its end without its caller.
    fn carry_on(&self, row: &'static Row, work: Work) {
        // Without a runtime nothing goes on any more.
        let Ok(runtime) = Handle::try_current() else { return };
        let (context, counted) = (self.clone(), self.unattended(1));
        let to_its_end = async move {
            match AssertUnwindSafe(work).catch_unwind().await {
                Ok(Ok(done)) => context.leave_behind(done).await,
                Ok(Err(refusal)) => {
                    let code = refusal.failure(row.family).code;
                    tracing::debug!(command = row.name, ?code, "a call without its caller was refused");
                }
                Err(_) => tracing::error!(command = row.name, "a handler panicked"),
            }
            drop(counted);
        };
        self.tasks.spawn_on(to_its_end, &runtime);
    }

    /// A login that nobody waited for has no connection: the device is not there.
    async fn leave_behind(&self, done: Done) {
        if let Some(Effect::Attach { app, user, device, .. }) = done.effect.as_deref() {
            disconnected(self, *app, user, device).await;
        }
    }
}

/// A command at work, as long as its caller waits for it.
pub(super) struct Attended<'a> {
    context: &'a Context,
    row: &'static Row,
    work: Option<Work>,
}

impl<'a> Attended<'a> {
    pub(super) fn new(context: &'a Context, row: &'static Row, work: Work) -> Self {
        Self { context, row, work: Some(work) }
    }
}

impl Future for Attended<'_> {
    type Output = Result<Done, Refusal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        // Taken out while it is polled, so that one that panics is not carried on.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        let since = Instant::now();
        let polled = work.as_mut().poll(context);
        // It holds a thread that long, on which others wait.
        if since.elapsed() > LONG_POLL {
            metrics::counter!("gateway_long_polls_total", "command" => self.row.name).increment(1);
        }
        let Poll::Ready(outcome) = polled else {
            self.work = Some(work);
            return Poll::Pending;
        };
        Poll::Ready(outcome)
    }
}

impl Drop for Attended<'_> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.context.carry_on(self.row, work);
        }
    }
}
