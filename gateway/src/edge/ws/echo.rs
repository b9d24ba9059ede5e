//! Says back what it is told, for programs that test WebSockets. The connections are those of the SDKs' clients in all but
//! what a message means, so that what is found of one holds for the other.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;

use super::{Arrival, Call, ClientProtocol, Done, Session, Settling, upgrade};
use crate::edge::Edge;
use crate::edge::peer::Peer;
use crate::edge::reply::Reply;
use crate::hub::{Connection, Dialect, message_frame};

struct Echo(Arc<Connection>);

/// Answers the upgrade and serves the connection that comes of it.
pub(in crate::edge) async fn serve(
    edge: Edge,
    request: Request<Incoming>,
    (from, peer): (IpAddr, Arc<Peer>),
) -> Reply {
    let host = edge.clone();
    let arrive = async move {
        let connection = host.hub.connect(Dialect::Binary, None, host.settings.connections.queue_bytes);
        Ok(Arrival { protocol: Echo(connection.clone()), connection, session: None })
    };
    upgrade(edge, request, (from, peer), arrive).await
}

impl ClientProtocol for Echo {
    const AT_ONCE: usize = 1;

    const IS_ASKED: bool = false;

    const GIVES_RECEIPTS: bool = false;

    /// Nobody dials again, and it is seen how soon a connection is ended.
    const SHORTEST_LIFE: Duration = Duration::ZERO;

    fn begin(
        self: &Arc<Self>,
        _edge: &Edge,
        _session: Option<Arc<Session>>,
        _settling: Option<Settling>,
        is_text: bool,
        payload: Bytes,
    ) -> Call {
        let echo = self.clone();
        Box::pin(async move {
            // An answer, however large it is.
            echo.0.outbound.say(&message_frame(is_text, &payload));
            Done::default()
        })
    }
}
