//! The routes of a small home-made chat with one room, kept for clients that were built for it.
//!
//! Translation, nothing else: a route is a command of the table, given by the user whom the path names or by an
//! administrator, with a UserSig that is made for the call. Room, history and connections are those of everybody.
//!
//! * The two things that no command has, a page of history by time and a bare UserSig, are in `commands/legacy.rs`.
//! * A connection is that of `edge/ws/connection/`: the same queue, deadlines and drain. One call runs at a time, so
//!   messages stay in order.
//! * Joining, logging in and following come before the upgrade is answered, so a client hears everything from the moment
//!   it is open.
//! * Such a client is a device of a platform of its own, of which a user has one: the newer connection kicks the older,
//!   on whatever instance it is.
//! * A page of history holds whole seconds and never ends in one that still counts as now; `history.rs` says why.

mod client;
mod history;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hyper::body::Incoming;
use hyper::header::{ALLOW, AUTHORIZATION, HeaderMap, HeaderValue, ORIGIN, WWW_AUTHENTICATE};
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use protocol::id::{AppId, UserId};
use protocol::legacy::{self, Text};
use protocol::message::{c2c, group};
use protocol::{ErrorCode, Request as Command, json};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::Edge;
use super::peer::Peer;
use super::reply::{self, Refusal, Reply};
use crate::clock::Clock;
use crate::commands::{self, Answer, Credentials, Identity};
use crate::config;

/// How long a UserSig can be good that `/imSig` gives: ten years.
const MAX_LIFETIME_SECONDS: u64 = 10 * 365 * 24 * 3600;

/// How long the UserSig of one call is good.
const CALL_LIFETIME_SECONDS: u64 = 60;

/// What the routes work with.
pub struct Legacy {
    settings: config::Legacy,
    app: AppId,
    /// Never empty. The first speaks where nobody else does; the routes let nobody be one of them.
    admins: Vec<UserId>,
    clock: Clock,
    /// With its sender it tells a message from all others.
    next_random: AtomicU32,
}

/// In whose name something is done.
#[derive(Clone, Copy)]
enum RunAs<'a> {
    User(&'a UserId),
    /// With the rights of an administrator.
    Admin,
}

/// Which pages a reply is for.
enum Allowed {
    Any,
    This(HeaderValue),
    None,
}

