//! What a connection knows of its client: who is logged in, and how a frame proves it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::envelope::Head;
use protocol::id::{AppId, UserId};
use tokio::time::Instant;

use crate::commands::{Credentials, Device, Effect, Identity};
use crate::hub::{Attachment, Connection, DeviceClaim, Frame, Outbound, text_frame};

/// What a client tells of itself in the connection's URL, and where it is.
pub(super) struct Client {
    platform: u32,
    /// The id of the SDK object: the same over reconnects. Empty when it says none.
    instance: String,
    from: IpAddr,
    /// Which of all connections it is.
    number: u64,
    connection: Arc<Connection>,
    /// The token of the session that it ended last.
    ended: Mutex<String>,
}

impl Client {
    pub(super) fn new(query: &str, from: IpAddr, connection: Arc<Connection>) -> Self {
        /// Longer ones are nobody's: an SDK's has 32 characters.
        const MAX_INSTANCE: usize = 64;
        static CONNECTIONS: AtomicU64 = AtomicU64::new(1);
        let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        let (instance, ended) = (String::new(), Mutex::default());
        let mut client = Self { platform: 0, instance, from, number, connection, ended };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "platform" => client.platform = value.parse().unwrap_or(0),
                "instanceid" if value.len() <= MAX_INSTANCE => client.instance = value.into_owned(),
                _ => {}
            }
        }
        client
    }

    /// What is written to it.
    pub(super) fn outbound(&self) -> &Outbound {
        &self.connection.outbound
    }

    pub(super) fn frame(&self, text: &str) -> Frame {
        text_frame(self.connection.dialect, text)
    }

    /// The client has ended the session of this token itself.
    pub(super) fn has_logged_out(&self, token: &str) {
        *self.ended() = token.to_owned();
    }

    /// Whether the client has ended the session of this token itself.
    pub(super) fn is_logged_out(&self, token: &str) -> bool {
        !token.is_empty() && *self.ended() == token
    }

    fn ended(&self) -> MutexGuard<'_, String> {
        // A text is changed as a whole.
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session of a connection, as its login left it.
pub(in crate::edge) struct Session {
    pub(in crate::edge) app: AppId,
    pub(in crate::edge) user: UserId,
    pub(in crate::edge) device: Device,
    token: String,
    /// When its connection is closed, because it is over.
    pub(super) ends_at: Option<Instant>,
}

impl Session {
    pub(in crate::edge) fn new(effect: Effect) -> Option<Self> {
        match effect {
            Effect::Attach { app, user, device, token, lasts, .. } => {
                let ends_at = lasts.and_then(|lasts| Instant::now().checked_add(lasts));
                Some(Self { app, user, device, token, ends_at })
            }
            Effect::Counted(_)
            | Effect::Synced { .. }
            | Effect::Said(_)
            | Effect::Heard { .. }
            | Effect::Entered(_)
            | Effect::Left(_)
            | Effect::ReadsAlong(_)
            | Effect::Detach => None,
        }
    }

    /// As the hub knows it.
    pub(in crate::edge) fn attachment(&self) -> Attachment {
        let Device { id, platform, since, .. } = self.device;
        Attachment { app: self.app, user: self.user.clone(), device: DeviceClaim { id, platform, since } }
    }

    /// Proves that a call comes from the session itself. `instance` is the id of the client's SDK object.
    pub(in crate::edge) fn identity<'a>(&'a self, instance: &'a str) -> Identity<'a> {
        Identity::Session { app: self.app, user: &self.user, device: &self.device, instance }
    }
}

/// How the frame says who calls. A frame that repeats the token of the connection's own session needs no further proof;
/// any other proves itself, because clients repeat what was unanswered on a new connection before they log in there.
pub(super) fn identity<'a>(
    session: Option<&'a Session>,
    client: &'a Client,
    head: &'a Head<'a>,
) -> Identity<'a> {
    match session {
        Some(session) if session.token == head.a2 && session.app.0 == head.sdkappid => {
            session.identity(&client.instance)
        }
        _ => Identity::Frame(Credentials {
            app: head.sdkappid,
            identifier: &head.identifier,
            usersig: &head.usersig,
            token: &head.a2,
            platform: if head.platform == 0 { client.platform } else { head.platform },
            instance: &client.instance,
            connection: client.number,
            from: Some(client.from),
        }),
    }
}
