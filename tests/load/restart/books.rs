//! Who said what, who got it, and what is wrong with that: counted for each member of each conversation, by what names
//! a message to the SDK.

use std::collections::HashMap;

/// What names a message to the SDK: a second copy of it is not announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) tiny_id: u64,
    pub(super) client_time: u64,
    pub(super) random: u64,
}

/// A message as it comes to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MessageCopy {
    pub(super) identity: Identity,
    /// What the gateway gave it: in a room the number, between two the time. It never falls in a conversation.
    pub(super) stamp: u64,
}

/// What a copy was to who got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// News. Since that moment it is known that the gateway has it.
    First { known_ns: u64 },
    /// The SDK drops it.
    Again,
    /// It is none of their conversations, or nobody said it.
    Foreign,
}

/// Those who talk with each other, and what they said.
struct Conversation {
    members: Vec<Member>,
    messages: Vec<usize>,
}

struct Member {
    client: usize,
    /// The highest stamp of what they got so far.
    last: u64,
    /// The highest stamp that an answer gave to what they said themselves, early ones aside.
    own: u64,
}

struct Message {
    conversation: usize,
    /// Among the members, as all places.
    speaker: usize,
    /// When anybody was told that the gateway has it, and under which stamp. Before that it may have been lost.
    known: Option<Known>,
    is_acknowledged: bool,
    /// It is in the store under two stamps.
    is_stored_twice: bool,
    /// By the members' places; nobody gets what they said themselves.
    got: Vec<bool>,
}

#[derive(Clone, Copy)]
struct Known {
    ns: u64,
    stamp: u64,
}

/// What was seen of copies, all members together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Seen {
    /// The first copy for a member.
    pub(super) deliveries: u64,
    /// Copies that the SDK drops.
    pub(super) doubles: u64,
    /// A lower stamp came behind a higher one.
    pub(super) inversions: u64,
    /// A lower stamp came behind the answer to what the member said themselves.
    pub(super) behind_own: u64,
    pub(super) foreign: u64,
}

/// What the members do not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Missed {
    /// By when the gateway had it: before the stop, while not everybody was back, and afterwards.
    pub(super) before: u64,
    pub(super) during: u64,
    pub(super) after: u64,
    /// To how many members something is missing.
    pub(super) members: u64,
    /// What there was to miss while not everybody was back: copies for all members together.
    pub(super) at_stake: u64,
}

impl Missed {
    pub(super) fn all(&self) -> u64 {
        self.before + self.during + self.after
    }
}

pub(super) struct Books {
    conversations: Vec<Conversation>,
    messages: Vec<Message>,
    by_identity: HashMap<Identity, usize>,
    pub(super) seen: Seen,
}

impl Books {
    /// Books of conversations, each with the numbers of its clients.
    pub(super) fn new(conversations: impl IntoIterator<Item = Vec<usize>>) -> Self {
        let member = |client| Member { client, last: 0, own: 0 };
        let conversation = |clients: Vec<usize>| Conversation {
            members: clients.into_iter().map(member).collect(),
            messages: Vec::new(),
        };
        Self {
            conversations: conversations.into_iter().map(conversation).collect(),
            messages: Vec::new(),
            by_identity: HashMap::new(),
            seen: Seen::default(),
        }
    }

    /// The number of the next message.
    pub(super) fn next(&self) -> usize {
        self.messages.len()
    }

    /// The next message is said by a member of a conversation.
    pub(super) fn say(&mut self, conversation: usize, client: usize, identity: Identity) {
        let number = self.messages.len();
        let Conversation { members, messages } = &mut self.conversations[conversation];
        let Some(speaker) = place(members, client) else { return };
        messages.push(number);
        self.messages.push(Message {
            conversation,
            speaker,
            known: None,
            is_acknowledged: false,
            is_stored_twice: false,
            got: vec![false; members.len()],
        });
        self.by_identity.insert(identity, number);
    }

    /// The gateway says that it has a message. An early one was said before the login of its connection: its answer comes
    /// before what others said meanwhile.
    pub(super) fn acknowledge(&mut self, number: usize, stamp: u64, is_early: bool, now: u64) {
        let message = &mut self.messages[number];
        message.is_acknowledged = true;
        message.is_known(stamp, now);
        if !is_early {
            let own = &mut self.conversations[message.conversation].members[message.speaker].own;
            *own = stamp.max(*own);
        }
    }