/// A route, with what the path says, as it says it.
pub(super) enum Route<'a> {
    Connect { user: &'a str },
    History { time: &'a str, number: &'a str },
    SendAll { message: &'a str },
    SendC2c { user: &'a str, message: &'a str },
    Sign { user: &'a str, expire: &'a str },
}

impl<'a> Route<'a> {
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let words: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        Some(match *words.as_slice() {
            ["imserver", user] => Self::Connect { user },
            ["chat", "refreshes", time, number] => Self::History { time, number },
            ["sendAll", message] => Self::SendAll { message },
            ["sendC2C", user, message] => Self::SendC2c { user, message },
            ["imSig", user, expire] => Self::Sign { user, expire },
            _ => return None,
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "imserver",
            Self::History { .. } => "refreshes",
            Self::SendAll { .. } => "sendAll",
            Self::SendC2c { .. } => "sendC2C",
            Self::Sign { .. } => "imSig",
        }
    }

    fn method(&self) -> Method {
        match self {
            Self::SendAll { .. } | Self::SendC2c { .. } => Method::POST,
            Self::Connect { .. } | Self::History { .. } | Self::Sign { .. } => Method::GET,
        }
    }
}

/// Answers a call of a route.
pub(super) async fn answer(
    edge: Edge,
    legacy: Arc<Legacy>,
    route: Route<'_>,
    request: Request<Incoming>,
    (from, peer): (IpAddr, Arc<Peer>),
) -> Reply {
    let (method, allowed) = (route.method(), legacy.allowed(request.headers()));
    let answer = match legacy.admit(&method, &request, from) {
        Ok(()) if request.method() == Method::OPTIONS => Ok(reply::bare("text/plain", "")),
        Ok(()) => match legacy.hold(&edge, &route, from) {
            Ok(()) => Box::pin(carry_out(edge, &legacy, &route, request, (from, peer))).await,
            Err(refusal) => Err(refusal),
        },
        Err(refusal) => Err(refusal),
    };
    let mut reply = answer.unwrap_or_else(Reply::from);
    let status = reply.status();
    if status == StatusCode::UNAUTHORIZED {
        reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let method = if method == Method::GET { "GET" } else { "POST" };
        reply.headers_mut().insert(ALLOW, HeaderValue::from_static(method));
    }
    let labels = [("route", route.name().to_owned()), ("status", status.as_str().to_owned())];
    metrics::counter!("gateway_legacy_requests_total", &labels).increment(1);
    let (methods, accepted) = ("GET, POST", "Authorization, Content-Type, X-Requested-With");
    match allowed {
        Allowed::Any => reply::for_any_origin(reply, methods, accepted),
        Allowed::This(origin) => reply::for_origin(reply, &origin, methods, accepted),
        Allowed::None => reply::for_this_origin_alone(reply),
    }
}

async fn carry_out(
    edge: Edge,
    legacy: &Arc<Legacy>,
    route: &Route<'_>,
    request: Request<Incoming>,
    caller: (IpAddr, Arc<Peer>),
) -> Result<Reply, Refusal> {
    match *route {
        Route::Connect { user } => {
            let user = legacy.user(user)?;
            Ok(Box::pin(client::connect(edge, legacy.clone(), user, request, caller)).await)
        }
        Route::History { time, number } => {
            history::page(&edge, legacy, &decoded(time)?, &decoded(number)?).await
        }
        Route::SendAll { message } => legacy.send_all(&edge, &message_of(message)?).await,
        Route::SendC2c { user, message } => {
            let to = UserId::parse(&decoded(user)?).map_err(bad)?;
            legacy.send_c2c(&edge, &to, &message_of(message)?).await
        }
        Route::Sign { user, expire } => {
            let user = legacy.user(user)?;
            let lifetime = decoded(expire)?.parse().ok().filter(|n| (1..=MAX_LIFETIME_SECONDS).contains(n));
            let lifetime = lifetime.ok_or_else(|| bad("expire is a number of seconds up to 315360000"))?;
            let signed = commands::legacy::sign(&edge.context, legacy.app, &user, lifetime);
            Ok(reply::bare("text/plain; charset=utf-8", signed.map_err(|failure| refusal(failure.code))?))
        }
    }
}

impl Legacy {
    pub fn new(settings: config::Legacy, app: AppId, admins: Vec<UserId>, clock: Clock) -> Self {
        Self { settings, app, admins, clock, next_random: AtomicU32::new(rand::random()) }
    }

    /// Says what is open now, and makes the room. Where the store is away, the first who comes makes it.
    pub async fn open(&self, edge: &Edge) {
        let who = if self.settings.token.is_some() { "whoever has the token" } else { "anybody" };
        let networks: Vec<String> = self.settings.networks.iter().map(ToString::to_string).collect();
        let networks = if networks.is_empty() { "everywhere".to_owned() } else { networks.join(", ") };
        tracing::warn!(
            group = %self.settings.group,
            "the legacy routes are on: {who} from {networks} can connect as any user (/imserver), read the room \
             (/chat/refreshes), speak to everyone (/sendAll, /sendC2C) and get any user's UserSig (/imSig)",
        );
        if let Err(code) = self.make_room(edge).await {
            tracing::warn!(group = %self.settings.group, ?code, "the room could not be made; it is tried again");
        }
    }

    /// Whether the caller may use the routes at all.
    fn admit(&self, method: &Method, request: &Request<Incoming>, from: IpAddr) -> Result<(), Refusal> {
        let (networks, from) = (&self.settings.networks, from.to_canonical());
        if !networks.is_empty() && !networks.iter().any(|network| network.contains(&from)) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "this route is not for your network"));
        }
        if request.headers().contains_key(ORIGIN) && matches!(self.allowed(request.headers()), Allowed::None)
        {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "this route is not for pages of your origin"));
        }
        // A browser asks without credentials what it may ask with them.
        if request.method() == Method::OPTIONS {
            return Ok(());
        }
        if !self.settings.token.as_ref().is_none_or(|token| shows(request, token)) {
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "the token is missing or wrong"));
        }
        if request.method() != method {
            let line = format!("the method is {method}");
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, line));
        }
        Ok(())
    }

    /// Whether the caller comes too often, before anything is done for them.
    fn hold(&self, edge: &Edge, route: &Route<'_>, from: IpAddr) -> Result<(), Refusal> {
        let held = match route {
            Route::Connect { .. } => commands::legacy::arrive(&edge.context, self.app, from),
            _ => commands::legacy::hold(&edge.context, self.app, route.name(), from),
        };
        held.map_err(|failure| refusal(failure.code))
    }

    /// Which pages may do what the request asks for, and read the answer. A browser sends what a page asks for from wherever
    /// its user is, inside the network as well; where no token is asked for, that is all there is to being let in.
    fn allowed(&self, headers: &HeaderMap) -> Allowed {
        let (origins, mut named) = (&self.settings.origins, headers.get_all(ORIGIN).iter());
        if origins.iter().any(|origin| origin == "*") || origins.is_empty() && self.settings.token.is_some() {
            return Allowed::Any;
        }
        match (named.next(), named.next()) {
            (Some(origin), None) if origins.iter().any(|known| known.as_bytes() == origin.as_bytes()) => {
                Allowed::This(origin.clone())
            }
            _ => Allowed::None,
        }
    }

    /// Whom a path names, and lets its caller be.
    fn user(&self, word: &str) -> Result<UserId, Refusal> {
        let user = UserId::parse(&decoded(word)?).map_err(bad)?;
        if user.is_reserved() {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "this is nobody's name"));
        }
        // Who reads "Administrator" thinks of the administrator.
        let is_admin = |admin: &UserId| admin.as_str().eq_ignore_ascii_case(user.as_str().trim());
        if self.admins.iter().any(is_admin) {
            let line = "an administrator does not come by this route";
            return Err(Refusal::new(StatusCode::FORBIDDEN, line));
        }
        Ok(user)
    }

    /// Gives a command, as a client with a UserSig does.
    async fn call<C: Command>(&self, edge: &Edge, run_as: RunAs<'_>, body: &Value) -> Answer {
        self.call_for::<C>(edge, run_as, body, CALL_LIFETIME_SECONDS).await
    }

    /// Logs a user in.
    async fn login(&self, edge: &Edge, user: &UserId) -> Answer {
        let (run_as, body) = (RunAs::User(user), json!({}));
        self.call_for::<protocol::session::Login>(edge, run_as, &body, MAX_LIFETIME_SECONDS).await
    }

    /// Gives a command with a UserSig that is good for `lifetime` seconds.
    async fn call_for<C: Command>(
        &self,
        edge: &Edge,
        run_as: RunAs<'_>,
        body: &Value,
        lifetime: u64,
    ) -> Answer {
        let user = match run_as {
            RunAs::User(user) => user,
            RunAs::Admin => &self.admins[0],
        };
        let usersig = match commands::legacy::sign(&edge.context, self.app, user, lifetime) {
            Ok(usersig) => usersig,
            Err(failure) => return Answer::refusal(&failure),
        };
        let credentials = Credentials {
            app: self.app.0,
            identifier: user.as_str(),
            usersig: &usersig,
            token: "",
            platform: legacy::PLATFORM,
            instance: "",
            connection: 0,
            from: None,
        };
        let identity = match run_as {
            RunAs::User(_) => Identity::Frame(credentials),
            RunAs::Admin => Identity::Rest(credentials),
        };
        Box::pin(commands::dispatch(&edge.context, identity, C::NAME, &body.to_string())).await
    }

    /// Gives a command that needs the room, which is made where it is missing.
    async fn call_in_room<C: Command>(&self, edge: &Edge, run_as: RunAs<'_>, body: &Value) -> Answer {
        let answer = self.call::<C>(edge, run_as, body).await;
        if answer.code != ErrorCode::GROUP_MISSING || self.make_room(edge).await.is_err() {
            return answer;
        }
        self.call::<C>(edge, run_as, body).await
    }

    /// Several instances may do this at once.
    async fn make_room(&self, edge: &Edge) -> Result<(), ErrorCode> {
        let group = &self.settings.group;
        let body = json!({"Type": "ChatRoom", "Name": group, "GroupId": group});
        match self.call::<protocol::group::Create>(edge, RunAs::Admin, &body).await.code {
            ErrorCode::OK | ErrorCode::GROUP_ID_TAKEN | ErrorCode::GROUP_ID_YOURS => Ok(()),
            code => Err(code),
        }
    }

    /// The request of something that is said in the room.
    fn room_message(&self, data: &str, is_own: bool) -> Value {
        json!({
            "GroupId": self.settings.group, "Random": self.fresh_random(),
            "MsgBody": legacy::custom_body(data, is_own),
        })
    }

    fn fresh_random(&self) -> u32 {
        self.next_random.fetch_add(1, Ordering::Relaxed)
    }

    /// What a user says, as the clients read it.
    async fn as_json(&self, edge: &Edge, user: &UserId, words: &str) -> Result<String, ErrorCode> {
        let sender = commands::legacy::sender(&edge.context, self.app, user).await;
        let sender = sender.map_err(|failure| failure.code)?;
        let (name, face) = (legacy::name(&sender), sender.face.as_str());
        let time = &self.settings.zone.format(self.clock.now());
        Ok(json::raw(&Text { message: words, name, face, time }).get().to_owned())
    }

    async fn send_all(&self, edge: &Edge, message: &str) -> Result<Reply, Refusal> {
        let body = if legacy::is_text(message) {
            self.room_message(message, false)
        } else {
            let data = self.as_json(edge, &self.admins[0], message).await.map_err(refusal)?;
            self.room_message(&data, true)
        };
        done(&self.call_in_room::<group::Send>(edge, RunAs::Admin, &body).await)
    }

    async fn send_c2c(&self, edge: &Edge, to: &UserId, message: &str) -> Result<Reply, Refusal> {
        let is_json = legacy::is_text(message);
        let body = json!({
            "To_Account": to, "MsgSeq": self.fresh_random(), "MsgRandom": self.fresh_random(),
            "MsgBody": if is_json { legacy::custom_body(message, false) } else { legacy::text_body(message) },
        });
        done(&self.call::<c2c::Send>(edge, RunAs::User(&self.admins[0]), &body).await)
    }
}

