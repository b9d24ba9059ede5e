//! From an HTTP request to a WebSocket connection.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{Arrival, ClientProtocol, connection};
use crate::edge::Edge;
use crate::edge::reply::{self, Refusal, Reply};

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// Answers the upgrade and serves the connection that comes of it. Nobody is let in before `arrive` has said so: what
/// it has begun to hear by then is what the client hears from the moment its connection is open.
pub(in crate::edge) async fn upgrade<S: ClientProtocol>(
    edge: Edge,
    request: Request<Incoming>,
    arrive: impl Future<Output = Result<Arrival<S>, Refusal>> + Send + 'static,
) -> Reply {
    let (accept, admitted) = match begin(edge, request, arrive) {
        Ok(begun) => begun,
        Err(reply) => return *reply,
    };
    match admitted.await {
        Ok(Ok(())) => switching_protocols(accept),
        Ok(Err(refusal)) => refusal.into(),
        Err(_) => reply::text(StatusCode::INTERNAL_SERVER_ERROR, "internal error, try again later"),
    }
}

/// Gives the answer to the client's key, and what tells whether they are let in.
#[allow(clippy::type_complexity, reason = "used once, by the function above")]
fn begin<S: ClientProtocol>(
    edge: Edge,
    mut request: Request<Incoming>,
    arrive: impl Future<Output = Result<Arrival<S>, Refusal>> + Send + 'static,
) -> Result<(HeaderValue, oneshot::Receiver<Result<(), Refusal>>), Box<Reply>> {
    let accept = accept(request.headers())?;
    let upgraded = hyper::upgrade::on(&mut request);
    let (admit, admitted) = oneshot::channel();
    // A client that goes away meanwhile drops its request, not this task, which undoes the admission.
    edge.tasks.clone().spawn(async move {
        let arrival = match Box::pin(arrive).await {
            Ok(arrival) => arrival,
            Err(refusal) => return drop(admit.send(Err(refusal))),
        };
        let _ = admit.send(Ok(()));
        match open(upgraded).await {
            // A task of its own, which does not carry what admission needed.
            Some((stream, read)) => {
                edge.tasks.clone().spawn(connection::serve(edge, stream, read, arrival));
            }
            None => connection::leave(&edge, &arrival.connection, arrival.session.as_ref()).await,
        }
    });
    Ok((accept, admitted))
}

/// The answer to the client's key, or what is wrong with its request.
fn accept(headers: &HeaderMap) -> Result<HeaderValue, Box<Reply>> {
    let is_websocket = has_token(headers, UPGRADE, "websocket") && has_token(headers, CONNECTION, "upgrade");
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY).filter(|_| is_websocket) else {
        let mut reply = reply::text(StatusCode::UPGRADE_REQUIRED, "this path is for WebSocket connections");
        reply.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        return Err(reply.into());
    };
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let mut reply = reply::text(StatusCode::BAD_REQUEST, "the WebSocket version is 13");
        reply.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return Err(reply.into());
    }
    HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| reply::text(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is not valid").into())
}

fn switching_protocols(accept: HeaderValue) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::new()));
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    reply
}

/// The plain TCP stream, with what the client sent right behind its request.
async fn open(upgraded: OnUpgrade) -> Option<(TcpStream, Vec<u8>)> {
    let parts = match upgraded.await {
        Ok(upgraded) => upgraded.downcast::<TokioIo<TcpStream>>(),
        Err(error) => {
            tracing::debug!(%error, "a connection ended during its upgrade");
            return None;
        }
    };
    let Ok(Parts { io, read_buf, .. }) = parts else {
        tracing::error!("an upgraded connection is no TCP stream");
        return None;
    };
    Some((io.into_inner(), read_buf.to_vec()))
}
