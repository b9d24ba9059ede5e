//! Which master has which slot.

use crate::redis::Address;

pub(super) const SLOTS: u16 = 16384;

/// No master.
const NOBODY: u16 = u16::MAX;

/// Which master has which slot.
#[derive(Clone, Default)]
pub(super) struct SlotMap {
    masters: Vec<Address>,
    /// For each slot the place in `masters`. Empty outside Cluster: the first has all.
    slots: Vec<u16>,
    /// Other servers of the cluster, which may be asked too.
    replicas: Vec<Address>,
    /// The age of what is known, as the cluster counts it.
    pub(super) epoch: u64,
}

/// The slots from the first to the last, both included, are at this master.
pub(super) struct Range {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) master: Address,
    pub(super) replicas: Vec<Address>,
}

impl SlotMap {
    pub(super) fn single(master: Address) -> Self {
        Self { masters: vec![master], ..Self::default() }
    }

    pub(super) fn cluster(ranges: Vec<Range>, epoch: u64) -> Self {
        let mut map = Self { slots: vec![NOBODY; SLOTS.into()], epoch, ..Self::default() };
        for range in ranges {
            let place = map.place(range.master);
            let last = range.last.min(SLOTS - 1);
            if range.first <= last {
                map.slots[range.first.into()..=last.into()].fill(place);
            }
            for replica in range.replicas {
                if !map.replicas.contains(&replica) {
                    map.replicas.push(replica);
                }
            }
        }
        map.forget_idle();
        map
    }

    pub(super) fn with_moved(&self, slot: u16, master: Address) -> Self {
        let mut map = self.clone();
        map.slots.resize(SLOTS.into(), NOBODY);
        let place = map.place(master);
        if let Some(known) = map.slots.get_mut(usize::from(slot)) {
            *known = place;
        }
        map.forget_idle();
        map
    }

    pub(super) fn master_of(&self, slot: u16) -> Option<&Address> {
        match self.slots.get(usize::from(slot)) {
            Some(&place) => self.masters.get(usize::from(place)),
            None => self.masters.first(),
        }
    }

    pub(super) fn masters(&self) -> &[Address] {
        &self.masters
    }

    pub(super) fn replicas(&self) -> &[Address] {
        &self.replicas
    }

    /// Whether every slot has the same master in both.
    pub(super) fn same_masters(&self, other: &Self) -> bool {
        self.slots.is_empty() == other.slots.is_empty()
            && self.masters.len() == other.masters.len()
            && (0..SLOTS).all(|slot| self.master_of(slot) == other.master_of(slot))
    }

    fn place(&mut self, master: Address) -> u16 {
        let place = self.masters.iter().position(|known| *known == master).unwrap_or_else(|| {
            self.masters.push(master);
            self.masters.len() - 1
        });
        // A cluster has at most as many masters as slots.
        u16::try_from(place).unwrap_or(NOBODY)
    }

    /// Masters that have no slot are none.
    fn forget_idle(&mut self) {
        let mut masters = Vec::new();
        let mut places = vec![NOBODY; self.masters.len()];
        for slot in &mut self.slots {
            let Some(place) = places.get_mut(usize::from(*slot)) else { continue };
            if *place == NOBODY {
                *place = masters.len() as u16;
                masters.push(self.masters[usize::from(*slot)].clone());
            }
            *slot = *place;
        }
        self.masters = masters;
    }
}

/// The slot of a key or sharded channel: CRC16 of what stands between the first `{` and the next `}`, or of all
/// when that is nothing.
///
/// Source: "Redis cluster specification", hash tags.
pub fn slot_of(key: &[u8]) -> u16 {
    let tag = key.iter().position(|&byte| byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        rest.iter().position(|&byte| byte == b'}').filter(|&end| end > 0).map(|end| &rest[..end])
    });
    crc16(tag.unwrap_or(key)) % SLOTS
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| (crc << 8) ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u16, last: u16, port: u16) -> Range {
        Range { first, last, master: Address::new("a", port), replicas: vec![Address::new("a", port + 1000)] }
    }

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(slot_of(b"{user1000}.following"), slot_of(b"user1000"));
        assert_eq!(slot_of(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS);
        assert_eq!(slot_of(b"foo{{bar}}zap"), crc16(b"{bar") % SLOTS);
        assert_eq!(slot_of(b"foo{bar}{zap}"), crc16(b"bar") % SLOTS);
        assert_eq!(slot_of(b"foo{bar"), crc16(b"foo{bar") % SLOTS);
    }

    #[test]
    fn a_cluster_knows_whose_a_slot_is() {
        let map = SlotMap::cluster(vec![range(0, 99, 1), range(100, 200, 2), range(300, 16383, 1)], 5);
        assert_eq!(map.masters(), [Address::new("a", 1), Address::new("a", 2)]);
        assert_eq!(map.replicas().len(), 2);
        assert_eq!(map.master_of(99).unwrap().port, 1);
        assert_eq!(map.master_of(100).unwrap().port, 2);
        assert_eq!(map.master_of(250), None);
        assert_eq!(map.master_of(16383).unwrap().port, 1);
    }

    #[test]
    fn a_moved_slot_changes_hands_alone() {
        let map = SlotMap::cluster(vec![range(0, 0, 1), range(1, 16383, 2)], 5);
        let moved = map.with_moved(0, Address::new("a", 3));
        assert_eq!(moved.master_of(0).unwrap().port, 3);
        assert_eq!(moved.master_of(1).unwrap().port, 2);
        assert_eq!(moved.masters().len(), 2, "who has no slot is no master");
        assert!(!map.same_masters(&moved));
        assert!(map.same_masters(&moved.with_moved(0, Address::new("a", 1))));
    }

    #[test]
    fn a_single_server_has_every_slot() {
        let map = SlotMap::single(Address::new("a", 1));
        assert_eq!(map.master_of(16383).unwrap().port, 1);
        assert!(!map.same_masters(&SlotMap::default()));
        assert_eq!(SlotMap::default().master_of(0), None);
    }
}
