//! Checks that need not be made again.
//!
//! Messages of one speaker make the same checks over and over, and what they look at seldom changes. A partition has a
//! version that is new with each such change (`d`, see `keys.rs`): checks that held at one hold for as
//! long as it stays. So they are left out, and a script that finds another version carries nothing out.

use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use quick_cache::sync::Cache;

use super::keys::Tag;

/// Partitions whose version is remembered.
const PARTITIONS: usize = 1 << 15;
/// Checks that are known to have held, of all partitions.
const CHECKS: usize = 1 << 17;

pub(super) struct CheckCache {
    /// The version at which something was last seen to hold.
    versions: Cache<Tag, Bytes>,
    /// What held, and where and when. Hashes of 64 bits with a secret of this process: that one is taken for another
    /// is as likely as guessing a key.
    held: Cache<u64, ()>,
    hasher: RandomState,
}

impl CheckCache {
    pub(super) fn new() -> Self {
        Self { versions: Cache::new(PARTITIONS), held: Cache::new(CHECKS), hasher: RandomState::new() }
    }

    /// The version at which all of these checks are known to have held.
    pub(super) fn version<'a>(
        &self,
        tag: &Tag,
        mut checks: impl Iterator<Item = Option<&'a [u8]>>,
    ) -> Option<Bytes> {
        let version = self.versions.get(tag)?;
        let is_known =
            |checks: Option<&[u8]>| checks.is_some_and(|checks| self.has_held(tag, &version, checks));
        checks.all(is_known).then_some(version)
    }

    /// These checks were seen to hold at a version.
    pub(super) fn note(&self, tag: &Tag, version: &Bytes, checks: &[u8]) {
        if self.versions.get(tag).as_ref() != Some(version) {
            self.versions.insert(tag.clone(), version.clone());
        }
        self.held.insert(self.hash(tag, version, checks), ());
    }

    /// The version is another now.
    pub(super) fn forget(&self, tag: &Tag) {
        self.versions.remove(tag);
    }

    /// Nothing of it holds any more.
    pub(super) fn clear(&self) {
        self.versions.clear();
        self.held.clear();
    }

    fn has_held(&self, tag: &Tag, version: &Bytes, checks: &[u8]) -> bool {
        checks.is_empty() || self.held.get(&self.hash(tag, version, checks)).is_some()
    }

    fn hash(&self, tag: &Tag, version: &Bytes, checks: &[u8]) -> u64 {
        self.hasher.hash_one((tag, version, checks))
    }
}
