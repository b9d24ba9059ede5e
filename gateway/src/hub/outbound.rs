//! What is written to a connection: at once where the socket takes it, otherwise from a queue bounded in bytes.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use bytes::Buf;
use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use super::frame::Frame;

/// Frames that one system call takes.
const FRAMES_AT_ONCE: usize = 64;

/// A queue that has grown beyond this gives its memory back once it is empty.
const SPARE_FRAMES: usize = 16;

/// The socket, as far as the hub knows it.
pub trait Pipe: Send + Sync + 'static {
    /// Writes what is taken now; `WouldBlock` when nothing is.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// The same of several pieces.
    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ready when it may take something. One task alone may wait.
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// Why a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The reader is too slow: it is cut off, comes back and reads what it missed from the store.
    Overflow,
    /// The socket takes nothing any more.
    Broken,
    /// The client is to come back: the node is going down, or what it talked in is gone.
    GoingAway,
    /// The client's session has ended, and it is no SDK, which would close by itself.
    LoggedOut,
}

impl Closing {
    /// Whether what is queued is not written any more.
    fn is_abrupt(self) -> bool {
        matches!(self, Closing::Overflow | Closing::Broken)
    }
}

struct Queue {
    /// Empty, or the socket took nothing more when it was last asked, or there is none yet.
    frames: VecDeque<Frame>,
    bytes: usize,
    /// When the first frame came or the socket last took something.
    moved_at: Option<Instant>,
    closing: Option<Closing>,
    /// The last frame has been said.
    is_over: bool,
}

/// The way out of one connection.
///
/// Whoever has something to say writes it to the socket himself, under the lock that keeps the order: to wake the
/// connection's task for each frame would cost as much as the write. What the socket does not take is queued, and the
/// task writes it when it can. Producers never wait.
pub struct Outbound {
    pipe: OnceLock<Box<dyn Pipe>>,
    queue: Mutex<Queue>,
    task: AtomicWaker,
    most_bytes: usize,
}

impl Outbound {
    pub(super) fn new(most_bytes: usize) -> Self {
        let queue =
            Queue { frames: VecDeque::new(), bytes: 0, moved_at: None, closing: None, is_over: false };
        Self { pipe: OnceLock::new(), queue: Mutex::new(queue), task: AtomicWaker::new(), most_bytes }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing under this lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The socket is there. What was queued till now is written by the next [`Outbound::poll_closing`].
    pub fn open(&self, pipe: impl Pipe) {
        // There is one socket for each connection.
        let _ = self.pipe.set(Box::new(pipe));
    }

    /// Writes a frame, or several in one piece, or queues what is not taken. When it does not fit, the queue is emptied
    /// and the connection is to be closed.
    pub fn push(&self, frame: &Frame) {
        let mut queue = self.queue();
        // Who is to go somewhere else still gets the answers to what he asked.
        if queue.is_over || queue.closing.is_some_and(Closing::is_abrupt) {
            return;
        }
        let is_first = queue.frames.is_empty();
        let mut taken = 0;
        if is_first && let Some(pipe) = self.pipe.get() {
            match pipe.try_write(frame) {
                Ok(count) if count == frame.len() => return,
                Ok(count) => taken = count,
                Err(error) if is_temporary(&error) => {}
                Err(_) => {
                    queue.closing = Some(Closing::Broken);
                    drop(queue);
                    return self.task.wake();
                }
            }
        }
        let rest = frame.slice(taken..);
        if queue.bytes + rest.len() > self.most_bytes {
            queue.forget();
            queue.closing = Some(Closing::Overflow);
            metrics::counter!("gateway_slow_readers_total").increment(1);
        } else {
            queue.bytes += rest.len();
            queue.frames.push_back(rest);
            if !is_first {
                // The task waits for the socket already.
                return;
            }
            queue.moved_at = Some(Instant::now());
        }
        drop(queue);
        self.task.wake();
    }

    /// Says the last words, if there are any; nothing is written after them.
    pub fn say_last(&self, frame: Option<&Frame>) {
        if let Some(frame) = frame {
            self.push(frame);
        }
        self.queue().is_over = true;
    }

    /// Asks for the end of the connection after what is queued.
    pub fn close(&self, reason: Closing) {
        self.queue().closing.get_or_insert(reason);
        self.task.wake();
    }

    /// Writes what is queued as the socket takes it. Ready with the reason when the connection is to end. For the
    /// connection's task alone.
    pub fn poll_closing(&self, context: &mut Context<'_>) -> Poll<Closing> {
        // Before the look, so that what happens in between wakes it.
        self.task.register(context.waker());
        let mut queue = self.queue();
        self.drain(&mut queue, context);
        match queue.closing {
            Some(closing) if closing.is_abrupt() || queue.frames.is_empty() => Poll::Ready(closing),
            _ => Poll::Pending,
        }
    }

    /// Ready when nothing is left to write, or cannot be. For the connection's task alone.
    pub fn poll_flushed(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut queue = self.queue();
        self.drain(&mut queue, context);
        let is_done = queue.frames.is_empty() || queue.closing.is_some_and(Closing::is_abrupt);
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    }

    fn drain(&self, queue: &mut Queue, context: &mut Context<'_>) {
        let Some(pipe) = self.pipe.get() else { return };
        while !queue.frames.is_empty() {
            let written = match pipe.poll_writable(context) {
                Poll::Pending => return,
                Poll::Ready(Ok(())) => {
                    let mut pieces = [IoSlice::new(&[]); FRAMES_AT_ONCE];
                    let mut count = 0;
                    for (piece, frame) in pieces.iter_mut().zip(&queue.frames) {
                        *piece = IoSlice::new(frame);
                        count += 1;
                    }
                    pipe.try_write_vectored(&pieces[..count])
                }
                Poll::Ready(Err(error)) => Err(error),
            };
            match written {
                Ok(count) => queue.advance(count),
                Err(error) if is_temporary(&error) => {}
                Err(_) => {
                    queue.forget();
                    queue.closing = Some(Closing::Broken);
                }
            }
        }
        if queue.frames.capacity() > SPARE_FRAMES {
            queue.frames = VecDeque::new();
        }
    }

    /// Since when the socket takes nothing although something waits.
    pub fn stuck_since(&self) -> Option<Instant> {
        self.queue().moved_at
    }

    /// Everything that is queued: what a connection without a socket was told.
    #[cfg(test)]
    pub(super) fn take(&self) -> Vec<Frame> {
        let mut queue = self.queue();
        queue.bytes = 0;
        queue.frames.drain(..).collect()
    }
}

impl Queue {
    fn forget(&mut self) {
        self.frames = VecDeque::new();
        self.bytes = 0;
        self.moved_at = None;
    }

