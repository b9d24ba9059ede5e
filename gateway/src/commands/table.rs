//! The rows.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use metrics::{Counter, Histogram};
use protocol::{ErrorCode, Failure, Request};

use super::{Access, Call, Context, account, conversation, friend, group, message, profile, push, session};
use super::{decode, encode};

type Running<'a> = Pin<Box<dyn Future<Output = Result<String, Failure>> + Send + 'a>>;

/// A command.
pub struct Row {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub access: Access,
    pub(super) run: for<'a> fn(&'a Context, &'a Call, &'a str) -> Running<'a>,
}

/// Where a command can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Socket,
    Rest,
}

impl Row {
    pub fn is_on(&self, surface: Surface) -> bool {
        match surface {
            Surface::Socket => self.access != Access::Admin,
            Surface::Rest => matches!(self.access, Access::Admin | Access::UserOrAdmin),
        }
    }
}

/// `Access, request type => handler;` — names and shapes come from the request.
macro_rules! rows {
    ($($access:ident $request:ty => $handler:path;)*) => {
        &[$(Row {
            name: <$request as Request>::NAME,
            aliases: <$request as Request>::ALIASES,
            access: Access::$access,
            run: |context, call, body| Box::pin(async move {
                let request: $request = decode(call, body)?;
                let response = $handler(context, call, request).await?;
                encode(&response, <$request as Request>::NAME)
            }),
        },)*]
    };
}

/// Every command that is served.
pub static TABLE: &[Row] = rows! {
    Anybody protocol::session::Ping => session::ping;
    Anybody protocol::session::Statistics => session::statistics;
    Anybody protocol::push::Ack => push::ack;
    User protocol::session::Login => session::login;
    User protocol::session::Hello => session::hello;
    AnybodyOrUser protocol::session::Logout => session::logout;
    User protocol::session::Background => session::background;
    User protocol::session::Foreground => session::foreground;
    User protocol::session::FetchConfig => session::fetch_config;
    User protocol::session::FetchPurchaseBits => session::fetch_purchase_bits;
    User protocol::session::MediaKey => session::media_key;

    Admin protocol::account::Import => account::import;
    Admin protocol::account::Check => account::check;
    Admin protocol::account::Kick => account::kick;
    Admin protocol::account::QueryOnline => account::query_online;

    User protocol::profile::GetAll => profile::get_all;
    User protocol::profile::Set => profile::set;

    User protocol::friend::GetBlackList => friend::get_black_list;
    User protocol::friend::GetFriends => friend::get_friends;
    User protocol::friend::GetFriendLists => friend::get_friend_lists;
    User protocol::friend::GetFriendApplications => friend::get_friend_applications;

    UserOrAdmin protocol::group::Create => group::life::create;
    UserOrAdmin protocol::group::Dismiss => group::life::dismiss;
    User protocol::group::ChangeOwner => group::life::change_owner;
    User protocol::group::Join => group::join::join;
    User protocol::group::Quit => group::join::quit;
    User protocol::group::GetApplications => group::join::get_applications;
    User protocol::group::GetJoined => group::profile::get_joined;
    User protocol::group::GetJoinedCommunities => group::profile::get_joined_communities;
    User protocol::group::GetWithSelf => group::profile::get_with_self;
    User protocol::group::GetPublic => group::profile::get_public;
    Admin protocol::group::Get => group::profile::get;
    User protocol::group::Modify => group::profile::modify;
    UserOrAdmin protocol::group::GetMembers => group::member::get;
    User protocol::group::GetSpecifiedMembers => group::member::get_specified;
    UserOrAdmin protocol::group::AddMembers => group::member::add;
    UserOrAdmin protocol::group::DeleteMembers => group::member::delete;
    User protocol::group::ModifyMember => group::member::modify;
    User protocol::group::CountOnline => group::member::count_online;

    UserOrAdmin protocol::message::group::Send => message::group::send;
    User protocol::message::group::GetHistory => message::group::get_history;
    Admin protocol::message::group::GetHistorySimple => message::group::get_history_simple;
    User protocol::message::group::RecallMessages => message::group::recall;
    User protocol::message::group::ReportRead => message::group::report_read;
    User protocol::message::group::DeleteForMe => message::group::delete_for_me;
    User protocol::message::group::GetRecalls => message::group::get_recalls;
    User protocol::message::group::GetGroupRecalls => message::group::get_group_recalls;

    User protocol::message::c2c::Send => message::c2c::send;
    User protocol::message::c2c::GetHistory => message::c2c::get_history;
    User protocol::message::c2c::ReportRead => message::c2c::report_read;
    User protocol::message::c2c::GetPeerReadTime => message::c2c::get_peer_read_time;
    User protocol::message::c2c::RecallMessage => message::c2c::recall;
    User protocol::message::c2c::DeleteForMe => message::c2c::delete_for_me;
    User protocol::message::c2c::Sync => message::c2c::sync;

    User protocol::conversation::GetPage => conversation::get_page;
    User protocol::conversation::DeleteMany => conversation::delete_many;
    User protocol::conversation::Delete => conversation::delete;
    User protocol::conversation::Clear => conversation::clear;
    User protocol::conversation::Pin => conversation::pin;
    User protocol::conversation::GetLists => conversation::get_lists;
    User protocol::conversation::SearchLists => conversation::search_lists;
    User protocol::conversation::ReadAll => conversation::read_all;
    User protocol::conversation::GetMutes => conversation::get_mutes;
    User protocol::conversation::SetMutes => conversation::set_mutes;

    User protocol::push::DeleteNotices => push::delete_notices;
};

static BY_NAME: LazyLock<HashMap<&'static str, &'static Row>> = LazyLock::new(|| {
    let names = |row: &'static Row| {
        std::iter::once(row.name).chain(row.aliases.iter().copied()).map(move |name| (name, row))
    };
    TABLE.iter().flat_map(names).collect()
});

pub(super) fn find(name: &str) -> Option<&'static Row> {
    BY_NAME.get(name).copied()
}

/// What is counted of a row's calls, looked up once.
pub(super) struct Meter {
    name: &'static str,
    done: Counter,
    seconds: Histogram,
}

impl Meter {
    pub(super) fn count(&self, code: ErrorCode, elapsed: Duration) {
        if code == ErrorCode::OK {
            self.done.increment(1);
        } else {
            let code = code.to_string();
            metrics::counter!("gateway_commands_total", "command" => self.name, "code" => code).increment(1);
        }
        self.seconds.record(elapsed.as_secs_f64());
    }
}

static METERS: LazyLock<HashMap<&'static str, OnceLock<Meter>>> =
    LazyLock::new(|| TABLE.iter().map(|row| (row.name, OnceLock::new())).collect());

pub(super) fn meter(row: &'static Row) -> &'static Meter {
    METERS[row.name].get_or_init(|| Meter {
        name: row.name,
        done: metrics::counter!("gateway_commands_total", "command" => row.name, "code" => "0"),
        seconds: metrics::histogram!("gateway_command_seconds", "command" => row.name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_given_once() {
        let names = TABLE.iter().map(|row| 1 + row.aliases.len()).sum::<usize>();
        assert_eq!(BY_NAME.len(), names);
        assert!(TABLE.iter().all(|row| row.name.split('.').count() == 2));
    }
}
