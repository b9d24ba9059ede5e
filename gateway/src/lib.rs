#![doc = include_str!("../README.md")]
//! [`Config`] and [`Gateway`] are what a program needs. The layers below are open to tests and measurements alone, by the
//! feature `internals`; nothing else may rely on them.

#![cfg_attr(not(feature = "internals"), allow(unreachable_pub, reason = "the layers are closed as a whole"))]

mod backend;
mod backoff;
pub mod clock;
pub mod config;
pub mod descriptors;
mod files;
pub mod gateway;
pub mod offline;
pub mod telemetry;

#[cfg(not(feature = "internals"))]
mod bus;
#[cfg(feature = "internals")]
pub mod bus;
#[cfg(not(feature = "internals"))]
mod commands;
#[cfg(feature = "internals")]
pub mod commands;
#[cfg(not(feature = "internals"))]
mod edge;
#[cfg(feature = "internals")]
pub mod edge;
#[cfg(not(feature = "internals"))]
mod hub;
#[cfg(feature = "internals")]
pub mod hub;
#[cfg(not(feature = "internals"))]
mod redis;
#[cfg(feature = "internals")]
pub mod redis;
#[cfg(not(feature = "internals"))]
mod services;
#[cfg(feature = "internals")]
pub mod services;
#[cfg(not(feature = "internals"))]
mod storage;
#[cfg(feature = "internals")]
pub mod storage;

pub use config::Config;
pub use gateway::Gateway;
