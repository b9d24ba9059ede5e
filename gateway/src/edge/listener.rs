//! Accepting connections.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::{Edge, router};

/// A client that does not send its request's head in this time is let go.
const HEAD_DEADLINE: Duration = Duration::from_secs(15);

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
                // A chat's frames are small, and each is wanted now.
                let _ = stream.set_nodelay(true);
                if surfaces == Surfaces::Internal {
                    // Nobody waits for these at the end.
                    tokio::spawn(serve(edge.clone(), stream, from.ip().to_canonical(), surfaces));
                } else {
                    edge.tasks.spawn(serve(edge.clone(), stream, from.ip().to_canonical(), surfaces));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn serve(edge: Edge, stream: TcpStream, from: IpAddr, surfaces: Surfaces) {
    let stop = edge.stop.clone();
    let service = service_fn(move |request| {
        let edge = edge.clone();
        // Boxed, so that a connection that has become a WebSocket does not carry what a request needs.
        async move { Ok::<_, Infallible>(Box::pin(router::route(edge, request, from, surfaces)).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stop.cancelled() => {
            // What is being answered is answered; then the connection ends.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        // A peer that goes away in the middle is ordinary.
        tracing::debug!(%error, "a connection ended early");
    }
}
