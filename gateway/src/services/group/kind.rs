//! What each kind of group allows: rows of data. Nothing else compares a kind; it asks the row.
//!
//! Source: "Group System" (269/1502), "Group Overview" (269/75697), "Group Management" (269/3661).

use protocol::group::{ApplyJoinOption, GroupKind, InviteJoinOption, Role};
use serde::{Deserialize, Serialize};

/// Which changes of a group become tips, told to all members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tips {
    /// Joins, leaves and kicks.
    pub membership: bool,
    /// Admins made and unmade.
    pub role: bool,
    /// Members silenced.
    pub mute: bool,
    /// Name, introduction, notification, face, owner, options, "nobody may speak".
    pub profile: bool,
}

/// What makes somebody a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// A record, which stays until they leave.
    Stored,
    /// Being there: it ends with the login, and nothing is kept of it.
    Present,
}

/// What is kept of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// A log, as long as retention leaves it.
    Log,
    /// A ring of the latest messages in memory, for those who come.
    Ring,
    /// Nothing.
    None,
}

/// A kind's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub kind: GroupKind,
    /// Follows `@TGS#` in generated ids, as on the vendor's cloud.
    pub id_mark: &'static str,
    /// Whether ids that applications choose begin so as well, by which the SDKs know such groups; those of other kinds never do.
    pub chosen_ids_have_mark: bool,
    pub membership: Membership,
    pub history: History,
    /// Whether such a group may have topics, each a channel of its own.
    pub has_topics: bool,
    pub apply_join: ApplyJoinOption,
    /// Whether that is so for every such group, whatever anybody sets.
    pub apply_join_is_fixed: bool,
    /// Whether one who is no member finds the group by its id.
    pub is_found: bool,
    pub invite_join: InviteJoinOption,
    /// The lowest role that decides who comes in, where somebody decides.
    pub approves: Option<Role>,
    /// Whether one who is invited is asked.
    pub asks_invited: bool,
    pub owner_may_quit: bool,
    /// By a user; an administrator always may.
    pub owner_may_dismiss: bool,
    pub owner_may_change: bool,
    pub has_admins: bool,
    /// The lowest role that makes somebody an admin; `None` is nobody but administrators.
    pub names_admins: Option<Role>,
    /// The lowest role that may: `None` is nobody but administrators.
    pub edits_profile: Option<Role>,
    pub kicks: Option<Role>,
    pub mutes: Option<Role>,
    /// Attributes. No page of the vendor's says who may; applications keep in them what any member changes, such as who sits
    /// where in a room.
    pub writes_attributes: Option<Role>,
    /// Changes counters, as members do who like something.
    pub counts: Option<Role>,
    /// Pins messages. No page of the vendor's says who may: whoever changes the profile, for both are shown to all. What is
    /// not kept cannot be pinned.
    pub pins: Option<Role>,
    /// Whether one who joins sees what was said before.
    pub shows_earlier_messages: bool,
    pub counts_unread: bool,
    pub tips: Tips,
    /// Whether tips are kept in the history, with a number of their own, or told to those who are there.
    pub keeps_tips: bool,
    /// Whether new and former admins are told.
    pub tells_admins: bool,
    pub max_members: u64,
}

const NO_TIPS: Tips = Tips { membership: false, role: false, mute: false, profile: true };
const ALL_TIPS: Tips = Tips { membership: true, role: true, mute: false, profile: true };

