//! What happened, as the bus carries it and the hub hears of it.
//!
//! | kind | what bus and hub know of it |
//! |---|---|
//! | [`Entry`] | that it stands in a log: it is numbered by it, and read from the store when it was missed |
//! | [`Control`] | what it changes about who hears what |
//! | [`Push`] | nothing: whoever announces it has finished it, and it is handed on as it is |
//! | [`Passing`] | that it is told like an entry and stands in no log |
//!
//! Between instances an event is JSON: `{"<name>":{…}}`. Instances of 0.1 know these names and those of
//! [`protocol::event::Former`] only, so a push goes inside of its former spelling where it has one, and under the name
//! `Push` where it has none: `{"ReadC2c":{"peer":"bob",…,"push":{"body":…,"origin":…}}}`. Whoever finds a `push` inside
//! of any name hands it on, so a later version may give it other names, and pushes that nobody has thought of yet.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use protocol::event::{Former, PushBody};
use protocol::group::Tip;
use protocol::id::{GroupId, Millis, Seq, TopicId, UserId};
use protocol::message::{GroupLabel, Message};
use protocol::push::{Mark, Notice};
use protocol::session::{KickReason, Terminal};
use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Aside, Topic};

/// The number of a device's session. Unique among the devices of one user.
pub type DeviceId = u32;

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Event {
    Entry(Entry),
    Control(Control),
    Push(Push),
    Passing(Passing),
    /// Something of a newer version that has no name here. It counts as heard, and nobody is told.
    Unknown,
}

/// What stands in a log. The [`super::Stamp`] of such an event says where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Entry {
    /// A message in a group; the stamp is its number and time.
    GroupMessage {
        group: GroupLabel,
        message: Message,
        /// Whether the group's kind counts unread messages.
        counts: bool,
    },
    /// A tip in a group; the stamp is its number and time.
    GroupTip { group: GroupLabel, tip: Tip, counts: bool },
    /// A message between two users, for both; the stamp is its place in their log, and its time.
    C2cMessage { to: UserId, message: Message },
    /// A notice for the user; the stamp is its number among their notices.
    Notice { notice: Notice, origin: Option<DeviceId> },
    /// The user was mentioned; the stamp is the mark's number among their notices.
    #[serde(rename = "Marked")]
    Mark { mark: Mark },
}

/// What is told in a room to those who are there. The [`super::Stamp`] has its number, see [`super::Bus::pass`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Passing {
    #[serde(rename = "Passing")]
    pub entry: Entry,
}

/// What the hub acts on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "it lies in an event, which is shared and never moved")]
pub enum Control {
    /// The user is a member now: their devices follow the group, and hear what is said after this number.
    Entered {
        group: GroupId,
        after: Seq,
        /// Whether what was said before is hidden from the user.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        hides_earlier: bool,
        /// Where the group's members talk in topics: when the user came. They hear what is said there after this time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topics_since: Option<Millis>,
    },
    /// There is a topic more in the group: its followers follow it as well.
    TopicMade { topic: TopicId },
    /// These topics of the group are gone: its followers follow them no more.
    TopicsGone { topics: Vec<TopicId> },
    /// The user is no member any more: their devices follow the group no more.
    Left { group: GroupId },
    /// The user was put out of a room: none of their devices hears of it any more.
    PutOut { room: GroupId },
    /// A device that came back is at an instance now: others that wait for it need not.
    IsAt { visitor: UserId, device: DeviceId, node: u64 },
    /// Every instance is to say how many users follow the group there.
    RollCall,
    /// The group is gone: its followers are told, and follow it no more.
    #[serde(rename = "GroupDismissed")]
    Dismissed { notice: Notice, origin: Option<DeviceId> },
    /// The user's device is logged out; all of their devices when none is named.
    Kicked {
        device: Option<DeviceId>,
        reason: KickReason,
        by: DeviceId,
        /// What the newcomer runs on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terminal: Option<Terminal>,
    },
}

/// A push that is ready to be sent to whoever follows the topic, but for the device it comes from.
#[derive(Clone, Debug)]
pub struct Push {
    body: PushBody,
    origin: Option<Origin>,
    changes_account: bool,
    aside: Option<Aside>,
}

