//! What every test of the whole needs: a running gateway and typed callers.
//!
//! ```ignore
//! let gateway = TestGateway::start().await;
//! let [alice, bob] = gateway.users(["alice", "bob"]).await;
//! let group = alice.create_group("lobby").await;
//! bob.join(&group).await;
//! alice.send_text(&group, "hi").await;
//! bob.expect_message(&group, "hi").await;
//! ```
//!
//! The gateway is the real one, in this process, on threads of its own; callers reach it through real sockets only.
//! Time is a clock that the test moves. Nothing here sleeps: a caller waits for an event and fails at a deadline.
//!
//! Where processes are to die, or several share a Redis, [`Instance`] is the gateway as a process of its own, and
//! [`RedisServer`], [`Sentinels`] and [`RedisCluster`] are real servers that a test starts, stops and kills.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test harness fails loudly")]

mod admin;
mod anonymous;
mod answer;
mod clock;
mod gateway;
mod http;
mod instance;
mod legacy;
mod proxy;
mod raw;
mod socket;
mod talk;
pub mod usage;
mod user;
mod watch;
mod watched;

pub use admin::Admin;
pub use anonymous::Anonymous;
pub use answer::{Answer, is_documented};
pub use clock::TestClock;
pub use gateway::{APP, TestGateway, new_application, redis_at};
pub use http::{Reply, exchange, exchange_with};
pub use instance::{Instance, InstanceSettings, gateway_behind, gateway_binary, listening};
pub use legacy::{LegacyClient, LegacyRoutes, legacy};
pub use proxy::Proxy;
pub use raw::{RawFrame, RawSocket};
pub use socket::{Dialect, Event, Outcome, Request, Socket};
pub use talk::{Group, Sent};
pub use user::{Device, Session, User};
pub use watched::{StoreCall, Watch, Watched};

pub use test_servers::{
    DEADLINE, Persistence, Process, RedisCluster, RedisServer, Sentinels, Signal, free_port,
};