    /// The socket took so many bytes of what is queued.
    fn advance(&mut self, mut count: usize) {
        self.bytes -= count;
        while let Some(first) = self.frames.front_mut() {
            if count < first.len() {
                first.advance(count);
                break;
            }
            count -= first.len();
            self.frames.pop_front();
        }
        self.moved_at = (!self.frames.is_empty()).then(Instant::now);
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::poll;

    use super::*;
    use crate::hub::{Dialect, text_frame};

    /// Takes as many bytes as it is allowed to.
    #[derive(Default)]
    struct Narrow {
        allowed: Mutex<usize>,
        taken: Mutex<Vec<u8>>,
        waiting: AtomicWaker,
        is_broken: std::sync::atomic::AtomicBool,
    }

    impl Narrow {
        fn allow(&self, bytes: usize) {
            *self.allowed.lock().unwrap() += bytes;
            self.waiting.wake();
        }
    }

    impl Pipe for Arc<Narrow> {
        fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
            if self.is_broken.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(ErrorKind::BrokenPipe.into());
            }
            let mut allowed = self.allowed.lock().unwrap();
            let count = bytes.len().min(*allowed);
            if count == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            *allowed -= count;
            self.taken.lock().unwrap().extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
            self.try_write(&pieces.iter().flat_map(|piece| piece.to_vec()).collect::<Vec<u8>>())
        }

        fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.waiting.register(context.waker());
            if *self.allowed.lock().unwrap() > 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
        }
    }

    async fn closing(outbound: &Outbound) -> Poll<Closing> {
        let mut look = std::pin::pin!(std::future::poll_fn(|context| outbound.poll_closing(context)));
        poll!(&mut look)
    }

    fn frame(text: &str) -> Frame {
        text_frame(Dialect::Text, text)
    }

    #[tokio::test]
    async fn a_full_queue_closes_and_forgets() {
        let outbound = Outbound::new(100);
        let frame = frame(&"x".repeat(38));
        assert_eq!(frame.len(), 40);
        outbound.push(&frame);
        assert_eq!(outbound.take().len(), 1);
        outbound.push(&frame);
        outbound.push(&frame);
        assert_eq!(closing(&outbound).await, Poll::Pending);
        outbound.push(&frame);
        assert_eq!(closing(&outbound).await, Poll::Ready(Closing::Overflow));
        outbound.push(&frame);
        assert!(outbound.take().is_empty());
    }

    #[tokio::test]
    async fn whatever_the_socket_takes_the_order_stays() {
        let (outbound, pipe) = (Outbound::new(10_000), Arc::new(Narrow::default()));
        let mut expected = Vec::new();
        let mut say = |outbound: &Outbound, number: usize| {
            let frame = frame(&format!("message {number}"));
            expected.extend_from_slice(&frame);
            outbound.push(&frame);
        };
        say(&outbound, 0);
        outbound.open(pipe.clone());
        for number in 1..200 {
            say(&outbound, number);
            pipe.allow(number * 7 % 23);
            if number % 3 == 0 {
                assert_eq!(closing(&outbound).await, Poll::Pending);
            }
        }
        outbound.close(Closing::GoingAway);
        say(&outbound, 200);
        assert_eq!(closing(&outbound).await, Poll::Pending);
        assert!(outbound.stuck_since().is_some());
        pipe.allow(1 << 20);
        assert_eq!(closing(&outbound).await, Poll::Ready(Closing::GoingAway));
        assert_eq!(outbound.stuck_since(), None);
        assert_eq!(*pipe.taken.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn nothing_follows_the_last_words() {
        let (outbound, pipe) = (Outbound::new(100), Arc::new(Narrow::default()));
        outbound.open(pipe.clone());
        outbound.say_last(Some(&frame("good bye")));
        outbound.push(&frame("one thing more"));
        pipe.allow(1000);
        std::future::poll_fn(|context| outbound.poll_flushed(context)).await;
        assert_eq!(*pipe.taken.lock().unwrap(), frame("good bye"));
    }

    #[tokio::test]
    async fn a_broken_socket_is_told_of() {
        let (outbound, pipe) = (Outbound::new(100), Arc::new(Narrow::default()));
        outbound.open(pipe.clone());
        pipe.is_broken.store(true, std::sync::atomic::Ordering::Relaxed);
        outbound.push(&frame("hello"));
        assert_eq!(closing(&outbound).await, Poll::Ready(Closing::Broken));
    }
}
