//! Pinned messages of groups and topics.

use protocol::message::pin::{GetPinned, PinItem, PinMessage, Pinned, UnpinMessage};
use protocol::request::Empty;

use crate::commands::group::channel;
use crate::commands::table::{Row, rows};
use crate::commands::{Call, Context, Refusal};

pub(in crate::commands) static ROWS: &[Row] = rows! {
    GROUP {
        User Apart + Once PinMessage => pin, 10 per second per user;
        User Apart + Once UnpinMessage => unpin, 10 per second per user;
        User Apart GetPinned => get, 20 per second per user;
    }
};

async fn pin(context: &Context, call: &Call, request: PinMessage) -> Result<Empty, Refusal> {
    let channel = channel(&request.group, request.topic.as_ref())?;
    context.services.group_messages.pin(&call.actor()?, &channel, request.seq).await?;
    Ok(Empty {})
}

async fn unpin(context: &Context, call: &Call, request: UnpinMessage) -> Result<Empty, Refusal> {
    let channel = channel(&request.group, request.topic.as_ref())?;
    context.services.group_messages.unpin(&call.actor()?, &channel, request.seq).await?;
    Ok(Empty {})
}

async fn get(context: &Context, call: &Call, request: GetPinned) -> Result<Pinned, Refusal> {
    let channel = channel(&request.group, request.topic.as_ref())?;
    let pins = context.services.group_messages.pinned(&call.actor()?, &channel).await?;
    Ok(Pinned { pins: pins.into_iter().map(|pin| PinItem { seq: pin.message.seq, by: pin.by }).collect() })
}
