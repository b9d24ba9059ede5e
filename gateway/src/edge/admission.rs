//! How many connections there are, and whose.
//!
//! Four bounds: on all connections, on those of one address, on those on which nobody is logged in, and on those of one
//! user. Whoever would be one too many at the door is let in for a single request all the same, in a small place apart:
//! health and metrics are answered there, everything else is asked to come back later. So a gateway that is full says so.
//!
//! Where those who are not logged in take all the room that is theirs, the one who has been silent longest is asked to go.
//! Somebody who comes to log in does so at once, and gets through however many come only to stay: what they had said
//! before they were asked, and nobody had read, is heard, and they stay.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use protocol::id::{AppId, UserId};
use tokio::time::Instant;

use crate::config::Connections;
use crate::telemetry::Bound;

/// Connections beyond the bounds, for a request each.
const SPARE: usize = 32;

/// Those who were asked to go and have not gone yet. They have a place beside the one who comes for theirs.
const MOST_LEAVING: usize = 32;

/// How many are looked at to find one who can be put out.
const LOOKED_AT: usize = 64;

/// Counts connections. A cheap handle.
#[derive(Clone)]
pub(super) struct Admission(Arc<Parts>);

struct Parts {
    max_in_all: usize,
    max_before_login: usize,
    max_per_address: Option<usize>,
    max_per_user: Option<usize>,
    /// Whether an address that is nobody's in particular counts as one client's.
    counts_private: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    in_all: usize,
    addresses: HashMap<Origin, u32>,
    /// Those on which nobody is logged in, the one silent longest first.
    waiting: BTreeMap<u64, Arc<Door>>,
    /// How many were asked to go, and may stay for what they had said before.
    leaving: usize,
    spare: BTreeMap<u64, Arc<Door>>,
    next_ticket: u64,
    /// Logins on their way to be counted by who counts those that are logged in.
    arriving: HashMap<(AppId, UserId), usize>,
}

/// An address, or the network of IPv6 that is one subscriber's. 0 is none.
type Origin = u64;

