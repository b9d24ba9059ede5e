//! The table of commands: one row each, the same for the socket and for REST.
//!
//! ```text
//! name → row → access → decode → on whose behalf → handler → service
//! ```
//!
//! A handler translates: request to service call, service error to refusal. It decides nothing about chat.
//!
//! Each subject has a folder with its handlers, its `ROWS` and the codes of its services' errors (`From` for [`Refusal`]).
//! To add a command: its request in `protocol`, its row and its handler here, what it does in `services`.

mod access;
mod account;
mod conversation;
mod family;
mod features;
mod friend;
mod group;
pub mod legacy;
mod message;
mod once;
mod page;
mod profile;
mod push;
mod rate;
mod refusal;
mod session;
mod table;
mod unattended;
mod unknown;

use std::net::IpAddr;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use protocol::envelope;
use protocol::id::{AppId, GroupId, Millis, Seq, UserId};
use protocol::reading::{self, Misread};
use protocol::{ErrorCode, Failure, Request};
use tokio_util::task::TaskTracker;

use crate::services::Services;
use crate::services::deps::Actor;
use crate::services::deps::DeviceId;
use crate::services::message::SentMessage;
use crate::services::session::Claims;
use crate::telemetry::Bound;

pub use crate::services::RoomStay;
pub use crate::services::conversation::Counted;
pub use crate::services::session::Device;
pub use access::{Access, Credentials, Identity};
pub use once::{Asked, RequestKey};
#[cfg(any(test, feature = "internals"))]
pub use table::find;
pub use table::{Counts, Repeated, Row, counts_of, table};
#[cfg(any(test, feature = "internals"))]
pub use {
    family::Family,
    features::{FEATURES, Feature},
    rate::{Each, Rate},
    table::Surface,
    unattended::{MAX_UNATTENDED, Unattended},
};

use once::Lately;
use refusal::Refusal;
use unknown::Unknown;

/// No caller waits longer than this: they get a retryable error, and what was begun goes on. Clients give up after
/// 15 s.
const DEADLINE: Duration = Duration::from_secs(10);

/// What every handler works with. A cheap handle.
#[derive(Clone)]
pub struct Context(Arc<Parts>);

/// What a [`Context`] is made of.
pub struct Parts {
    pub services: Services,
    /// What goes on when its caller is gone.
    tasks: TaskTracker,
    /// How many calls do.
    unattended: unattended::Counts,
    deadline: Duration,
    unknown: Unknown,
    /// What was asked for by frames that may be repeated.
    lately: Lately,
}

impl Context {
    pub fn new(services: Services, tasks: TaskTracker) -> Self {
        Self::with_deadline(services, tasks, DEADLINE)
    }

    /// With another deadline than [`DEADLINE`]; for a test that cannot wait for it.
    pub fn with_deadline(services: Services, tasks: TaskTracker, deadline: Duration) -> Self {
        Self(Arc::new(Parts {
            unattended: unattended::Counts::new(services.apps.ids()),
            services,
            tasks,
            deadline,
            unknown: Unknown::default(),
            lately: Lately::default(),
        }))
    }

    /// What was answered to a request, here or by another instance; waits while it is carried out here.
    async fn answered(&self, request: RequestKey) -> Option<String> {
        match self.lately.answered(request).await {
            Some(body) => Some(body.to_string()),
            None => self.services.sessions.kept_answer(request.slot(), request.bytes()).await,
        }
    }
}

impl Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Who calls, as it was proved.
#[derive(Clone, Debug)]
pub enum Caller {
    /// In the application that is named, which need not exist.
    Anonymous(AppId),
    User(UserCaller),
    Admin {
        app: AppId,
        user: UserId,
    },
}

impl Caller {
    fn app(&self) -> Option<AppId> {
        match self {
            Caller::Anonymous(_) => None,
            Caller::User(UserCaller { app, .. }) | Caller::Admin { app, .. } => Some(*app),
        }
    }
}

/// A user of an SDK.
#[derive(Clone, Debug)]
pub struct UserCaller {
    pub app: AppId,
    pub user: UserId,
    pub proof: Proof,
    /// As the connection says: which kind of client, and which object of its SDK.
    pub platform: u32,
    pub instance: String,
    /// Where they call from; unknown on a connection's own session, which has proved itself before.
    pub from: Option<IpAddr>,
}

