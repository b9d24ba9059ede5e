//! Health and metrics, for balancers and operators.

use hyper::StatusCode;

use super::Edge;
use super::reply::{self, Reply};

pub(super) async fn route(edge: &Edge, path: &str) -> Option<Reply> {
    match path {
        // The process answers: that is all there is to being alive.
        "/livez" => Some(reply::text(StatusCode::OK, "alive")),
        "/healthz" => Some(store(edge).await),
        "/readyz" if !edge.is_ready() => Some(reply::text(StatusCode::SERVICE_UNAVAILABLE, "going down")),
        "/readyz" => Some(store(edge).await),
        "/metrics" => Some(reply::with_body(
            StatusCode::OK,
            "text/plain; version=0.0.4; charset=utf-8",
            edge.metrics.render(),
        )),
        _ => None,
    }
}

async fn store(edge: &Edge) -> Reply {
    match edge.health.check().await {
        Ok(()) => reply::text(StatusCode::OK, "ok"),
        Err(reason) => reply::text(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}
