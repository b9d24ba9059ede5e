//! Real servers for tests, as the client names them.

use test_servers::{RedisCluster, RedisServer, Sentinels};

use super::{Address, Target};

/// What a client is given to find servers.
pub(crate) trait Targets {
    fn target(&self) -> Target;
}

impl Targets for RedisServer {
    fn target(&self) -> Target {
        Target::parse(&self.url()).unwrap()
    }
}

impl Targets for RedisCluster {
    fn target(&self) -> Target {
        Target::parse(&self.url()).unwrap()
    }
}

impl Targets for Sentinels {
    fn target(&self) -> Target {
        Target::parse(&self.url()).unwrap()
    }
}

pub(crate) fn address_of(server: &RedisServer) -> Address {
    Address::new("127.0.0.1", server.port)
}

/// The place of the node that listens there.
pub(crate) fn node_at(cluster: &RedisCluster, address: &Address) -> usize {
    cluster.place_of(address.port)
}
