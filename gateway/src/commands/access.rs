//! Who may call: the first of three checks. The second is whom the request acts for, the third the role in the object.

use std::hash::Hash;
use std::net::IpAddr;

use protocol::id::{AppId, UserId};
use protocol::session::KickReason;
use protocol::{ErrorCode, Failure, usersig};
use serde_json::json;

use super::refusal::plain;
use super::{Caller, Context, Proof, Refusal, Row, UserCaller, rate};
use crate::services::rates::Tried;
use crate::services::session::{Device, SessionError};
use crate::telemetry::Sparing;

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
    /// The number of the connection; 0 where there is none.
    pub connection: u64,
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

impl Identity<'_> {
    /// Whose call it is said to be.
    pub(super) fn app(&self) -> AppId {
        match self {
            Identity::Session { app, .. } => *app,
            Identity::Frame(credentials) | Identity::Rest(credentials) => AppId(credentials.app),
        }
    }

    /// What tells the connection from all others.
    fn connection(&self) -> impl Hash {
        match self {
            Identity::Session { device, .. } => (device.id, device.visit),
            Identity::Frame(credentials) | Identity::Rest(credentials) => (0, credentials.connection),
        }
    }
}

/// The caller, if they are who they say, the row lets them, and they do not call too often.
///
/// Rates come between the two halves of a proof: what is signed is checked first, so that nobody uses up what is
/// another's, and what has to be read is read last, so that one who calls too often costs no reading.
pub(super) async fn admit(context: &Context, identity: Identity<'_>, row: &Row) -> Result<Caller, Refusal> {
    if let Identity::Rest(credentials) = identity {
        // A back end proves itself for every command, also for those that need no proof of a device.
        let admin = admin(context, credentials, row).await?;
        return match row.access {
            Access::Admin | Access::UserOrAdmin => Ok(admin),
            Access::User | Access::AnybodyOrUser | Access::Anybody => {
                let what = format!("no such command by REST: {} is served on the socket alone", row.name);
                Err(Failure::worded(ErrorCode::UNKNOWN_COMMAND, what).into())
            }
        };
    }
    match row.access {
        Access::Anybody => {
            rate::hold_connection(context, row, identity.app(), &identity.connection())?;
            Ok(Caller::Anonymous(identity.app()))
        }
        Access::AnybodyOrUser => {
            rate::hold_connection(context, row, identity.app(), &identity.connection())?;
            Ok(user(context, identity, row).await.unwrap_or(Caller::Anonymous(identity.app())))
        }
        Access::User | Access::UserOrAdmin => user(context, identity, row).await,
        Access::Admin => {
            // Known or not, a user is told the same.
            user(context, identity, row).await?;
            Err(Refusal::Forbidden("no permission: the command needs an administrator account"))
        }
    }
}

async fn user(context: &Context, identity: Identity<'_>, row: &Row) -> Result<Caller, Refusal> {
    let credentials = match identity {
        Identity::Session { app, user, device, instance } => {
            context.services.sessions.check_end(app, device.since, device.until)?;
            rate::hold_user(context, row, app, user)?;
            return Ok(Caller::User(UserCaller {
                app,
                user: user.clone(),
                proof: Proof::Session(device.clone()),
                platform: device.platform,
                instance: instance.to_owned(),
                from: None,
            }));
        }
        Identity::Frame(credentials) | Identity::Rest(credentials) => credentials,
    };
    let sessions = &context.services.sessions;
    let app = AppId(credentials.app);
    let (user, proof) = if credentials.token.is_empty() {
        let (user, claims) = usersig_holder(context, credentials)?;
        rate::hold_user(context, row, app, &user)?;
        let until = sessions.check_not_revoked(app, &user, &claims).await?;
        (user, Proof::UserSig { until })
    } else {
        let claims = sessions.open_token(app, credentials.token)?;
        rate::hold_user(context, row, app, &claims.user)?;
        sessions.check_not_ended(&claims).await?;
        (claims.user.clone(), Proof::Token(claims))
    };
    Ok(Caller::User(UserCaller {
        app,
        user,
        proof,
        platform: credentials.platform,
        instance: credentials.instance.to_owned(),
        from: credentials.from,
    }))
}