/// How a user proved who they are.
#[derive(Clone, Debug)]
pub enum Proof {
    /// By a UserSig that is good up to this Unix second.
    UserSig { until: u64 },
    /// A session token that was checked now.
    Token(Claims),
    /// The connection's own session.
    Session(Device),
}

impl UserCaller {
    fn device(&self) -> Option<DeviceId> {
        match &self.proof {
            Proof::UserSig { .. } => None,
            Proof::Token(claims) => Some(claims.device),
            Proof::Session(device) => Some(device.id),
        }
    }
}

/// What a command changes about the connection it came on.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The device is logged in here. One that is back is told what was said since [`Device::position`].
    /// Where `lasts` is set the connection is closed after it: the session is over, and the client had time to hear so.
    Attach { app: AppId, user: UserId, device: Device, token: String, lasts: Option<Duration> },
    /// The device has what it was told before a time.
    Heard { at: Millis },
    /// The device has seen what it missed: it may be pushed what is new. Of its notices it has those up to a number, where
    /// it was told any.
    Synced { notices: Option<Seq>, counted: Vec<Counted> },
    /// The answer counts what is unread.
    Counted(Vec<Counted>),
    /// A device with a session said something. Its SDK takes its own words for the end of what it missed, so where it is
    /// yet to be told that, they are acknowledged afterwards; and where they stand among what others say, where they come
    /// to the device as well.
    Said(SentMessage),
    /// The device is in a room: it hears it from the answer on.
    Entered(RoomStay),
    /// The device is in a room no more.
    Left(GroupId),
    /// Somebody who is not logged in reads along, in a room that they have just begun to hear.
    ReadsAlong(Option<(AppId, GroupId)>),
    /// Nobody is.
    Detach,
}

/// One call of a command.
pub struct Call {
    pub caller: Caller,
    /// Where it is done once, however often it is asked for.
    request: Option<RequestKey>,
    effect: Mutex<Option<Box<Effect>>>,
}

impl Call {
    fn new(caller: Caller, request: Option<RequestKey>) -> Self {
        Self { caller, request, effect: Mutex::new(None) }
    }

    /// What tells the request from all others: its repetition has the same.
    fn request(&self) -> Option<[u8; 16]> {
        self.request.map(RequestKey::bytes)
    }

    fn set_effect(&self, effect: Effect) {
        *self.effect.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(effect));
    }

    /// A device comes into a room or leaves it, which its own connection hears then.
    fn set_room(&self, effect: Effect) {
        if let Caller::User(UserCaller { proof: Proof::Session(_), .. }) = &self.caller {
            self.set_effect(effect);
        }
    }

    /// Somebody who is not logged in has reason to stay.
    fn set_reads_along(&self, begins: Option<&GroupId>) {
        if let Caller::Anonymous(app) = &self.caller {
            self.set_effect(Effect::ReadsAlong(begins.map(|room| (*app, room.clone()))));
        }
    }

    /// The application that somebody names who is nobody.
    fn unknown_of(&self) -> AppId {
        match &self.caller {
            Caller::Anonymous(app) | Caller::User(UserCaller { app, .. }) | Caller::Admin { app, .. } => *app,
        }
    }

    /// Something was said.
    fn set_said(&self, said: SentMessage) {
        if let Caller::User(UserCaller { proof: Proof::Token(_) | Proof::Session(_), .. }) = &self.caller {
            self.set_effect(Effect::Said(said));
        }
    }

    /// Whether the device is back on this connection: it was told all that happened while it was away.
    fn is_resumed(&self) -> bool {
        matches!(
            &self.caller,
            Caller::User(UserCaller { proof: Proof::Session(Device { is_back: true, .. }), .. })
        )
    }

    /// Who acts. The table lets nobody anonymous get here; the refusal is for a row that is wrong.
    fn actor(&self) -> Result<Actor, Refusal> {
        match &self.caller {
            Caller::Anonymous(_) => Err(ErrorCode::NOT_AUTHENTICATED.into()),
            Caller::User(caller) => Ok(Actor {
                app: caller.app,
                user: caller.user.clone(),
                is_admin: false,
                device: caller.device(),
            }),
            Caller::Admin { app, user } => {
                Ok(Actor { app: *app, user: user.clone(), is_admin: true, device: None })
            }
        }
    }

    /// Who acts, as the user whom the request names where the caller may name one: the dispatcher has checked that.
    fn actor_for(&self, named: Option<&UserId>) -> Result<Actor, Refusal> {
        let mut actor = self.actor()?;
        if let Some(user) = named {
            actor.user = user.clone();
        }
        Ok(actor)
    }

    fn user(&self) -> Result<&UserCaller, Refusal> {
        match &self.caller {
            Caller::User(caller) => Ok(caller),
            _ => Err(ErrorCode::NOT_AUTHENTICATED.into()),
        }
    }

    /// The call is carried out.
    fn done(self, response: &impl serde::Serialize, command: &'static str) -> Result<Done, Refusal> {
        let body = envelope::success(response).map_err(|error| {
            tracing::error!(command, %error, "an answer could not be written");
            Refusal::Fault
        })?;
        let effect = self.effect.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Done { body, effect })
    }
}

