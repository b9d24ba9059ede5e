//! Bounds that somebody ran into: one metric and one log line for all of them.

use std::fmt::Display;

use super::sparing::Sparing;

macro_rules! bounds {
    ($($(#[$doc:meta])* $name:ident = $label:literal;)*) => {
        /// A bound on what others can make grow. Its name is the label of `gateway_refused_total`: the set is closed, no
        /// label is made of what a client says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Bound {
            $($(#[$doc])* $name,)*
        }

        impl Bound {
            pub const ALL: &'static [Bound] = &[$(Bound::$name),*];

            pub fn label(self) -> &'static str {
                match self {
                    $(Bound::$name => $label,)*
                }
            }

            fn lines(self) -> &'static Sparing {
                match self {
                    $(Bound::$name => {
                        static LINES: Sparing = Sparing::new();
                        &LINES
                    })*
                }
            }
        }
    };
}

// One line each, in the order of their labels.
bounds! {
    /// Bytes of an answer that can be asked for in parts.
    AnswerBytes = "answer_bytes";
    /// Peers on a user's list of conversations: the oldest go off it.
    ConversationsPerUser = "conversations_per_user";
    /// Devices of a user over all platforms: the oldest are put out.
    DevicesPerUser = "devices_per_user";
    /// Groups that others put a user into.
    InvitationsPerHour = "invitations_per_hour";
    /// Calls that go on without their callers.
    UnattendedCalls = "unattended_calls";
}

impl Bound {
    /// Counts a refusal and, once in a while, says whom it met: a user, an address, a group; never a text or a secret.
    pub fn refused(self, whom: impl Display) {
        metrics::counter!("gateway_refused_total", "bound" => self.label()).increment(1);
        if let Some(kept_back) = self.lines().admit() {
            tracing::warn!(bound = self.label(), %whom, kept_back, "a bound was reached; somebody is refused");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_unique_and_in_order() {
        let labels: Vec<&str> = Bound::ALL.iter().map(|bound| bound.label()).collect();
        assert!(labels.is_sorted_by(|a, b| a < b), "{labels:?}");
    }
}