    pub(super) fn receive(&mut self, client: usize, copy: MessageCopy, now: u64) -> Arrival {
        let message = self.by_identity.get(&copy.identity).map(|number| &mut self.messages[*number]);
        let Some(message) = message else {
            self.seen.foreign += 1;
            return Arrival::Foreign;
        };
        let members = &mut self.conversations[message.conversation].members;
        let Some(place) = place(members, client) else {
            self.seen.foreign += 1;
            return Arrival::Foreign;
        };
        let known_ns = message.is_known(copy.stamp, now);
        if place == message.speaker || message.got[place] {
            self.seen.doubles += 1;
            return Arrival::Again;
        }
        message.got[place] = true;
        self.seen.deliveries += 1;
        let member = &mut members[place];
        if copy.stamp < member.last {
            self.seen.inversions += 1;
        } else if copy.stamp < member.own {
            self.seen.behind_own += 1;
        }
        member.last = member.last.max(copy.stamp);
        Arrival::First { known_ns }
    }

    /// What the gateway has, and who does not have it. The moments are those of the stop and of the last return.
    pub(super) fn missed(&self, stopped_ns: u64, back_ns: u64) -> Missed {
        let mut missed = Missed::default();
        for conversation in &self.conversations {
            let mut of_members = vec![0; conversation.members.len()];
            for message in conversation.messages.iter().map(|number| &self.messages[*number]) {
                // A message that one has got is in the store, whether or not its speaker was told: everybody is to get it.
                let Some(Known { ns, .. }) = message.known else { continue };
                let count = match ns {
                    ns if ns < stopped_ns => &mut missed.before,
                    ns if ns < back_ns => {
                        missed.at_stake += of_members.len() as u64 - 1;
                        &mut missed.during
                    }
                    _ => &mut missed.after,
                };
                for (place, of_member) in of_members.iter_mut().enumerate() {
                    if place != message.speaker && !message.got[place] {
                        *count += 1;
                        *of_member += 1_u64;
                    }
                }
            }
            missed.members += of_members.iter().filter(|of_member| **of_member > 0).count() as u64;
        }
        missed
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.messages.iter().filter(|message| message.is_acknowledged).count() as u64
    }

    pub(super) fn stored_twice(&self) -> u64 {
        self.messages.iter().filter(|message| message.is_stored_twice).count() as u64
    }
}

impl Message {
    /// Gives since when.
    fn is_known(&mut self, stamp: u64, now: u64) -> u64 {
        let known = self.known.get_or_insert(Known { ns: now, stamp });
        self.is_stored_twice |= known.stamp != stamp;
        known.ns
    }
}

