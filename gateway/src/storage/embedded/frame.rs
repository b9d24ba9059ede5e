//! How a value is written: a number, a checksum, the bytes.
//!
//! The number is the version of a record or the time of an entry. The checksum covers the key too,
//! so that a value that turns up under another key is noticed as well.

use bytes::Bytes;

use crate::storage::StorageError;

/// The number (8 bytes) and the checksum (4 bytes), big-endian.
const HEAD: usize = 12;

/// A value as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Framed {
    pub(super) number: u64,
    pub(super) bytes: Bytes,
}

pub(super) fn encode(key: &[u8], number: u64, bytes: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(HEAD + bytes.len());
    value.extend_from_slice(&number.to_be_bytes());
    value.extend_from_slice(&checksum(key, &number.to_be_bytes(), bytes).to_be_bytes());
    value.extend_from_slice(bytes);
    value
}

/// Errors: `Damaged` when the checksum does not fit.
pub(super) fn decode(operation: &'static str, key: &[u8], value: Bytes) -> Result<Framed, StorageError> {
    let damaged = StorageError::Damaged { operation };
    let Some((number, rest)) = value.split_first_chunk::<8>() else { return Err(damaged) };
    let Some((sum, bytes)) = rest.split_first_chunk::<4>() else { return Err(damaged) };
    if checksum(key, number, bytes) != u32::from_be_bytes(*sum) {
        return Err(damaged);
    }
    Ok(Framed { number: u64::from_be_bytes(*number), bytes: value.slice(HEAD..) })
}

/// Whether the checksum of a value fits.
pub(super) fn is_whole(key: &[u8], value: &[u8]) -> bool {
    decode("read", key, Bytes::copy_from_slice(value)).is_ok()
}

/// The bytes of a key and of the value behind it of which each would, in its place, make the checksum fit. Seldom is there
/// more than one, and only if no more than one byte is wrong is it the right one.
pub(super) fn other_bytes(key: &[u8], value: &[u8]) -> Vec<(usize, u8)> {
    let Some((number, rest)) = value.split_first_chunk::<8>() else { return Vec::new() };
    let Some((sum, bytes)) = rest.split_first_chunk::<4>() else { return Vec::new() };
    let fitting = checksum(key, number, bytes);
    let wrong = fitting ^ u32::from_be_bytes(*sum);
    let mut found = Vec::new();
    let differing: Vec<usize> = (0..4).filter(|at| wrong.to_be_bytes()[*at] != 0).collect();
    if let [at] = differing[..] {
        found.push((key.len() + 8 + at, fitting.to_be_bytes()[at]));
    }
    // What a difference in one byte makes of the checksum does not depend on the other bytes, only on how many come
    // behind: for each difference, from the last byte to the first.
    let steps: Vec<u32> =
        (0..=u8::MAX).map(|byte| crc32fast::hash(&[byte]) ^ crc32fast::hash(&[0])).collect();
    let mut makes = steps.clone();
    let places = (key.len() + HEAD..key.len() + value.len()).rev().chain((0..key.len() + 8).rev());
    for at in places {
        let byte = if at < key.len() { key[at] } else { value[at - key.len()] };
        let others = (1..=u8::MAX).filter(|other| makes[usize::from(*other)] == wrong);
        found.extend(others.map(|other| (at, byte ^ other)));
        for made in &mut makes {
            *made = (*made >> 8) ^ steps[(*made & 0xff) as usize];
        }
    }
    found
}

/// Reads a key's value that may be damaged; for the fuzzer.
#[cfg(feature = "internals")]
pub fn read_row(bytes: &[u8]) {
    let (key, value) = bytes.split_at(bytes.len().min(8));
    if let Ok(Framed { number, bytes }) = decode("read", key, Bytes::copy_from_slice(value)) {
        assert_eq!(encode(key, number, &bytes), value, "written another way than it was read");
    }
}

fn checksum(key: &[u8], number: &[u8], bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(number);
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_wrong_is_found() {
        let (key, whole) = (b"key", encode(b"key", 7, &[9; 100]));
        let whole = [&key[..], &whole].concat();
        for at in 0..whole.len() {
            for other in [1, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= other;
                let found = other_bytes(&damaged[..key.len()], &damaged[key.len()..]);
                assert!(found.contains(&(at, whole[at])), "byte {at}: {found:?}");
                for (at, byte) in found {
                    let mut other = damaged.clone();
                    other[at] = byte;
                    assert!(is_whole(&other[..key.len()], &other[key.len()..]));
                }
            }
        }
        assert!(other_bytes(b"key", b"short").is_empty());
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let whole = encode(b"key", 7, b"bytes");
        let read = decode("get", b"key", whole.clone().into()).unwrap();
        assert_eq!(read, Framed { number: 7, bytes: "bytes".into() });
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode("get", b"key", damaged.into()).is_err(), "bit {bit}");
        }
        for length in 0..whole.len() {
            assert!(decode("get", b"key", whole[..length].to_vec().into()).is_err(), "length {length}");
        }
        assert!(decode("get", b"kez", whole.into()).is_err());
    }
}