/// Whether a request shows the token. How long that takes tells nothing of it but its length.
fn shows(request: &Request<Incoming>, token: &str) -> bool {
    let is_it = |shown: &str| bool::from(shown.as_bytes().ct_eq(token.as_bytes()));
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.split_once(' '));
    if let Some((scheme, shown)) = bearer {
        return scheme.eq_ignore_ascii_case("bearer") && is_it(shown.trim());
    }
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, shown)| name == "token" && is_it(&shown))
}

fn decoded(word: &str) -> Result<String, Refusal> {
    let text = percent_decode_str(word).decode_utf8();
    Ok(text.map_err(|_| bad("the path is not UTF-8"))?.into_owned())
}

/// A message of a path.
fn message_of(word: &str) -> Result<String, Refusal> {
    let message = decoded(word)?;
    if message.trim().is_empty() { Err(bad("the message is blank")) } else { Ok(message) }
}

fn bad(reason: impl ToString) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, reason)
}

fn done(answer: &Answer) -> Result<Reply, Refusal> {
    match answer.code {
        ErrorCode::OK => Ok(reply::bare("text/plain; charset=utf-8", "ok")),
        code => Err(refusal(code)),
    }
}

fn refusal(code: ErrorCode) -> Refusal {
    let status = match code {
        ErrorCode::TOO_LONG | ErrorCode::LOGIN_BAD_PARAMETER => StatusCode::BAD_REQUEST,
        ErrorCode::C2C_BAD_ACCOUNT => StatusCode::NOT_FOUND,
        ErrorCode::MUTED | ErrorCode::CONTENT_REFUSED | ErrorCode::SIG_REVOKED => StatusCode::FORBIDDEN,
        ErrorCode::GROUP_NOT_ALLOWED | ErrorCode::GROUP_FULL | ErrorCode::TOO_MANY_GROUPS => {
            StatusCode::FORBIDDEN
        }
        ErrorCode::GROUP_TOO_FAST
        | ErrorCode::GROUP_TOO_OFTEN
        | ErrorCode::LOGIN_TOO_OFTEN
        | ErrorCode::TOO_OFTEN => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    Refusal::new(status, code.meaning())
}
