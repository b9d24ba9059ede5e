//! A self-hosted server for applications built on the Tencent IM SDKs.

pub mod bus;
pub mod clock;
pub mod commands;
pub mod hub;
pub mod services;
pub mod storage;
