//! From an HTTP request to a WebSocket connection.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{
    ALLOW, CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{Arrival, ClientProtocol, connection};
use crate::edge::Edge;
use crate::edge::peer::{Peer, Watched};
use crate::edge::reply::{self, Refusal, Reply};
use crate::edge::request::has_token;

/// A key is this many bytes, in base64. RFC 6455, §4.1.
const KEY_BYTES: usize = 16;

/// Answers the upgrade and serves the connection that comes of it. Nobody is let in before `arrive` has said so: what
/// it has begun to hear by then is what the client hears from the moment its connection is open.
pub(in crate::edge) async fn upgrade<S: ClientProtocol>(
    edge: Edge,
    request: Request<Incoming>,
    (from, peer): (IpAddr, Arc<Peer>),
    arrive: impl Future<Output = Result<Arrival<S>, Refusal>> + Send + 'static,
) -> Reply {
    // Behind a proxy it is only now known whose connection it is.
    if peer.claim(from).is_err() {
        return reply::full();
    }
    let (accept, admitted) = match begin(edge, request, peer, arrive) {
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
    peer: Arc<Peer>,
    arrive: impl Future<Output = Result<Arrival<S>, Refusal>> + Send + 'static,
) -> Result<(HeaderValue, oneshot::Receiver<Result<(), Refusal>>), Box<Reply>> {
    let accept = accept(&request)?;
    let upgraded = hyper::upgrade::on(&mut request);
    let (admit, admitted) = oneshot::channel();
    // A client that goes away meanwhile drops its request, not this task, which undoes the admission.
    edge.tasks.clone().spawn(async move {
        let arrival = match Box::pin(arrive).await {
            Ok(arrival) => arrival,
            Err(refusal) => return drop(admit.send(Err(refusal))),
        };
        let _ = admit.send(Ok(()));
        match open(upgraded).await.zip(peer.take_place()) {
            // A task of its own, which does not carry what admission needed.
            Some(((stream, read), place)) => {
                edge.tasks.clone().spawn(connection::serve(edge, stream, read, arrival, place));
            }
            None => connection::leave(&edge, &arrival.connection, arrival.session.as_ref()).await,
        }
    });
    Ok((accept, admitted))
}

/// The answer to the client's key, or what is wrong with its request.
fn accept(request: &Request<Incoming>) -> Result<HeaderValue, Box<Reply>> {
    let headers = request.headers();
    if request.method() != Method::GET {
        let mut reply = reply::text(StatusCode::METHOD_NOT_ALLOWED, "the method is GET");
        reply.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return Err(reply.into());
    }
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
    let bad = |line| Box::new(reply::text(StatusCode::BAD_REQUEST, line));
    if request.version() != Version::HTTP_11 {
        return Err(bad("WebSocket needs HTTP/1.1"));
    }
    if !request.body().is_end_stream() {
        return Err(bad("a request for a WebSocket has no body"));
    }
    let is_key = STANDARD.decode(key).is_ok_and(|key| key.len() == KEY_BYTES);
    if !is_key || headers.get_all(SEC_WEBSOCKET_KEY).iter().count() > 1 {
        return Err(bad("Sec-WebSocket-Key is 16 bytes in base64"));
    }
    HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| bad("Sec-WebSocket-Key is not valid"))
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
        Ok(upgraded) => upgraded.downcast::<TokioIo<Watched>>(),
        Err(error) => {
            tracing::debug!(%error, "a connection ended during its upgrade");
            return None;
        }
    };
    let Ok(Parts { io, read_buf, .. }) = parts else {
        tracing::error!("an upgraded connection is no TCP stream");
        return None;
    };
    Some((io.into_inner().into_stream(), read_buf.to_vec()))
}