/// The device that brought something about and has its answer: it is not told again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub user: UserId,
    pub device: DeviceId,
}

impl Event {
    /// Whether it stands for a log entry of its topic: who has the entry has the event.
    pub fn is_entry(&self) -> bool {
        matches!(self, Event::Entry(Entry::GroupMessage { .. } | Entry::GroupTip { .. }))
    }

    /// What it tells of that is kept beside a log.
    pub fn aside(&self) -> Option<&Aside> {
        match self {
            Event::Push(push) => push.aside.as_ref(),
            Event::Entry(_) | Event::Control(_) | Event::Passing(_) | Event::Unknown => None,
        }
    }

    /// What it tells of that is said or happens in a group or between two, whether that is kept or not.
    pub fn told(&self) -> Option<&Entry> {
        match self {
            Event::Entry(entry) | Event::Passing(Passing { entry }) => Some(entry),
            Event::Control(_) | Event::Push(_) | Event::Unknown => None,
        }
    }

    /// The device that brought it about, and whose device that is.
    pub fn origin(&self) -> Option<(&UserId, DeviceId)> {
        match self {
            Event::Entry(entry) | Event::Passing(Passing { entry }) => match entry {
                Entry::GroupMessage { message, .. } | Entry::C2cMessage { message, .. } => {
                    Some((&message.from.user, message.origin?))
                }
                Entry::Notice { notice, origin } => Some((&notice.operator.user, (*origin)?)),
                Entry::GroupTip { .. } | Entry::Mark { .. } => None,
            },
            Event::Control(Control::Dismissed { notice, origin }) => {
                Some((&notice.operator.user, (*origin)?))
            }
            Event::Push(push) => push.origin.as_ref().map(|origin| (&origin.user, origin.device)),
            Event::Control(_) | Event::Unknown => None,
        }
    }

    /// Reads what another instance wrote, of this version or another. `at` is when it happened.
    pub(crate) fn read(topic: &Topic, at: Millis, text: &[u8]) -> Self {
        if let Ok(entry) = serde_json::from_slice(text) {
            Event::Entry(entry)
        } else if let Ok(control) = serde_json::from_slice(text) {
            Event::Control(control)
        } else if let Ok(passing) = serde_json::from_slice(text) {
            Event::Passing(passing)
        } else {
            Push::read(topic, at, text).map_or(Event::Unknown, Event::Push)
        }
    }
}

impl Push {
    pub fn new(body: PushBody) -> Self {
        Self { body, origin: None, changes_account: false, aside: None }
    }

    /// The device that it comes from is not told.
    pub fn by(mut self, origin: Option<Origin>) -> Self {
        self.origin = origin;
        self
    }

    /// What is kept in memory of the account of the topic's user is out of date.
    pub fn changing_account(mut self) -> Self {
        self.changes_account = true;
        self
    }

    /// It tells of something that is kept beside a log.
    pub fn telling(mut self, aside: Aside) -> Self {
        self.aside = Some(aside);
        self
    }

    /// As clients read it.
    pub fn body(&self) -> &str {
        self.body.json().get()
    }

    pub fn changes_account(&self) -> bool {
        self.changes_account
    }

    fn read(topic: &Topic, at: Millis, text: &[u8]) -> Option<Self> {
        if let Some(Carried { push: Ready { body, origin, changes_account, aside } }) = inside(text) {
            let body = PushBody::from_json(body.into_owned());
            return Some(Self { body, origin, changes_account, aside });
        }
        let former: Former = serde_json::from_slice(text).ok()?;
        let Formed { origin } = inside(text)?;
        let user = match topic {
            Topic::User(_, user) => Some(user),
            Topic::Group(..) => None,
        };
        let origin = origin.and_then(|device| {
            let user = former.author().or(user)?.clone();
            Some(Origin { user, device })
        });
        let changes_account = user.is_some_and(|user| former.changes_profile_of(user));
        Some(Self { body: former.body(user, at)?, origin, changes_account, aside: None })
    }
}

/// What stands inside of the name.
fn inside<T: DeserializeOwned>(text: &[u8]) -> Option<T> {
    let named: HashMap<Cow<'_, str>, T> = serde_json::from_slice(text).ok()?;
    named.into_values().next()
}

