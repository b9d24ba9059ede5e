//! Logging in and out, staying online, configuration.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protocol::id::AppId;
use protocol::request::Empty;
use protocol::session::{
    Background, CONFIG_LIFETIME_SECONDS, ClientConfig, FetchConfig, FetchPurchaseBits, Foreground, Hello,
    LoggedIn, Login, Logout, MediaKey, NoMediaKey, Ping, PurchaseBits, Statistics,
};
use protocol::{Request, group, message};

use super::features::purchase_bits;
use super::rate::ClientLimit;
use super::table::{self, Row, rows};
use super::{Call, Caller, Context, Effect, Proof, Refusal};
use crate::services::session::SessionError;

pub(super) static ROWS: &[Row] = rows! {
    HEARTBEAT {
        Anybody Apart Ping => ping, 300 per second per connection;
    }
    STATISTICS {
        Anybody Apart Statistics => statistics, 5 per second per connection;
    }
    STATUS {
        User Apart Login => login, 20 per second per user;
        User Apart Hello => hello, 5 per second per user;
        AnybodyOrUser Apart Logout => logout, 10 per second per connection;
        User Apart Background => background, 5 per second per user;
        User Apart Foreground => foreground, 5 per second per user;
    }
    CONFIG {
        User Apart FetchConfig => fetch_config, 5 per second per user;
        User Apart FetchPurchaseBits => fetch_purchase_bits, 5 per second per user;
    }
    C2C {
        User Apart MediaKey => media_key, 5 per second per user;
    }
};

/// How long after the hello by which an SDK hears that its session is over its connection is closed. It asks for a new
/// UserSig then; one that is cut off before takes its session up again and does not expect to be refused. Source: observed.
const AFTER_HELLO: Duration = Duration::from_secs(2);

/// What the SDKs ask for each conversation with news when they come back. By themselves they ask at most 20 times a second
/// for history and 8 times for groups, and never again for the rest. Source: observed.
const ASKED_ON_RETURN: [&str; 3] =
    [message::c2c::GetHistory::NAME, message::group::GetHistory::NAME, group::GetWithSelf::NAME];

pub(super) async fn ping(_: &Context, _: &Call, _: Ping) -> Result<Empty, Refusal> {
    Ok(Empty {})
}

pub(super) async fn statistics(_: &Context, _: &Call, _: Statistics) -> Result<Empty, Refusal> {
    Ok(Empty {})
}

pub(super) async fn login(context: &Context, call: &Call, _: Login) -> Result<LoggedIn, Refusal> {
    let sessions = &context.services.sessions;
    let caller = call.user()?;
    let (app, user) = (caller.app, &caller.user);
    context.services.throttle.log_in(app, caller.from).map_err(SessionError::from)?;
    let login = match &caller.proof {
        Proof::UserSig { until } => {
            sessions.login(app, user, (caller.platform, &caller.instance), *until).await
        }
        Proof::Token(claims) => sessions.resume(claims).await,
        Proof::Session(device) => sessions.resume_device(app, user, device).await,
    };
    let login = login?;
    let hello_interval_seconds = sessions.hello_interval_seconds(app);
    let until_told = Duration::from_secs(hello_interval_seconds.into()) + AFTER_HELLO;
    call.set_effect(Effect::Attach {
        app,
        user: user.clone(),
        device: login.device.clone(),
        token: login.token.clone(),
        lasts: sessions.remaining(app, &login.device).map(|left| left.saturating_add(until_told)),
    });
    Ok(LoggedIn {
        a2: login.token,
        tiny_id: login.account.tiny_id.to_string(),
        inst_id: login.device.id,
        hello_interval_seconds,
        time: context.services.profiles.now_seconds(),
        custom_status: STANDARD.encode(""),
        purchase_bits: purchase_bits(),
    })
}

/// Being let in is all there is to it: a device that was logged out is told so by the refusal.
pub(super) async fn hello(_: &Context, _: &Call, _: Hello) -> Result<Empty, Refusal> {
    Ok(Empty {})
}

/// Never refused: a device that was logged out by somebody else says goodbye too, and takes a refusal for another kick.
pub(super) async fn logout(context: &Context, call: &Call, _: Logout) -> Result<Empty, Refusal> {
    let Caller::User(caller) = &call.caller else { return Ok(Empty {}) };
    let sessions = &context.services.sessions;
    let done = match &caller.proof {
        // Nothing began with a UserSig alone, so nothing ends.
        Proof::UserSig { .. } => Ok(()),
        Proof::Token(claims) => {
            sessions.logout(caller.app, &caller.user, claims.platform, claims.device).await
        }
        Proof::Session(device) => sessions.logout(caller.app, &caller.user, device.platform, device.id).await,
    };
    done?;
    call.set_effect(Effect::Detach);
    Ok(Empty {})
}

pub(super) async fn background(_: &Context, _: &Call, _: Background) -> Result<Empty, Refusal> {
    Ok(Empty {})
}

pub(super) async fn foreground(_: &Context, _: &Call, _: Foreground) -> Result<Empty, Refusal> {
    Ok(Empty {})
}

pub(super) async fn fetch_config(
    context: &Context,
    call: &Call,
    _: FetchConfig,
) -> Result<ClientConfig, Refusal> {
    let app: AppId = call.user()?.app;
    let times = context.services.throttle.rates(app).commands;
    let limits = ASKED_ON_RETURN.iter().filter_map(|name| ClientLimit::of(table::find(name)?, times));
    let limits: Vec<ClientLimit> = limits.collect();
    // The statistics of the SDKs go to their vendor's analysts; here nobody reads them.
    let config = serde_json::json!({
        "evt_rpt_sdkappid_bl": app.to_string(), "q_rpt_sdkappid_bl": app.to_string(),
        // Or 3.x reads a group anew to which its user was invited, and forgets what it heard there: it would take what comes
        // again for new. Source: observed.
        "pull_on_invite": "0",
        // A text in the text, as the SDKs read it.
        "cmd_frequency_limit": serde_json::json!(limits).to_string(),
    });
    Ok(ClientConfig {
        code: 0,
        message: "",
        config: config.to_string(),
        lifetime_seconds: CONFIG_LIFETIME_SECONDS,
        app,
        version: 1,
    })
}

pub(super) async fn fetch_purchase_bits(
    _: &Context,
    _: &Call,
    _: FetchPurchaseBits,
) -> Result<PurchaseBits, Refusal> {
    Ok(PurchaseBits::new(purchase_bits()))
}

pub(super) async fn media_key(_: &Context, _: &Call, _: MediaKey) -> Result<NoMediaKey, Refusal> {
    Ok(NoMediaKey::default())
}
