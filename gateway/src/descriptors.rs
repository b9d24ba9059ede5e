//! Open files: how many the process may have, and who of it gets how many.
//!
//! A connection is one, and so is a file of the store. Where connections could take them all, the next write of the store
//! would fail, and with it the process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is kept from connections where there is enough: for the store, Redis, the runtime and the listeners.
const RESERVE: usize = 2048;

/// Files that the store keeps open at most to read again. Besides it opens those that it writes and merges.
const MOST_CACHED: usize = 900;

/// Raises the limit as far as the process itself can. Says why where it cannot.
pub fn raise_limit() -> Result<(), std::io::Error> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return Ok(());
    }
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Who gets how many of the open files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// The two are never used up together with the rest.
    pub connections: usize,
    pub store_cache: usize,
}

impl Shares {
    /// Of the limit as it is now.
    pub fn current() -> Self {
        let limit = getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok());
        Self::of(limit.unwrap_or(usize::MAX))
    }

    fn of(limit: usize) -> Self {
        let reserve = RESERVE.min(limit / 2);
        Self { connections: limit - reserve, store_cache: MOST_CACHED.min(reserve / 2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_never_get_what_the_store_needs() {
        for limit in [64, 256, 1024, 4096, 1 << 20, usize::MAX] {
            let shares = Shares::of(limit);
            assert!(shares.connections + 2 * shares.store_cache <= limit, "{limit}: {shares:?}");
            assert!(shares.connections >= limit / 2 && shares.store_cache >= limit.min(3600) / 4, "{limit}");
        }
    }
}
