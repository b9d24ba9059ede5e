//! The SDKs' side: a message is a frame with a command, answered by a frame.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;
use memchr::memmem::Finder;
use protocol::envelope::{self, Frame};
use protocol::{ErrorCode, Failure};

use super::session::{Client, Session, identity};
use super::{Arrival, Call, ClientProtocol, Done, Settling, upgrade};
use crate::commands::{self, Answer, Asked, Counts, Effect, Identity};
use crate::edge::Edge;
use crate::edge::admission::CountedLogin;
use crate::edge::peer::Peer;
use crate::edge::reply::Reply;
use crate::hub::Dialect;

/// The command under which a frame that cannot be read is answered: there is no request to pair the answer with,
/// and clients ignore pushes of names that they do not know.
const MALFORMED: &str = "gateway.malformed_frame";

/// Finds the names of questions whose answers clients take in the order of the questions.
static IN_ORDER: LazyLock<Vec<Finder<'static>>> =
    LazyLock::new(|| commands::ANSWERED_IN_ORDER.iter().map(Finder::new).collect());

/// Answers the upgrade and serves the connection that comes of it.
pub(in crate::edge) async fn serve(
    edge: Edge,
    request: Request<Incoming>,
    dialect: Dialect,
    (from, peer): (IpAddr, Arc<Peer>),
) -> Reply {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let host = edge.clone();
    let arrive = async move {
        let connection = host.hub.connect(dialect, None, host.settings.connections.queue_bytes);
        let protocol = Client::new(&query, from, connection.clone());
        Ok(Arrival { protocol, connection, session: None })
    };
    upgrade(edge, request, (from, peer), arrive).await
}

impl ClientProtocol for Client {
    const AT_ONCE: usize = 64;

    /// A client pings after 10 s without an inbound frame and says hello in between.
    const IS_ASKED: bool = false;

    const GIVES_RECEIPTS: bool = true;

    fn is_answered_in_order(payload: &[u8]) -> bool {
        // A name that stands elsewhere in the frame costs nothing but the order.
        IN_ORDER.iter().any(|name| name.find(payload).is_some())
    }

    fn begin(
        self: &Arc<Self>,
        edge: &Edge,
        session: Option<Arc<Session>>,
        settling: Option<Settling>,
        _is_text: bool,
        payload: Bytes,
    ) -> Call {
        let (edge, client) = (edge.clone(), self.clone());
        Box::pin(async move {
            match Frame::parse(&payload) {
                Ok(frame) => {
                    let mut session = session;
                    // Who has no token has missed nothing.
                    if let Some(settling) = settling
                        && !frame.head.a2.is_empty()
                        && commands::counts_of(&frame.head.servcmd) == Counts::Reads
                    {
                        session = settling.wait().await.or(session);
                    }
                    carry_out(&edge, &client, session.as_deref(), &frame).await
                }
                Err(failure) => {
                    let reply = envelope::push(MALFORMED, &envelope::refusal(&failure));
                    Done { reply: Some(reply), is_malformed: true, ..Done::default() }
                }
            }
        })
    }
}

async fn carry_out(edge: &Edge, client: &Client, session: Option<&Session>, frame: &Frame<'_>) -> Done {
    let servcmd = frame.head.servcmd.as_ref();
    let counts = commands::counts_of(servcmd);
    let answer = match frame.body() {
        Ok(body) if counts == Counts::Reads => count(edge, client, session, frame, body).await,
        Ok(body) => {
            let identity = identity(session, client, &frame.head);
            // The web SDKs repeat what was unanswered before they log in on the new connection.
            let is_repeated = matches!(identity, Identity::Frame(_)) || frame.head.again > 0;
            let (number, at) = (frame.head.seq, frame.head.reqtime);
            let asked = Asked { token: &frame.head.a2, number, at, is_repeated };
            let answer = commands::dispatch_asked(&edge.context, identity, servcmd, body, Some(asked)).await;
            if counts == Counts::Changes {
                client.outbound().has_changed();
            }
            own_end(client, &frame.head, answer)
        }
        Err(failure) => Answer::refusal(&failure),
    };
    let (answer, arrival) = count_login(edge, session, answer).await;
    let is_said = counts == Counts::Reads && answer.code == ErrorCode::OK;
    let reply = (!is_said).then(|| envelope::answer(servcmd, frame.head.seq, &answer.body));
    // What was repeated from before the login here is not the end of catching up.
    let is_old = |effect: &Effect| session.is_none() && matches!(effect, Effect::Synced { .. });
    let effect = answer.effect.filter(|effect| !is_old(effect));
    Done { reply, effect, arrival, is_malformed: false }
}

