//! Accepting connections.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use hyper::body::Incoming;
use hyper::header::CONNECTION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::admission::Place;
use super::peer::{Overdue, Peer, Watched};
use super::reply::{self, Reply};
use super::{Edge, proxies, request, router};
use crate::telemetry::{Bound, Sparing};

/// The longest head of a request, and what is read of a body at once.
const MOST_READ: usize = 64 * 1024;

/// After a failed accept (usually: no file descriptor left) the next try waits this long.
const PAUSE: Duration = Duration::from_millis(100);

/// What a listener serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surfaces {
    All,
    /// All but health and metrics, which have a listener of their own.
    Public,
    /// Health and metrics alone.
    Internal,
}

/// Serves what comes in on `listener` until the node goes down.
pub async fn listen(edge: Edge, listener: TcpListener, surfaces: Surfaces) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Health and metrics are wanted until the last moment.
            () = edge.stop.cancelled(), if surfaces != Surfaces::Internal => return,
        };
        match accepted {
            Ok((stream, from)) => {
                begin(&edge, stream, from, surfaces);
                if edge.admission.is_crowded() {
                    // Whoever is to go for the next one goes meanwhile.
                    tokio::task::yield_now().await;
                }
            }
            Err(error) => {
                static LINES: Sparing = Sparing::new();
                if let Some(kept_back) = LINES.admit() {
                    tracing::warn!(%error, kept_back, "a connection could not be accepted");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn begin(edge: &Edge, stream: TcpStream, from: SocketAddr, surfaces: Surfaces) {
    // A chat's frames are small, and each is wanted now.
    let _ = stream.set_nodelay(true);
    let from = from.ip().to_canonical();
    if surfaces == Surfaces::Internal {
        // Nobody waits for these at the end.
        let place = edge.internal.enter(None);
        tokio::spawn(serve(edge.clone(), stream, from, place, surfaces));
    } else {
        let is_proxy = edge.proxies.trusts(from);
        let place = edge.admission.enter((!is_proxy).then_some(from));
        edge.tasks.spawn(serve(edge.clone(), stream, from, place, surfaces));
    }
}

async fn serve(edge: Edge, mut stream: TcpStream, mut from: IpAddr, place: Place, surfaces: Surfaces) {
    let mut begun = BytesMut::new();
    let speaks_first = edge.proxies.speak_first && surfaces != Surfaces::Internal;
    if speaks_first && edge.proxies.trusts(from) {
        let header = tokio::select! {
            header = tokio::time::timeout(edge.settings.connections.head, proxies::read_header(&mut stream)) => header,
            () = edge.stop.cancelled() => return,
        };
        match header {
            Ok(Ok((client, rest))) => {
                begun = rest;
                if let Some(client) = client {
                    from = client;
                }
            }
            Ok(Err(error)) => {
                return tracing::debug!(%error, %from, "a proxy did not say whose connection it is");
            }
            Err(_) => return Bound::HeadTime.refused(from),
        }
    }
    let peer = Peer::new(from, place, !begun.is_empty());
    let stream = Watched::new(stream, begun, peer.clone());
    let service = {
        let (edge, peer) = (edge.clone(), peer.clone());
        service_fn(move |request| {
            let (edge, peer) = (edge.clone(), peer.clone());
            // Boxed, so that a connection that has become a WebSocket does not carry what a request needs.
            async move { Ok::<_, Infallible>(Box::pin(answer(edge, request, peer, surfaces)).await) }
        })
    };
    let connection = http1::Builder::new()
        // The peer's state has the deadlines: these here would end a connection that waits for its next request.
        .header_read_timeout(None::<Duration>)
        .max_header_size(MOST_READ)
        .max_buf_size(MOST_READ)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let (mut stop, mut is_stopping) = (pin!(edge.stop.cancelled()), false);
    let first = peer.deadline(&edge.settings.connections, is_stopping).map(|(moment, _)| moment);
    let mut timer = pin!(tokio::time::sleep_until(first.unwrap_or_else(Instant::now)));
    let end = poll_fn(|context| {
        loop {
            if let Poll::Ready(served) = connection.as_mut().poll(context) {
                return Poll::Ready(served.map(|()| None));
            }
            if is_stopping || stop.as_mut().poll(context).is_pending() {
                break;
            }
            // What is being answered is answered; then the connection ends.
            is_stopping = true;
            connection.as_mut().graceful_shutdown();
        }
        if peer.poll_asked(context).is_ready() {
            return Poll::Ready(Ok(None));
        }
        while let Some((moment, why)) = peer.deadline(&edge.settings.connections, is_stopping) {
            if moment <= Instant::now() {
                return Poll::Ready(Ok(Some(why)));
            }
            if timer.is_elapsed() || moment < timer.deadline() {
                timer.as_mut().reset(moment);
            }
            if timer.as_mut().poll(context).is_pending() {
                break;
            }
        }
        Poll::Pending
    });
    match end.await {
        Ok(None | Some(Overdue::Idle)) => {}
        Ok(Some(Overdue::Head)) => Bound::HeadTime.refused(from),
        Ok(Some(Overdue::Write)) => metrics::counter!("gateway_slow_readers_total").increment(1),
        // A peer that goes away in the middle is ordinary.
        Err(error) => tracing::debug!(%error, "a connection ended early"),
    }
}

async fn answer(edge: Edge, request: Request<Incoming>, peer: Arc<Peer>, surfaces: Surfaces) -> Reply {
    peer.begin();
    let (version, keep_alive) = (request.version(), edge.settings.connections.keep_alive);
    let is_last = peer.is_spare || request::has_token(request.headers(), CONNECTION, "close");
    let mut reply = router::route(edge, request, peer.clone(), surfaces).await;
    if peer.is_spare {
        reply::close(&mut reply);
    } else if !is_last && version == Version::HTTP_11 && reply.status() != StatusCode::SWITCHING_PROTOCOLS {
        reply::announce(&mut reply, keep_alive);
    }
    peer.finish();
    reply
}
