//! What crosses the wire between the gateway and its callers, and nothing else:
//! ids, requests and responses, events, error codes and UserSig.
//!
//! There is no IO here, no async and no clock: time is an argument.
//! Tencent's names (`From_Account`, `MsgSeq`) appear in this crate as serde renames and stop at its edge.

pub mod id;
pub mod usersig;