#[derive(Deserialize)]
struct Carried {
    push: Ready<'static>,
}

/// What belongs to each former spelling.
#[derive(Deserialize)]
struct Formed {
    #[serde(default)]
    origin: Option<DeviceId>,
}

#[derive(Serialize, Deserialize)]
struct Ready<'a> {
    body: Cow<'a, RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    #[serde(rename = "account", default, skip_serializing_if = "std::ops::Not::not")]
    changes_account: bool,
    #[serde(default, deserialize_with = "known", skip_serializing_if = "Option::is_none")]
    aside: Option<Aside>,
}

/// Nothing in the place of what has no name here.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Aside>, D::Error> {
    let text = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(text.get()).ok())
}

impl Serialize for Push {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Carrier<'a> {
            #[serde(flatten)]
            former: Map<String, Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            origin: Option<DeviceId>,
            push: Ready<'a>,
        }
        let former = self.body.former().and_then(|former| match serde_json::to_value(former) {
            Ok(Value::Object(named)) => named.into_iter().next(),
            _ => None,
        });
        let (name, former) = match former {
            Some((name, Value::Object(fields))) => (name, fields),
            _ => ("Push".to_owned(), Map::new()),
        };
        let ready = Ready {
            body: Cow::Borrowed(self.body.json()),
            origin: self.origin.clone(),
            changes_account: self.changes_account,
            aside: self.aside.clone(),
        };
        let origin = self.origin.as_ref().filter(|_| !former.is_empty()).map(|origin| origin.device);
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&name, &Carrier { former, origin, push: ready })?;
        map.end()
    }
}

impl From<Entry> for Event {
    fn from(entry: Entry) -> Self {
        Event::Entry(entry)
    }
}

impl From<Control> for Event {
    fn from(control: Control) -> Self {
        Event::Control(control)
    }
}

impl From<Passing> for Event {
    fn from(passing: Passing) -> Self {
        Event::Passing(passing)
    }
}

impl From<Push> for Event {
    fn from(push: Push) -> Self {
        Event::Push(push)
    }
}

impl From<Entry> for Arc<Event> {
    fn from(entry: Entry) -> Self {
        Arc::new(entry.into())
    }
}

impl From<Control> for Arc<Event> {
    fn from(control: Control) -> Self {
        Arc::new(control.into())
    }
}

impl From<Push> for Arc<Event> {
    fn from(push: Push) -> Self {
        Arc::new(push.into())
    }
}

#[cfg(test)]
mod tests {
    use protocol::id::{AppId, ChannelId};
    use serde_json::json;

    use super::*;
    use crate::bus::{AsideOf, Stamp};

    /// What instances of 0.1 published, and the body of the push that they made of it for `alice`.
    const OF_0_1: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/bus/events-0.1.0.jsonl"));

    #[derive(Deserialize)]
    struct Old {
        event: Box<RawValue>,
        body: Box<RawValue>,
    }

    fn old_events() -> Vec<Old> {
        let all: Vec<_> = OF_0_1.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(all.len(), 20);
        all
    }

    fn alices() -> Topic {
        Topic::User(AppId(1), UserId::parse("alice").unwrap())
    }

    fn room() -> Topic {
        Topic::Group(AppId(1), ChannelId::parse("@TGS#1").unwrap())
    }

    fn read(topic: &Topic, text: &str) -> Event {
        Event::read(topic, Millis(1_700_000_003_004), text.as_bytes())
    }

    fn name(text: &str) -> String {
        serde_json::from_str::<Map<String, Value>>(text).unwrap().keys().next().unwrap().clone()
    }

