//! What has come of bodies and messages that have not come whole: bounded for the process, whoever holds it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::Edge;
use crate::telemetry::Bound;

/// How long a body may take to come whole once the node goes down.
const WHEN_STOPPING: std::time::Duration = std::time::Duration::from_secs(2);

/// Counts bytes. A cheap handle.
#[derive(Clone)]
pub(super) struct Unfinished(Arc<Parts>);

struct Parts {
    most: usize,
    bytes: AtomicUsize,
}

/// What one body or message takes of it, as long as this lives.
pub(super) struct Share {
    unfinished: Unfinished,
    bytes: usize,
}

/// There is no room for it.
#[derive(Debug)]
pub(super) struct Full;

impl Unfinished {
    pub(super) fn new(most: Option<usize>) -> Self {
        Self(Arc::new(Parts { most: most.unwrap_or(usize::MAX), bytes: AtomicUsize::new(0) }))
    }

    pub(super) fn share(&self) -> Share {
        Share { unfinished: self.clone(), bytes: 0 }
    }
}

impl Share {
    /// It has so many bytes now.
    pub(super) fn set(&mut self, bytes: usize) -> Result<(), Full> {
        let Parts { most, bytes: all } = &*self.unfinished.0;
        if bytes <= self.bytes {
            all.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        } else {
            let more = bytes - self.bytes;
            let add = |all: usize| all.checked_add(more).filter(|all| all <= most);
            all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).map_err(|_| Full)?;
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.unfinished.0.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Why a body is not read.
pub(super) enum BodyError {
    TooLarge,
    TooSlow,
    /// The gateway has too much of this at the moment.
    Full,
    /// It broke off, or is no body.
    Broken,
}

/// Reads a request's body, in the time that it has. It is counted as it is kept: in one piece, in however many it comes.
pub(super) async fn read_body(edge: &Edge, body: Incoming) -> Result<Vec<u8>, BodyError> {
    let settings = &edge.settings.connections;
    let ending = async {
        edge.stop.cancelled().await;
        tokio::time::sleep(WHEN_STOPPING).await;
    };
    tokio::select! {
        body = tokio::time::timeout(settings.body, gather(edge, body)) => match body {
            Ok(body) => body,
            Err(_) => {
                Bound::BodyTime.refused("a request by REST");
                Err(BodyError::TooSlow)
            }
        },
        () = ending => Err(BodyError::TooSlow),
    }
}

async fn gather(edge: &Edge, mut body: Incoming) -> Result<Vec<u8>, BodyError> {
    let most = edge.settings.connections.max_frame_bytes;
    let (mut gathered, mut share) = (Vec::new(), edge.unfinished.share());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if data.len() > most.saturating_sub(gathered.len()) {
            return Err(BodyError::TooLarge);
        }
        gathered.extend_from_slice(&data);
        if share.set(gathered.capacity()).is_err() {
            Bound::UnfinishedBytes.refused("a request by REST");
            return Err(BodyError::Full);
        }
    }
    Ok(gathered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_bounded_together() {
        let unfinished = Unfinished::new(Some(100));
        let (mut first, mut second) = (unfinished.share(), unfinished.share());
        first.set(60).unwrap();
        second.set(40).unwrap();
        assert!(second.set(41).is_err());
        first.set(10).unwrap();
        second.set(90).unwrap();
        drop(second);
        first.set(100).unwrap();
        drop(first);
        assert_eq!(unfinished.0.bytes.load(Ordering::Relaxed), 0);
        Unfinished::new(None).share().set(usize::MAX).unwrap();
    }
}
