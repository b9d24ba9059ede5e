//! Which instances live: a device that an instance left "online" when it died is not.

use async_trait::async_trait;

/// Knows the instances that share the store. An instance is one life of a process, and has a random number.
#[async_trait]
pub trait Liveness: Send + Sync + 'static {
    /// Whether each of these instances lives.
    async fn alive(&self, nodes: &[u64]) -> Vec<bool>;

    /// This instance goes down: it counts as dead from now on.
    async fn leave(&self);
}

/// The only instance.
pub struct SingleInstance(pub u64);

#[async_trait]
impl Liveness for SingleInstance {
    async fn alive(&self, nodes: &[u64]) -> Vec<bool> {
        nodes.iter().map(|node| *node == self.0).collect()
    }

    async fn leave(&self) {}
}
