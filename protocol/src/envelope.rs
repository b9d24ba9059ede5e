//! The frame around every request, answer and push on the socket.
//!
//! Shape: one WebSocket message is one JSON object `{"head":{…},"body":{…}}`; binary messages on `/binfo`,
//! text messages on `/info`. Source: observed (session captures).

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::{ErrorCode, Failure, json, reading};

/// What a client says about itself and its request, in each frame.
///
/// A member of a wrong type counts as absent, but for the two that name the request: as long as these are there the
/// request can be answered, and what it lacks is refused under its own name.
#[derive(Debug, Default, Deserialize)]
pub struct Head<'a> {
    /// `service.command`.
    #[serde(borrow, default)]
    pub servcmd: Cow<'a, str>,
    /// Pairs the answer with the request.
    #[serde(default)]
    pub seq: u64,
    /// When the client asked, in Unix seconds by its own clock. What it asks again has the time of the first.
    #[serde(default, deserialize_with = "number_or_0")]
    pub reqtime: u32,
    #[serde(default, deserialize_with = "number_or_0")]
    pub sdkappid: u32,
    #[serde(default, deserialize_with = "number_or_0")]
    pub platform: u32,
    #[serde(borrow, default, deserialize_with = "text_or_empty")]
    pub identifier: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "text_or_empty")]
    pub usersig: Cow<'a, str>,
    /// The session token of the login answer.
    #[serde(borrow, default, deserialize_with = "text_or_empty")]
    pub a2: Cow<'a, str>,
    /// 1 where the same was asked for before, on a connection that broke. Our own: the Java library says it. The web SDKs are
    /// known by repeating it before they log in.
    #[serde(default, deserialize_with = "number_or_0")]
    pub again: u32,
}

fn number_or_0<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

fn text_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    /// By itself a `Cow` never borrows.
    #[derive(Default, Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str::<Text<'_>>(raw.get()).unwrap_or_default().0)
}

/// A client's frame. The body is kept as it came.
#[derive(Debug, Deserialize)]
pub struct Frame<'a> {
    #[serde(borrow)]
    pub head: Head<'a>,
    #[serde(borrow, default)]
    pub body: Option<&'a RawValue>,
}

impl<'a> Frame<'a> {
    /// Fails with `NOT_JSON` when the text is no frame, or names no request.
    pub fn parse(text: &'a [u8]) -> Result<Self, Failure> {
        let frame = std::str::from_utf8(text).ok().and_then(|text| reading::objects_only::<Self>(text).ok());
        let frame = frame.ok_or_else(|| unreadable(text))?;
        if frame.head.servcmd.is_empty() {
            return Err(Failure::worded(
                ErrorCode::NOT_JSON,
                "head.servcmd is missing: give the name of a command",
            ));
        }
        Ok(frame)
    }

    /// The body's text; an absent body counts as an empty object. Fails with `NOT_JSON` when it nests too deeply.
    pub fn body(&self) -> Result<&'a str, Failure> {
        let text = self.body.map_or("{}", RawValue::get);
        if json::is_shallow(text.as_bytes()) { Ok(text) } else { Err(too_deep()) }
    }
}

/// What is wrong with a text that is no frame. Says where, never the text itself.
#[cold]
fn unreadable(text: &[u8]) -> Failure {
    let said = match std::str::from_utf8(text).map(serde_json::from_str::<IgnoredAny>) {
        Err(_) => "the frame is not UTF-8".to_owned(),
        Ok(Err(error)) => {
            format!("the frame is not JSON from line {}, column {} on", error.line(), error.column())
        }
        Ok(Ok(IgnoredAny)) => {
            "a frame is an object with a head, an object with the string servcmd and the whole number seq, and a body"
                .to_owned()
        }
    };
    Failure::worded(ErrorCode::NOT_JSON, said)
}

/// The refusal of a body that nests too deeply.
pub fn too_deep() -> Failure {
    Failure::worded(ErrorCode::NOT_JSON, format!("the body nests more than {} levels deep", json::MAX_DEPTH))
}

