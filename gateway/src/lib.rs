#![doc = include_str!("../README.md")]

mod backend;
mod backoff;
pub mod bus;
pub mod clock;
pub mod commands;
pub mod config;
pub mod edge;
pub mod gateway;
pub mod hub;
pub mod redis;
pub mod services;
pub mod storage;
pub mod telemetry;

pub use config::Config;
pub use gateway::Gateway;
