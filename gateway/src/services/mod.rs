//! The rules of chat. No socket, no wire name.
//!
//! A service is a cheap handle that holds the [`Deps`] and the services it needs.
//! Each change is one batch of one partition, decided from what was read and guarded by checks of the versions read;
//! when a check fails, somebody else was faster: read again and decide anew.

pub mod account;
pub mod application;
pub mod catch_up;
pub mod channel;
pub mod conversation;
mod cursor;
pub mod decide;
pub mod deps;
pub mod friend;
pub mod group;
pub mod limits;
pub mod mention;
pub mod message;
pub mod presence;
pub mod profile;
pub mod push;
pub mod rates;
mod receipts;
pub mod retention;
pub mod session;
mod stored;
mod tally;
pub mod timeline;
mod volume;

use std::sync::Arc;

use self::account::Accounts;
use self::application::Applications;
use self::catch_up::CatchUp;
use self::conversation::Conversations;
use self::deps::Deps;
use self::friend::Friends;
use self::group::Groups;
use self::mention::Mentions;
use self::message::{C2cMessages, GroupMessages};
use self::presence::Presence;
use self::profile::Profiles;
use self::push::Notices;
use self::rates::Throttle;
use self::session::Sessions;
use self::timeline::Timelines;

pub use crate::bus::RoomStay;
pub use crate::storage::StorageError;
#[cfg(feature = "internals")]
pub use stored::read_stored;

/// Everything the commands can ask for. Large: to be shared, not copied.
pub struct Services {
    pub apps: Arc<Applications>,
    pub accounts: Accounts,
    pub profiles: Profiles,
    pub friends: Friends,
    pub sessions: Sessions,
    pub groups: Groups,
    pub presence: Presence,
    pub mentions: Mentions,
    pub group_messages: GroupMessages,
    pub c2c_messages: C2cMessages,
    pub conversations: Conversations,
    pub notices: Notices,
    /// Holds callers to rates.
    pub throttle: Throttle,
    /// Says what a follower of a topic has missed.
    pub catch_up: Arc<CatchUp>,
}

impl Services {
    pub fn new(deps: Deps) -> Self {
        let throttle = Throttle::new(deps.clone());
        let accounts = Accounts::new(deps.clone(), throttle.clone());
        let notices = Notices::new(deps.clone());
        let timelines = Timelines::new(deps.clone());
        let sessions = Sessions::new(deps.clone(), accounts.clone());
        let groups = Groups::new(deps.clone(), accounts.clone(), notices.clone(), throttle.clone());
        let conversations =
            Conversations::new(deps.clone(), accounts.clone(), groups.clone(), timelines.clone());
        let presence = Presence::new(deps.clone(), groups.clone(), sessions.clone());
        Self {
            apps: deps.apps.clone(),
            mentions: Mentions::new(deps.clone(), groups.clone(), notices.clone(), timelines.clone()),
            friends: Friends::new(deps.clone(), accounts.clone(), throttle.clone()),
            profiles: Profiles::new(deps.clone(), accounts.clone(), conversations.clone(), throttle.clone()),
            group_messages: GroupMessages::new(
                deps.clone(),
                groups.clone(),
                accounts.clone(),
                notices.clone(),
                timelines.clone(),
                throttle.clone(),
            ),
            c2c_messages: C2cMessages::new(
                deps.clone(),
                accounts.clone(),
                conversations.clone(),
                timelines.clone(),
                throttle.clone(),
            ),
            catch_up: Arc::new(CatchUp {
                deps,
                accounts: accounts.clone(),
                sessions: sessions.clone(),
                groups: groups.clone(),
                conversations: conversations.clone(),
                notices: notices.clone(),
                presence: presence.clone(),
                timelines,
            }),
            presence,
            accounts,
            sessions,
            groups,
            conversations,
            notices,
            throttle,
        }
    }
}
