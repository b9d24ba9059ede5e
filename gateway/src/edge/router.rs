//! Which path is what.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};

use super::legacy::{self, Route};
use super::listener::Surfaces;
use super::peer::Peer;
use super::reply::{self, Reply};
use super::request::check_host;
use super::{Edge, ops, page, rest, ws};
use crate::hub::Dialect;

pub(super) async fn route(
    edge: Edge,
    request: Request<Incoming>,
    peer: Arc<Peer>,
    surfaces: Surfaces,
) -> Reply {
    if let Err(refusal) = check_host(&request) {
        return refusal.into();
    }
    let path = request.uri().path().to_owned();
    if surfaces != Surfaces::Public
        && let Some(reply) = ops::route(&edge, &path).await
    {
        return reply;
    }
    if surfaces == Surfaces::Internal {
        return reply::text(StatusCode::NOT_FOUND, "only /healthz, /readyz, /livez and /metrics are here");
    }
    if peer.is_spare {
        return reply::full();
    }
    let from = edge.proxies.client(peer.from, request.headers());
    // Before the SDKs' paths: a user or a message may be called "info".
    if let Some(legacy) = &edge.settings.legacy
        && let Some(route) = Route::of(&path)
    {
        let legacy = legacy.clone();
        return Box::pin(legacy::answer(edge, legacy, route, request, (from, peer))).await;
    }
    #[cfg(feature = "internals")]
    if path == "/echo" {
        return Box::pin(ws::serve_echo(edge, request, (from, peer))).await;
    }
    if let Some(dialect) = dialect(&path) {
        return Box::pin(ws::serve_sdk(edge, request, dialect, (from, peer))).await;
    }
    if let Some(command) = path.strip_prefix("/v4/") {
        let command = command.to_owned();
        return Box::pin(rest::call(edge, request, &command, from)).await;
    }
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some(asset) = page::get(&path)
    {
        return reply::asset(asset);
    }
    reply::text(StatusCode::NOT_FOUND, "there is nothing here; clients connect to /binfo or /info")
}

/// The SDKs glue `/binfo` or `/info` to whatever address they are given, so any path may stand before it.
fn dialect(path: &str) -> Option<Dialect> {
    match path.rsplit('/').next() {
        Some("binfo") => Some(Dialect::Binary),
        Some("info") => Some(Dialect::Text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_prefix_is_served() {
        for path in ["/binfo", "//binfo", "/im/v1/binfo"] {
            assert_eq!(dialect(path), Some(Dialect::Binary));
        }
        assert_eq!(dialect("/info"), Some(Dialect::Text));
        assert_eq!(dialect("/xinfo"), None);
        assert_eq!(dialect("/binfo/x"), None);
    }
}