    #[test]
    fn what_an_older_instance_says_is_understood() {
        let mut pushes = Vec::new();
        for Old { event: text, body } in old_events() {
            let Event::Push(push) = read(&alices(), text.get()) else { continue };
            let name = name(text.get());
            assert_eq!(push.body(), body.get());
            let author = if name.ends_with("Recalled") { "bob" } else { "alice" };
            let origin = push.origin.as_ref().map(|origin| (origin.user.as_str(), origin.device));
            assert_eq!(origin, (name != "ReadByPeer").then_some((author, 7)), "{name}");
            assert_eq!(push.changes_account(), name == "ProfileChanged");
            pushes.push(name);
        }
        assert_eq!(pushes.len(), 11, "{pushes:?}");
        let names = |wanted: fn(&Event) -> bool| -> Vec<String> {
            let texts = old_events().into_iter().map(|old| old.event.get().to_owned());
            texts.filter(|text| wanted(&read(&alices(), text))).map(|text| name(&text)).collect()
        };
        let entries = names(|event| matches!(event, Event::Entry(_)));
        assert_eq!(entries, ["GroupMessage", "GroupTip", "Notice", "Marked", "C2cMessage"]);
        let controls = names(|event| matches!(event, Event::Control(_)));
        assert_eq!(controls, ["GroupDismissed", "Entered", "Left", "Kicked"]);
    }

    #[test]
    fn an_older_instance_understands_what_is_said() {
        for Old { event: old, .. } in old_events() {
            let mut now = serde_json::to_value(read(&alices(), old.get())).unwrap();
            // It does not look at members that it does not know.
            let push = now[&name(old.get())].as_object_mut().unwrap().remove("push");
            let mut old: Value = serde_json::from_str(old.get()).unwrap();
            if push.is_some() && old["ReadByPeer"].is_null() {
                assert!(now.as_object().unwrap().values().all(|fields| fields["origin"] == 7));
            }
            for fields in old.as_object_mut().unwrap().values_mut() {
                // No origin is an absent one.
                let fields = fields.as_object_mut().unwrap();
                if push.is_some() && fields.get("origin") == Some(&Value::Null) {
                    fields.remove("origin");
                }
            }
            assert_eq!(now, old);
        }
    }

    #[test]
    fn what_is_handed_on_need_not_be_known() {
        let body = json!({"EventArray": [{"Event": 99, "Later": []}]});
        let origin = json!({"user": "bob", "device": 7});
        for text in [
            json!({"Push": {"push": {"body": body, "origin": origin}}}),
            json!({"Later": {"x": 1, "origin": [], "push": {"body": body, "origin": origin, "later": {}}}}),
            json!({"Push": {"push": {"body": body, "origin": origin, "aside": {"of": "Later"}}}}),
        ] {
            for topic in [alices(), room()] {
                let event = read(&topic, &text.to_string());
                let Event::Push(push) = &event else { panic!("{event:?}") };
                assert_eq!(push.body(), body.to_string());
                let (user, device) = event.origin().unwrap();
                assert_eq!((user.as_str(), device), ("bob", 7));
            }
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let origin = Origin { user: UserId::parse("alice").unwrap(), device: 7 };
        let named = protocol::event::message::c2c_read(&UserId::parse("bob").unwrap(), 5);
        let unnamed =
            PushBody::from_json(RawValue::from_string(r#"{"EventArray":[{"Later":1}]}"#.into()).unwrap());
        for (body, name_of) in [(named, "ReadC2c"), (unnamed, "Push")] {
            let body_text = body.json().get().to_owned();
            let message = Stamp { seq: Seq(3), at: Millis(4) };
            let group = ChannelId::parse("room").unwrap();
            let aside = Aside { of: AsideOf::Recall { group, message }, at: Millis(5) };
            let push = Push::new(body).by(Some(origin.clone())).changing_account().telling(aside.clone());
            let text = serde_json::to_string(&Event::from(push)).unwrap();
            assert_eq!(name(&text), name_of);
            let Event::Push(push) = read(&alices(), &text) else { panic!("{text}") };
            assert_eq!(push.body(), body_text);
            assert_eq!((push.origin.as_ref(), push.changes_account()), (Some(&origin), true));
            assert_eq!(push.aside, Some(aside));
        }
    }

    #[test]
    fn what_has_no_name_here_is_unknown() {
        for text in [
            "",
            "7",
            "{}",
            "{\"Later\":{\"x\":1}}",
            "{\"Nothing\":1}",
            "{\"Push\":{\"push\":7}}",
            "{\"Kicked\":{\"device\":1,\"reason\":\"Later\",\"by\":2}}",
            "{\"ReadGroup\":{\"group\":\"@TGS#1\",\"seq\":1}}",
        ] {
            let event = read(&room(), text);
            assert!(matches!(event, Event::Unknown), "{text}: {event:?}");
        }
    }
}