/// Has a command carried out that reads the counts, and answers it unless it was refused. It is carried out again where
/// something was pushed or changed meanwhile: the SDKs believe the answer, and would take what they have heard for unheard.
async fn count(
    edge: &Edge,
    client: &Client,
    session: Option<&Session>,
    frame: &Frame<'_>,
    body: &str,
) -> Answer {
    /// Where others change something all the time there is always something new.
    const AT_MOST: usize = 3;
    let servcmd = frame.head.servcmd.as_ref();
    let written = |answer: &Answer| client.frame(&envelope::answer(servcmd, frame.head.seq, &answer.body));
    let (mut good, mut left) = (None, AT_MOST);
    let last = loop {
        let counting = client.outbound().begin_count();
        let identity = identity(session, client, &frame.head);
        let mut answer = commands::dispatch(&edge.context, identity, servcmd, body).await;
        if answer.code != ErrorCode::OK {
            client.outbound().give_up_count(&counting);
            // One that was good is better than a refusal.
            let Some(good) = good else { return answer };
            break good;
        }
        let mut ends = HashMap::new();
        if let Some(Effect::Counted(counted) | Effect::Synced { counted, .. }) = answer.effect.as_deref() {
            if let Some(session) = session {
                let unread = counted.iter().filter(|counted| counted.is_unread);
                let unread = unread.map(|counted| (&counted.conversation, counted.end));
                edge.hub.caught_up(session.app, &session.user, unread).await;
            }
            ends.extend(counted.iter().map(|counted| (counted.conversation.clone(), counted.end.seq)));
        }
        answer.effect.take_if(|effect| matches!(**effect, Effect::Counted(_)));
        if client.outbound().say_counted(&counting, &ends, &written(&answer)) {
            return answer;
        }
        left -= 1;
        if left == 0 {
            break answer;
        }
        good = Some(answer);
    };
    client.outbound().say_behind_pushes(&written(&last));
    last
}

/// A client that ends its session may say hello with it once more. That it was logged out it would take for a kick, and end the
/// session that it has begun meanwhile.
fn own_end(client: &Client, head: &envelope::Head<'_>, answer: Answer) -> Answer {
    if matches!(answer.effect.as_deref(), Some(Effect::Detach)) {
        client.has_logged_out(&head.a2);
    }
    if answer.code == ErrorCode::KICKED && client.is_logged_out(&head.a2) {
        return Answer::refusal(&Failure::new(ErrorCode::NOT_AUTHENTICATED));
    }
    answer
}

/// Takes back a login of a user who has enough connections. Gives what counts any other until its connection is.
async fn count_login(
    edge: &Edge,
    session: Option<&Session>,
    answer: Answer,
) -> (Answer, Option<CountedLogin>) {
    let Some(Effect::Attach { app, user, device, .. }) = answer.effect.as_deref() else {
        return (answer, None);
    };
    // A login that is repeated is counted already.
    if session.is_some_and(|session| session.app == *app && session.user == *user) {
        return (answer, None);
    }
    let connections = edge.hub.connections_of(*app, user);
    match edge.admission.arrive(*app, user, connections) {
        Some(arrival) => (answer, Some(arrival)),
        None => {
            commands::disconnected(&edge.context, *app, user, device).await;
            (Answer::refusal(&Failure::new(ErrorCode::TOO_OFTEN)), None)
        }
    }
}
