//! How many connections there are, and whose.
//!
//! Four bounds: on all connections, on those of one address, on those on which nobody is logged in, and on those of one
//! user. Whoever would be one too many at the door is let in for a single request all the same, in a small place apart:
//! health and metrics are answered there, everything else is asked to come back later. So a gateway that is full says so.
//!
//! Where those who are not logged in take all the room that is theirs, the one who has been silent longest is put out.
//! Somebody who comes to log in does so at once, and gets through however many come only to stay.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use protocol::id::{AppId, UserId};
use tokio::time::Instant;

use crate::config::Connections;
use crate::telemetry::Bound;

/// Connections beyond the bounds, for a request each.
const SPARE: usize = 32;

/// Nobody is put out before they had this time to say something.
const SETTLING: Duration = Duration::from_millis(100);

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
    task: AtomicWaker,
}

impl Door {
    fn new() -> Arc<Self> {
        let (is_busy, is_asked) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { since: Instant::now(), is_busy, is_asked, task: AtomicWaker::new() })
    }

    fn ask(&self) {
        self.is_asked.store(true, Ordering::Release);
        self.task.wake();
    }

    fn can_be_asked(&self, now: Instant) -> bool {
        !self.is_busy.load(Ordering::Relaxed) && self.since + SETTLING <= now
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
        let most = most.saturating_sub(SPARE).max(1);
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
            Ok(_) if state.waiting.len() >= self.0.max_before_login => Some(Bound::ConnectionsBeforeLogin),
            Ok(_) => None,
        };
        let is_full = match bound {
            None => false,
            Some(Bound::ConnectionsPerAddress) => true,
            Some(_) => !state.ask_one(),
        };
        let place = if is_full { self.spare(&mut state) } else { self.admit(&mut state, from) };
        drop(state);
        if let Some(bound) = bound {
            bound.refused(from.map_or_else(|| "a connection of a proxy".to_owned(), |from| from.to_string()));
        }
        place
    }

    fn admit(&self, state: &mut State, from: Option<IpAddr>) -> Place {
        let origin = self.counted(state, from).unwrap_or_default();
        state.in_all += 1;
        state.count(origin);
        let stage = state.wait();
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

    fn wait(&mut self) -> Stage {
        let (ticket, door) = (self.ticket(), Door::new());
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

    /// Asks the one who has been silent longest to go; false when nobody can be asked.
    fn ask_one(&mut self) -> bool {
        let now = Instant::now();
        let mut oldest = self.waiting.iter().take(LOOKED_AT);
        let Some(ticket) = oldest.find(|(_, door)| door.can_be_asked(now)).map(|(ticket, _)| *ticket) else {
            return false;
        };
        if let Some(door) = self.waiting.remove(&ticket) {
            door.ask();
        }
        true
    }

    fn leave(&mut self, stage: &Stage) {
        match stage {
            Stage::Waiting { ticket, .. } => drop(self.waiting.remove(ticket)),
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
        self.change(|_| Stage::LoggedIn);
    }

    /// Nobody is logged in, from now on.
    pub(super) fn wait(&mut self) {
        if !self.is_spare() {
            self.change(State::wait);
        }
    }

    fn change(&mut self, stage: impl FnOnce(&mut State) -> Stage) {
        let admission = self.admission.clone();
        let mut state = admission.state();
        state.leave(&self.stage);
        if self.is_spare() {
            state.in_all += 1;
        }
        self.stage = stage(&mut state);
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
    /// Who has something under way is not asked to go.
    pub(super) fn set_busy(&self, is_busy: bool) {
        self.is_busy.store(is_busy, Ordering::Relaxed);
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

    fn is_asked(place: &Place) -> bool {
        place.door().is_some_and(|door| door.is_asked.load(Ordering::Acquire))
    }

    #[tokio::test]
    async fn what_goes_makes_room() {
        let admission = admission(|settings| settings.max_in_all = Some(4));
        let mut places: Vec<Place> = (0..4).map(|_| admission.enter(None)).collect();
        assert_eq!(places.iter().map(Place::is_spare).collect::<Vec<_>>(), [false, false, true, true]);
        places.truncate(2);
        places.iter_mut().for_each(Place::log_in);
        let two = [admission.enter(None), admission.enter(None)];
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

    #[tokio::test(start_paused = true)]
    async fn the_one_who_was_silent_longest_makes_room() {
        let admission = admission(|settings| settings.max_before_login = Some(3));
        let mut places: Vec<Place> = (0..3).map(|_| admission.enter(None)).collect();
        assert!(admission.enter(None).is_spare());
        tokio::time::advance(SETTLING).await;
        // The first has said something since, and the second is being answered.
        places[0].wait();
        places[1].door().unwrap().set_busy(true);
        assert!(!admission.enter(None).is_spare());
        assert_eq!(places.iter().map(is_asked).collect::<Vec<_>>(), [false, false, true]);
    }

    #[tokio::test]
    async fn spare_room_goes_to_the_newest() {
        let admission = admission(|settings| settings.max_in_all = Some(1));
        let _in = admission.enter(None);
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
