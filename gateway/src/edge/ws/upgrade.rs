//! From an HTTP request to a WebSocket connection.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::Parts;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::connection;
use crate::edge::Edge;
use crate::edge::reply::{self, Reply};
use crate::hub::Dialect;

/// What a connection reads into. The library's own default is 128 KiB, for each connection.
const READ_BUFFER_BYTES: usize = 4096;

/// What a client tells of itself in the connection's URL.
pub(super) struct Client {
    pub(super) dialect: Dialect,
    pub(super) platform: u32,
    /// The id of the SDK object: the same over reconnects. Empty when it says none.
    pub(super) instance: String,
}

impl Client {
    fn new(dialect: Dialect, query: &str) -> Self {
        /// Longer ones are nobody's: an SDK's has 32 characters.
        const MAX_INSTANCE: usize = 64;
        let mut client = Self { dialect, platform: 0, instance: String::new() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "platform" => client.platform = value.parse().unwrap_or(0),
                "instanceid" if value.len() <= MAX_INSTANCE => client.instance = value.into_owned(),
                _ => {}
            }
        }
        client
    }
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// Answers the upgrade and serves the connection that comes of it.
pub(in crate::edge) fn upgrade(edge: Edge, mut request: Request<Incoming>, dialect: Dialect) -> Reply {
    let headers = request.headers();
    let is_websocket = has_token(headers, UPGRADE, "websocket") && has_token(headers, CONNECTION, "upgrade");
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY).filter(|_| is_websocket) else {
        let mut reply = reply::text(StatusCode::UPGRADE_REQUIRED, "this path is for WebSocket connections");
        reply.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        return reply;
    };
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let mut reply = reply::text(StatusCode::BAD_REQUEST, "the WebSocket version is 13");
        reply.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return reply;
    }
    let accept = derive_accept_key(key.as_bytes());
    let Ok(accept) = HeaderValue::from_str(&accept) else {
        return reply::text(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is not valid");
    };
    let client = Client::new(dialect, request.uri().query().unwrap_or_default());
    let upgraded = hyper::upgrade::on(&mut request);
    let tasks = edge.tasks.clone();
    tasks.spawn(async move {
        let upgraded = match upgraded.await {
            Ok(upgraded) => upgraded,
            Err(error) => {
                tracing::debug!(%error, "a connection ended during its upgrade");
                return;
            }
        };
        match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => {
                let socket = open(parts, edge.settings.max_frame_bytes).await;
                connection::serve(edge, socket, client).await;
            }
            Err(_) => tracing::error!("an upgraded connection is no TCP stream"),
        }
    });
    let mut reply = Response::new(Full::new(Bytes::new()));
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    reply
}

/// The plain TCP stream, with what the client sent right behind its request.
async fn open(parts: Parts<TokioIo<TcpStream>>, max_frame_bytes: usize) -> WebSocketStream<TcpStream> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(max_frame_bytes))
        .max_frame_size(Some(max_frame_bytes));
    let stream = parts.io.into_inner();
    WebSocketStream::from_partially_read(stream, parts.read_buf.to_vec(), Role::Server, Some(config)).await
}
