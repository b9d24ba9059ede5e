//! The table of commands: one row each, the same for the socket and for REST.
//!
//! ```text
//! name → row → access → decode → on whose behalf → handler → service
//! ```
//!
//! A handler translates: request to service call, service error to code. It decides nothing about chat.

mod access;
mod account;
mod conversation;
mod friend;
mod group;
pub mod legacy;
mod message;
mod profile;
mod push;
mod session;
mod table;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use protocol::envelope;
use protocol::id::{AppId, UserId};
use protocol::{ErrorCode, Failure, Request};

use crate::services::Services;
use crate::services::StorageError;
use crate::services::core::Actor;
use crate::services::core::DeviceId;
use crate::services::session::Claims;

pub use crate::services::session::Device;
pub use access::{Access, Credentials, Identity};
pub use table::{Row, Surface, TABLE};

/// No command works longer than this; its caller is told to come again. Clients give up after 15 s.
const DEADLINE: Duration = Duration::from_secs(10);

/// What every handler works with.
#[derive(Clone)]
pub struct Context {
    pub services: Arc<Services>,
}

/// Who calls, as it was proved.
#[derive(Clone, Debug)]
pub enum Caller {
    Anonymous,
    User(UserCaller),
    Admin { app: AppId, user: UserId },
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
}

/// How a user proved who he is.
#[derive(Clone, Debug)]
pub enum Proof {
    UserSig,
    /// A session token that was checked now.
    Token(Claims),
    /// The connection's own session.
    Session(Device),
}

impl UserCaller {
    fn device(&self) -> Option<DeviceId> {
        match &self.proof {
            Proof::UserSig => None,
            Proof::Token(claims) => Some(claims.device),
            Proof::Session(device) => Some(device.id),
        }
    }
}

/// What a command changes about the connection it came on.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The device is logged in here.
    Attach { app: AppId, user: UserId, device: Device, token: String },
    /// Nobody is.
    Detach,
}

/// One call of a command.
pub struct Call {
    pub caller: Caller,
    effect: Mutex<Option<Box<Effect>>>,
}

impl Call {
    fn new(caller: Caller) -> Self {
        Self { caller, effect: Mutex::new(None) }
    }

    fn set_effect(&self, effect: Effect) {
        *self.effect.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(effect));
    }

    /// Who acts. The table lets nobody anonymous get here; the failure is for a row that is wrong.
    fn actor(&self) -> Result<Actor, Failure> {
        match &self.caller {
            Caller::Anonymous => Err(Failure::new(ErrorCode::NOT_AUTHENTICATED)),
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
    fn actor_for(&self, named: Option<&UserId>) -> Result<Actor, Failure> {
        let mut actor = self.actor()?;
        if let Some(user) = named {
            actor.user = user.clone();
        }
        Ok(actor)
    }

    fn user(&self) -> Result<&UserCaller, Failure> {
        match &self.caller {
            Caller::User(caller) => Ok(caller),
            _ => Err(Failure::new(ErrorCode::NOT_AUTHENTICATED)),
        }
    }
}

/// What goes back to the caller, and what changes about his connection before it does.
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

/// Carries out one command. Every call is answered; none takes longer than [`DEADLINE`].
pub async fn dispatch(context: &Context, identity: Identity<'_>, name: &str, body: &str) -> Answer {
    let Some(row) = table::find(name) else {
        metrics::counter!("gateway_commands_total", "command" => "unknown", "code" => "60009").increment(1);
        return Answer::refusal(&Failure::new(ErrorCode::UNKNOWN_COMMAND));
    };
    let started = Instant::now();
    let work = AssertUnwindSafe(carry_out(context, identity, row, body)).catch_unwind();
    let answer = match tokio::time::timeout(DEADLINE, work).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => {
            tracing::error!(command = row.name, "a handler panicked");
            Answer::refusal(&Failure::new(internal(row.name)))
        }
        Err(_) => {
            tracing::warn!(command = row.name, "a command ran into its deadline");
            Answer::refusal(&Failure::new(ErrorCode::BACKEND_TIMEOUT))
        }
    };
    table::meter(row).count(answer.code, started.elapsed());
    answer
}

async fn carry_out(context: &Context, identity: Identity<'_>, row: &Row, body: &str) -> Answer {
    let caller = match access::admit(context, identity, row).await {
        Ok(caller) => caller,
        Err(failure) => return Answer::refusal(&failure),
    };
    let call = Call::new(caller);
    match (row.run)(context, &call, body).await {
        Ok(body) => {
            let effect = call.effect.into_inner().unwrap_or_else(PoisonError::into_inner);
            Answer { body, code: ErrorCode::OK, effect }
        }
        Err(failure) => Answer::refusal(&failure),
    }
}

/// Reads a request and checks whom it acts for.
fn decode<R: Request>(call: &Call, body: &str) -> Result<R, Failure> {
    let request: R = serde_json::from_str(body).map_err(|error| {
        let code = if error.is_syntax() || error.is_eof() { ErrorCode::NOT_JSON } else { malformed(R::NAME) };
        Failure::because(code, error)
    })?;
    if let (Caller::User(caller), Some(user)) = (&call.caller, request.on_behalf_of())
        && *user != caller.user
    {
        let reason = "a user acts only for himself";
        return Err(Failure::because(access::forbidden(R::NAME), reason));
    }
    Ok(request)
}

fn encode(response: &impl serde::Serialize, name: &'static str) -> Result<String, Failure> {
    envelope::success(response).map_err(|error| {
        tracing::error!(command = name, %error, "an answer could not be written");
        Failure::new(internal(name))
    })
}

fn service(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

/// The code for a request that does not have the command's shape, by the habit of its service.
fn malformed(name: &str) -> ErrorCode {
    match service(name) {
        "im_open_login_svc" => ErrorCode::LOGIN_BAD_PARAMETER,
        "openim" => ErrorCode::C2C_BAD_FORMAT,
        "profile" => ErrorCode::PROFILE_BAD_PARAMETER,
        "recentcontact" => ErrorCode::CONVERSATION_BAD_PARAMETER,
        "sns" => ErrorCode::FRIEND_BAD_PARAMETER,
        _ => ErrorCode::GROUP_BAD_PARAMETER,
    }
}

/// The code for a fault on our side, by the habit of its service.
fn internal(name: &str) -> ErrorCode {
    match service(name) {
        "im_open_login_svc" | "im_open_status" => ErrorCode::LOGIN_INTERNAL,
        "openim" => ErrorCode::C2C_INTERNAL,
        "profile" => ErrorCode::PROFILE_INTERNAL,
        "recentcontact" => ErrorCode::CONVERSATION_INTERNAL,
        "sns" => ErrorCode::FRIEND_INTERNAL,
        _ => ErrorCode::GROUP_INTERNAL,
    }
}

/// A fault of the store: the log has it, the caller the number under which it stands there.
fn storage_failure(error: &StorageError, code: ErrorCode) -> Failure {
    let request = format!("{:08x}", rand::random::<u32>());
    tracing::error!(%error, request, "request {request}: the store failed");
    Failure::because(code, format_args!("request {request}"))
}

/// The connection of a logged-in device is gone.
pub async fn disconnected(context: &Context, app: AppId, user: &UserId, device: &Device) {
    if let Err(error) = context.services.sessions.disconnected(app, user, device).await {
        tracing::warn!(%error, "a device that is gone could not be noted");
    }
}
