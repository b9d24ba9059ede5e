//! What was answered to requests a moment ago, for all instances: a device whose line broke asks again wherever it is back.

use std::time::Duration;

use super::Sessions;

/// How long it is kept.
const LIFETIME: Duration = Duration::from_secs(600);

/// A longer one is known to the instance alone that gave it.
const MOST_BYTES: usize = 16 * 1024;

impl Sessions {
    /// Has other instances know what is about to be answered to a request.
    pub async fn keep_answer(&self, request: [u8; 16], body: &str) {
        if !self.deps.bus.can_lose() || body.len() > MOST_BYTES {
            return;
        }
        let kept = self.deps.bus.remember(request, body.to_owned().into(), LIFETIME);
        if let Err(error) = kept.await {
            // It is done all the same. Only a device that hears nothing of it, and asks another instance, is refused.
            tracing::warn!(%error, "other instances could not be told what was answered");
        }
    }

    /// What another instance has answered to a request.
    pub async fn kept_answer(&self, request: [u8; 16]) -> Option<String> {
        let kept = self.deps.bus.remembered(request).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "it could not be asked what another instance has answered");
            None
        });
        String::from_utf8(kept?.into()).ok()
    }
}