/// What a command that was carried out gives.
struct Done {
    /// The body of the answer, envelope included.
    body: String,
    effect: Option<Box<Effect>>,
}

/// What goes back to the caller, and what changes about their connection before it does.
#[derive(Debug)]
pub struct Answer {
    /// The body, envelope included.
    pub body: String,
    pub code: ErrorCode,
    pub effect: Option<Box<Effect>>,
}

impl Answer {
    pub fn refusal(failure: &Failure) -> Self {
        Self { body: envelope::refusal(failure), code: failure.code, effect: None }
    }
}

/// Carries out one command. Every call is answered, none later than after [`DEADLINE`]. What was begun is carried to its
/// end: also when the deadline passes, and when this is dropped.
pub async fn dispatch(context: &Context, identity: Identity<'_>, name: &str, body: &str) -> Answer {
    dispatch_asked(context, identity, name, body, None).await
}

/// The same for what an SDK asks for, which it repeats where it was unanswered: what is done once is then answered as it was.
pub async fn dispatch_asked(
    context: &Context,
    identity: Identity<'_>,
    name: &str,
    body: &str,
    asked: Option<Asked<'_>>,
) -> Answer {
    let row = match open(context, identity.app(), name) {
        Ok(row) => row,
        Err(refusal) => return refusal,
    };
    let asked = asked.filter(|asked| row.repeated == Repeated::Once && !asked.token.is_empty());
    let request = asked.map(|asked| asked.key(row.name, body));
    let repeated = request.filter(|_| asked.is_some_and(|asked| asked.is_repeated));
    let work = async {
        let caller = access::admit(context, identity, row).await?;
        if let Some(request) = repeated
            && let Some(body) = context.answered(request).await
        {
            metrics::counter!("gateway_repeated_requests_total").increment(1);
            return Ok(Done { body, effect: None });
        }
        carry_out(context, caller, row, body, request).await
    };
    answer(context, row, work).await
}

/// Somebody who may give a command by REST, before the body of their request is there.
pub struct Admitted {
    row: &'static Row,
    caller: Caller,
}

/// The first half of [`dispatch`] for a call by REST, whose credentials come before its body: nothing is read of somebody
/// who has not proved who they are. [`dispatch_admitted`] is the other half.
pub async fn admit(context: &Context, credentials: Credentials<'_>, name: &str) -> Result<Admitted, Answer> {
    let row = open(context, AppId(credentials.app), name)?;
    let started = Instant::now();
    match in_time(context, row, access::admit(context, Identity::Rest(credentials), row)).await {
        Ok(caller) => Ok(Admitted { row, caller }),
        Err(refusal) => {
            table::meter(row).count(refusal.code, started.elapsed());
            Err(refusal)
        }
    }
}

/// Carries out the command of one who was admitted.
pub async fn dispatch_admitted(context: &Context, admitted: Admitted, body: &str) -> Answer {
    let Admitted { row, caller } = admitted;
    answer(context, row, carry_out(context, caller, row, body, None)).await
}

