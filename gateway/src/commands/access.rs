//! Who may call: the first of three checks. The second is whom the request acts for, the third the role in the object.

use std::net::IpAddr;

use protocol::id::{AppId, UserId};
use protocol::session::KickReason;
use protocol::{ErrorCode, Failure, usersig};
use serde_json::json;

use super::{Caller, Context, Proof, Refusal, Row, UserCaller};
use crate::services::session::{Device, SessionError};

/// What a row asks of its caller. There is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, logged in or not: nobody's identity is looked at.
    Anybody,
    /// Anybody too, but one who proves to be a user is one: for a device that leaves, logged out already or not.
    AnybodyOrUser,
    /// A user of an SDK.
    User,
    /// An administrator, by REST.
    Admin,
    /// Both.
    UserOrAdmin,
}

/// How a frame or a REST query says who calls.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    pub app: u32,
    pub identifier: &'a str,
    pub usersig: &'a str,
    /// The session token; empty on REST and before a login.
    pub token: &'a str,
    pub platform: u32,
    pub instance: &'a str,
    /// The client's address, as far as it is known; absent for what the gateway calls itself.
    pub from: Option<IpAddr>,
}

/// Where a call comes from.
#[derive(Clone, Copy, Debug)]
pub enum Identity<'a> {
    /// A frame that repeats the token of the connection's own session.
    Session { app: AppId, user: &'a UserId, device: &'a Device, instance: &'a str },
    /// Any other frame.
    Frame(Credentials<'a>),
    /// A REST call.
    Rest(Credentials<'a>),
}

/// The caller, if they are who they say and the row lets them.
pub(super) async fn admit(context: &Context, identity: Identity<'_>, row: &Row) -> Result<Caller, Refusal> {
    if let Identity::Rest(credentials) = identity {
        // A back end proves itself for every command, also for those that need no proof of a device.
        let admin = admin(context, credentials).await?;
        return match row.access {
            Access::Admin | Access::UserOrAdmin => Ok(admin),
            Access::User | Access::AnybodyOrUser | Access::Anybody => {
                let what = format!("no such command by REST: {} is served on the socket alone", row.name);
                Err(Failure::worded(ErrorCode::UNKNOWN_COMMAND, what).into())
            }
        };
    }
    match row.access {
        Access::Anybody => Ok(Caller::Anonymous),
        Access::AnybodyOrUser => Ok(user(context, identity).await.unwrap_or(Caller::Anonymous)),
        Access::User | Access::UserOrAdmin => user(context, identity).await,
        Access::Admin => {
            // Known or not, a user is told the same.
            user(context, identity).await?;
            Err(Refusal::Forbidden("no permission: the command needs an administrator account"))
        }
    }
}

async fn user(context: &Context, identity: Identity<'_>) -> Result<Caller, Refusal> {
    let credentials = match identity {
        Identity::Session { app, user, device, instance } => {
            return Ok(Caller::User(UserCaller {
                app,
                user: user.clone(),
                proof: Proof::Session(device.clone()),
                platform: device.platform,
                instance: instance.to_owned(),
            }));
        }
        Identity::Frame(credentials) | Identity::Rest(credentials) => credentials,
    };
    let sessions = &context.services.sessions;
    let app = AppId(credentials.app);
    let (user, proof) = if credentials.token.is_empty() {
        let user = usersig_holder(context, credentials).await?;
        (user, Proof::UserSig)
    } else {
        let claims = sessions.check_token(app, credentials.token).await?;
        (claims.user.clone(), Proof::Token(claims))
    };
    Ok(Caller::User(UserCaller {
        app,
        user,
        proof,
        platform: credentials.platform,
        instance: credentials.instance.to_owned(),
    }))
}

async fn usersig_holder(context: &Context, credentials: Credentials<'_>) -> Result<UserId, Refusal> {
    if credentials.identifier.is_empty() && credentials.usersig.is_empty() {
        return Err(ErrorCode::NOT_AUTHENTICATED.into());
    }
    let user = UserId::parse(credentials.identifier).map_err(|error| {
        Failure::because(ErrorCode::NOT_AUTHENTICATED, format_args!("identifier: {error}"))
    })?;
    if user.is_reserved() {
        return Err(Failure::because(ErrorCode::NOT_AUTHENTICATED, "identifier: it is nobody's name").into());
    }
    let sessions = &context.services.sessions;
    sessions.check_usersig(AppId(credentials.app), &user, credentials.usersig).await?;
    Ok(user)
}

async fn admin(context: &Context, credentials: Credentials<'_>) -> Result<Caller, Refusal> {
    let user = usersig_holder(context, credentials).await?;
    let app = AppId(credentials.app);
    if !context.services.sessions.is_admin(app, &user) {
        return Err(ErrorCode::NOT_ADMIN.into());
    }
    Ok(Caller::Admin { app, user })
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::UnknownApp => ErrorCode::APP_UNKNOWN.into(),
            SessionError::UserSig(usersig::Error::Illegal(reason)) => {
                Failure::because(ErrorCode::SIG_ILLEGAL, reason).into()
            }
            SessionError::UserSig(error) => usersig_code(&error).into(),
            SessionError::Revoked => ErrorCode::SIG_REVOKED.into(),
            // To an SDK "expired" means: log in again, with a new UserSig.
            SessionError::BadToken => {
                Failure::because(ErrorCode::SIG_EXPIRED, "the session is not known").into()
            }
            SessionError::Kicked(reason) => kicked(reason).into(),
            SessionError::Unsignable(error) => Failure::because(ErrorCode::LOGIN_BAD_PARAMETER, error).into(),
            SessionError::Busy => ErrorCode::BACKEND_TIMEOUT.into(),
            SessionError::Storage(error) => Refusal::Store(error),
        }
    }
}

fn usersig_code(error: &usersig::Error) -> ErrorCode {
    match error {
        usersig::Error::Expired => ErrorCode::SIG_EXPIRED,
        usersig::Error::Empty => ErrorCode::SIG_EMPTY,
        usersig::Error::Illegal(_) => ErrorCode::SIG_ILLEGAL,
        usersig::Error::Signature => ErrorCode::SIG_WRONG,
        usersig::Error::OtherUser => ErrorCode::SIG_OTHER_USER,
        usersig::Error::OtherApp => ErrorCode::SIG_OTHER_APP,
    }
}

/// With `KickType` in the body the SDKs log out, as if they had been pushed the kick.
fn kicked(reason: KickReason) -> Failure {
    Failure::new(ErrorCode::KICKED).with(&json!({"KickType": reason.number(), "NewInstInfo": {}}))
}
