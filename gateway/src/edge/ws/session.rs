//! What a connection knows of its client: who is logged in, and how a frame proves it.

use protocol::envelope::Head;
use protocol::id::{AppId, UserId};

use super::upgrade::Client;
use crate::commands::{Credentials, Device, Effect, Identity};

/// The session of a connection, as its login left it.
pub(super) struct Session {
    pub(super) app: AppId,
    pub(super) user: UserId,
    pub(super) device: Device,
    token: String,
}

impl Session {
    pub(super) fn new(effect: Effect) -> Option<Self> {
        match effect {
            Effect::Attach { app, user, device, token } => Some(Self { app, user, device, token }),
            Effect::Detach => None,
        }
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
        Some(session) if session.token == head.a2 && session.app.0 == head.sdkappid => Identity::Session {
            app: session.app,
            user: &session.user,
            device: &session.device,
            instance: &client.instance,
        },
        _ => Identity::Frame(Credentials {
            app: head.sdkappid,
            identifier: &head.identifier,
            usersig: &head.usersig,
            token: &head.a2,
            platform: if head.platform == 0 { client.platform } else { head.platform },
            instance: &client.instance,
        }),
    }
}
