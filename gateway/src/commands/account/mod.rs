//! Accounts, for back ends.

use protocol::account::{
    Check, Checked, CheckedItem, Import, Kick, OnlineDevice, OnlineState, OnlineStates, QueryOnline,
    UnknownAccount,
};
use protocol::profile::{MAX_VALUE_BYTES, NICK};
use protocol::request::Empty;
use protocol::session::Terminal;
use protocol::{ErrorCode, Failure};

use super::page::once;
use super::table::{Row, rows};
use super::{Call, Context, Refusal};
use crate::services::StorageError;
use crate::services::deps::side_by_side;
use crate::services::profile::ProfileError;

pub(super) static ROWS: &[Row] = rows! {
    ACCOUNT {
        Admin Apart Import => import, 200 per second per app;
        Admin Apart Check => check, 100 per second per app;
        Admin Apart Kick => kick, 200 per second per app;
    }
    C2C {
        Admin Apart QueryOnline => query_online, 200 per second per app;
    }
};

const MAX_CHECKED: usize = 100;
const MAX_QUERIED: usize = 500;

pub(super) async fn import(context: &Context, call: &Call, request: Import) -> Result<Empty, Refusal> {
    if request.user.is_reserved() {
        return Err(Refusal::malformed("UserID is nobody's name: it begins with @TIM# or @TLS#"));
    }
    let app = call.actor()?.app;
    let imported = context.services.profiles.import(app, &request.user, request.nick, request.face).await;
    imported.map_err(|error| match error {
        // Of a profile's fields the request has its own names.
        ProfileError::TooLong(tag) => {
            let name = if tag == NICK { "Nick" } else { "FaceUrl" };
            Failure::worded(
                ErrorCode::PROFILE_TOO_LONG,
                format!("{name} has at most {MAX_VALUE_BYTES} bytes"),
            )
            .into()
        }
        error => Refusal::from(error),
    })?;
    Ok(Empty {})
}

pub(super) async fn check(context: &Context, call: &Call, request: Check) -> Result<Checked, Refusal> {
    let app = call.actor()?.app;
    let users = once(request.items.into_iter().map(|item| item.user).collect());
    if users.len() > MAX_CHECKED {
        return Err(Refusal::malformed("CheckItem has at most 100 accounts"));
    }
    let accounts = &context.services.accounts;
    let items = side_by_side(users, |user| async move {
        let exists = accounts.get(app, &user).await?.is_some();
        let status = if exists { "Imported" } else { "NotImported" };
        Ok::<_, StorageError>(CheckedItem { user, code: 0, info: "", status })
    });
    let items = items.await?;
    Ok(Checked { items })
}

pub(super) async fn kick(context: &Context, call: &Call, request: Kick) -> Result<Empty, Refusal> {
    let app = call.actor()?.app;
    if !context.services.sessions.kick(app, &request.user).await? {
        return Err(ErrorCode::ACCOUNT_MISSING.into());
    }
    Ok(Empty {})
}

pub(super) async fn query_online(
    context: &Context,
    call: &Call,
    request: QueryOnline,
) -> Result<OnlineStates, Refusal> {
    let app = call.actor()?.app;
    let users = once(request.users);
    if users.is_empty() {
        return Err(
            Failure::worded(ErrorCode::C2C_BAD_JSON, "To_Account is empty: name 1 to 500 users").into()
        );
    }
    if users.len() > MAX_QUERIED {
        return Err(ErrorCode::C2C_TOO_MANY_ACCOUNTS.into());
    }
    let (mut states, mut unknown) = (Vec::new(), Vec::new());
    let services = &context.services;
    let looks = side_by_side(users, |user| async move {
        let exists = services.accounts.get(app, &user).await?.is_some();
        let platforms = if exists { Some(services.sessions.online(app, &user).await?) } else { None };
        Ok::<_, StorageError>((user, platforms))
    });
    for (user, platforms) in looks.await? {
        let Some(platforms) = platforms else {
            unknown.push(UnknownAccount { user, code: ErrorCode::ACCOUNT_MISSING });
            continue;
        };
        let status = if platforms.is_empty() { "Offline" } else { "Online" };
        let device = |platform: &u32| OnlineDevice { platform: Terminal(*platform).name(), status: "Online" };
        let devices = request.detail.then(|| platforms.iter().map(device).collect());
        states.push(OnlineState { user, status, devices });
    }
    if states.is_empty() {
        return Err(ErrorCode::ACCOUNT_MISSING.into());
    }
    Ok(OnlineStates { states, unknown })
}
