//! In which format a store is written, and which of them this version can go on with.
//!
//! | format | what is different from the one before |
//! |---|---|
//! | 1 | a store that has no number, made before there was one |
//! | 2 | it has a number; an answer that is kept against repetitions may name several entries |
//!
//! The number covers everything that an engine keeps: how keys and values are written, and what the records say.
//! It rises when an older version would read something wrongly, not when a record gets a field that older ones ignore.
//! A new number needs a line above and a step in both engines (`migrate` in `embedded/directory.rs`, `step` in
//! `redis/format.rs`), and stays readable for ever: the stores in `tests/stores` are opened by a test of every later
//! version. A step may be carried out more than once, as the process may die before the new number is written; on Redis
//! instances of the version before may still write meanwhile, for as long as they look at the number again.

use std::fmt;

use super::StorageError;

/// The number of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Format(u32);

impl Format {
    /// That of a store without a number.
    pub(super) const FIRST: Self = Self(1);

    /// The one that this version writes.
    pub(super) const CURRENT: Self = Self(2);

    /// The number as it is kept: decimal, with a line's end where it is a file.
    pub(super) fn parse(text: &[u8]) -> Result<Self, StorageError> {
        let number = std::str::from_utf8(text).ok().map(str::trim_ascii_end);
        let number = number.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        match number.and_then(|text| text.parse().ok()) {
            Some(number @ 1..) => Ok(Self(number)),
            _ => Err(failed("the number of its format cannot be read; restore the file `format` from a backup, or bring the \
                 store into a new directory with `gateway salvage`".to_owned())),
        }
    }

    /// The formats that the store is taken to, one after the other, so that it gets the current one.
    ///
    /// Refuses what a later version wrote: this one would read it wrongly, and write what that one cannot read.
    pub(super) fn steps(self) -> Result<impl Iterator<Item = Self>, StorageError> {
        if self > Self::CURRENT {
            return Err(failed(format!(
                "it has format {self}, and this version of the gateway knows formats up to {}: a later version has \
                 opened it; start that version again, or restore a backup from before it did",
                Self::CURRENT
            )));
        }
        Ok((self.0 + 1..=Self::CURRENT.0).map(Self))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

fn failed(reason: String) -> StorageError {
    StorageError::Failed { operation: "open the store", reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_written() {
        for format in [Format::FIRST, Format::CURRENT, Format(4_000_000_000)] {
            assert_eq!(Format::parse(format.to_string().as_bytes()).unwrap(), format);
            assert_eq!(Format::parse(format!("{format}\n").as_bytes()).unwrap(), format);
        }
        for text in ["", "0", "-1", "+1", " 1", "1 2", "one", "4294967296", "\u{0}2"] {
            assert!(Format::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(Format::parse(b"\xff2").is_err());
    }

    #[test]
    fn every_step_is_taken_once_and_in_order() {
        assert!(Format::FIRST.steps().unwrap().map(|format| format.0).eq(2..=Format::CURRENT.0));
        assert_eq!(Format::CURRENT.steps().unwrap().count(), 0);
    }

    #[test]
    fn what_a_later_version_wrote_is_refused() {
        let later = Format(Format::CURRENT.0 + 1);
        let refused = later.steps().err().unwrap().to_string();
        assert!(
            refused.contains("it has format 3, and this version of the gateway knows formats up to 2"),
            "{refused}"
        );
    }
}
