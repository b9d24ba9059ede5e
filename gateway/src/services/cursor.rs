//! Where something stands on a list that is read page by page: a cursor that is a number, as clients have it, and stays
//! good whoever comes and goes.

use sha2::{Digest, Sha256};

/// The number of what has this name. It has 53 bits, which every client can read. Two names may share one.
pub(super) fn number(name: &[u8]) -> u64 {
    let digest = Sha256::digest(name);
    digest.iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte)) >> 11
}
