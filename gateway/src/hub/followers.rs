//! Who follows a topic, in a list that events on their way to the sockets share with whoever changes it.
//!
//! A list that an event has is not changed under it: what is changed meanwhile is copied. Of a room that is the part in
//! which somebody comes or goes, not the whole, and nobody is looked for: the cost of a change does not grow with the
//! room. Most topics are users, with a device or two, so a short list is one part and has no index.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::connection::{Follower, Seat};

/// Followers that lie together: what is copied at once.
pub(super) const PART: usize = 256;

type Part = Arc<Vec<Follower>>;

/// The list as it was when it was asked for. A cheap handle.
#[derive(Clone)]
pub(super) enum Followers {
    Few(Part),
    Many(Arc<Vec<Part>>),
}

impl Default for Followers {
    fn default() -> Self {
        Self::Few(Arc::default())
    }
}

impl Followers {
    pub(super) fn one(follower: Follower) -> Self {
        Self::Few(Arc::new(vec![follower]))
    }

    /// At most [`PART`] at a time.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[Follower]> {
        let parts = match self {
            Self::Few(part) => std::slice::from_ref(part),
            Self::Many(parts) => parts.as_slice(),
        };
        parts.iter().map(|part| part.as_slice())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Follower> {
        self.parts().flatten()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts().all(<[Follower]>::is_empty)
    }

    /// Tells lists apart that exist at the same time. Those of one topic with the same followers are the same.
    pub(super) fn id(&self) -> *const () {
        match self {
            Self::Few(part) => Arc::as_ptr(part).cast(),
            Self::Many(parts) => Arc::as_ptr(parts).cast(),
        }
    }
}

/// The list as its topic keeps it.
pub(super) enum List {
    Few(Part),
    Many(Box<Many>),
}

pub(super) struct Many {
    /// Full, but for the last.
    parts: Arc<Vec<Part>>,
    /// Where each follower stands.
    index: HashMap<Seat, usize>,
}

impl Default for List {
    fn default() -> Self {
        Self::Few(Arc::default())
    }
}

impl List {
    /// As it is now.
    pub(super) fn now(&self) -> Followers {
        match self {
            Self::Few(part) => Followers::Few(part.clone()),
            Self::Many(many) => Followers::Many(many.parts.clone()),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(part) => part.len(),
            Self::Many(many) => many.index.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a follower, who is there once at most.
    pub(super) fn add(&mut self, follower: Follower) {
        match self {
            Self::Few(part) if part.is_empty() => *part = Arc::new(vec![follower]),
            Self::Few(part) if part.iter().any(|known| known.seat() == follower.seat()) => {}
            Self::Few(part) if part.len() < PART => Arc::make_mut(part).push(follower),
            Self::Few(part) => {
                let index = part.iter().map(Follower::seat).zip(0..).collect();
                let mut many = Many { parts: Arc::new(vec![part.clone()]), index };
                many.add(follower);
                *self = Self::Many(Box::new(many));
            }
            Self::Many(many) => many.add(follower),
        }
    }

    /// Takes a follower out. The last one takes the place.
    pub(super) fn remove(&mut self, seat: Seat) {
        match self {
            Self::Few(part) => {
                if let Some(place) = part.iter().position(|known| known.seat() == seat) {
                    Arc::make_mut(part).swap_remove(place);
                }
            }
            Self::Many(many) => {
                many.remove(seat);
                // Not as soon as it is short enough, or one who comes and goes would change it each time.
                if many.index.len() <= PART / 2 {
                    let few = many.parts.iter().flat_map(|part| part.iter().cloned()).collect();
                    *self = Self::Few(Arc::new(few));
                }
            }
        }
    }
}

impl Many {
    fn add(&mut self, follower: Follower) {
        let place = self.index.len();
        let Entry::Vacant(vacant) = self.index.entry(follower.seat()) else { return };
        vacant.insert(place);
        let parts = Arc::make_mut(&mut self.parts);
        match parts.last_mut().filter(|part| part.len() < PART) {
            Some(part) => Arc::make_mut(part).push(follower),
            None => parts.push(Arc::new(vec![follower])),
        }
    }

    fn remove(&mut self, seat: Seat) {
        let Some(place) = self.index.remove(&seat) else { return };
        let parts = Arc::make_mut(&mut self.parts);
        let Some(last) = parts.last_mut().and_then(|part| Arc::make_mut(part).pop()) else { return };
        if parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        if last.seat() != seat {
            self.index.insert(last.seat(), place);
            Arc::make_mut(&mut parts[place / PART])[place % PART] = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use protocol::id::{AppId, Millis, UserId};
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::hub::connection::Connection;
    use crate::hub::{Attachment, DeviceClaim, Dialect};

    fn follower(number: u32) -> Follower {
        let connection = Arc::new(Connection::new(Dialect::Text, None, 1));
        let device = DeviceClaim { id: number, platform: 1, since: Millis(0) };
        connection.attach(Attachment { app: AppId(1), user: UserId::parse("alice").unwrap(), device });
        connection.follower().unwrap()
    }

    fn devices(followers: &Followers) -> Vec<u32> {
        let mut devices: Vec<u32> = followers.iter().map(|follower| follower.device).collect();
        devices.sort_unstable();
        devices
    }

    #[test]
    fn whoever_comes_and_goes_the_list_holds_those_who_are_there() {
        let mut random = StdRng::seed_from_u64(1);
        let mut list = List::default();
        let mut here: Vec<Follower> = Vec::new();
        // Up, down and up again past the sizes at which the shape changes.
        for (count, grows) in [(3 * PART, 0.9), (4 * PART, 0.1), (2 * PART, 0.6), (6 * PART, 0.1)] {
            for number in 0..count {
                if here.is_empty() || random.random_bool(grows) {
                    let new = follower(number as u32);
                    list.add(new.clone());
                    list.add(new.clone());
                    here.push(new);
                } else {
                    let gone = here.swap_remove(random.random_range(0..here.len()));
                    list.remove(gone.seat());
                    list.remove(gone.seat());
                }
                let now = list.now();
                assert_eq!(now.iter().count(), here.len());
                assert_eq!(now.is_empty(), here.is_empty());
                let parts = now.parts().count();
                assert!(now.parts().take(parts - 1).all(|part| part.len() == PART), "but the last one");
            }
            let seats: HashSet<Seat> = list.now().iter().map(Follower::seat).collect();
            assert_eq!(seats, here.iter().map(Follower::seat).collect());
        }
    }

    #[test]
    fn what_an_event_has_is_not_changed_and_little_is_copied() {
        let mut list = List::default();
        let all: Vec<Follower> = (0..10 * PART as u32).map(follower).collect();
        all.iter().for_each(|follower| list.add(follower.clone()));
        let under_way = list.now();
        let before = devices(&under_way);
        list.remove(all[3].seat());
        list.add(follower(100_000));
        assert_eq!(devices(&under_way), before);
        let (Followers::Many(old), Followers::Many(new)) = (&under_way, &list.now()) else { panic!("many") };
        let copied = old.iter().zip(new.iter()).filter(|(old, new)| !Arc::ptr_eq(old, new)).count();
        assert!(copied <= 2, "{copied} of {} parts were copied", new.len());
        assert_ne!(under_way.id(), list.now().id());
    }
}