/// Who holds a UserSig, as far as it says so itself.
fn usersig_holder(
    context: &Context,
    credentials: Credentials<'_>,
) -> Result<(UserId, usersig::Claims), Refusal> {
    if credentials.identifier.is_empty() && credentials.usersig.is_empty() {
        return Err(ErrorCode::NOT_AUTHENTICATED.into());
    }
    let user = UserId::parse(credentials.identifier).map_err(|error| {
        Failure::because(ErrorCode::NOT_AUTHENTICATED, format_args!("identifier: {error}"))
    })?;
    if user.is_reserved() {
        return Err(Failure::because(ErrorCode::NOT_AUTHENTICATED, "identifier: it is nobody's name").into());
    }
    let app = AppId(credentials.app);
    match context.services.sessions.verify_usersig(app, &user, credentials.usersig) {
        Ok(claims) => Ok((user, claims)),
        Err(SessionError::UserSig(error)) => Err(wrong_usersig(context, app, &user, credentials.from, error)),
        Err(error) => Err(error.into()),
    }
}

/// Lines for whoever wants to know who tries to be somebody else. Never what they tried it with.
static REFUSED_USERSIGS: Sparing = Sparing::new();

fn wrong_usersig(
    context: &Context,
    app: AppId,
    user: &UserId,
    from: Option<IpAddr>,
    error: usersig::Error,
) -> Refusal {
    // It was right once, or will be: a client that does not know the time, or was away for long.
    if matches!(error, usersig::Error::Expired | usersig::Error::NotYet) {
        return SessionError::UserSig(error).into();
    }
    match context.services.throttle.wrong_usersig(app, user, from) {
        Tried::TooOften => ErrorCode::SIG_TRIED_TOO_OFTEN.into(),
        Tried::Counted { times } => {
            if let Some(kept_back) = REFUSED_USERSIGS.admit() {
                let from = from.map_or_else(|| "unknown".to_owned(), |from| from.to_string());
                tracing::warn!(%app, user = plain(user.as_str()), from, times, %error, kept_back, "a UserSig was refused");
            }
            SessionError::UserSig(error).into()
        }
    }
}

async fn admin(context: &Context, credentials: Credentials<'_>, row: &Row) -> Result<Caller, Refusal> {
    let (user, claims) = usersig_holder(context, credentials)?;
    let app = AppId(credentials.app);
    if !context.services.sessions.is_admin(app, &user) {
        return Err(ErrorCode::NOT_ADMIN.into());
    }
    rate::hold_app(context, row, app)?;
    context.services.sessions.check_not_revoked(app, &user, &claims).await?;
    Ok(Caller::Admin { app, user })
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::UnknownApp => ErrorCode::APP_UNKNOWN.into(),
            SessionError::UserSig(usersig::Error::Illegal(reason)) => {
                Failure::because(ErrorCode::SIG_ILLEGAL, reason).into()
            }
            SessionError::UserSig(error @ usersig::Error::NotYet) => {
                Failure::worded(ErrorCode::SIG_ILLEGAL, error.to_string()).into()
            }
            SessionError::UserSig(error) => usersig_code(&error).into(),
            SessionError::Revoked => ErrorCode::SIG_REVOKED.into(),
            SessionError::Over => {
                let what = "the session is over: log in with a new UserSig";
                Failure::worded(ErrorCode::SIG_EXPIRED, what).into()
            }
            // To an SDK "expired" means: log in again, with a new UserSig.
            SessionError::BadToken => {
                Failure::because(ErrorCode::SIG_EXPIRED, "the session is not known").into()
            }
            SessionError::Kicked(reason) => kicked(reason).into(),
            SessionError::Unsignable(error) => Failure::because(ErrorCode::LOGIN_BAD_PARAMETER, error).into(),
            SessionError::TooOften(why) => Failure::because(ErrorCode::LOGIN_TOO_OFTEN, why).into(),
            SessionError::Busy => ErrorCode::BACKEND_TIMEOUT.into(),
            SessionError::Storage(error) => Refusal::Store(error),
        }
    }
}

fn usersig_code(error: &usersig::Error) -> ErrorCode {
    match error {
        usersig::Error::Expired => ErrorCode::SIG_EXPIRED,
        usersig::Error::Empty => ErrorCode::SIG_EMPTY,
        usersig::Error::Illegal(_) | usersig::Error::NotYet => ErrorCode::SIG_ILLEGAL,
        usersig::Error::Signature => ErrorCode::SIG_WRONG,
        usersig::Error::OtherUser => ErrorCode::SIG_OTHER_USER,
        usersig::Error::OtherApp => ErrorCode::SIG_OTHER_APP,
    }
}

/// With `KickType` in the body the SDKs log out, as if they had been pushed the kick.
fn kicked(reason: KickReason) -> Failure {
    Failure::new(ErrorCode::KICKED).with(&json!({"KickType": reason.number(), "NewInstInfo": {}}))
}
