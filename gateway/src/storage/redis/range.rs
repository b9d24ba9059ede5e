//! Which fields of the index a scan means, in the words of `ZRANGEBYLEX`.

use crate::storage::{Scan, Table};

use super::keys;

/// The first byte says whether the rest itself is meant, `[`, or only what lies beyond it, `(`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) low: Vec<u8>,
    pub(super) high: Vec<u8>,
}

/// The fields of a table that begin with `prefix`.
pub(super) fn of_prefix(table: Table, prefix: &[u8]) -> Range {
    let low = keys::in_table(table, prefix);
    // The first text that does not begin so and comes after all that do.
    let mut high = low.clone();
    while let Some(last) = high.pop() {
        if last < u8::MAX {
            high.push(last + 1);
            break;
        }
    }
    // It never becomes empty, since the table's letter is below 255.
    Range { low: [b"[", &low[..]].concat(), high: [b"(", &high[..]].concat() }
}

/// No field.
pub(super) fn nothing() -> Range {
    Range { low: b"(a".to_vec(), high: b"(a".to_vec() }
}

pub(super) fn of_scan(scan: &Scan) -> Range {
    let mut range = of_prefix(scan.table, &scan.prefix);
    if let Some(after) = &scan.after {
        let cursor = keys::in_table(scan.table, after);
        let beyond = [b"(", &cursor[..]].concat();
        if !scan.reverse && cursor[..] >= range.low[1..] {
            range.low = beyond;
        } else if scan.reverse && cursor[..] < range.high[1..] {
            range.high = beyond;
        }
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_the_greatest_bytes_ends_with_its_table() {
        let range = of_prefix(Table::Member, b"\xff\xff");
        assert_eq!(range, Range { low: b"[m\xff\xff".to_vec(), high: b"(n".to_vec() });
        let range = of_prefix(Table::Member, b"a\xff");
        assert_eq!(range, Range { low: b"[ma\xff".to_vec(), high: b"(mb".to_vec() });
    }
}
