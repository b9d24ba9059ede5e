//! Events for tests of what carries them.

use protocol::event::PushBody;
use serde_json::value::to_raw_value;

use super::{Event, Push};

/// A push that says a number.
pub(crate) fn nothing(number: u64) -> Push {
    Push::new(PushBody::from_json(to_raw_value(&number).unwrap()))
}

/// What [`nothing`] says.
pub(crate) fn number_of(event: &Event) -> u64 {
    let Event::Push(push) = event else { panic!("another event: {event:?}") };
    push.body().parse().unwrap_or_else(|_| panic!("another push: {push:?}"))
}
