//! A TCP proxy in front of a Redis server that loses what was published, and can sever or stall connections.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running proxy. It ends with the value.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    upstream: SocketAddr,
    random: Mutex<StdRng>,
    /// The share of the published messages that is lost, in millionths.
    loss: AtomicU64,
    published: AtomicU64,
    lost: AtomicU64,
    is_stalled: watch::Sender<bool>,
    /// Connections of an older number than this have been severed.
    generation: watch::Sender<u64>,
}

impl Proxy {
    /// A proxy that loses nothing yet. The same seed loses the same.
    pub async fn start(upstream: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream,
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            loss: AtomicU64::new(0),
            published: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            is_stalled: watch::Sender::new(false),
            generation: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Self { address, shared, accepting }
    }

    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// From now on loses this share of the published messages.
    pub fn lose(&self, share: f64) {
        self.shared.loss.store((share * 1e6) as u64, Ordering::SeqCst);
    }

    /// Published messages that came, and how many of them were lost.
    pub fn counts(&self) -> (u64, u64) {
        (self.shared.published.load(Ordering::SeqCst), self.shared.lost.load(Ordering::SeqCst))
    }

    /// Ends every connection there is; new ones are served.
    pub fn sever(&self) {
        self.shared.generation.send_modify(|generation| *generation += 1);
    }

    /// Holds everything back, both ways, or lets it go on.
    pub fn stall(&self, is_stalled: bool) {
        self.shared.is_stalled.send_replace(is_stalled);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.sever();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(shared.upstream).await else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let mut generation = shared.generation.subscribe();
            generation.borrow_and_update();
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            // The first end of one way ends the other: both halves are dropped together.
            tokio::select! {
                () = pass(from_client, to_server, &shared) => {}
                () = sift(from_server, to_client, &shared) => {}
                _ = generation.changed() => {}
            }
        });
    }
}

async fn go_ahead(shared: &Shared) {
    let _ = shared.is_stalled.subscribe().wait_for(|is_stalled| !is_stalled).await;
}

/// Passes bytes on as they are.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        go_ahead(shared).await;
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// Passes values on, but for the published messages that are lost.
async fn sift(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared) {
    let mut buffer = Vec::with_capacity(64 * 1024);
    while let Ok(1..) = from.read_buf(&mut buffer).await {
        go_ahead(shared).await;
        let mut kept = Vec::with_capacity(buffer.len());
        let mut taken = 0;
        while let Some(length) = value_length(&buffer[taken..]) {
            let value = &buffer[taken..taken + length];
            if !(is_published(value) && is_lost(shared)) {
                kept.extend_from_slice(value);
            }
            taken += length;
        }
        buffer.drain(..taken);
        if to.write_all(&kept).await.is_err() {
            return;
        }
    }
}

fn is_lost(shared: &Shared) -> bool {
    shared.published.fetch_add(1, Ordering::SeqCst);
    let share = shared.loss.load(Ordering::SeqCst) as f64 / 1e6;
    let is_lost = shared.random.lock().unwrap().random_bool(share);
    if is_lost {
        shared.lost.fetch_add(1, Ordering::SeqCst);
    }
    is_lost
}

/// Whether a value is a push of RESP3, or an array of RESP2, that brings a message to a subscriber.
fn is_published(value: &[u8]) -> bool {
    let Some(end) = line_end(value) else { return false };
    if !matches!(value[0], b'>' | b'*') {
        return false;
    }
    let kinds: [&[u8]; 3] = [b"$7\r\nmessage\r\n", b"$8\r\nsmessage\r\n", b"$8\r\npmessage\r\n"];
    kinds.iter().any(|kind| value[end..].starts_with(kind))
}

/// The place after the first line.
fn line_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == b"\r\n").map(|place| place + 2)
}

/// The length of the first value of RESP2 or RESP3, when all of it is there.
fn value_length(bytes: &[u8]) -> Option<usize> {
    let end = line_end(bytes)?;
    let count = || std::str::from_utf8(&bytes[1..end - 2]).ok()?.parse::<i64>().ok();
    let parts = match bytes[0] {
        b'$' | b'=' | b'!' => {
            // A length below zero stands for nothing.
            let Ok(length) = usize::try_from(count()?) else { return Some(end) };
            let all = end + length + 2;
            return (bytes.len() >= all).then_some(all);
        }
        b'*' | b'~' | b'>' => count()?.max(0),
        b'%' => 2 * count()?,
        // An attribute stands before the value that it describes.
        b'|' => 2 * count()? + 1,
        _ => return Some(end),
    };
    let mut length = end;
    for _ in 0..parts {
        length += value_length(&bytes[length..])?;
    }
    Some(length)
}
