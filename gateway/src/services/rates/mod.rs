//! How often something may be done: token buckets, each of one application and of one user, group, pair or address.
//!
//! An instance holds callers to the whole rate by itself. What one application does takes nothing from another.
//!
//! Two things decide where a rate is asked for. What is refused must cost nothing, so what belongs to the caller alone is
//! taken before anything is read. And nobody may use up what is another's: the bucket of a group is only looked at there,
//! and taken from when it is known that the sender may speak in it.

mod backoff;
mod buckets;

use std::fmt::Display;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use protocol::id::{AppId, UserId};
use serde::{Deserialize, Serialize};

use self::backoff::Backoff;
use self::buckets::{Buckets, KeyHash};
use super::deps::{Actor, Deps};
use crate::telemetry::Bound;

/// A rate: so many at once, and from then on so many in a time. A zero anywhere is no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    pub calls: u32,
    pub seconds: u32,
    pub burst: u32,
}

impl Quota {
    pub fn is_off(self) -> bool {
        self.calls == 0 || self.seconds == 0 || self.burst == 0
    }

    /// How long it takes until so much has flowed in, in microseconds.
    fn cost_us(self, weight: u32) -> u64 {
        let us = u64::from(self.seconds).saturating_mul(1_000_000).saturating_mul(u64::from(weight));
        (us / u64::from(self.calls.max(1))).max(1)
    }

    fn capacity_us(self) -> u64 {
        self.cost_us(self.burst).min(buckets::LONGEST_US)
    }
}

/// What an operator can set. The defaults are beyond what ordinary applications do, and bursts cover what a client does
/// at its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// How many times what the table of commands says a user or a connection may give a command; 0 is no bound.
    pub commands: u32,
    /// The same for the back ends of an application, all together.
    pub rest: u32,
    /// Messages in a group, whoever sends them. The vendor has 40 a second, without a word on bursts.
    pub group_messages: Quota,
    /// Messages in a live room. Above it those that matter least are dropped.
    pub room_messages: Quota,
    /// Messages of a user, wherever they are sent.
    pub user_messages: Quota,
    /// Messages of a user to one other.
    pub pair_messages: Quota,
    /// Messages in a group that mention everybody.
    pub group_mentions_of_all: Quota,
    pub user_mentions_of_all: Quota,
    /// Groups that a user makes.
    pub groups_made: Quota,
    /// Members that a user adds to groups, also to new ones.
    pub members_added: Quota,
    /// Applications of a user, and invitations about which somebody decides.
    pub applications: Quota,
    /// Writes of a group's attributes, whoever makes them.
    pub attributes_written: Quota,
    /// Accounts that a user makes by naming somebody who has none.
    pub user_accounts_made: Quota,
    /// Accounts that the back ends of an application make.
    pub app_accounts_made: Quota,
    /// Changes of a profile, which everybody is told of with whom the user has talked.
    pub profile_changes: Quota,
    /// Users whom a user puts on their list of friends.
    pub friends_added: Quota,
    /// Log-ins from one address, which many users may share.
    pub address_logins: Quota,
    /// Wrong UserSigs for one user from one address before there is a back-off; 0 is none.
    pub user_wrong_usersigs: u32,
    /// Wrong UserSigs from one address, whoever they are said to be of.
    pub address_wrong_usersigs: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            commands: 1,
            rest: 1,
            // More than one member can say at once, and faster than one can go on: whoever floods a group leaves something to
            // those who talk in it.
            group_messages: Quota { calls: 40, seconds: 1, burst: 1600 },
            room_messages: Quota { calls: 40, seconds: 1, burst: 80 },
            user_messages: Quota { calls: 30, seconds: 1, burst: 1000 },
            pair_messages: Quota { calls: 20, seconds: 1, burst: 600 },
            group_mentions_of_all: Quota { calls: 20, seconds: 60, burst: 100 },
            user_mentions_of_all: Quota { calls: 10, seconds: 60, burst: 50 },
            groups_made: Quota { calls: 600, seconds: 3600, burst: 300 },
            members_added: Quota { calls: 600, seconds: 60, burst: 6000 },
            applications: Quota { calls: 60, seconds: 60, burst: 200 },
            attributes_written: Quota { calls: 5, seconds: 1, burst: 50 },
            user_accounts_made: Quota { calls: 60, seconds: 60, burst: 1000 },
            app_accounts_made: Quota { calls: 200, seconds: 1, burst: 20_000 },
            profile_changes: Quota { calls: 60, seconds: 60, burst: 100 },
            friends_added: Quota { calls: 300, seconds: 60, burst: 1000 },
            address_logins: Quota { calls: 1000, seconds: 1, burst: 20_000 },
            user_wrong_usersigs: 100,
            address_wrong_usersigs: 1000,
        }
    }
}

