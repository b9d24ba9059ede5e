//! What every request is held to.

use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap, HeaderName};
use hyper::http::uri::Authority;
use hyper::{Request, StatusCode, Version};

use super::reply::Refusal;

/// Whether one of a header's words is this one.
pub(super) fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// A request names its host once: with two names, proxies and we would not read the same. RFC 9112, §3.2.
pub(super) fn check_host(request: &Request<Incoming>) -> Result<(), Refusal> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_fine = match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => host.is_empty() || Authority::try_from(host.as_bytes()).is_ok(),
        (Some(_), Some(_)) => false,
    };
    if is_fine {
        Ok(())
    } else {
        Err(Refusal::new(StatusCode::BAD_REQUEST, "a request has one Host header that names a host"))
    }
}
