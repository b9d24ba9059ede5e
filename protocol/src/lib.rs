//! What crosses the wire between the gateway and its callers, and nothing else:
//! ids, requests and responses, events, error codes and UserSig.
//!
//! There is no IO here, no async and no clock: time is an argument.
//! Tencent's names (`From_Account`, `MsgSeq`) appear in this crate as serde renames and stop at its edge.
//!
//! One folder a subject: `account session profile friend message group conversation push`.
//! A command is one file or one part of a file there: its request with an example, its name and whom it acts for
//! ([`request`]), and its response.

pub mod account;
pub mod code;
pub mod conversation;
pub mod envelope;
pub mod event;
pub mod failure;
pub mod friend;
pub mod group;
pub mod id;
pub mod json;
pub mod legacy;
pub mod message;
pub mod objects;
pub mod profile;
pub mod push;
pub mod reading;
pub mod request;
pub mod rest;
pub mod session;
pub mod usersig;

pub use code::ErrorCode;
pub use failure::Failure;
pub use request::Request;
