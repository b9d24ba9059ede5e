//! What happens in the domain, as the hub hears of it.

use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    /// Nobody is concerned. For tests of what carries events.
    Nothing(u64),
}
