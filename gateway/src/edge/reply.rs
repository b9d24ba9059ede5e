//! HTTP answers.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL,
    CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, ORIGIN, REFERRER_POLICY, RETRY_AFTER,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

use super::page::{self, Asset};

pub(super) type Reply = Response<Full<Bytes>>;

/// A reply with a body.
pub(super) fn with_body(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

/// A line for a person.
pub(super) fn text(status: StatusCode, line: &str) -> Reply {
    let mut reply = with_body(status, "text/plain; charset=utf-8", format!("{line}\n"));
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// Why something is not done, in a line for a person.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) line: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, line: impl ToString) -> Self {
        Self { status, line: line.to_string() }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        text(refusal.status, &refusal.line)
    }
}

/// Nothing but the body, for now.
pub(super) fn bare(kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = with_body(StatusCode::OK, kind, body);
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// An answer of the REST API: status 200, whatever the outcome. Any origin may read it, as on the vendor's cloud.
pub(super) fn rest(body: String) -> Reply {
    let reply = with_body(StatusCode::OK, "application/json", body);
    for_any_origin(reply, "POST", "X-Requested-With, Content-Type")
}

/// Lets pages of any origin read the reply, and send what it answers with these methods and headers.
pub(super) fn for_any_origin(mut reply: Reply, methods: &'static str, accepted: &'static str) -> Reply {
    let headers = reply.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(accepted));
    reply
}

/// Lets pages of one origin read the reply, and do the same.
pub(super) fn for_origin(
    reply: Reply,
    origin: &HeaderValue,
    methods: &'static str,
    accepted: &'static str,
) -> Reply {
    let mut reply = for_any_origin(reply, methods, accepted);
    reply.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    for_this_origin_alone(reply)
}

/// A reply that another origin does not get: nobody keeps it for them.
pub(super) fn for_this_origin_alone(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(VARY, HeaderValue::from_name(ORIGIN));
    reply
}

/// There is no room for this one now.
pub(super) fn full() -> Reply {
    let mut reply = text(StatusCode::SERVICE_UNAVAILABLE, "too many connections, try again later");
    reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    reply
}

/// The connection ends with this reply.
pub(super) fn close(reply: &mut Reply) {
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Says how long the connection waits for the next request, so that its user does not begin one while it is closed.
pub(super) fn announce(reply: &mut Reply, keep_alive: Duration) {
    /// Longer than anybody keeps one.
    const DAY: u64 = 24 * 3600;
    let seconds = keep_alive.as_secs();
    if seconds < DAY
        && let Ok(value) = HeaderValue::from_str(&format!("timeout={seconds}"))
    {
        reply.headers_mut().insert("keep-alive", value);
    }
}

/// A file of the demo page.
pub(super) fn asset(asset: &'static Asset) -> Reply {
    let mut reply = with_body(StatusCode::OK, asset.content_type, asset.body);
    let headers = reply.headers_mut();
    let policy = HeaderValue::from_static(page::CONTENT_SECURITY_POLICY);
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A newer program may bring a newer page.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    reply
}
