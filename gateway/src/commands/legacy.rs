//! What the old chat's routes ask for that is no command of the vendor's. Everything else they do is one.

use std::net::IpAddr;

use protocol::id::{AppId, GroupId, Millis, UserId};
use protocol::message::{Message, Sender};
use protocol::{ErrorCode, Failure};

use super::{Context, Refusal, family};
use crate::services::deps::Actor;
use crate::services::rates::{Quota, network};
use crate::telemetry::Bound;

/// How often an address may call a route. Whoever reaches the routes speaks as an administrator or as anybody, so it is all
/// that callers can be told apart by, and none of them may use up what the application's back ends have.
const CALLS_A_SECOND: u32 = 50;

/// So many may come at once.
const BURST: u32 = 500;

/// Holds an address to that, and to as many times as much as commands.
pub fn hold(context: &Context, app: AppId, route: &'static str, from: IpAddr) -> Result<(), Failure> {
    let throttle = &context.services.throttle;
    let times = throttle.rates(app).commands;
    let (calls, burst) = (CALLS_A_SECOND.saturating_mul(times), BURST.saturating_mul(times));
    if throttle.hold(Quota { calls, seconds: 1, burst }, &(route, app, network(from))) {
        return Ok(());
    }
    Bound::Commands.refused(from);
    Err(Failure::new(ErrorCode::TOO_OFTEN))
}

/// Holds an address to how often users log in from it, before anything is made for one who comes by these routes.
pub fn arrive(context: &Context, app: AppId, from: IpAddr) -> Result<(), Failure> {
    let held = context.services.throttle.log_in(app, Some(from));
    held.map_err(|why| Failure::because(ErrorCode::LOGIN_TOO_OFTEN, why))
}

/// A UserSig of now for `lifetime` seconds.
pub fn sign(context: &Context, app: AppId, user: &UserId, lifetime: u64) -> Result<String, Failure> {
    let usersig = context.services.sessions.issue_usersig(app, user, lifetime);
    usersig.map_err(|error| Refusal::from(error).failure(&family::ACCOUNT))
}

/// A user as the sender of a message, perhaps as they were a moment ago.
pub async fn sender(context: &Context, app: AppId, user: &UserId) -> Result<Sender, Failure> {
    let account = context.services.accounts.ensure_known(app, user).await;
    let account = account.map_err(|error| Refusal::from(error).failure(&family::PROFILE))?;
    Ok(account.sender(user, ""))
}

/// A page of a group's history by time.
#[derive(Clone, Copy, Debug)]
pub struct PageBefore {
    /// Unix second.
    pub second: u64,
    /// The page goes on to one of the seconds before this.
    pub settled: u64,
    pub count: usize,
}

/// What was said in a group, newest first, in whole seconds; see [`crate::services::message::GroupMessages::before`].
pub async fn history(
    context: &Context,
    app: AppId,
    admin: &UserId,
    group: &GroupId,
    page: PageBefore,
) -> Result<Vec<(Millis, Message)>, Failure> {
    let actor = Actor { app, user: admin.clone(), is_admin: true, device: None };
    let (messages, channel) = (&context.services.group_messages, group.into());
    let history = messages.before(&actor, &channel, page.second, page.settled, page.count);
    match tokio::time::timeout(context.deadline, history).await {
        Ok(history) => history.map_err(|error| Refusal::from(error).failure(&family::GROUP)),
        Err(_) => Err(Failure::new(ErrorCode::BACKEND_TIMEOUT)),
    }
}
