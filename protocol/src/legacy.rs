//! The texts of the small home-made chat: one room, one shape of message.
//!
//! Client to server `{"funderAccount","message","time"}`, server to client `{"message","fundName","imgUrl","time"}`.
//! In a group such a message is a custom element whose `Data` is the server's text, so users of the SDKs have it too.
//! Times are `yyyy-MM-dd HH:mm:ss`; whoever writes or reads them knows the zone.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::json::{check_for_all, is_shallow, raw};
use crate::message::{Message, Sender};
use crate::reading::objects_only;

/// The platform of these clients among a user's devices. No SDK has this number.
pub const PLATFORM: u32 = 100;

/// `Ext` of the custom elements that the gateway itself makes for these clients.
pub const MARK: &str = "imserver";

/// What a client says. Who speaks and when is known better than by what it sends along.
#[derive(Debug, Deserialize)]
pub struct Said {
    pub message: String,
}

/// What a client reads.
#[derive(Debug, Serialize)]
pub struct Text<'a> {
    pub message: &'a str,
    /// The speaker's nick.
    #[serde(rename = "fundName")]
    pub name: &'a str,
    /// The address of the speaker's picture, or nothing.
    #[serde(rename = "imgUrl")]
    pub face: &'a str,
    pub time: &'a str,
}

/// A page of the history, newest first.
#[derive(Debug, Serialize)]
pub struct ChatList {
    #[serde(rename = "chatList")]
    pub items: Vec<Box<RawValue>>,
}

/// `MsgContent` of a custom element.
#[derive(Deserialize)]
struct Custom {
    #[serde(rename = "Data", default)]
    data: String,
    #[serde(rename = "Ext", default)]
    ext: String,
}

/// Whether a text is one that these clients read: an object with the texts `message` and `fundName`, which goes to all of
/// them as it is.
pub fn is_text(data: &str) -> bool {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only whether they are there matters")]
    struct Shape<'a> {
        #[serde(borrow)]
        message: Cow<'a, str>,
        #[serde(rename = "fundName", borrow)]
        name: Cow<'a, str>,
    }
    is_shallow(data.as_bytes()) && objects_only::<Shape<'_>>(data).is_ok() && check_for_all(data).is_ok()
}

/// `MsgBody` with a custom element. A text of the gateway's own has its [`MARK`].
pub fn custom_body(data: &str, is_own: bool) -> Value {
    let ext = if is_own { MARK } else { "" };
    json!([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": data, "Desc": "", "Ext": ext}}])
}

/// `MsgBody` with a text element.
pub fn text_body(text: &str) -> Value {
    json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}])
}

/// The name under which these clients show somebody.
pub fn name(sender: &Sender) -> &str {
    if sender.nick.is_empty() { sender.user.as_str() } else { &sender.nick }
}

/// A message as it is pushed. One whose `Data` is such a text already goes as it is; the gateway's own says when it
/// was stored.
pub fn pushed(message: &Message, time: &str) -> String {
    match custom(message) {
        Some(custom) if custom.ext == MARK => timed(&custom.data, time),
        Some(custom) => custom.data,
        None => translated(message, time),
    }
}

/// A message as the history has it: its time is the one by which the history goes, also where `Data` says another.
pub fn listed(message: &Message, time: &str) -> Box<RawValue> {
    let text = custom(message).map_or_else(|| translated(message, time), |custom| timed(&custom.data, time));
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The element of a message that is nothing but a text for these clients.
fn custom(message: &Message) -> Option<Custom> {
    let [element] = message.body.elements().try_into().ok()?;
    if element.kind != "TIMCustomElem" {
        return None;
    }
    let custom: Custom = objects_only(element.content.get()).ok()?;
    is_text(&custom.data).then_some(custom)
}

/// The same object with another time.
fn timed(data: &str, time: &str) -> String {
    let mut members: BTreeMap<Cow<'_, str>, &RawValue> = match serde_json::from_str(data) {
        Ok(members) => members,
        Err(_) => return data.to_owned(),
    };
    let time = raw(&time);
    members.insert("time".into(), &time);
    raw(&members).get().to_owned()
}

fn translated(message: &Message, time: &str) -> String {
    let text: String = message.body.elements().iter().map(preview).collect();
    let text = Text { message: &text, name: name(&message.from), face: &message.from.face, time };
    raw(&text).get().to_owned()
}

