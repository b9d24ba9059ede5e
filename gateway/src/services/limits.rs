//! How much is allowed, as numbers of the configuration.

use serde::{Deserialize, Serialize};

/// The vendor sells these by plan; here they protect the server. Sizes in bytes of UTF-8. 0 is no bound.
///
/// Source: "Use Limits" (269/9346); where its pages disagree, the larger value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Elements and custom data of one message.
    pub message_bytes: usize,
    pub group_name_bytes: usize,
    pub group_introduction_bytes: usize,
    pub group_notification_bytes: usize,
    pub group_face_bytes: usize,
    pub name_card_bytes: usize,
    /// Fields that the application defined, of a group.
    pub group_custom_fields: usize,
    pub member_custom_fields: usize,
    pub custom_key_bytes: usize,
    pub custom_value_bytes: usize,
    /// Fields that the application defined, of a profile.
    pub profile_custom_fields: usize,
    /// What is said when a member is put out or a message recalled.
    pub reason_bytes: usize,
    /// Groups that one user may be in.
    pub groups_per_user: usize,
    /// Groups that others may put one user into in an hour of the clock, besides administrators; 0 is any number.
    pub invitations_per_hour: usize,
    /// Peers that one user may have on their list of conversations; beyond it those with whom nothing was said for longest
    /// go off it until something is. 0 is any number.
    pub conversations_per_user: usize,
    /// Notices that are kept of one user, the newest; a quarter more until they are dropped. Devices are told the newest 100
    /// of what they missed. 0 is any number.
    pub notices_per_user: u64,
    /// Bytes of messages that are kept of one group; 0 is any number.
    pub bytes_per_group: u64,
    /// Bytes of messages that are kept of what one user has said to one other; 0 is any number.
    pub bytes_per_peer: u64,
    /// Bytes of messages that are kept of what one user has said to all others, one to one; 0 is any number.
    pub bytes_per_user: u64,
    /// Friends that one user may have on their list.
    pub friends_per_user: usize,
    /// Seconds in which a message may be recalled by users.
    pub recall_seconds: u64,
    pub mentions_per_message: usize,
    pub pinned_conversations: usize,
    /// Peers that one user may mute without ever having talked with them.
    pub muted_strangers: usize,
    /// Members of one group, and past members, who may not speak.
    pub mutes_per_group: usize,
    /// Users who are kept out of one group.
    pub bans_per_group: usize,
    /// Users whom the owner of a live room has marked.
    pub marks_per_group: usize,
    /// Live rooms that one device is in at once.
    pub live_rooms_per_device: usize,
    /// Live rooms that one user has made.
    pub live_rooms_per_owner: usize,
    /// Topics of one community.
    pub topics_per_group: usize,
    /// What an application keeps with a topic.
    pub topic_custom_bytes: usize,
    /// Applications of one group that wait for a decision.
    pub applications_per_group: usize,
    /// Invitations that wait for one user to say whether they come.
    pub invitations_per_user: usize,
    /// Days after which an application or an invitation waits no more; 0 is never.
    pub application_days: u64,
    pub admins_per_group: usize,
    /// Attributes of one group, and the bytes of their keys, of their values, and of all values of a group.
    pub attributes_per_group: usize,
    pub attribute_key_bytes: usize,
    pub attribute_value_bytes: usize,
    pub attribute_bytes_per_group: usize,
    /// Counters of one group, and the bytes of their keys.
    pub counters_per_group: usize,
    pub counter_key_bytes: usize,
    /// Messages that are pinned in one group.
    pub pins_per_group: usize,
    /// Members that one call adds or puts out.
    pub members_per_call: usize,
}

impl Limits {
    /// The same where a bound of 0, which is none, is one that nobody meets. A setting that knows 0 by itself stays.
    pub(super) fn open(&mut self) {
        // A test asks of every setting what its 0 is, so that a new one is thought of.
        for most in [
            &mut self.message_bytes,
            &mut self.group_name_bytes,
            &mut self.group_introduction_bytes,
            &mut self.group_notification_bytes,
            &mut self.group_face_bytes,
            &mut self.name_card_bytes,
            &mut self.group_custom_fields,
            &mut self.member_custom_fields,
            &mut self.custom_key_bytes,
            &mut self.custom_value_bytes,
            &mut self.profile_custom_fields,
            &mut self.reason_bytes,
            &mut self.groups_per_user,
            &mut self.friends_per_user,
            &mut self.mentions_per_message,
            &mut self.pinned_conversations,
            &mut self.muted_strangers,
            &mut self.mutes_per_group,
            &mut self.bans_per_group,
            &mut self.marks_per_group,
            &mut self.live_rooms_per_device,
            &mut self.live_rooms_per_owner,
            &mut self.applications_per_group,
            &mut self.invitations_per_user,
            &mut self.admins_per_group,
            &mut self.topics_per_group,
            &mut self.topic_custom_bytes,
            &mut self.attributes_per_group,
            &mut self.attribute_key_bytes,
            &mut self.attribute_value_bytes,
            &mut self.attribute_bytes_per_group,
            &mut self.counters_per_group,
            &mut self.counter_key_bytes,
            &mut self.pins_per_group,
            &mut self.members_per_call,
        ] {
            if *most == 0 {
                *most = usize::MAX;
            }
        }
        if self.recall_seconds == 0 {
            self.recall_seconds = u64::MAX;
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 12 * 1024,
            group_name_bytes: 100,
            group_introduction_bytes: 400,
            group_notification_bytes: 400,
            group_face_bytes: 500,
            name_card_bytes: 50,
            group_custom_fields: 10,
            member_custom_fields: 5,
            custom_key_bytes: 16,
            custom_value_bytes: 512,
            profile_custom_fields: 20,
            reason_bytes: 512,
            groups_per_user: 5000,
            invitations_per_hour: 200,
            conversations_per_user: 5000,
            notices_per_user: 1000,
            bytes_per_group: 0,
            bytes_per_peer: 0,
            bytes_per_user: 0,
            friends_per_user: 3000,
            recall_seconds: 120,
            mentions_per_message: 30,
            pinned_conversations: 50,
            muted_strangers: 1000,
            mutes_per_group: 10_000,
            bans_per_group: 1000,
            marks_per_group: 1000,
            live_rooms_per_device: 10,
            live_rooms_per_owner: 100,
            applications_per_group: 1000,
            invitations_per_user: 200,
            application_days: 30,
            admins_per_group: 100,
            topics_per_group: 200,
            topic_custom_bytes: 3000,
            attributes_per_group: 16,
            attribute_key_bytes: 32,
            attribute_value_bytes: 4096,
            attribute_bytes_per_group: 16 * 1024,
            counters_per_group: 20,
            counter_key_bytes: 128,
            pins_per_group: 10,
            members_per_call: 300,
        }
    }
}
