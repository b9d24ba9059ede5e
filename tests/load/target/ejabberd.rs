//! ejabberd's rooms (MUC) over WebSocket: XMPP in frames, a login by SASL PLAIN, a resource that is bound, a session, and
//! the entry into a room without its history.
//!
//! Source: RFC 7395 (XMPP over WebSocket), RFC 6120 (SASL, binding), XEP-0045 (rooms).

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use super::peer::{HEAD_BYTES, Peer, fill};
use super::{Client, Entry, Protocol, Seat, Site};
use crate::frame::{self, Frame, Opcode};

pub(super) const EJABBERD: Peer = Peer::new("ejabberd", protocol);

const OPEN: &str = r#"<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="localhost" version="1.0"/>"#;

fn protocol(site: &Site) -> Box<dyn Protocol> {
    Box::new(Xmpp { push_bytes: site.sizes.push_bytes })
}

struct Xmpp {
    push_bytes: usize,
}

impl Protocol for Xmpp {
    fn client(&self, seat: Seat) -> Box<dyn Client> {
        Box::new(XmppClient {
            // As long for all, so that what is delivered is too.
            name: format!("user{:05}", seat.number),
            room: format!("room{}@conference.localhost", seat.room),
            push_bytes: self.push_bytes,
            step: Step::Upgrade,
            payload: Vec::new(),
            stanza: Vec::new(),
        })
    }
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Upgrade,
    Mechanisms,
    Success,
    Features,
    Bound,
    Session,
    /// For the subject of the room, which is sent last to who enters.
    Subject,
}

struct XmppClient {
    name: String,
    room: String,
    push_bytes: usize,
    step: Step,
    /// Of the message that is written; kept for the next one.
    payload: Vec<u8>,
    stanza: Vec<u8>,
}

impl Client for XmppClient {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(frame::upgrade("/ws", "Sec-WebSocket-Protocol: xmpp\r\n").as_bytes());
    }

    fn enter(&mut self, input: &mut Vec<u8>, out: &mut Vec<u8>) -> std::result::Result<Entry, String> {
        if self.step == Step::Upgrade {
            if !frame::is_upgraded(input)? {
                return Ok(Entry::Waiting);
            }
            self.go(Step::Mechanisms, OPEN, out);
        }
        while let Some(frame) = Frame::at(input) {
            let stanza: Vec<u8> = input.drain(..frame.payload.end).skip(frame.payload.start).collect();
            let entry = self.take(&stanza, out)?;
            if entry != Entry::Waiting {
                return Ok(entry);
            }
        }
        Ok(Entry::Waiting)
    }

    fn say(&mut self, number: u64, text: &[u8], out: &mut Vec<u8>) {
        let (name, room) = (&self.name, &self.room);
        // As the server delivers it, to somebody whose name is as long.
        let around = format!(
            "<message xmlns='jabber:client' xml:lang='en' to='{name}@localhost/r' from='{room}/{name}' \
             type='groupchat' id='00000000'><body></body></message>"
        );
        fill(text, self.push_bytes, HEAD_BYTES + around.len(), &mut self.payload);
        self.stanza.clear();
        let _ = write!(
            self.stanza,
            r#"<message xmlns="jabber:client" type="groupchat" to="{room}" id="{number:08}"><body>"#
        );
        self.stanza.extend_from_slice(&self.payload);
        self.stanza.extend_from_slice(b"</body></message>");
        frame::write_masked(Opcode::Text, &self.stanza, out);
    }
}

