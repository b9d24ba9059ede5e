//! Calls whose callers are gone: what was begun is carried to its end all the same.
//!
//! A change is often a series of steps in several partitions, and a client may close its connection, or a call reach its
//! deadline, between any two of them. Whoever drops a command at work hands it to a task of its own, on the tracker that
//! the end of the gateway waits for. As long as its caller waits it is no task: the caller polls it, so that what one
//! sender asks for begins in the order in which it came.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use protocol::id::AppId;
use tokio::runtime::Handle;

use super::refusal::Refusal;
use super::table::{Row, Work};
use super::{Context, Done, Effect, disconnected};

/// While so many calls go on without their callers, no other is begun: those who ask and leave are not served faster
/// than the store can follow.
pub const MAX_UNATTENDED: usize = 1024;

/// A command that does not let others have their turn for so long is counted: it should be a few milliseconds.
const LONG_POLL: Duration = Duration::from_millis(50);

/// How many calls go on without their callers.
pub(super) struct Counts {
    all: AtomicUsize,
    by_app: HashMap<AppId, AtomicUsize>,
}

impl Counts {
    pub(super) fn new(apps: impl Iterator<Item = AppId>) -> Self {
        Self { all: AtomicUsize::new(0), by_app: apps.map(|app| (app, AtomicUsize::new(0))).collect() }
    }

    fn of(&self, app: Option<AppId>) -> impl Iterator<Item = &AtomicUsize> {
        [Some(&self.all), app.and_then(|app| self.by_app.get(&app))].into_iter().flatten()
    }

    /// Whether too many go on for an application to begin another. None of several takes more than what is left: one
    /// that takes all it can leaves half of it to the others.
    fn is_full_for(&self, app: AppId) -> bool {
        let left = MAX_UNATTENDED.saturating_sub(self.all.load(Ordering::Relaxed));
        let own = self.by_app.get(&app).filter(|_| self.by_app.len() > 1);
        left == 0 || own.is_some_and(|own| own.load(Ordering::Relaxed) >= left)
    }

    fn tell(&self) {
        metrics::gauge!("gateway_unattended_calls").set(self.all.load(Ordering::Relaxed) as f64);
    }
}

/// Calls that go on without their callers, counted while the value lives.
pub struct Unattended {
    context: Context,
    app: Option<AppId>,
    calls: usize,
}

impl Drop for Unattended {
    fn drop(&mut self) {
        let counts = &self.context.unattended;
        counts.of(self.app).for_each(|count| {
            count.fetch_sub(self.calls, Ordering::Relaxed);
        });
        counts.tell();
    }
}

impl Context {
    /// Counts calls as going on without their callers. Whose they are is not known where nobody was logged in.
    pub fn unattended(&self, app: Option<AppId>, calls: usize) -> Unattended {
        self.unattended.of(app).for_each(|count| {
            count.fetch_add(calls, Ordering::Relaxed);
        });
        self.unattended.tell();
        Unattended { context: self.clone(), app, calls }
    }

    /// Whether too many calls go on without their callers for an application to begin another.
    pub(super) fn is_overrun(&self, app: AppId) -> bool {
        self.unattended.is_full_for(app)
    }

    /// Carries a command to its end without its caller.
    fn carry_on(&self, app: Option<AppId>, row: &'static Row, work: Work) {
        // Without a runtime nothing goes on any more.
        let Ok(runtime) = Handle::try_current() else { return };
        let (context, counted) = (self.clone(), self.unattended(app, 1));
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
    app: Option<AppId>,
    row: &'static Row,
    work: Option<Work>,
}

impl<'a> Attended<'a> {
    pub(super) fn new(context: &'a Context, app: Option<AppId>, row: &'static Row, work: Work) -> Self {
        Self { context, app, row, work: Some(work) }
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
            self.context.carry_on(self.app, self.row, work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(counts: &Counts, app: u32, calls: usize) {
        counts.of(Some(AppId(app))).for_each(|count| {
            count.fetch_add(calls, Ordering::Relaxed);
        });
    }

    #[test]
    fn the_only_application_has_all_there_is() {
        let counts = Counts::new([AppId(1)].into_iter());
        add(&counts, 1, MAX_UNATTENDED - 1);
        assert!(!counts.is_full_for(AppId(1)));
        add(&counts, 1, 1);
        assert!(counts.is_full_for(AppId(1)));
    }

    #[test]
    fn one_of_several_leaves_half_of_it_to_the_others() {
        let counts = Counts::new([1, 2, 3].map(AppId).into_iter());
        while !counts.is_full_for(AppId(1)) {
            add(&counts, 1, 1);
        }
        assert_eq!(counts.all.load(Ordering::Relaxed), MAX_UNATTENDED / 2);
        while !counts.is_full_for(AppId(2)) {
            add(&counts, 2, 1);
        }
        assert_eq!(counts.all.load(Ordering::Relaxed), MAX_UNATTENDED * 3 / 4);
        assert!(!counts.is_full_for(AppId(3)));
    }
}
