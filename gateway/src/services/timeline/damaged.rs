//! What stands in the place of an entry that cannot be read, so that no history and no list ends at it.

use protocol::id::UserId;
use protocol::message::{Body, Message, Options, Priority, Sender};

use super::Entry;
use crate::storage::{self, Log, records};

/// What its readers see.
const TEXT: &str = "[This message is damaged and cannot be shown.]";

/// Whose it is where nobody can tell.
const NOBODY: &str = "administrator";

/// The entry; where it is damaged, a message that says so. It has the place and the number of the lost one and, since its
/// author cannot be known, that of a partner of `reader` or of the back end.
pub(super) fn decode_or_stand_in(log: &Log, entry: &storage::Entry, reader: Option<&UserId>) -> Entry {
    match records::decode(&entry.bytes) {
        Ok(read) => read,
        Err(_) => Entry::Message(stand_in(log, entry, reader)),
    }
}

fn stand_in(log: &Log, entry: &storage::Entry, reader: Option<&UserId>) -> Message {
    let user = log
        .partition
        .users()
        .into_iter()
        .find(|user| reader != Some(user))
        .unwrap_or_else(|| UserId::parse(NOBODY).expect("a plain name is a user's"));
    Message {
        from: Sender { user, tiny_id: 0, nick: String::new(), face: String::new(), name_card: String::new() },
        random: entry.seq.0 & u64::from(u32::MAX),
        client_seq: entry.seq.0,
        client_time: entry.at.seconds(),
        priority: Priority::default(),
        body: Body::text(TEXT),
        cloud_custom_data: String::new(),
        mentions: Vec::new(),
        options: Options::default(),
        origin: None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use protocol::id::{AppId, GroupId, Millis, Seq};

    use super::*;
    use crate::storage::Partition;

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    fn read(partition: Partition, bytes: &'static str, reader: Option<&UserId>) -> Message {
        let log = Log { partition, name: Bytes::new() };
        let entry = storage::Entry { seq: Seq(7), at: Millis(5000), bytes: bytes.into() };
        match decode_or_stand_in(&log, &entry, reader) {
            Entry::Message(message) => message,
            Entry::Tip(_) => panic!("it is a message"),
        }
    }

    #[test]
    fn what_cannot_be_read_is_shown_as_that_in_its_place() {
        let group = || Partition::group(AppId(1), &GroupId::parse("room").unwrap());
        for bytes in ["", "{", "{\"m\":{}}", "null"] {
            let message = read(group(), bytes, Some(&user("alice")));
            assert_eq!((message.client_seq, message.client_time), (7, 5), "{bytes:?}");
            assert_eq!(message.from.user.as_str(), NOBODY);
            assert!(message.body.as_json().contains("TIMTextElem"));
        }
    }

    #[test]
    fn between_two_it_is_the_other_s() {
        let (alice, bob) = (user("alice"), user("bob"));
        let pair = || Partition::pair(AppId(1), &alice, &bob);
        assert_eq!(read(pair(), "", Some(&alice)).from.user, bob);
        assert_eq!(read(pair(), "", Some(&bob)).from.user, alice);
        assert_eq!(read(pair(), "", None).from.user, alice);
    }
}
