//! The rows.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use metrics::{Counter, Histogram};
use protocol::ErrorCode;

use super::family::Family;
use super::rate::Rate;
use super::refusal::Refusal;
use super::{Access, Call, Context, Done};
use super::{account, conversation, friend, group, message, profile, push, session};

/// The rows of each subject.
static SUBJECTS: &[&[Row]] = &[
    session::ROWS,
    account::ROWS,
    profile::ROWS,
    friend::ROWS,
    group::ROWS,
    message::group::ROWS,
    message::pin::ROWS,
    message::c2c::ROWS,
    conversation::ROWS,
    push::ROWS,
];

/// A command at work. It owns what it works with, so that it can go on when its caller is gone.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<Done, Refusal>> + Send>>;

/// A command.
pub struct Row {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub access: Access,
    /// Whose codes it answers with where the fault is nothing of its own.
    pub family: &'static Family,
    /// How often each kind of caller may give it.
    pub rates: &'static [Rate],
    pub counts: Counts,
    pub repeated: Repeated,
    /// Reads the request and gives the work that it asks for.
    pub(super) begin: fn(&Context, Call, &str) -> Result<Work, Refusal>,
}

/// What a command has to do with the counts that clients keep by what they are pushed, and with the last messages of their
/// lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Nothing, or the caller's device is pushed what it brings about.
    Apart,
    /// It answers with them. One that is asked for while a device is told what it missed waits until it has that: the SDKs
    /// take what is counted in the answer and add what they have not come to yet.
    Reads,
    /// It changes them for the caller, whose device is pushed nothing of that.
    Changes,
}

/// What a command does that a client repeats because its line broke before the answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// What it did before, which is no harm: it reads, or comes to the same, or the store knows it.
    Alike,
    /// Nothing: it is answered as it was.
    Once,
}

/// What is said of a row, or what is so where nothing is.
pub(super) const fn repeated(said: &[Repeated]) -> Repeated {
    match said {
        [] => Repeated::Alike,
        [said, ..] => *said,
    }
}

/// Where a command can be called.
#[cfg(any(test, feature = "internals"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Socket,
    Rest,
}

impl Row {
    #[cfg(any(test, feature = "internals"))]
    pub fn is_on(&self, surface: Surface) -> bool {
        match surface {
            Surface::Socket => self.access != Access::Admin,
            Surface::Rest => matches!(self.access, Access::Admin | Access::UserOrAdmin),
        }
    }
}

/// Rows, by family: `Access, counts, request type => handler, rates;`, and `+ Once` behind the counts of what is done once.
/// Names and shapes come from the request.
macro_rules! rows {
    ($($family:ident {
        $($access:ident $counts:ident $(+ $repeated:ident)? $request:ty => $handler:path, $($calls:literal per $time:ident per $each:ident),+;)*
    })*) => {
        &[$($($crate::commands::table::Row {
            name: $crate::commands::family::$family.name(<$request as protocol::Request>::NAME),
            aliases: <$request as protocol::Request>::ALIASES,
            access: $crate::commands::Access::$access,
            family: &$crate::commands::family::$family,
            rates: &[$($crate::commands::rate::rate!($calls per $time per $each)),+],
            counts: $crate::commands::table::Counts::$counts,
            repeated: $crate::commands::table::repeated(&[$($crate::commands::table::Repeated::$repeated)?]),
            begin: |context, call, body| {
                let request: $request = $crate::commands::decode(&call, body)?;
                let context = context.clone();
                Ok(Box::pin(async move {
                    let response = $handler(&context, &call, request).await?;
                    call.done(&response, <$request as protocol::Request>::NAME)
                }))
            },
        },)*)*]
    };
}
pub(super) use rows;

/// Every command that is served, by subject.
pub fn table() -> impl Iterator<Item = &'static Row> {
    SUBJECTS.iter().copied().flatten()
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Row>> = LazyLock::new(|| {
    let names = |row: &'static Row| {
        std::iter::once(row.name).chain(row.aliases.iter().copied()).map(move |name| (name, row))
    };
    table().flat_map(names).collect()
});

/// The service of groups, and the one that the SDKs give a command of it when it is about a community.
const OF_GROUPS: [&str; 2] = ["group_open_http_svc.", "million_group_open_http_svc."];

/// The row of a command. What is called of a community is the same as of any other group, unless it has a row of its own.
pub fn find(name: &str) -> Option<&'static Row> {
    static OF_A_GROUP: LazyLock<HashMap<&'static str, &'static Row>> = LazyLock::new(|| {
        let [groups, _] = OF_GROUPS;
        BY_NAME.iter().filter_map(|(name, row)| Some((name.strip_prefix(groups)?, *row))).collect()
    });
    let [_, communities] = OF_GROUPS;
    let of_community = || OF_A_GROUP.get(name.strip_prefix(communities)?);
    BY_NAME.get(name).or_else(of_community).copied()
}

/// What a command has to do with the counts that clients keep.
pub fn counts_of(name: &str) -> Counts {
    find(name).map_or(Counts::Apart, |row| row.counts)
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
    LazyLock::new(|| table().map(|row| (row.name, OnceLock::new())).collect());

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
    use crate::commands::rate::Each;

    #[test]
    fn every_name_is_given_once() {
        let names = table().map(|row| 1 + row.aliases.len()).sum::<usize>();
        assert_eq!(BY_NAME.len(), names);
        let mut names = BY_NAME.keys();
        assert!(names.all(|name| name.split('.').count() == 2));
    }

    #[test]
    fn a_command_of_a_group_is_one_of_a_community() {
        let name = |name: &str| find(name).map(|row| row.name);
        let quit = "group_open_http_svc.quit_group";
        assert_eq!((name(quit), name("million_group_open_http_svc.quit_group")), (Some(quit), Some(quit)));
        let own = "million_group_open_http_svc.get_joined_group_list";
        assert_eq!(name(own), Some(own), "what differs has a row of its own");
        for unknown in
            ["million_group_open_http_svc.sendmsg", "million_group_open_http_svc.", "million_openim.getmsg"]
        {
            assert!(name(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn what_reads_and_changes_the_counts_of_clients() {
        for name in ["recentcontact.page_get", "openim.getmsg"] {
            assert_eq!(counts_of(name), Counts::Reads, "{name}");
        }
        assert_eq!(counts_of("recentcontact.unknown"), Counts::Apart);
        for row in table().filter(|row| row.counts != Counts::Apart) {
            // Nobody waits for an administrator's answer, and on a connection without a user nothing is counted.
            assert!(row.is_on(Surface::Socket) && row.access != Access::Anybody, "{}", row.name);
        }
    }

    #[test]
    fn every_kind_of_caller_has_a_rate() {
        for row in table() {
            let of = |each| row.rates.iter().filter(|rate| rate.each == each).count();
            let is_open = matches!(row.access, Access::Anybody | Access::AnybodyOrUser);
            assert_eq!(of(Each::Connection), usize::from(is_open), "{}", row.name);
            assert_eq!(of(Each::User), usize::from(row.is_on(Surface::Socket) && !is_open), "{}", row.name);
            assert_eq!(of(Each::App), usize::from(row.is_on(Surface::Rest)), "{}", row.name);
            assert!(row.rates.iter().all(|rate| rate.calls > 0), "{}", row.name);
        }
    }
}
