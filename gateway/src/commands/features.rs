//! The features that the vendor sells beside its plans, which the SDKs unlock by a bit each ("purchase bits").
//!
//! A locked one fails in the client, with 3122, and sends nothing; by the bits a UI decides which buttons it shows. So each
//! is open when all commands that it needs are served: it opens by itself as they come.
//! The bits that are not here are looked at by no SDK. Source: observed in `@tencentcloud/chat` 3.6.6, `tim-js-sdk` 2.27.6
//! and the UI kits, which take bit 5 for read receipts.

use std::sync::LazyLock;

use super::table;

/// A feature.
#[derive(Debug)]
pub struct Feature {
    /// 0 is the rightmost character.
    pub bit: usize,
    #[cfg_attr(not(any(test, feature = "internals")), expect(dead_code, reason = "shown in COMMANDS.md"))]
    pub name: &'static str,
    pub needs: &'static [&'static str],
}

impl Feature {
    /// Whether all that it needs is served.
    pub fn is_open(&self) -> bool {
        self.needs.iter().all(|command| table::find(command).is_some())
    }
}

/// Every feature that an SDK can have locked.
pub const FEATURES: &[Feature] = &[
    Feature {
        bit: 2,
        name: "history for those who come into a live room",
        needs: &["group_open_http_svc.apply_join_group"],
    },
    Feature {
        bit: 3,
        name: "communities and topics",
        needs: &[
            "million_group_open_http_svc.create_topic",
            "million_group_open_http_svc.destroy_topic",
            "million_group_open_http_svc.modify_topic",
            "million_group_open_http_svc.get_topic",
        ],
    },
    Feature {
        bit: 4,
        name: "messages to some members of a group",
        needs: &["group_open_http_svc.send_group_msg"],
    },
    Feature {
        bit: 5,
        name: "read receipts",
        needs: &[
            "openim.c2c_msg_read_receipt",
            "group_open_http_svc.group_msg_receipt",
            "group_open_http_svc.get_group_msg_receipt",
            "group_open_http_svc.get_group_msg_receipt_detail",
        ],
    },
    Feature {
        bit: 6,
        name: "the members of a live room",
        needs: &["group_open_avchatroom_http_svc.get_members"],
    },
    Feature {
        bit: 7,
        name: "who is online",
        needs: &[
            "im_open_status.ws_get_user_status",
            "im_open_status.ws_status_subscribe",
            "im_open_status.ws_status_unsubscribe",
        ],
    },
    Feature { bit: 9, name: "marks of conversations", needs: &["recentcontact.mark_contact"] },
    Feature {
        bit: 10,
        name: "lists of conversations",
        needs: &[
            "recentcontact.create_contact_group",
            "recentcontact.del_contact_group",
            "recentcontact.update_contact_group",
        ],
    },
    Feature { bit: 11, name: "bans in a live room", needs: &["group_open_http_svc.ban_group_member"] },
    Feature {
        bit: 13,
        name: "message extensions",
        needs: &[
            "openim_msg_ext_http_svc.set_key_values",
            "openim_msg_ext_http_svc.get_key_values",
            "openim_msg_ext_http_svc.group_set_key_values",
            "openim_msg_ext_http_svc.group_get_key_values",
        ],
    },
    Feature {
        bit: 15,
        name: "group counters",
        needs: &["group_open_http_svc.update_group_counter", "group_open_http_svc.get_group_counter"],
    },
    Feature { bit: 38, name: "translation", needs: &["im_open_translate.ws_batch_trans_text"] },
    Feature { bit: 39, name: "voice to text", needs: &["im_open_speech.ws_sentence_recognition"] },
    Feature {
        bit: 48,
        name: "reactions",
        needs: &[
            "openim_msg_ext_http_svc.reaction_add",
            "openim_msg_ext_http_svc.reaction_del",
            "openim_msg_ext_http_svc.reaction_multi_stat",
            "openim_msg_ext_http_svc.reaction_iterate",
            "openim_msg_ext_http_svc.group_reaction_add",
            "openim_msg_ext_http_svc.group_reaction_del",
            "openim_msg_ext_http_svc.group_reaction_multi_stat",
            "openim_msg_ext_http_svc.group_reaction_iterate",
        ],
    },
    Feature {
        bit: 52,
        name: "followers",
        needs: &["follow.follow_add", "follow.follow_delete", "follow.follow_get", "follow.follow_get_info"],
    },
];

/// What clients are told: one character a bit, the rightmost is bit 0; 64 is the most that they read.
pub(super) fn purchase_bits() -> &'static str {
    static BITS: LazyLock<String> = LazyLock::new(|| bits(Feature::is_open));
    &BITS
}

fn bits(is_open: impl Fn(&Feature) -> bool) -> String {
    let mut bits = [b'0'; 64];
    for feature in FEATURES.iter().filter(|feature| is_open(feature)) {
        bits[63 - feature.bit] = b'1';
    }
    bits.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(bits: &str) -> Vec<usize> {
        assert_eq!(bits.len(), 64);
        bits.bytes().rev().enumerate().filter(|(_, bit)| *bit == b'1').map(|(index, _)| index).collect()
    }

    #[test]
    fn a_feature_is_open_when_all_it_needs_is_served() {
        assert_eq!(open(purchase_bits()), [2, 3, 4, 6, 11, 15]);
        assert_eq!(open(&bits(|_| true)), [2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 15, 38, 39, 48, 52]);
        let half = Feature { bit: 0, name: "half", needs: &["openim.sendmsg", "openim.nothing"] };
        assert!(!half.is_open());
        let whole = Feature { bit: 0, name: "whole", needs: &["openim.sendmsg", "openim.querystate"] };
        assert!(whole.is_open(), "another name of a command will do");
    }

    #[test]
    fn every_bit_is_one_and_needs_something() {
        assert!(FEATURES.is_sorted_by(|a, b| a.bit < b.bit));
        assert!(FEATURES.iter().all(|feature| feature.bit < 64 && !feature.needs.is_empty()));
        let mut names = FEATURES.iter().flat_map(|feature| feature.needs);
        assert!(names.all(|name| name.split('.').count() == 2));
    }
}
