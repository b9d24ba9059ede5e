//! What was acknowledged, as the parent knows it.

use std::collections::HashMap;
use std::fmt;

use crate::WRITERS;

/// Where an acknowledged batch's entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) seq: u64,
    pub(crate) at: u64,
}

#[derive(Default)]
pub(crate) struct Ledger {
    /// By writer and the writer's number, from 1.
    places: HashMap<(usize, u64), Place>,
    acknowledged: [u64; WRITERS],
    repeated: u64,
}

impl Ledger {
    /// The number that each writer submits next: the first that was not acknowledged.
    pub(crate) fn next_numbers(&self) -> impl Iterator<Item = u64> {
        self.acknowledged.map(|number| number + 1).into_iter()
    }

    /// Takes a line of [`line`].
    pub(crate) fn acknowledged(&mut self, line: &str) {
        let fields: Vec<u64> = line.split_whitespace().map(|field| field.parse().unwrap()).collect();
        let &[writer, number, seq, at, repeated] = &fields[..] else {
            panic!("not an acknowledgement: {line}")
        };
        let writer = writer as usize;
        assert_eq!(number, self.acknowledged[writer] + 1, "a writer goes on where it was");
        self.acknowledged[writer] = number;
        self.places.insert((writer, number), Place { seq, at });
        self.repeated += repeated;
    }

    pub(crate) fn place(&self, writer: usize, number: u64) -> Option<Place> {
        self.places.get(&(writer, number)).copied()
    }

    /// The last number of the writer that was acknowledged.
    pub(crate) fn last(&self, writer: usize) -> u64 {
        self.acknowledged[writer]
    }
}

/// An acknowledgement.
pub(crate) fn line(writer: usize, number: u64, place: Place, repeated: bool) -> String {
    format!("{writer} {number} {} {} {}\n", place.seq, place.at, u8::from(repeated))
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum: u64 = self.acknowledged.iter().sum();
        write!(f, "{sum} batches acknowledged, {} of them had been stored before the kill", self.repeated)
    }
}