fn origin(address: IpAddr) -> Origin {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

/// Whether somebody behind many others may have it: a balancer beside the gateway, or the router of a home.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_carrier = first == 100 && (64..128).contains(&second);
            address.is_loopback() || address.is_private() || address.is_link_local() || is_carrier
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// How a connection that waits is asked to go.
pub(super) struct Door {
    pub(super) since: Instant,
    is_busy: AtomicBool,
    is_asked: AtomicBool,
    had_last_word: AtomicBool,
    task: AtomicWaker,
}

impl Door {
    fn new() -> Arc<Self> {
        let no = || AtomicBool::new(false);
        let since = Instant::now();
        Arc::new(Self { since, is_busy: no(), is_asked: no(), had_last_word: no(), task: AtomicWaker::new() })
    }

    fn ask(&self) {
        self.is_asked.store(true, Ordering::Release);
        self.task.wake();
    }
}

enum Stage {
    /// Nobody is logged in.
    Waiting {
        ticket: u64,
        door: Arc<Door>,
    },
    LoggedIn,
    /// Beyond the bounds.
    Spare {
        ticket: u64,
        door: Arc<Door>,
    },
}

/// A connection that is counted, as long as this lives.
pub(super) struct Place {
    admission: Admission,
    origin: Origin,
    stage: Stage,
}

/// A user's login that is counted until the connection is.
pub(super) struct CountedLogin {
    admission: Admission,
    whose: (AppId, UserId),
}

impl Admission {
    /// `most` connections can be open at once, whatever the settings say.
    pub(super) fn new(settings: &Connections, most: usize) -> Self {
        let most = most.saturating_sub(SPARE + MOST_LEAVING).max(1);
        let max_in_all = settings.max_in_all.unwrap_or(most).min(most);
        Self(Arc::new(Parts {
            max_in_all,
            // Those who are logged in keep the other half.
            max_before_login: settings.max_before_login.unwrap_or(max_in_all).min(max_in_all.div_ceil(2)),
            max_per_address: settings.max_per_address,
            max_per_user: settings.max_per_user,
            counts_private: !settings.trusted_proxies.is_empty(),
            state: Mutex::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way through a change.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that has just come; `from` is absent while a proxy has yet to say whose it is.
    pub(super) fn enter(&self, from: Option<IpAddr>) -> Place {
        let mut state = self.state();
        let bound = match self.counted(&state, from) {
            Err(Refused) => Some(Bound::ConnectionsPerAddress),
            Ok(_) if state.in_all >= self.0.max_in_all => Some(Bound::Connections),
            Ok(_) if state.before_login() >= self.0.max_before_login => Some(Bound::ConnectionsBeforeLogin),
            Ok(_) => None,
        };
        let is_full = match bound {
            None => false,
            Some(Bound::ConnectionsPerAddress) => true,
            Some(_) => !self.makes_room(&mut state),
        };
        let place = if is_full { self.spare(&mut state) } else { self.admit(&mut state, from) };
        drop(state);
        if let Some(bound) = bound {
            bound.refused(from.map_or_else(|| "a connection of a proxy".to_owned(), |from| from.to_string()));
        }
        place
    }

    /// Whether somebody goes for one who comes.
    fn makes_room(&self, state: &mut State) -> bool {
        // Of those who were asked before, some stay: until as many others have gone there is no room for more.
        let has_place = state.leaving < MOST_LEAVING
            && state.in_all < self.0.max_in_all + MOST_LEAVING
            && state.before_login() < self.0.max_before_login + MOST_LEAVING;
        let is_asked = state.leaving < MOST_LEAVING && state.ask_one();
        has_place && is_asked
    }

    /// Whether those who were asked to go should have a moment to do so.
    pub(super) fn is_crowded(&self) -> bool {
        self.state().leaving >= MOST_LEAVING / 2
    }

    fn admit(&self, state: &mut State, from: Option<IpAddr>) -> Place {
        let origin = self.counted(state, from).unwrap_or_default();
        state.in_all += 1;
        state.count(origin);
        let stage = state.wait(false);
        Place { admission: self.clone(), origin, stage }
    }

    /// Under what an address is counted; 0 where it is not.
    fn counted(&self, state: &State, from: Option<IpAddr>) -> Result<Origin, Refused> {
        let Some(from) = from.filter(|from| self.0.counts_private || !is_private(*from)) else {
            return Ok(0);
        };
        let Some(most) = self.0.max_per_address else { return Ok(0) };
        let origin = origin(from);
        if state.addresses.get(&origin).is_some_and(|count| *count as usize >= most) {
            return Err(Refused);
        }
        Ok(origin)
    }

    fn spare(&self, state: &mut State) -> Place {
        if state.spare.len() >= SPARE
            && let Some((_, door)) = state.spare.pop_first()
        {
            door.ask();
        }
        let (ticket, door) = (state.ticket(), Door::new());
        state.spare.insert(ticket, door.clone());
        Place { admission: self.clone(), origin: 0, stage: Stage::Spare { ticket, door } }
    }

    /// A login of a user who has so many connections; `None` where that is enough.
    pub(super) fn arrive(&self, app: AppId, user: &UserId, connections: usize) -> Option<CountedLogin> {
        let whose = (app, user.clone());
        let mut state = self.state();
        let arriving = state.arriving.get(&whose).copied().unwrap_or_default();
        if self.0.max_per_user.is_some_and(|most| connections + arriving >= most) {
            drop(state);
            Bound::ConnectionsPerUser.refused(user);
            return None;
        }
        *state.arriving.entry(whose.clone()).or_default() += 1;
        drop(state);
        Some(CountedLogin { admission: self.clone(), whose })
    }
}

/// One too many.
#[derive(Debug)]
pub(super) struct Refused;

impl State {
    fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }

    fn wait(&mut self, is_busy: bool) -> Stage {
        let (ticket, door) = (self.ticket(), Door::new());
        door.is_busy.store(is_busy, Ordering::Relaxed);
        self.waiting.insert(ticket, door.clone());
        Stage::Waiting { ticket, door }
    }

    fn count(&mut self, origin: Origin) {
        if origin != 0 {
            *self.addresses.entry(origin).or_default() += 1;
        }
    }

    fn uncount(&mut self, origin: Origin) {
        if let Some(count) = self.addresses.get_mut(&origin) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&origin);
            }
        }
    }

    fn before_login(&self) -> usize {
        self.waiting.len() + self.leaving
    }

    /// Asks the one who has been silent longest to go; false when nobody can be asked.
    fn ask_one(&mut self) -> bool {
        let mut oldest = self.waiting.iter().take(LOOKED_AT);
        let silent = oldest.find(|(_, door)| !door.is_busy.load(Ordering::Relaxed));
        let Some(ticket) = silent.map(|(ticket, _)| *ticket) else { return false };
        if let Some(door) = self.waiting.remove(&ticket) {
            self.leaving += 1;
            door.ask();
        }
        true
    }

    fn leave(&mut self, stage: &Stage) {
        match stage {
            Stage::Waiting { ticket, .. } => {
                if self.waiting.remove(ticket).is_none() {
                    self.leaving -= 1;
                }
            }
            Stage::Spare { ticket, .. } => drop(self.spare.remove(ticket)),
            Stage::LoggedIn => {}
        }
    }
}

impl Place {
    /// Whether there is room for a single request alone.
    pub(super) fn is_spare(&self) -> bool {
        matches!(self.stage, Stage::Spare { .. })
    }

    /// Since when nobody is logged in.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Waiting { door, .. } | Stage::Spare { door, .. } => Some(door.since),
            Stage::LoggedIn => None,
        }
    }

    /// How the one who waits is asked to go, while they do.
    pub(super) fn door(&self) -> Option<&Arc<Door>> {
        match &self.stage {
            Stage::Waiting { door, .. } | Stage::Spare { door, .. } => Some(door),
            Stage::LoggedIn => None,
        }
    }

    /// Somebody who is not logged in has asked for what they may hear all the same: they have not been silent.
    pub(super) fn reads_along(&mut self) {
        let Stage::Waiting { ticket, door } = &self.stage else { return };
        let is_busy = door.is_busy.load(Ordering::Relaxed);
        let admission = self.admission.clone();
        let mut state = admission.state();
        // One who was asked to go goes.
        if state.waiting.remove(ticket).is_some() {
            self.stage = state.wait(is_busy);
        }
    }

    /// Now it is known whose connection it is.
    pub(super) fn claim(&mut self, from: IpAddr) -> Result<(), Refused> {
        let admission = self.admission.clone();
        let mut state = admission.state();
        // What was counted may be the proxy's.
        state.uncount(self.origin);
        let counted = admission.counted(&state, Some(from));
        self.origin = counted.as_ref().copied().unwrap_or_default();
        state.count(self.origin);
        drop(state);
        counted.map(drop).inspect_err(|Refused| Bound::ConnectionsPerAddress.refused(from))
    }

    /// Somebody is logged in.
    pub(super) fn log_in(&mut self) {
        let admission = self.admission.clone();
        let mut state = admission.state();
        state.leave(&self.stage);
        if self.is_spare() {
            state.in_all += 1;
        }
        self.stage = Stage::LoggedIn;
    }

    /// Nobody is logged in, from now on, and nobody waits behind them who has been silent for less long.
    pub(super) fn wait(&mut self) {
        if !self.is_spare() {
            let admission = self.admission.clone();
            self.wait_anew(&mut admission.state(), false);
        }
    }

    fn wait_anew(&mut self, state: &mut State, is_busy: bool) {
        state.leave(&self.stage);
        self.stage = state.wait(is_busy);
        if state.before_login() > self.admission.0.max_before_login && state.leaving < MOST_LEAVING {
            state.ask_one();
        }
    }

    /// Whether something is under way. Who asked for something is not asked to go; where both happened at once, they stay.
    pub(super) fn set_busy(&mut self, is_busy: bool) {
        let Stage::Waiting { ticket, door } = &self.stage else { return };
        let admission = self.admission.clone();
        let mut state = admission.state();
        door.is_busy.store(is_busy, Ordering::Relaxed);
        if is_busy && !state.waiting.contains_key(ticket) {
            self.wait_anew(&mut state, true);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.admission.state();
        state.leave(&self.stage);
        state.uncount(self.origin);
        if !matches!(self.stage, Stage::Spare { .. }) {
            state.in_all -= 1;
        }
    }
}