impl Rates {
    /// Nobody is held to anything: for who measures how much can be done.
    pub fn off() -> Self {
        let off = Quota { calls: 0, seconds: 0, burst: 0 };
        Self {
            commands: 0,
            rest: 0,
            group_messages: off,
            room_messages: off,
            user_messages: off,
            pair_messages: off,
            group_mentions_of_all: off,
            user_mentions_of_all: off,
            groups_made: off,
            members_added: off,
            applications: off,
            attributes_written: off,
            user_accounts_made: off,
            app_accounts_made: off,
            profile_changes: off,
            friends_added: off,
            address_logins: off,
            user_wrong_usersigs: 0,
            address_wrong_usersigs: 0,
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    GroupMessages,
    UserMessages,
    PairMessages,
    GroupMentionsOfAll,
    UserMentionsOfAll,
    GroupsMade,
    MembersAdded,
    Applications,
    AttributesWritten,
    UserAccountsMade,
    AppAccountsMade,
    ProfileChanges,
    FriendsAdded,
    AddressLogins,
}

impl Rule {
    fn quota(self, rates: &Rates) -> Quota {
        match self {
            Rule::GroupMessages => rates.group_messages,
            Rule::UserMessages => rates.user_messages,
            Rule::PairMessages => rates.pair_messages,
            Rule::GroupMentionsOfAll => rates.group_mentions_of_all,
            Rule::UserMentionsOfAll => rates.user_mentions_of_all,
            Rule::GroupsMade => rates.groups_made,
            Rule::MembersAdded => rates.members_added,
            Rule::Applications => rates.applications,
            Rule::AttributesWritten => rates.attributes_written,
            Rule::UserAccountsMade => rates.user_accounts_made,
            Rule::AppAccountsMade => rates.app_accounts_made,
            Rule::ProfileChanges => rates.profile_changes,
            Rule::FriendsAdded => rates.friends_added,
            Rule::AddressLogins => rates.address_logins,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Rule::GroupMessages => "too many messages in this group",
            Rule::UserMessages => "too many messages of this user",
            Rule::PairMessages => "too many messages of this user to this one",
            Rule::GroupMentionsOfAll => "everybody is mentioned too often in this group",
            Rule::UserMentionsOfAll => "this user mentions everybody too often",
            Rule::GroupsMade => "this user makes too many groups",
            Rule::MembersAdded => "this user adds too many members",
            Rule::Applications => "this user applies and invites too often",
            Rule::AttributesWritten => "the attributes of this group are written too often",
            Rule::UserAccountsMade => "this user names too many who have no account yet",
            Rule::AppAccountsMade => "too many are named who have no account yet",
            Rule::ProfileChanges => "this profile is changed too often",
            Rule::FriendsAdded => "this user adds too many friends",
            Rule::AddressLogins => "too many log-ins from this address",
        }
    }

    fn bound(self) -> Bound {
        match self {
            Rule::GroupMessages => Bound::GroupMessages,
            Rule::UserMessages => Bound::UserMessages,
            Rule::PairMessages => Bound::PairMessages,
            Rule::GroupMentionsOfAll | Rule::UserMentionsOfAll => Bound::MentionsOfAll,
            Rule::GroupsMade => Bound::GroupsMade,
            Rule::MembersAdded => Bound::MembersAdded,
            Rule::Applications => Bound::Applications,
            Rule::AttributesWritten => Bound::AttributesWritten,
            Rule::UserAccountsMade | Rule::AppAccountsMade => Bound::AccountsMade,
            Rule::ProfileChanges => Bound::ProfileChanges,
            Rule::FriendsAdded => Bound::FriendsAdded,
            Rule::AddressLogins => Bound::AddressLogins,
        }
    }
}

/// Something is done more often than the application allows. Nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.words())]
pub struct TooOften(pub Rule);

/// Holds callers to the rates of their application. A cheap handle.
#[derive(Clone)]
pub struct Throttle {
    deps: Deps,
    buckets: Arc<Buckets>,
    backoff: Arc<Backoff>,
}

impl Throttle {
    pub fn new(deps: Deps) -> Self {
        Self { deps, buckets: Arc::new(Buckets::new()), backoff: Arc::new(Backoff::new()) }
    }

    fn key(&self, app: AppId, rule: Rule, whose: &impl Hash) -> KeyHash {
        self.buckets.key(&(app, rule, whose))
    }

    /// Takes `weight` from somebody's bucket.
    pub fn take(
        &self,
        app: AppId,
        rule: Rule,
        whose: &(impl Hash + Display),
        weight: u32,
    ) -> Result<(), TooOften> {
        self.take_of(app, rule, whose, weight, whose)
    }

    /// The same for a key that is not one name.
    pub fn take_of(
        &self,
        app: AppId,
        rule: Rule,
        key: &impl Hash,
        weight: u32,
        whom: &impl Display,
    ) -> Result<(), TooOften> {
        let quota = rule.quota(&self.deps.settings(app).rates);
        if quota.is_off() || self.buckets.take(quota, self.key(app, rule, key), weight, self.deps.now()) {
            return Ok(());
        }
        rule.bound().refused(whom);
        Err(TooOften(rule))
    }

    /// Whether somebody's bucket has anything left; nothing is taken.
    pub fn look(&self, app: AppId, rule: Rule, whose: &(impl Hash + Display)) -> Result<(), TooOften> {
        let quota = rule.quota(&self.deps.settings(app).rates);
        if quota.is_off() || self.buckets.has_any(quota, self.key(app, rule, whose), self.deps.now()) {
            return Ok(());
        }
        rule.bound().refused(whose);
        Err(TooOften(rule))
    }

    /// The same as [`take`](Self::take) for a rate that is no setting; false where it is used up.
    pub fn hold(&self, quota: Quota, key: &impl Hash) -> bool {
        quota.is_off() || self.buckets.take(quota, self.buckets.key(key), 1, self.deps.now())
    }

    /// What is set for an application.
    pub fn rates(&self, app: AppId) -> &Rates {
        &self.deps.settings(app).rates
    }

    /// Whether a user is held to a rate for what users do: an administrator's account speaks for a back end, which writes
    /// to everybody. The back end is held to those of its commands.
    pub fn is_held(&self, actor: &Actor) -> bool {
        !actor.is_admin && !self.deps.apps.of(actor.app).admins.contains(&actor.user)
    }

    /// Somebody who names users without accounts makes them: a user a few, a back end many.
    pub fn make_account(&self, actor: &Actor) -> Result<(), TooOften> {
        if actor.is_admin {
            self.take(actor.app, Rule::AppAccountsMade, &actor.app, 1)
        } else {
            self.take(actor.app, Rule::UserAccountsMade, &actor.user, 1)
        }
    }

    /// A log-in that was proved.
    pub fn log_in(&self, app: AppId, from: Option<IpAddr>) -> Result<(), TooOften> {
        from.map_or(Ok(()), |from| self.take(app, Rule::AddressLogins, &network(from), 1))
    }

    /// A UserSig was wrong. Says whether there is a back-off: then it is told as such, and no line is written for it.
    ///
    /// It never keeps out one who has the right UserSig: the check comes first, whoever has guessed before and from where.
    /// It costs less than the frame it came in, so a bound before it would save nothing, and would lock out the owner of
    /// a name that others try, or everybody behind one address.
    pub fn wrong_usersig(&self, app: AppId, user: &UserId, from: Option<IpAddr>) -> Tried {
        let (rates, now) = (self.rates(app), self.deps.now());
        let from = from.map(network);
        let of_user = self.buckets.key(&("wrong", app, user, from));
        let of_address = self.buckets.key(&("wrong", app, from));
        // Both are counted, whichever is first to be over.
        let user_tries = self.backoff.count(of_user, rates.user_wrong_usersigs, now);
        let address_tries = self.backoff.count(of_address, rates.address_wrong_usersigs, now);
        match (user_tries, address_tries) {
            (Some(times), Some(_)) => Tried::Counted { times },
            _ => {
                match from {
                    Some(from) => Bound::WrongUserSigs.refused(from),
                    None => Bound::WrongUserSigs.refused("an unknown address"),
                }
                Tried::TooOften
            }
        }
    }
}

/// What a wrong UserSig is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// So many times for the same user from the same address by now.
    Counted {
        times: u32,
    },
    TooOften,
}

/// Whoever has one address of the sixth version has the 2^64 beside it.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_sixth_version_is_its_network() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