/// The three members that begin the body of nearly every answer.
#[derive(Serialize)]
struct Status<'a> {
    #[serde(rename = "ActionStatus")]
    status: &'static str,
    #[serde(rename = "ErrorCode")]
    code: ErrorCode,
    #[serde(rename = "ErrorInfo")]
    info: &'a str,
}

/// The body of a successful answer: the envelope's members, then the response's.
///
/// A response that brings `int32_error_code` of its own (the configuration commands) is not disturbed by the envelope.
pub fn success(response: &impl Serialize) -> Result<String, serde_json::Error> {
    let members = json::members(response)?;
    let comma = if members.is_empty() { "" } else { "," };
    Ok(format!(r#"{{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""{comma}{members}}}"#))
}

/// The body of a refusal.
pub fn refusal(failure: &Failure) -> String {
    let status = Status { status: "FAIL", code: failure.code, info: &failure.info };
    let mut text = json::members(&status).unwrap_or_default();
    text.insert(0, '{');
    if let Some(extra) = &failure.extra
        && let Some(members) = extra.get().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
        && !members.trim().is_empty()
    {
        text.push(',');
        text.push_str(members);
    }
    text.push('}');
    text
}

/// The frame that answers the request `servcmd`, `seq`.
pub fn answer(servcmd: &str, seq: u64, body: &str) -> String {
    let servcmd = serde_json::Value::from(servcmd);
    format!(r#"{{"head":{{"servcmd":{servcmd},"seq":{seq}}},"body":{body}}}"#)
}

/// A frame that answers nothing. `servcmd` is one of ours.
pub fn push(servcmd: &str, body: &str) -> String {
    // A push's number is free: clients pair answers by command and number, and no request is named like a push.
    format!(r#"{{"head":{{"ver":"v4","servcmd":"{servcmd}","seq":0}},"body":{body}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Empty;

    #[test]
    fn an_answer_begins_with_the_envelope() {
        #[derive(Serialize)]
        struct Response {
            #[serde(rename = "GroupId")]
            group: &'static str,
        }
        let body = success(&Response { group: "g" }).unwrap();
        assert_eq!(body, r#"{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","GroupId":"g"}"#);
        assert_eq!(success(&Empty {}).unwrap(), r#"{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}"#);
        assert_eq!(
            answer("a.b", 7, &refusal(&Failure::new(ErrorCode::GROUP_FULL))),
            r#"{"head":{"servcmd":"a.b","seq":7},"body":{"ActionStatus":"FAIL","ErrorCode":10014,"ErrorInfo":"the group is full"}}"#
        );
    }

    #[test]
    fn a_refusal_carries_what_the_client_needs_beside_the_code() {
        let failure = Failure::new(ErrorCode::KICKED).with(&serde_json::json!({"KickType": 1}));
        assert!(refusal(&failure).ends_with(r#","KickType":1}"#));
    }

    #[test]
    fn a_frame_keeps_its_body_as_it_came() {
        let frame =
            Frame::parse(br#"{"head":{"servcmd":"a.b","seq":4294967296,"x":1},"body":{ "b" : 1 }}"#).unwrap();
        assert_eq!(
            (frame.head.servcmd.as_ref(), frame.head.seq, frame.body().unwrap()),
            ("a.b", 1 << 32, r#"{ "b" : 1 }"#)
        );
        assert!(Frame::parse(b"{").is_err());
        assert!(Frame::parse(&[b'['; 4000]).is_err());
    }

    #[test]
    fn what_is_wrong_beside_the_name_of_the_request_does_not_hide_it() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let text = format!(
            r#"{{"head":{{"servcmd":"a.b","seq":7,"sdkappid":"1","platform":{deep},"a2":null,"usersig":["x"],"identifier":"\u0061","x":{deep}}},"body":{deep}}}"#
        );
        let frame = Frame::parse(text.as_bytes()).unwrap();
        let head = &frame.head;
        assert_eq!((head.servcmd.as_ref(), head.seq, head.sdkappid, head.platform), ("a.b", 7, 0, 0));
        assert_eq!((head.a2.as_ref(), head.usersig.as_ref(), head.identifier.as_ref()), ("", "", "a"));
        assert_eq!(frame.body().unwrap_err().code, ErrorCode::NOT_JSON);
    }
}