fn place(members: &[Member], client: usize) -> Option<usize> {
    members.iter().position(|member| member.client == client)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOPPED_NS: u64 = 100;
    const BACK_NS: u64 = 200;

    /// A room of clients 3, 4 and 5, and 3 and 9 between themselves.
    fn books() -> Books {
        Books::new([vec![3, 4, 5], vec![3, 9]])
    }

    fn identity(random: u64) -> Identity {
        Identity { tiny_id: 144_115_200_000_000_001, client_time: 1_795_368_257, random }
    }

    fn copy(random: u64, stamp: u64) -> MessageCopy {
        MessageCopy { identity: identity(random), stamp }
    }

    /// 3 says something in the room.
    fn say(books: &mut Books, random: u64) -> usize {
        let number = books.next();
        books.say(0, 3, identity(random));
        number
    }

    #[test]
    fn what_everybody_has_is_not_missed() {
        let mut books = books();
        let number = say(&mut books, 1);
        assert_eq!(books.receive(4, copy(1, 7), 10), Arrival::First { known_ns: 10 });
        books.acknowledge(number, 7, false, 20);
        assert_eq!(books.receive(5, copy(1, 7), 30), Arrival::First { known_ns: 10 });
        assert_eq!(books.missed(STOPPED_NS, BACK_NS), Missed::default());
        assert_eq!((books.acknowledged(), books.stored_twice()), (1, 0));
        assert_eq!(books.seen, Seen { deliveries: 2, ..Seen::default() });
    }

    #[test]
    fn a_miss_is_seen_for_each_member_and_time() {
        let mut books = books();
        for (random, now) in [(1, 10), (2, 150), (3, 150), (4, 300)] {
            let number = say(&mut books, random);
            books.acknowledge(number, random, false, now);
        }
        books.receive(4, copy(1, 1), 400);
        books.receive(5, copy(2, 2), 400);
        books.receive(4, copy(4, 4), 400);
        let missed = books.missed(STOPPED_NS, BACK_NS);
        assert_eq!(missed, Missed { before: 1, during: 3, after: 1, members: 2, at_stake: 4 });
        assert_eq!(missed.all(), 5);
    }

    #[test]
    fn what_was_not_acknowledged_is_missed_only_where_another_has_it() {
        let mut books = books();
        say(&mut books, 1);
        assert_eq!(books.missed(STOPPED_NS, BACK_NS).all(), 0);
        books.receive(4, copy(1, 1), 10);
        assert_eq!(books.missed(STOPPED_NS, BACK_NS).before, 1);
    }

    #[test]
    fn a_double_is_seen_and_is_no_delivery() {
        let mut books = books();
        say(&mut books, 1);
        books.receive(4, copy(1, 7), 10);
        assert_eq!(books.receive(4, copy(1, 7), 10), Arrival::Again);
        // What one said comes to oneself.
        assert_eq!(books.receive(3, copy(1, 7), 10), Arrival::Again);
        assert_eq!(books.seen, Seen { deliveries: 1, doubles: 2, ..Seen::default() });
        assert_eq!(books.stored_twice(), 0);
    }

    #[test]
    fn a_message_under_two_numbers_is_stored_twice() {
        let mut books = books();
        let first = say(&mut books, 1);
        books.receive(4, copy(1, 7), 10);
        books.receive(5, copy(1, 8), 10);
        assert_eq!(books.stored_twice(), 1);
        // Also where only the answer shows it.
        let second = say(&mut books, 2);
        books.receive(4, copy(2, 9), 10);
        books.acknowledge(second, 10, true, 10);
        books.acknowledge(first, 7, true, 10);
        assert_eq!(books.stored_twice(), 2);
    }

    #[test]
    fn an_inversion_is_seen() {
        let mut books = books();
        for random in 1..=3 {
            say(&mut books, random);
        }
        for (client, random, stamp) in [(4, 1, 5), (4, 3, 7), (4, 2, 6)] {
            books.receive(client, copy(random, stamp), 10);
        }
        // Another member is another order, and what comes again is none.
        books.receive(5, copy(1, 5), 10);
        books.receive(4, copy(1, 5), 10);
        assert_eq!(books.seen, Seen { deliveries: 4, doubles: 1, inversions: 1, ..Seen::default() });
    }

    #[test]
    fn a_lower_number_behind_the_own_one_is_seen_unless_that_was_early() {
        let mut books = books();
        let first = say(&mut books, 1);
        books.acknowledge(first, 7, true, 10);
        books.say(0, 4, identity(2));
        books.receive(3, copy(2, 6), 10);
        assert_eq!(books.seen.behind_own, 0);
        let second = say(&mut books, 3);
        books.acknowledge(second, 9, false, 10);
        books.say(0, 4, identity(4));
        books.receive(3, copy(4, 8), 10);
        assert_eq!((books.seen.behind_own, books.seen.inversions), (1, 0));
    }

    #[test]
    fn what_nobody_said_to_one_is_foreign() {
        let mut books = books();
        say(&mut books, 1);
        assert_eq!(books.receive(4, copy(2, 7), 10), Arrival::Foreign);
        assert_eq!(books.receive(9, copy(1, 7), 10), Arrival::Foreign);
        assert_eq!(books.seen, Seen { foreign: 2, ..Seen::default() });
        assert_eq!(books.missed(STOPPED_NS, BACK_NS), Missed::default());
    }

    #[test]
    fn conversations_are_counted_apart() {
        let mut books = books();
        let number = books.next();
        books.say(1, 3, identity(1));
        books.acknowledge(number, 1_795_368_257, false, 10);
        say(&mut books, 2);
        books.receive(4, copy(2, 1), 10);
        books.receive(5, copy(2, 1), 10);
        assert_eq!(books.missed(STOPPED_NS, BACK_NS), Missed { before: 1, members: 1, ..Missed::default() });
        books.receive(9, copy(1, 1_795_368_257), 10);
        assert_eq!(books.missed(STOPPED_NS, BACK_NS), Missed::default());
        assert_eq!(books.seen.inversions, 0);
    }
}
