//! Bounds that somebody ran into: one metric and one log line for all of them.

use std::fmt::Display;

use super::sparing::Sparing;

macro_rules! bounds {
    ($($(#[$doc:meta])* $name:ident = $label:literal;)*) => {
        /// A bound on what others can make grow. Its name is the label of `gateway_refused_total`: the set is closed, no
        /// label is made of what a client says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Bound {
            $($(#[$doc])* $name,)*
        }

        impl Bound {
            pub const ALL: &'static [Bound] = &[$(Bound::$name),*];

            pub fn label(self) -> &'static str {
                match self {
                    $(Bound::$name => $label,)*
                }
            }

            fn lines(self) -> &'static Sparing {
                match self {
                    $(Bound::$name => {
                        static LINES: Sparing = Sparing::new();
                        &LINES
                    })*
                }
            }
        }
    };
}

// One line each, in the order of their labels.
bounds! {
    /// Accounts that others make.
    AccountsMade = "accounts_made";
    /// Log-ins from one address.
    AddressLogins = "address_logins";
    /// Admins of a group.
    AdminsPerGroup = "admins_per_group";
    /// Bytes of an answer that can be asked for in parts.
    AnswerBytes = "answer_bytes";
    /// Applications of a user.
    Applications = "applications";
    /// Applications that wait in a group.
    ApplicationsPerGroup = "applications_per_group";
    /// Attributes of a group, and their bytes.
    AttributesPerGroup = "attributes_per_group";
    /// How often the attributes of a group are written.
    AttributesWritten = "attributes_written";
    /// Users who are kept out of a group.
    BansPerGroup = "bans_per_group";
    /// A request's body that did not come in time.
    BodyTime = "body_time";
    /// Bytes of messages that are kept of a group.
    BytesPerGroup = "bytes_per_group";
    /// Bytes of messages that are kept of what one user has said to one other.
    BytesPerPeer = "bytes_per_peer";
    /// Bytes of messages that are kept of what one user has said to others.
    BytesPerUser = "bytes_per_user";
    /// How often a user or a connection gives a command.
    Commands = "commands";
    /// Connections in all.
    Connections = "connections";
    /// Connections on which nobody is logged in.
    ConnectionsBeforeLogin = "connections_before_login";
    /// Connections of one address.
    ConnectionsPerAddress = "connections_per_address";
    /// Connections on which one user is logged in.
    ConnectionsPerUser = "connections_per_user";
    /// Peers on a user's list of conversations: the oldest go off it.
    ConversationsPerUser = "conversations_per_user";
    /// Counters of a group.
    CountersPerGroup = "counters_per_group";
    /// Devices of a user over all platforms: the oldest are put out.
    DevicesPerUser = "devices_per_user";
    /// Users on a list of friends.
    FriendsAdded = "friends_added";
    /// Messages in a group.
    GroupMessages = "group_messages";
    /// Groups that a user makes.
    GroupsMade = "groups_made";
    /// A request's head that did not come in time.
    HeadTime = "head_time";
    /// Groups that others put a user into.
    InvitationsPerHour = "invitations_per_hour";
    /// Invitations that wait for a user.
    InvitationsPerUser = "invitations_per_user";
    /// Live rooms that a device is in.
    LiveRoomsPerDevice = "live_rooms_per_device";
    /// Live rooms that a user has made.
    LiveRoomsPerOwner = "live_rooms_per_owner";
    /// A WebSocket on which nobody logged in in time.
    LoginTime = "login_time";
    /// Users whom the owner of a live room has marked.
    MarksPerGroup = "marks_per_group";
    /// Members that a user brings in.
    MembersAdded = "members_added";
    /// Messages that mention everybody.
    MentionsOfAll = "mentions_of_all";
    /// A message of which only a part came in time.
    MessageTime = "message_time";
    /// Mutes of members and past members of a group.
    MutesPerGroup = "mutes_per_group";
    /// Messages from one user to another.
    PairMessages = "pair_messages";
    /// Pinned messages of a group.
    PinsPerGroup = "pins_per_group";
    /// Questions for what is told in live rooms that wait at once.
    Polls = "polls";
    /// Changes of a profile.
    ProfileChanges = "profile_changes";
    /// How often the back ends of an application give a command.
    RestCommands = "rest_commands";
    /// Messages in a live room: those that matter least are dropped.
    RoomMessages = "room_messages";
    /// Topics of a community.
    TopicsPerGroup = "topics_per_group";
    /// Calls that go on without their callers.
    UnattendedCalls = "unattended_calls";
    /// Bodies and messages that have not come whole.
    UnfinishedBytes = "unfinished_bytes";
    /// Messages of a user.
    UserMessages = "user_messages";
    /// UserSigs that are not what they say.
    WrongUserSigs = "wrong_usersigs";
}

impl Bound {
    /// Counts a refusal and, once in a while, says whom it met: a user, an address, a group; never a text or a secret.
    pub fn refused(self, whom: impl Display) {
        metrics::counter!("gateway_refused_total", "bound" => self.label()).increment(1);
        if let Some(kept_back) = self.lines().admit() {
            tracing::warn!(bound = self.label(), %whom, kept_back, "a bound was reached; somebody is refused");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_unique_and_in_order() {
        let labels: Vec<&str> = Bound::ALL.iter().map(|bound| bound.label()).collect();
        assert!(labels.is_sorted_by(|a, b| a < b), "{labels:?}");
    }
}