/// The row of a command that can be begun now, in the application whose call it is said to be.
fn open(context: &Context, app: AppId, name: &str) -> Result<&'static Row, Answer> {
    let Some(row) = table::find(name) else { return Err(Answer::refusal(&context.unknown.refuse(name))) };
    // What asks for nothing but an answer is answered: a client that gets none to its ping dials again and asks for more.
    if context.is_overrun(app) && !matches!(row.access, Access::Anybody | Access::AnybodyOrUser) {
        Bound::UnattendedCalls.refused(row.name);
        table::meter(row).count(ErrorCode::UNAVAILABLE, Duration::ZERO);
        return Err(Answer::refusal(&Failure::new(ErrorCode::UNAVAILABLE)));
    }
    Ok(row)
}

async fn answer(
    context: &Context,
    row: &'static Row,
    work: impl Future<Output = Result<Done, Refusal>>,
) -> Answer {
    let started = Instant::now();
    let answer = match in_time(context, row, work).await {
        Ok(Done { body, effect }) => Answer { body, code: ErrorCode::OK, effect },
        Err(refusal) => refusal,
    };
    table::meter(row).count(answer.code, started.elapsed());
    answer
}

/// What a command's work gives, or the refusal: also when it panics, and when it takes too long.
async fn in_time<T>(
    context: &Context,
    row: &'static Row,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Answer> {
    let work = AssertUnwindSafe(work).catch_unwind();
    match tokio::time::timeout(context.deadline, work).await {
        Ok(Ok(Ok(done))) => Ok(done),
        Ok(Ok(Err(refusal))) => Err(Answer::refusal(&refusal.failure(row.family))),
        Ok(Err(_)) => {
            tracing::error!(command = row.name, "a handler panicked");
            Err(Answer::refusal(&Failure::new(row.family.internal)))
        }
        Err(_) => {
            tracing::warn!(command = row.name, "a command ran into its deadline");
            Err(Answer::refusal(&Failure::new(ErrorCode::BACKEND_TIMEOUT)))
        }
    }
}

async fn carry_out(
    context: &Context,
    caller: Caller,
    row: &'static Row,
    body: &str,
    request: Option<RequestKey>,
) -> Result<Done, Refusal> {
    let app = caller.app();
    let mut work = (row.begin)(context, Call::new(caller, request), body)?;
    if let Some(request) = request {
        let under_way = context.lately.begin(request);
        let sessions = context.services.sessions.clone();
        work = Box::pin(async move {
            let done = work.await?;
            sessions.keep_answer(request.slot(), request.bytes(), &done.body).await;
            under_way.done(&done.body);
            Ok(done)
        });
    }
    unattended::Attended::new(context, app, row, work).await
}

/// Reads a request and checks whom it acts for.
fn decode<R: Request>(call: &Call, body: &str) -> Result<R, Refusal> {
    let request: R = reading::read(body).map_err(|misread| match misread {
        Misread::NotJson { line, column } => {
            let place = format!("the body is not JSON from line {line}, column {column} on");
            Failure::worded(ErrorCode::NOT_JSON, place).into()
        }
        Misread::Shape(what) => Refusal::malformed(what),
    })?;
    if let (Caller::User(caller), Some(user)) = (&call.caller, request.on_behalf_of())
        && *user != caller.user
    {
        return Err(Refusal::Forbidden("no permission: a user acts only for themselves"));
    }
    Ok(request)
}

/// Questions whose answers clients take in the order of the questions: an SDK 2.x asks for a group that is new to it with
/// each message that is said there, and comes to the messages in the order of the answers.
pub const ANSWERED_IN_ORDER: &[&str] = &[protocol::group::GetWithSelf::NAME];

/// The connection of a logged-in device is gone.
pub async fn disconnected(context: &Context, app: AppId, user: &UserId, device: &Device) {
    if let Err(error) = context.services.sessions.disconnected(app, user, device).await {
        tracing::warn!(%error, "a device that is gone could not be noted");
    }
}

/// A device has what it was told before a time.
pub async fn heard(context: &Context, app: AppId, user: &UserId, device: &Device, at: Millis) {
    if let Err(error) = context.services.sessions.heard(app, user, device, at).await {
        // It is told more again when it comes back.
        tracing::warn!(%error, "what a device has heard could not be noted");
    }
}