impl XmppClient {
    /// One stanza of the server, before the client is in his room.
    fn take(&mut self, stanza: &[u8], out: &mut Vec<u8>) -> std::result::Result<Entry, String> {
        let has = |what: &str| memmem::find(stanza, what.as_bytes()).is_some();
        if has("<failure") || has("type='error'") || has("<close ") || has("<stream:error") {
            return Err(format!("{}: {:?}: {}", self.name, self.step, String::from_utf8_lossy(stanza)));
        }
        let (name, room) = (&self.name, &self.room);
        match self.step {
            Step::Mechanisms if has("<mechanism>PLAIN</mechanism>") => {
                let identity = STANDARD.encode(format!("\0{name}\0secret"));
                let auth = format!(
                    r#"<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">{identity}</auth>"#
                );
                self.go(Step::Success, &auth, out);
            }
            Step::Success if has("<success") => self.go(Step::Features, OPEN, out),
            Step::Features if has("urn:ietf:params:xml:ns:xmpp-bind") => {
                let bind = r#"<iq xmlns="jabber:client" type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>r</resource></bind></iq>"#;
                self.go(Step::Bound, bind, out);
            }
            Step::Bound if has("id='bind'") => {
                let session = r#"<iq xmlns="jabber:client" type="set" id="session"><session xmlns="urn:ietf:params:xml:ns:xmpp-session"/></iq>"#;
                self.go(Step::Session, session, out);
            }
            Step::Session if has("id='session'") => {
                let enter = format!(
                    r#"<presence xmlns="jabber:client" to="{room}/{name}"><x xmlns="http://jabber.org/protocol/muc"><history maxchars="0"/></x></presence>"#
                );
                self.go(Step::Subject, &enter, out);
                return Ok(Entry::LoggedIn);
            }
            Step::Subject if has("<subject") => return Ok(Entry::Ready),
            _ => {}
        }
        Ok(Entry::Waiting)
    }

    fn go(&mut self, step: Step, stanza: &str, out: &mut Vec<u8>) {
        self.step = step;
        frame::write_masked(Opcode::Text, stanza.as_bytes(), out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::peer::talk::{hears, hears_text, plain, said, seat, upgraded};
    use super::*;

    #[test]
    fn a_client_logs_in_and_enters_his_room() {
        let mut client = Xmpp { push_bytes: 700 }.client(seat());
        let client = &mut *client;
        assert_eq!(hears(client, &upgraded()), (Entry::Waiting, vec![OPEN.to_owned()]));
        let open =
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' id='1' version='1.0' from='localhost'/>";
        assert_eq!(hears_text(client, open), (Entry::Waiting, vec![]));
        let features = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'><mechanisms \
                        xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
        let (_, said) = hears_text(client, features);
        // Of "\0user00003\0secret".
        assert!(said[0].contains("mechanism=\"PLAIN\">AHVzZXIwMDAwMwBzZWNyZXQ=</auth>"), "{}", said[0]);
        let (_, said) = hears_text(client, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
        assert_eq!(said, [OPEN]);
        let features = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
                        <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>";
        // Both stanzas may come at once.
        let (_, said) = hears(client, &[plain(open), plain(features)].concat());
        assert!(said[0].contains("<resource>r</resource>"));
        let (_, said) = hears_text(client, "<iq xmlns='jabber:client' type='result' id='bind'/>");
        assert!(said[0].contains("xmpp-session"));
        let (entry, said) = hears_text(client, "<iq xmlns='jabber:client' type='result' id='session'/>");
        assert_eq!(entry, Entry::LoggedIn);
        assert!(said[0].contains("to=\"room5@conference.localhost/user00003\""), "{}", said[0]);
        assert!(said[0].contains("<history maxchars=\"0\"/>"));
        let presence = "<presence xmlns='jabber:client' from='room5@conference.localhost/user00003'/>";
        assert_eq!(hears_text(client, presence), (Entry::Waiting, vec![]));
        let subject = "<message xmlns='jabber:client' type='groupchat'><subject/></message>";
        assert_eq!(hears_text(client, subject), (Entry::Ready, vec![]));
    }

    #[test]
    fn a_delivery_has_the_bytes_it_shall_have() {
        let mut client = Xmpp { push_bytes: 700 }.client(seat());
        let mut out = Vec::new();
        client.say(7, b"~T1-2-3~", &mut out);
        let said = said(&out);
        let (head, body) = said[0].split_once("<body>").unwrap();
        assert!(head.ends_with(r#"id="00000007">"#));
        // As ejabberd 23.01 delivers it; observed.
        let delivered = format!(
            "<message xmlns='jabber:client' xml:lang='en' to='user00009@localhost/r' \
             from='room5@conference.localhost/user00003' type='groupchat' id='00000007'><body>{body}"
        );
        assert_eq!(delivered.len() + HEAD_BYTES, 700);
    }

    #[test]
    fn a_failure_is_told() {
        let mut client = Xmpp { push_bytes: 700 }.client(seat());
        hears(&mut *client, &upgraded());
        let mut failure =
            plain("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
        let refused = client.enter(&mut failure, &mut Vec::new());
        assert!(refused.unwrap_err().contains("not-authorized"));
    }
}
