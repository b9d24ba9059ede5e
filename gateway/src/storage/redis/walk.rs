//! How far a walk over all logs came: which master is asked, and what it called the place.

use crate::redis::Address;
use crate::storage::Cursor;

/// `host port place`
pub(super) fn cursor(master: &Address, place: &[u8]) -> Cursor {
    let end = format!("{} {} ", master.host, master.port);
    Cursor([end.as_bytes(), place].concat().into())
}

pub(super) fn parse(cursor: &Cursor) -> Option<(Address, String)> {
    let mut parts = std::str::from_utf8(&cursor.0).ok()?.split(' ');
    let (host, port, place) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
    Some((Address::new(host, port), place.to_owned()))
}
