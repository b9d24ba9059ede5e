//! What a 0 is: off, for every setting that is a number.

use protocol::id::AppId;
use toml::Value;

use super::connection::Connections;
use super::file::File;
use super::{check_hello, settings};
use crate::services::application::{Applications, Settings};
use crate::services::rates::Quota;

/// The tables in which a 0 is off.
const TABLES: [&str; 5] = ["session", "connection", "limits", "rates", "store"];

/// What the gateway works with where one setting is 0 and the others are as they are by default.
struct Loaded {
    settings: Settings,
    connections: Connections,
    file: File,
    mistakes: Vec<String>,
}

fn load(table: &str, name: &str, off: &Value) -> Loaded {
    let text = toml::to_string(&toml::Table::from_iter([(
        table.to_owned(),
        Value::Table(toml::Table::from_iter([(name.to_owned(), off.clone())])),
    )]));
    let file = File::parse(&text.unwrap()).unwrap();
    let mut mistakes = Vec::new();
    check_hello(&file, "", &mut mistakes);
    let apps = Applications::new(settings(&file));
    let connections = file.connection.clone().check(&mut mistakes);
    Loaded { settings: apps.of(AppId(1)).settings.clone(), connections, file, mistakes }
}

/// A setting that is a number as 0, a quota as one of zeros; nothing for what is neither.
fn zero(default: &Value) -> Option<Value> {
    match default {
        Value::Integer(_) => Some(Value::Integer(0)),
        Value::Table(quota) => {
            Some(Value::Table(quota.iter().map(|(name, _)| (name.clone(), Value::Integer(0))).collect()))
        }
        _ => None,
    }
}

