//! Everything that services keep, in one list: the types of the records, and where they lie.
//!
//! What is not in it cannot be encoded. What is in it has golden records in `tests/stores/records.json`, with every field
//! and every variant: later versions read them as they read the stores of this one.
//!
//! Whatever is kept is bounded: each type says what bounds the number and the size of its records. A word in backticks is
//! a setting.

use protocol::group::Role;

use super::account::Account;
use super::conversation::Preference;
use super::friend::{Friendship, Place};
use super::group::{
    Application, Attributes, Counters, Group, GroupTopic, Indexed, Marks, Member, Owned, PollClaims, Stay,
    TopicChoice, WaitingEntry,
};
use super::mention::Mentioned;
use super::message::Pin;
use super::push::{Heard, StoredNotice};
use super::session::{Claims, DevicePosition, DeviceRecord, KnownRecalls};
use super::timeline::{Annotation, Entry, EntryRef, Hidden, Position, RecallNote};
use crate::storage::records::Record;

#[cfg(test)]
mod tests;

macro_rules! stored {
    ($($name:literal: $record:ty, in $($table:ident)*, at_most $most:literal;)*) => {
        $(impl Record for $record {})*

        /// Reads bytes as a record of each type, and what can be read once more as it is written; for the fuzzer.
        #[cfg(feature = "internals")]
        pub fn read_stored(bytes: &[u8]) {
            $(if let Ok(record) = crate::storage::records::decode::<$record>(bytes) {
                let written = crate::storage::records::encode(&record);
                let again = crate::storage::records::decode::<$record>(&written);
                assert!(again.is_ok(), "what is written of a {} cannot be read", $name);
            })*
        }

        #[cfg(test)]
        fn all() -> Vec<tests::Stored> {
            vec![$(tests::Stored::new::<$record>($name, &[$(crate::storage::Table::$table),*], $most)),*]
        }
    };
}

stored! {
    "account": Account, in Account,
        at_most "one a user, of whom others make `user_accounts_made` and `app_accounts_made`: standard fields of 500 \
                 bytes, and `profile_custom_fields` of 500 bytes";
    "devices": Vec<DeviceRecord>, in Session,
        at_most "`devices_per_platform` a platform, `devices_per_user` over all";
    "joined": Indexed, in Joined,
        at_most "`groups_per_user`, of which others add `invitations_per_hour`";
    "preference": Preference, in Conversation,
        at_most "`conversations_per_user` peers; groups the user is in, or `pinned_conversations` others";
    "friendship": Friendship, in Friend,
        at_most "two a pair, each with a place: `friends_per_user` of each; names and texts of 400 bytes";
    "friend place": Place, in Friend,
        at_most "`friends_per_user`";
    "group": Group, in Group,
        at_most "`groups_per_user` of each owner; `group_name_bytes`, `group_introduction_bytes`, \
                 `group_notification_bytes`, `group_face_bytes`, `group_custom_fields` of `custom_key_bytes` and \
                 `custom_value_bytes`";
    "member": Member, in Member,
        at_most "`max_members` of the kind; `name_card_bytes`, `member_custom_fields` of `custom_key_bytes` and \
                 `custom_value_bytes`";
    "order": Role, in Order,
        at_most "two a member";
    // The Unix second up to which somebody may not speak, or not come in.
    "mute": u64, in Mute Ban,
        at_most "`mutes_per_group`, of members and past members; `bans_per_group`";
    // How the owner of a live room has marked a user.
    "marks": Marks, in Mark,
        at_most "`marks_per_group`, of 10 kinds";
    // The live rooms that a device is in.
    "stays": Vec<Stay>, in Stay,
        at_most "one a device, of `live_rooms_per_device`";
    "owned": Owned, in Owned,
        at_most "`live_rooms_per_owner`";
    "application": Application, in Application,
        at_most "`applications_per_group`, of `reason_bytes` and `custom_value_bytes`";
    // That a user decides about an application.
    "application entry": WaitingEntry, in Application,
        at_most "one an application and a user who decides, or did when it was made; `invitations_per_user` of those that \
                 others make";
    "attributes": Attributes, in Shared,
        at_most "one a group: `attributes_per_group` of `attribute_key_bytes` and `attribute_value_bytes`, \
                 `attribute_bytes_per_group` of values";
    "counters": Counters, in Shared,
        at_most "one a group: `counters_per_group` of `counter_key_bytes`";
    "pins": Vec<Pin>, in Shared,
        at_most "one a group: `pins_per_group`";
    "topic": GroupTopic, in Topic,
        at_most "`topics_per_group`; `group_name_bytes`, `group_introduction_bytes`, `group_notification_bytes`, \
                 `group_face_bytes` and `topic_custom_bytes`";
    // How a member is told of what is said in a topic.
    "topic choice": TopicChoice, in Topic,
        at_most "one a topic and member; goes with either";
    "position": Position, in Read,
        at_most "one a member, and administrators; one for each of a pair";
    // Which notices a device has acknowledged.
    "heard": Heard, in Read,
        at_most "one a device, of 100 ranges";
    // Up to when a device has what was said.
    "device position": DevicePosition, in Read,
        at_most "one a device";
    // Which recalls a device has acknowledged.
    "known recalls": KnownRecalls, in Read,
        at_most "one a device, of 100 recalls";
    "annotation": Annotation, in Annotation,
        at_most "one an entry, of `reason_bytes`; goes with it";
    "mention": Mentioned, in Mention,
        at_most "one an entry; goes with it";
    "recall": RecallNote, in Recall,
        at_most "one an entry, of `reason_bytes`; goes with it";
    "hidden": Hidden, in Hidden,
        at_most "one an entry and reader; goes with the entry";
    "entry": Entry, in Message,
        at_most "`message_bytes` each; `bytes_per_group`, `bytes_per_peer`, `bytes_per_user`, \
                 `messages_per_conversation` and `days`, where they are set";
    "notice": StoredNotice, in Message,
        at_most "`notices_per_user` of `reason_bytes` and `custom_value_bytes`; `messages_per_conversation` and `days`, where they are set";
    // Clients keep it.
    "token": Claims, in, at_most "nothing is stored";
    "polling key": PollClaims, in, at_most "nothing is stored";
}

/// Reads as an [`Entry`].
impl Record for EntryRef<'_> {}
