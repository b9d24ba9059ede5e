//! How large an answer becomes.
//!
//! A list has bounds of its own for how many items one call asks for. But an item is as large as those who made it wanted,
//! so a page ends where its bytes do, too: the client goes on where it ends. Where the SDKs do not go on, the items that
//! do not fit are told shorter.

use std::collections::HashSet;
use std::hash::Hash;

use serde_json::value::RawValue;

/// What the items of one page have together, but for the last of them: a page has at least one item, however large.
pub(super) const BYTES: usize = 256 * 1024;

/// The same where the client does not go on by itself, and what is more is refused or told shorter.
pub(super) const BYTES_OF_LIST: usize = 1024 * 1024;

/// A page that is being filled.
pub(super) struct Filling {
    items: Vec<Box<RawValue>>,
    bytes: usize,
    most: usize,
    most_bytes: usize,
}

impl Filling {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        Self { items: Vec::new(), bytes: 0, most, most_bytes }
    }

    /// Takes an item; false when the page is full without it. The first one always fits.
    pub(super) fn takes(&mut self, item: Box<RawValue>) -> bool {
        let bytes = self.bytes + item.get().len();
        if self.items.len() >= self.most || (bytes > self.most_bytes && !self.items.is_empty()) {
            return false;
        }
        self.bytes = bytes;
        self.items.push(item);
        true
    }

    /// Adds an item that is told in any case.
    pub(super) fn adds(&mut self, item: Box<RawValue>) {
        self.bytes += item.get().len();
        self.items.push(item);
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// What it was filled with, in the order in which it came.
    pub(super) fn items(self) -> Vec<Box<RawValue>> {
        self.items
    }
}

/// What a request names, each once, in the order in which it is named first: who is named often is not told of often.
pub(super) fn once<T: Clone + Eq + Hash>(mut named: Vec<T>) -> Vec<T> {
    let mut seen = HashSet::with_capacity(named.len());
    named.retain(|name| seen.insert(name.clone()));
    named
}

#[cfg(test)]
mod tests {
    use protocol::json::raw;

    use super::*;

    #[test]
    fn a_page_is_full_by_number_or_by_bytes() {
        let item = |bytes: usize| raw(&"x".repeat(bytes - 2));
        let mut page = Filling::new(2, 100);
        assert!(page.takes(item(40)) && page.takes(item(60)) && !page.takes(item(2)));
        assert_eq!(page.items().len(), 2);
        let mut page = Filling::new(10, 100);
        assert!(page.takes(item(40)) && !page.takes(item(61)) && page.takes(item(60)));
        let mut page = Filling::new(10, 100);
        assert!(page.takes(item(500)) && !page.takes(item(2)), "the first always fits, and is alone then");
    }

    #[test]
    fn who_is_named_twice_is_named_once() {
        assert_eq!(once(vec!["b", "a", "b", "c", "a"]), ["b", "a", "c"]);
    }
}
