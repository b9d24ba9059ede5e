//! What is between submitting a batch and knowing what became of it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::{CommitError, Committed, StorageError};

/// A batch that was submitted. Awaiting it tells what became of the batch; dropping it does not take the batch back.
#[must_use = "what became of the batch is not known before it is awaited"]
pub struct Ticket(State);

enum State {
    UnderWay(oneshot::Receiver<Result<Committed, CommitError>>),
    /// The engine did not take it. Nothing once that was told.
    Refused(Option<CommitError>),
}

impl Ticket {
    /// Of a batch that an engine has taken: the answer comes by the sender that belongs to `answer`.
    /// One that is dropped without an answer means that the engine is gone.
    pub(super) fn under_way(answer: oneshot::Receiver<Result<Committed, CommitError>>) -> Self {
        Self(State::UnderWay(answer))
    }

    /// Of a batch that an engine has not taken.
    pub(super) fn refused(error: impl Into<CommitError>) -> Self {
        Self(State::Refused(Some(error.into())))
    }
}

impl Future for Ticket {
    type Output = Result<Committed, CommitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let closed = || Err(StorageError::Closed.into());
        Poll::Ready(match &mut self.0 {
            State::UnderWay(answer) => ready!(Pin::new(answer).poll(context)).unwrap_or_else(|_| closed()),
            State::Refused(error) => error.take().map_or_else(closed, Err),
        })
    }
}
