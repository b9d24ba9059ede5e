//! The calls of a connection that are under way.
//!
//! Each is answered when it has ended, whatever was asked for before it; but for a few questions whose answers clients take
//! in the order of their questions.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::connection::{Call, Done};

/// Calls that are under way, and those that have ended and wait for one before them.
#[derive(Default)]
pub(super) struct Calls {
    under_way: FuturesUnordered<Placed>,
    /// Calls that are answered in order, in the order in which they were begun; with what came of those that have ended.
    in_order: VecDeque<(u64, Option<Done>)>,
    begun: u64,
}

/// A call, with its number where it is one of those that are answered in order.
type Placed = Pin<Box<dyn Future<Output = (Option<u64>, Done)> + Send>>;

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    /// Whether one is under way, or waits, that is answered in order.
    pub(super) fn has_in_order(&self) -> bool {
        !self.in_order.is_empty()
    }

    /// A call that has been begun.
    pub(super) fn push(&mut self, call: Call, is_in_order: bool) {
        let place = is_in_order.then(|| self.take_place(None));
        self.under_way.push(Box::pin(async move { (place, call.await) }));
    }

    /// A call that has ended as it was begun. Gives it back when nothing is before it.
    pub(super) fn end(&mut self, done: Done) -> Option<Done> {
        if self.in_order.is_empty() {
            return Some(done);
        }
        self.take_place(Some(done));
        None
    }

    fn take_place(&mut self, done: Option<Done>) -> u64 {
        self.begun += 1;
        self.in_order.push_back((self.begun, done));
        self.begun
    }

    /// The next that has ended and is to be answered; nothing when none is left.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Done>> {
        loop {
            if let Some(done) = self.in_order.front_mut().and_then(|(_, done)| done.take()) {
                self.in_order.pop_front();
                return Poll::Ready(Some(done));
            }
            match std::task::ready!(self.under_way.poll_next_unpin(context)) {
                None => return Poll::Ready(None),
                Some((None, done)) => return Poll::Ready(Some(done)),
                Some((Some(place), done)) => {
                    if let Some((_, ended)) = self.in_order.iter_mut().find(|(known, _)| *known == place) {
                        *ended = Some(done);
                    }
                }
            }
        }
    }

    pub(super) async fn next(&mut self) -> Option<Done> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    fn said(text: &str) -> Done {
        Done { reply: Some(text.to_owned()), ..Done::default() }
    }

    /// A call that ends when it is told to.
    fn call(text: &'static str) -> (Call, oneshot::Sender<()>) {
        let (end, ended) = oneshot::channel::<()>();
        let call = async move {
            let _ = ended.await;
            said(text)
        };
        (Box::pin(call), end)
    }

    #[tokio::test]
    async fn some_are_answered_in_the_order_in_which_they_were_asked_for() {
        let mut calls = Calls::default();
        assert!(calls.end(said("at once")).is_some(), "nothing is before it");
        let [(first, end_first), (second, end_second), (other, end_other)] =
            ["first", "second", "other"].map(call);
        calls.push(first, true);
        calls.push(second, true);
        calls.push(other, false);
        assert!(calls.end(said("third")).is_none());
        for end in [end_second, end_other, end_first] {
            end.send(()).unwrap();
        }
        let mut answered = Vec::new();
        while let Some(done) = calls.next().await {
            answered.extend(done.reply);
        }
        let place = |text: &str| answered.iter().position(|answer| answer == text).unwrap();
        assert_eq!(answered.len(), 4, "{answered:?}");
        assert!(place("first") < place("second") && place("second") < place("third"), "{answered:?}");
    }
}
