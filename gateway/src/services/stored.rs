//! Everything that services keep, in one list: the types of the records, and where they lie.
//!
//! What is not in it cannot be encoded. What is in it has golden records in `tests/stores/records.json`, with every field
//! and every variant: later versions read them as they read the stores of this one.

use protocol::group::Role;

use super::account::Account;
use super::conversation::Preference;
use super::friend::{Friendship, Place};
use super::group::{Group, Indexed, Member};
use super::mention::Mentioned;
use super::push::{Heard, StoredNotice};
use super::session::{Claims, DeviceRecord};
use super::timeline::{Annotation, Entry, EntryRef, Hidden, Position, RecallNote};
use crate::storage::records::Record;

#[cfg(test)]
mod tests;

macro_rules! stored {
    ($($name:literal: $record:ty, in $($table:ident)*;)*) => {
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
            vec![$(tests::Stored::new::<$record>($name, &[$(crate::storage::Table::$table),*])),*]
        }
    };
}

stored! {
    "account": Account, in Account;
    "devices": Vec<DeviceRecord>, in Session;
    "joined": Indexed, in Joined;
    "preference": Preference, in Conversation;
    "friendship": Friendship, in Friend;
    "friend place": Place, in Friend;
    "group": Group, in Group;
    "member": Member, in Member;
    "order": Role, in Order;
    // The Unix second up to which a member may not speak.
    "mute": u64, in Mute;
    "position": Position, in Read;
    // Which notices a device has acknowledged.
    "heard": Heard, in Read;
    "annotation": Annotation, in Annotation;
    "mention": Mentioned, in Mention;
    "recall": RecallNote, in Recall;
    "hidden": Hidden, in Hidden;
    "entry": Entry, in Message;
    "notice": StoredNotice, in Message;
    // Clients keep it.
    "token": Claims, in;
}

/// Reads as an [`Entry`].
impl Record for EntryRef<'_> {}