/// An element in words: those in which the SDKs' lists of conversations show it. Source: observed.
fn preview<'a>(element: &crate::message::Element<'a>) -> Cow<'a, str> {
    #[derive(Deserialize)]
    struct Words {
        #[serde(rename = "Text", default)]
        text: String,
    }
    match element.kind.as_ref() {
        "TIMTextElem" => {
            let words: Option<Words> = serde_json::from_str(element.content.get()).ok();
            words.map(|words| words.text).unwrap_or_default().into()
        }
        "TIMImageElem" => "[图片]".into(),
        "TIMSoundElem" => "[语音]".into(),
        "TIMVideoFileElem" => "[视频]".into(),
        "TIMFileElem" => "[文件]".into(),
        "TIMFaceElem" => "[动画表情]".into(),
        "TIMLocationElem" => "[位置]".into(),
        "TIMRelayElem" => "[聊天记录]".into(),
        _ => "[自定义消息]".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;
    use crate::message::{Body, Options, Priority};

    fn message(elements: Value, nick: &str) -> Message {
        Message {
            from: Sender {
                user: UserId::parse("alice").unwrap(),
                tiny_id: 1,
                nick: nick.into(),
                face: "http://x/a.png".into(),
                name_card: String::new(),
            },
            random: 1,
            client_seq: 1,
            client_time: 1,
            priority: Priority::Normal,
            body: Body::parse(raw(&elements), 10_000).unwrap(),
            cloud_custom_data: String::new(),
            mentions: Vec::new(),
            options: Options::default(),
            origin: None,
        }
    }

    const TIME: &str = "2026-01-01 12:00:00";

    fn both(elements: Value) -> (Value, Value) {
        let message = message(elements, "Alice");
        let pushed = serde_json::from_str(&pushed(&message, TIME)).unwrap();
        (pushed, serde_json::from_str(listed(&message, TIME).get()).unwrap())
    }

    #[test]
    fn words_are_written_with_nick_and_face() {
        let (pushed, listed) = both(text_body("hi \"you\""));
        let text = r#"{"message":"hi \"you\"","fundName":"Alice","imgUrl":"http://x/a.png","time":"2026-01-01 12:00:00"}"#;
        assert_eq!(pushed, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(listed, pushed);
        let nameless = message(text_body("hi"), "");
        assert!(super::pushed(&nameless, TIME).contains(r#""fundName":"alice""#));
    }

    #[test]
    fn a_text_of_another_goes_as_it_is_and_is_listed_under_its_time() {
        let data =
            r#"{ "message":"hi", "fundName":"Bob","imgUrl":null,"time":"1999-01-01 00:00:00","n":1.50}"#;
        let elements = custom_body(data, false);
        let message = message(elements, "Alice");
        assert_eq!(pushed(&message, TIME), data);
        let listed = listed(&message, TIME);
        assert_eq!(
            listed.get(),
            r#"{"fundName":"Bob","imgUrl":null,"message":"hi","n":1.50,"time":"2026-01-01 12:00:00"}"#
        );
    }

    #[test]
    fn a_text_of_our_own_says_when_it_was_stored() {
        let data = r#"{"message":"hi","fundName":"Bob","imgUrl":"","time":"2026-01-01 11:59:59"}"#;
        let (pushed, listed) = both(custom_body(data, true));
        assert_eq!((&pushed["time"], &pushed["message"]), (&json!(TIME), &json!("hi")));
        assert_eq!(listed, pushed);
    }

    #[test]
    fn other_elements_are_told_in_a_word() {
        let image = json!({"MsgType": "TIMImageElem", "MsgContent": {}});
        let custom = |data: &str| json!([{"MsgType": "TIMCustomElem", "MsgContent": {"Data": data}}]);
        let (pushed, _) = both(json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "see "}}, image]));
        assert_eq!(pushed["message"], "see [图片]");
        let deep = format!(r#"{{"message":"x","fundName":"y","z":{}{}}}"#, "[".repeat(90), "]".repeat(90));
        let with = |more: &str| format!(r#"{{"message":"x","fundName":"y","z":{more}}}"#);
        let unreadable = [with("1e400"), with(r#""\ud800""#), with(r#"1,"z":2"#)];
        let array = r#"["x","y"]"#;
        let mut texts =
            vec!["", "{}", r#"{"message":"x"}"#, r#"{"message":1,"fundName":"x"}"#, "[1]", array, &deep];
        texts.extend(unreadable.iter().map(String::as_str));
        for data in texts {
            assert_eq!(both(custom(data)).0["message"], "[自定义消息]", "{data}");
        }
    }
}
