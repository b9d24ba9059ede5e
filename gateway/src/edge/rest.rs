//! REST v4: `POST /v4/{service}/{command}`. The answer's status is 200 whatever the outcome.

use std::net::IpAddr;

use hyper::body::Incoming;
use hyper::{Method, Request};
use protocol::rest::Query;
use protocol::{ErrorCode, Failure, envelope, json};

use super::Edge;
use super::reply::{self, Reply};
use super::unfinished::{BodyError, read_body};
use crate::commands::{self, Credentials};

pub(super) async fn call(edge: Edge, request: Request<Incoming>, command: &str, from: IpAddr) -> Reply {
    if request.method() == Method::OPTIONS {
        return reply::rest(String::new());
    }
    reply::rest(match answer(&edge, request, command, from).await {
        Ok(body) => body,
        Err(failure) => envelope::refusal(&failure),
    })
}

async fn answer(
    edge: &Edge,
    request: Request<Incoming>,
    command: &str,
    from: IpAddr,
) -> Result<String, Failure> {
    if !matches!(*request.method(), Method::POST | Method::GET) {
        return Err(Failure::worded(ErrorCode::BAD_URL, "the method must be POST"));
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let query = Query::from_pairs(form_urlencoded::parse(query.as_bytes()))?;
    let name = match command.split_once('/') {
        Some((service, name)) if !command.contains('.') => format!("{service}.{name}"),
        // A path that names no command: it is told of as it stands.
        _ => format!("/v4/{command}"),
    };
    let credentials = Credentials {
        app: query.sdkappid,
        identifier: &query.identifier,
        usersig: &query.usersig,
        token: "",
        platform: 0,
        instance: "",
        connection: 0,
        from: Some(from),
    };
    let admitted = match commands::admit(&edge.context, credentials, &name).await {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(refusal.body),
    };
    let body = read_body(edge, request.into_body()).await.map_err(|error| match error {
        BodyError::TooLarge => Failure::worded(ErrorCode::TOO_LONG, "the body is too large"),
        BodyError::TooSlow | BodyError::Broken => {
            Failure::worded(ErrorCode::TOO_LONG, "the body did not arrive whole in time")
        }
        BodyError::Full => Failure::new(ErrorCode::UNAVAILABLE),
    })?;
    // An empty body counts as an empty object: published clients send none for commands without parameters.
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}".to_vec() } else { body };
    let text = std::str::from_utf8(&body)
        .map_err(|_| Failure::worded(ErrorCode::NOT_JSON, "the body is not UTF-8"))?;
    if !json::is_shallow(text.as_bytes()) {
        return Err(envelope::too_deep());
    }
    Ok(commands::dispatch_admitted(&edge.context, admitted, text).await.body)
}
