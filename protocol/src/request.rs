//! What every command states about itself.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::id::UserId;

/// A command's request: its shape, its names, whom it acts for, and the shape of its answer.
pub trait Request: DeserializeOwned + Send + 'static {
    /// `service.command`, the same on the socket (`head.servcmd`) and in the REST path (`/v4/service/command`).
    const NAME: &'static str;

    /// Other names that mean the same.
    const ALIASES: &'static [&'static str];

    /// The members of a successful answer beyond the envelope.
    type Response: Serialize + Send;

    /// In whose name the command acts. `None` is the caller.
    ///
    /// A user acts only for themselves, an administrator for anybody: the dispatcher checks it for every request.
    fn on_behalf_of(&self) -> Option<&UserId>;
}

/// States what a request is: `request! { AddMembers = "group_open_http_svc.add_group_member" -> Added }`.
///
/// Further names follow with `also "service.command"`. `acts_for` is the field, perhaps of a field, that names the user
/// in whose name the command acts; it may be optional.
///
/// A request's doc comment says in its first sentence what the command does, which `gateway/COMMANDS.md` repeats, and
/// ends with an example of its body, which the tests call and mutate. In an example `{caller}`, `{other}`, `{third}` and
/// `{group}` stand for two users who talk, a third, and the group of the two; `{seq}` is a message in it, and
/// `{told.seq}`, `{told.random}` and `{told.time}` name one from the caller to the other. In `{club}`, a group of the
/// caller, the third has `{applied}` and the other has `{proposed}` somebody; the other has `{invited}` the caller into
/// `{party}`. Both are in `{live}`, a live room of the caller, which `{polling}` asks about for the caller and `{reading}` for
/// somebody who is not logged in. `{forum}` is a community of the caller with the topic `{topic}`.
macro_rules! request {
    ($request:ident = $name:literal $(also $alias:literal)* -> $response:ty) => {
        $crate::request::request! { @ $request, $name, [$($alias),*], $response, |_| None }
    };
    ($request:ident = $name:literal $(also $alias:literal)* -> $response:ty, acts_for $($field:ident).+) => {
        $crate::request::request! {
            @ $request, $name, [$($alias),*], $response,
            |request| $crate::request::MaybeUser::user(&request.$($field).+)
        }
    };
    (@ $request:ident, $name:literal, [$($alias:literal),*], $response:ty, $acts_for:expr) => {
        impl $crate::request::Request for $request {
            const NAME: &'static str = $name;
            const ALIASES: &'static [&'static str] = &[$($alias),*];
            type Response = $response;

            fn on_behalf_of(&self) -> Option<&$crate::id::UserId> {
                let acts_for: fn(&Self) -> Option<&$crate::id::UserId> = $acts_for;
                acts_for(self)
            }
        }
    };
}
pub(crate) use request;

/// A field that names a user, always or perhaps.
pub(crate) trait MaybeUser {
    fn user(&self) -> Option<&UserId>;
}

impl MaybeUser for UserId {
    fn user(&self) -> Option<&UserId> {
        Some(self)
    }
}

impl MaybeUser for Option<UserId> {
    fn user(&self) -> Option<&UserId> {
        self.as_ref()
    }
}

/// An answer with nothing beyond the envelope.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Empty {}
