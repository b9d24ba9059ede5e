//! What was answered to requests a moment ago, for all instances: a device whose line broke asks again wherever it is back.

use std::time::Duration;

use super::Sessions;
use crate::storage::IDEMPOTENCY_WINDOW;

/// How long it is kept: as long as the store knows a message.
pub const ANSWERS_KEPT: Duration = IDEMPOTENCY_WINDOW;

/// A longer one is known to the instance alone that gave it.
const MOST_BYTES: usize = 8 * 1024;

impl Sessions {
    /// Has other instances know what is about to be answered to a request, in place of what was in its slot.
    pub async fn keep_answer(&self, slot: [u8; 16], request: [u8; 16], body: &str) {
        if !self.deps.bus.can_lose() || body.len() > MOST_BYTES {
            return;
        }
        let kept = [&request[..], body.as_bytes()].concat();
        let kept = self.deps.bus.remember(slot, kept.into(), ANSWERS_KEPT);
        if let Err(error) = kept.await {
            // It is done all the same. Only a device that hears nothing of it, and asks another instance, is refused.
            tracing::warn!(%error, "other instances could not be told what was answered");
        }
    }

    /// What another instance has answered to a request.
    pub async fn kept_answer(&self, slot: [u8; 16], request: [u8; 16]) -> Option<String> {
        let kept = self.deps.bus.remembered(slot).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "it could not be asked what another instance has answered");
            None
        });
        let kept = kept?;
        let body = kept.strip_prefix(&request[..])?;
        Some(std::str::from_utf8(body).ok()?.to_owned())
    }
}
