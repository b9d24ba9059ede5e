//! A connection of the old chat: a user whom the path names, in the one room.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;
use protocol::id::UserId;
use protocol::legacy::{Said, Text};
use protocol::message::{SYSTEM_ACCOUNT, group};
use protocol::{ErrorCode, Request as _, json, reading};
use serde_json::json;

use super::{Legacy, RunAs, refusal};
use crate::commands;
use crate::edge::Edge;
use crate::edge::peer::Peer;
use crate::edge::reply::{Refusal, Reply};
use crate::edge::ws::{self, Arrival, Call, ClientProtocol, Done, Session, Settling};
use crate::hub::Dialect;

/// How such a client talks.
struct LegacyClient(Arc<Legacy>);

/// Answers the upgrade and serves the connection that comes of it.
pub(super) async fn connect(
    edge: Edge,
    legacy: Arc<Legacy>,
    user: UserId,
    request: Request<Incoming>,
    (from, peer): (IpAddr, Arc<Peer>),
) -> Reply {
    let host = edge.clone();
    ws::upgrade(edge, request, (from, peer), async move { arrive(&host, legacy, &user).await }).await
}

/// Makes the user a member of the room and logs them in, which kicks their older connection.
async fn arrive(edge: &Edge, legacy: Arc<Legacy>, user: &UserId) -> Result<Arrival<LegacyClient>, Refusal> {
    let (run_as, group) = (RunAs::User(user), legacy.settings.group.clone());
    let body = json!({"GroupId": group});
    let joined = legacy.call_in_room::<protocol::group::Join>(edge, run_as, &body).await;
    if !matches!(joined.code, ErrorCode::OK | ErrorCode::ALREADY_MEMBER) {
        return Err(refusal(joined.code));
    }
    // Such a client has no UserSig that could expire: the session is as long as the connection.
    let login = legacy.login(edge, user).await;
    let Some(session) = login.effect.and_then(|effect| Session::new(*effect)) else {
        return Err(refusal(login.code));
    };
    let dialect = Dialect::Legacy(legacy.settings.zone);
    let connection = edge.hub.connect(dialect, Some(group), edge.settings.connections.queue_bytes);
    if edge.hub.attach(&connection, session.attachment(), None).await.is_err() {
        edge.hub.disconnect(&connection);
        commands::disconnected(&edge.context, session.app, &session.user, &session.device).await;
        return Err(refusal(ErrorCode::BACKEND_TIMEOUT));
    }
    connection.outbound.release();
    // Another connection of theirs may have kicked this one before it could hear of it.
    edge.hub.verify(&connection).await;
    Ok(Arrival { connection, session: Some(session), protocol: LegacyClient(legacy) })
}

impl ClientProtocol for LegacyClient {
    /// What a client says is stored in the order in which it says it, whatever each message has to wait for.
    const AT_ONCE: usize = 1;

    /// A browser's WebSocket and many a library never ping.
    const IS_ASKED: bool = true;

    const GIVES_RECEIPTS: bool = false;

    fn begin(
        self: &Arc<Self>,
        edge: &Edge,
        session: Option<Arc<Session>>,
        _settling: Option<Settling>,
        _is_text: bool,
        payload: Bytes,
    ) -> Call {
        let (client, edge) = (self.clone(), edge.clone());
        Box::pin(async move {
            let Some(said) = said(&payload) else {
                let reply = client.notice(r#"what is said is {"message":"…"}"#);
                return Done { reply: Some(reply), is_malformed: true, ..Done::default() };
            };
            let refused = match session {
                _ if said.message.trim().is_empty() => Some("the message is blank"),
                Some(session) => {
                    client.say(&edge, &session, &said.message).await.err().map(ErrorCode::meaning)
                }
                // Its end is on the way.
                None => None,
            };
            Done { reply: refused.map(|why| client.notice(why)), ..Done::default() }
        })
    }
}

fn said(payload: &[u8]) -> Option<Said> {
    reading::objects_only(std::str::from_utf8(payload).ok()?).ok()
}

impl LegacyClient {
    async fn say(&self, edge: &Edge, session: &Session, words: &str) -> Result<(), ErrorCode> {
        let data = self.0.as_json(edge, &session.user, words).await?;
        let body = self.0.room_message(&data, true).to_string();
        let identity = session.identity("");
        match Box::pin(commands::dispatch(&edge.context, identity, group::Send::NAME, &body)).await.code {
            ErrorCode::OK => Ok(()),
            code => Err(code),
        }
    }

    /// A word to this client alone: there is no other shape that it reads.
    fn notice(&self, words: &str) -> String {
        let time = &self.0.settings.zone.format(self.0.clock.now());
        json::raw(&Text { message: words, name: SYSTEM_ACCOUNT, face: "", time }).get().to_owned()
    }
}
