//! Redis servers: one alone, a master with its replica behind three sentinels, a cluster of three masters.

mod cluster;
mod sentinel;
mod server;
mod tls;

pub use cluster::RedisCluster;
pub use sentinel::Sentinels;
pub use server::{Persistence, RedisServer, Words};