impl Rules {
    /// The vendor's defaults.
    pub fn of(kind: GroupKind) -> Self {
        let admins = Some(Role::Admin);
        let meeting = Self {
            kind,
            id_mark: "3",
            chosen_ids_have_mark: false,
            membership: Membership::Stored,
            history: History::Log,
            has_topics: false,
            apply_join: ApplyJoinOption::FreeAccess,
            apply_join_is_fixed: false,
            is_found: true,
            invite_join: InviteJoinOption::DisableInvite,
            approves: admins,
            asks_invited: false,
            owner_may_quit: false,
            owner_may_dismiss: true,
            owner_may_change: true,
            has_admins: true,
            names_admins: Some(Role::Owner),
            edits_profile: admins,
            kicks: admins,
            mutes: admins,
            writes_attributes: Some(Role::Member),
            counts: Some(Role::Member),
            pins: admins,
            shows_earlier_messages: true,
            counts_unread: false,
            tips: NO_TIPS,
            keeps_tips: true,
            tells_admins: false,
            max_members: 6000,
        };
        match kind {
            GroupKind::Meeting => meeting,
            GroupKind::Work => Self {
                id_mark: "1",
                apply_join: ApplyJoinOption::DisableApply,
                apply_join_is_fixed: true,
                is_found: false,
                invite_join: InviteJoinOption::FreeAccess,
                owner_may_quit: true,
                owner_may_dismiss: false,
                approves: Some(Role::Owner),
                has_admins: false,
                edits_profile: Some(Role::Member),
                pins: Some(Role::Member),
                kicks: Some(Role::Owner),
                mutes: None,
                shows_earlier_messages: false,
                counts_unread: true,
                tips: ALL_TIPS,
                ..meeting
            },
            GroupKind::Public => Self {
                id_mark: "2",
                apply_join: ApplyJoinOption::NeedPermission,
                shows_earlier_messages: false,
                counts_unread: true,
                tips: ALL_TIPS,
                tells_admins: true,
                ..meeting
            },
            GroupKind::Live => Self {
                id_mark: "a",
                membership: Membership::Present,
                history: History::Ring,
                apply_join_is_fixed: true,
                owner_may_change: false,
                names_admins: None,
                edits_profile: Some(Role::Owner),
                kicks: Some(Role::Owner),
                pins: None,
                keeps_tips: false,
                shows_earlier_messages: false,
                tips: ALL_TIPS,
                max_members: u64::MAX,
                ..meeting
            },
            GroupKind::Community => Self {
                id_mark: "_",
                chosen_ids_have_mark: true,
                has_topics: true,
                invite_join: InviteJoinOption::FreeAccess,
                counts_unread: true,
                tips: ALL_TIPS,
                tells_admins: true,
                max_members: 100_000,
                ..meeting
            },
        }
    }
}

/// What the operator changes in a row. Absent members keep the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Overrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_members: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_unread: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shows_earlier_messages: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks_invited: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tips: Option<Tips>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keeps_tips: Option<bool>,
}

/// The rows in force.
#[derive(Clone, Debug)]
pub struct RuleBook(Vec<Rules>);

impl Default for RuleBook {
    fn default() -> Self {
        Self::new(|_| Overrides::default())
    }
}

impl RuleBook {
    pub fn new(overrides: impl Fn(GroupKind) -> Overrides) -> Self {
        let row = |kind: GroupKind| {
            let (mut rules, changed) = (Rules::of(kind), overrides(kind));
            rules.max_members = changed.max_members.unwrap_or(rules.max_members);
            rules.counts_unread = changed.counts_unread.unwrap_or(rules.counts_unread);
            rules.shows_earlier_messages =
                changed.shows_earlier_messages.unwrap_or(rules.shows_earlier_messages);
            rules.asks_invited = changed.asks_invited.unwrap_or(rules.asks_invited);
            rules.tips = changed.tips.unwrap_or(rules.tips);
            rules.keeps_tips = changed.keeps_tips.unwrap_or(rules.keeps_tips);
            rules
        };
        Self(GroupKind::ALL.into_iter().map(row).collect())
    }

    pub fn of(&self, kind: GroupKind) -> &Rules {
        let row = self.0.iter().find(|rules| rules.kind == kind);
        row.expect("the book has a row for every kind")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_changes_one_cell() {
        let book = RuleBook::new(|kind| match kind {
            GroupKind::Meeting => Overrides { max_members: Some(20), ..Overrides::default() },
            _ => Overrides::default(),
        });
        assert_eq!(book.of(GroupKind::Meeting).max_members, 20);
        assert_eq!(book.of(GroupKind::Work), &Rules::of(GroupKind::Work));
    }

    #[test]
    fn a_meeting_is_as_the_vendor_describes_it() {
        let rules = Rules::of(GroupKind::Meeting);
        assert_eq!(rules.apply_join, ApplyJoinOption::FreeAccess);
        assert!(rules.shows_earlier_messages && !rules.counts_unread && !rules.owner_may_quit);
        assert!(!rules.tips.membership && !rules.tips.role && !rules.tips.mute && rules.tips.profile);
    }

    /// Source: "Group System" (269/1502), the rows about notices.
    #[test]
    fn each_kind_tells_what_the_vendor_says() {
        for kind in GroupKind::ALL {
            let rules = Rules::of(kind);
            assert_eq!(rules.tips.membership, kind != GroupKind::Meeting, "{kind:?}");
            assert!(rules.tips.profile && !rules.tips.mute, "{kind:?}");
            assert_eq!(rules.keeps_tips, kind != GroupKind::Live, "{kind:?}");
        }
    }
}