/// Whether a setting that is 0 bounds nothing. A new setting fails here until it is known what its 0 is.
fn is_off(name: &str, loaded: &Loaded) -> bool {
    let Loaded { settings: Settings { login, limits, rates, .. }, connections, file, mistakes } = loaded;
    let is_any = |most: usize| most == usize::MAX;
    let is_quota_off = |quota: Quota| quota.is_off();
    let years = |time: std::time::Duration| time.as_secs() > 10 * 365 * 24 * 3600;
    match name {
        // It has no "off".
        "session.hello_interval_seconds" => !mistakes.is_empty(),
        "session.devices_per_platform" => is_any(login.devices_per_platform),
        // 0 is known as none where it is asked for: see the tests of sessions.
        "session.devices_per_user" => login.devices_per_user == 0,
        "session.usersig_skew_seconds" => login.usersig_skew_seconds == 0,
        "session.token_seconds" => login.token_seconds == 0,

        "connection.max_frame_bytes" => connections.max_frame_bytes == u32::MAX as usize,
        "connection.queue_bytes" => is_any(connections.queue_bytes),
        "connection.missed_messages" => is_any(connections.missed_messages),
        // At once.
        "connection.drain_seconds" => connections.drain.is_zero(),
        "connection.max_connections" => connections.max_in_all.is_none(),
        "connection.max_connections_per_address" => connections.max_per_address.is_none(),
        "connection.max_connections_per_user" => connections.max_per_user.is_none(),
        "connection.max_connections_before_login" => connections.max_before_login.is_none(),
        "connection.head_seconds" => years(connections.head),
        "connection.body_seconds" => years(connections.body),
        "connection.message_seconds" => years(connections.message),
        "connection.login_seconds" => years(connections.login),
        "connection.keep_alive_seconds" => years(connections.keep_alive),
        "connection.unfinished_bytes" => connections.unfinished_bytes.is_none(),

        "limits.message_bytes" => is_any(limits.message_bytes),
        "limits.group_name_bytes" => is_any(limits.group_name_bytes),
        "limits.group_introduction_bytes" => is_any(limits.group_introduction_bytes),
        "limits.group_notification_bytes" => is_any(limits.group_notification_bytes),
        "limits.group_face_bytes" => is_any(limits.group_face_bytes),
        "limits.name_card_bytes" => is_any(limits.name_card_bytes),
        "limits.group_custom_fields" => is_any(limits.group_custom_fields),
        "limits.member_custom_fields" => is_any(limits.member_custom_fields),
        "limits.custom_key_bytes" => is_any(limits.custom_key_bytes),
        "limits.custom_value_bytes" => is_any(limits.custom_value_bytes),
        "limits.profile_custom_fields" => is_any(limits.profile_custom_fields),
        "limits.reason_bytes" => is_any(limits.reason_bytes),
        "limits.groups_per_user" => is_any(limits.groups_per_user),
        "limits.friends_per_user" => is_any(limits.friends_per_user),
        "limits.recall_seconds" => limits.recall_seconds == u64::MAX,
        "limits.mentions_per_message" => is_any(limits.mentions_per_message),
        "limits.pinned_conversations" => is_any(limits.pinned_conversations),
        "limits.muted_strangers" => is_any(limits.muted_strangers),
        "limits.mutes_per_group" => is_any(limits.mutes_per_group),
        "limits.bans_per_group" => is_any(limits.bans_per_group),
        "limits.marks_per_group" => is_any(limits.marks_per_group),
        "limits.live_rooms_per_device" => is_any(limits.live_rooms_per_device),
        "limits.live_rooms_per_owner" => is_any(limits.live_rooms_per_owner),
        "limits.applications_per_group" => is_any(limits.applications_per_group),
        "limits.invitations_per_user" => is_any(limits.invitations_per_user),
        "limits.admins_per_group" => is_any(limits.admins_per_group),
        "limits.application_days" => limits.application_days == 0,
        "limits.topics_per_group" => is_any(limits.topics_per_group),
        "limits.topic_custom_bytes" => is_any(limits.topic_custom_bytes),
        "limits.attributes_per_group" => is_any(limits.attributes_per_group),
        "limits.attribute_key_bytes" => is_any(limits.attribute_key_bytes),
        "limits.attribute_value_bytes" => is_any(limits.attribute_value_bytes),
        "limits.attribute_bytes_per_group" => is_any(limits.attribute_bytes_per_group),
        "limits.counters_per_group" => is_any(limits.counters_per_group),
        "limits.counter_key_bytes" => is_any(limits.counter_key_bytes),
        "limits.pins_per_group" => is_any(limits.pins_per_group),
        "limits.members_per_call" => is_any(limits.members_per_call),
        // 0 is known as none where they are asked for.
        "limits.invitations_per_hour" => limits.invitations_per_hour == 0,
        "limits.conversations_per_user" => limits.conversations_per_user == 0,
        "limits.notices_per_user" => limits.notices_per_user == 0,
        "limits.bytes_per_group" => limits.bytes_per_group == 0,
        "limits.bytes_per_peer" => limits.bytes_per_peer == 0,
        "limits.bytes_per_user" => limits.bytes_per_user == 0,

        "rates.commands" => rates.commands == 0,
        "rates.rest" => rates.rest == 0,
        "rates.group_messages" => is_quota_off(rates.group_messages),
        "rates.room_messages" => is_quota_off(rates.room_messages),
        "rates.user_messages" => is_quota_off(rates.user_messages),
        "rates.pair_messages" => is_quota_off(rates.pair_messages),
        "rates.group_mentions_of_all" => is_quota_off(rates.group_mentions_of_all),
        "rates.user_mentions_of_all" => is_quota_off(rates.user_mentions_of_all),
        "rates.groups_made" => is_quota_off(rates.groups_made),
        "rates.members_added" => is_quota_off(rates.members_added),
        "rates.applications" => is_quota_off(rates.applications),
        "rates.attributes_written" => is_quota_off(rates.attributes_written),
        "rates.user_accounts_made" => is_quota_off(rates.user_accounts_made),
        "rates.app_accounts_made" => is_quota_off(rates.app_accounts_made),
        "rates.profile_changes" => is_quota_off(rates.profile_changes),
        "rates.friends_added" => is_quota_off(rates.friends_added),
        "rates.address_logins" => is_quota_off(rates.address_logins),
        "rates.user_wrong_usersigs" => rates.user_wrong_usersigs == 0,
        "rates.address_wrong_usersigs" => rates.address_wrong_usersigs == 0,

        "store.min_free_bytes" => file.store.min_free_bytes == 0,

        _ => panic!("{name}: say here what its 0 is"),
    }
}

#[test]
fn nothing_is_off_for_every_setting() {
    let defaults = toml::Table::try_from(File::default()).unwrap();
    let mut names = 0;
    for table in TABLES {
        for (name, default) in defaults[table].as_table().unwrap() {
            let Some(off) = zero(default) else { continue };
            let place = format!("{table}.{name}");
            let loaded = load(table, name, &off);
            assert!(is_off(&place, &loaded), "{place}");
            assert!(loaded.mistakes.is_empty() || place == "session.hello_interval_seconds", "{place}");
            names += 1;
        }
    }
    assert!(names > 50, "{names}");
}