impl Door {
    /// Whether what was said before they were asked to go, and nobody has read, is still to be heard: true once.
    pub(super) fn has_last_word(&self) -> bool {
        !self.had_last_word.swap(true, Ordering::Relaxed)
    }

    /// Ready when the one who waits is to go. For one task at a time.
    pub(super) fn poll_asked(&self, context: &mut Context<'_>) -> Poll<()> {
        self.task.register(context.waker());
        if self.is_asked.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for CountedLogin {
    fn drop(&mut self) {
        let mut state = self.admission.state();
        if let Some(count) = state.arriving.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                state.arriving.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(change: impl FnOnce(&mut Connections)) -> Admission {
        let mut settings = Connections::default();
        change(&mut settings);
        Admission::new(&settings, 1000)
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    /// Somebody who is not asked to go.
    fn enter_busily(admission: &Admission) -> Place {
        let mut place = admission.enter(None);
        place.set_busy(true);
        place
    }

    fn is_asked(place: &Place) -> bool {
        place.door().is_some_and(|door| door.is_asked.load(Ordering::Acquire))
    }

    #[tokio::test]
    async fn what_goes_makes_room() {
        let admission = admission(|settings| settings.max_in_all = Some(4));
        let mut places: Vec<Place> = (0..4).map(|_| enter_busily(&admission)).collect();
        assert_eq!(places.iter().map(Place::is_spare).collect::<Vec<_>>(), [false, false, true, true]);
        places.truncate(2);
        places.iter_mut().for_each(Place::log_in);
        let two = [enter_busily(&admission), enter_busily(&admission)];
        assert!(two.iter().all(|place| !place.is_spare()));
        assert!(admission.enter(None).is_spare());
        drop(places);
        // Who waits has half of it.
        assert!(admission.enter(None).is_spare());
        drop(two);
        assert!(!admission.enter(None).is_spare());
        let state = admission.state();
        assert!(state.in_all == 0 && state.waiting.is_empty() && state.spare.is_empty());
    }

    #[tokio::test]
    async fn the_one_who_was_silent_longest_makes_room() {
        let admission = admission(|settings| settings.max_before_login = Some(3));
        let mut places: Vec<Place> = (0..3).map(|_| admission.enter(None)).collect();
        // The first has said something since, and the second is being answered.
        places[0].wait();
        places[1].set_busy(true);
        assert!(!admission.enter(None).is_spare());
        assert_eq!(places.iter().map(is_asked).collect::<Vec<_>>(), [false, false, true]);
    }

    #[tokio::test]
    async fn who_had_said_something_before_they_were_asked_stays() {
        let admission = admission(|settings| settings.max_before_login = Some(2));
        let (mut first, second) = (admission.enter(None), admission.enter(None));
        let third = admission.enter(None);
        assert!(is_asked(&first) && !is_asked(&second) && !third.is_spare());
        first.set_busy(true);
        // Another goes for the one who came.
        assert!(!is_asked(&first) && is_asked(&second) && !is_asked(&third));
        // Where nobody can go, nobody comes; and nobody asks themselves.
        let (mut second, mut third) = (second, third);
        second.set_busy(true);
        third.set_busy(true);
        assert!(!is_asked(&first) && !is_asked(&second));
        assert!(admission.enter(None).is_spare());
        drop((first, second, third));
        let state = admission.state();
        assert!(state.in_all == 0 && state.before_login() == 0);
    }

    #[tokio::test]
    async fn those_who_stay_are_not_more_and_more() {
        let admission =
            admission(|settings| (settings.max_in_all, settings.max_before_login) = (Some(8), Some(4)));
        // Whoever is asked had said something.
        let mut places: Vec<Place> = Vec::new();
        for _ in 0..1000 {
            places.extend(Some(admission.enter(None)).filter(|place| !place.is_spare()));
            places.iter_mut().filter(|place| is_asked(place)).for_each(|place| place.set_busy(true));
            assert!(places.len() <= 4 + MOST_LEAVING);
        }
        // And now they log in.
        for _ in 0..1000 {
            places.iter_mut().for_each(Place::log_in);
            places.extend(Some(admission.enter(None)).filter(|place| !place.is_spare()));
            assert!(places.len() <= 8 + MOST_LEAVING);
        }
        drop(places);
        let state = admission.state();
        assert!(state.in_all == 0 && state.before_login() == 0);
    }

    #[tokio::test]
    async fn spare_room_goes_to_the_newest() {
        let admission = admission(|settings| settings.max_in_all = Some(1));
        let _in = enter_busily(&admission);
        let places: Vec<Place> = (0..SPARE + 2).map(|_| admission.enter(None)).collect();
        assert!(places.iter().all(Place::is_spare));
        assert_eq!(places.iter().filter(|place| is_asked(place)).count(), 2);
        assert!(is_asked(&places[0]) && is_asked(&places[1]));
    }

    #[tokio::test]
    async fn an_address_is_one_of_ipv4_or_a_network_of_ipv6() {
        let admission = admission(|settings| settings.max_per_address = Some(1));
        let _v4 = admission.enter(address("203.0.113.1"));
        assert!(!admission.enter(address("203.0.113.2")).is_spare());
        assert!(admission.enter(address("::ffff:203.0.113.1")).is_spare());
        let _v6 = admission.enter(address("2001:db8::1"));
        assert!(admission.enter(address("2001:db8::ffff")).is_spare());
        assert!(!admission.enter(address("2001:db8:0:1::1")).is_spare());
        // Everybody may be behind these.
        let private = ["127.0.0.1", "10.0.0.1", "192.168.0.1", "100.64.0.1", "::1", "fd00::1"];
        let _first = private.map(|text| admission.enter(address(text)));
        assert!(private.iter().all(|text| !admission.enter(address(text)).is_spare()));
    }

    #[tokio::test]
    async fn a_claim_counts_in_the_place_of_what_was_counted() {
        let admission = admission(|settings| {
            settings.max_per_address = Some(1);
            settings.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        });
        let (mut first, mut second) = (admission.enter(None), admission.enter(None));
        first.claim(address("10.1.1.1").unwrap()).unwrap();
        assert!(second.claim(address("10.1.1.1").unwrap()).is_err());
        first.claim(address("10.1.1.2").unwrap()).unwrap();
        second.claim(address("10.1.1.1").unwrap()).unwrap();
        drop((first, second));
        assert!(admission.state().addresses.is_empty());
    }

    #[tokio::test]
    async fn logins_on_their_way_count() {
        let admission = admission(|settings| settings.max_per_user = Some(3));
        let user = UserId::parse("alice").unwrap();
        let first = admission.arrive(AppId(1), &user, 1).unwrap();
        let _second = admission.arrive(AppId(1), &user, 1).unwrap();
        assert!(admission.arrive(AppId(1), &user, 1).is_none());
        assert!(admission.arrive(AppId(2), &user, 1).is_some());
        drop(first);
        assert!(admission.arrive(AppId(1), &user, 1).is_some());
    }
}
