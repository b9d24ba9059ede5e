//! Who came into a room and left it, as its members are told. While few come and go each is told by itself; of many they are
//! told together, once a second, and less often the more there are who hear of it: so what comings cost grows neither with
//! their number nor with that of those who hear of them.

use std::time::Duration;

use protocol::id::UserId;
use tokio::time::Instant;

/// How often it is told of many.
pub(super) const TOGETHER: Duration = Duration::from_secs(1);

/// So often in a second somebody is told of those who come and go, about: in large rooms fewer are told by themselves, and in
/// larger ones it is told of many less often.
const TELLINGS: f64 = 10_000.0;

/// It is told of many so often in any room.
const MOST_TOGETHER: Duration = Duration::from_secs(10);

/// So many names are told in all of those who come and go, about, but for a few.
const NAMES: u64 = 50_000;
const FEWEST_NAMES: u64 = 3;

/// How many are named where it is told of many at once, to so many.
pub(super) fn named(most: usize, hearers: u64) -> usize {
    let fitting = (NAMES / hearers.max(1)).max(FEWEST_NAMES);
    most.min(usize::try_from(fitting).unwrap_or(usize::MAX))
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    Joined(Vec<UserId>),
    Left(Vec<UserId>),
}

/// What is to be told now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Now(Vec<News>),
    Later(Instant),
}

/// Those who came and left and of whom it was not told.
pub(super) struct Tips {
    joined: Vec<UserId>,
    left: Vec<UserId>,
    /// How many may be told of by themselves, and since when.
    allowance: f64,
    counted: Instant,
    told_together: Option<Instant>,
}

impl Tips {
    pub(super) fn new(now: Instant, rate: u32) -> Self {
        let (joined, left) = (Vec::new(), Vec::new());
        Self { joined, left, allowance: f64::from(rate), counted: now, told_together: None }
    }

    /// Somebody came. Beyond `most` of whom it is to be told they are not named.
    pub(super) fn came(&mut self, user: &UserId, most: usize) {
        if !forget(&mut self.left, user) && self.joined.len() < most {
            self.joined.push(user.clone());
        }
    }

    pub(super) fn went(&mut self, user: &UserId, most: usize) {
        // Of one who was not told of nobody need be told that they are gone.
        if !forget(&mut self.joined, user) && self.left.len() < most {
            self.left.push(user.clone());
        }
    }

    /// What is to be told now to so many, at a rate of 0 everything.
    pub(super) fn due(&mut self, now: Instant, rate: u32, hearers: u64) -> Due {
        let share = TELLINGS / hearers.max(1) as f64;
        let rate = f64::from(rate).min(share);
        let elapsed = now.saturating_duration_since(self.counted).as_secs_f64();
        self.allowance = (self.allowance + elapsed * rate).min(rate.max(1.0));
        self.counted = now;
        let waiting = self.joined.len() + self.left.len();
        if waiting == 0 {
            return Due::Nothing;
        }
        if rate == 0.0 || waiting as f64 <= self.allowance {
            self.allowance -= waiting as f64;
            let joined = self.joined.drain(..).map(|user| News::Joined(vec![user]));
            return Due::Now(joined.chain(self.left.drain(..).map(|user| News::Left(vec![user]))).collect());
        }
        let pause = TOGETHER.mul_f64((1.0 / share).max(1.0)).min(MOST_TOGETHER);
        if let Some(at) = self.told_together.map(|at| at + pause).filter(|at| *at > now) {
            return Due::Later(at);
        }
        self.told_together = Some(now);
        self.allowance = 0.0;
        let mut news = Vec::new();
        if !self.joined.is_empty() {
            news.push(News::Joined(std::mem::take(&mut self.joined)));
        }
        if !self.left.is_empty() {
            news.push(News::Left(std::mem::take(&mut self.left)));
        }
        Due::Now(news)
    }
}

fn forget(users: &mut Vec<UserId>, user: &UserId) -> bool {
    let place = users.iter().position(|known| known == user);
    place.map(|place| users.remove(place)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        UserId::parse(&format!("user{number}")).unwrap()
    }

    #[test]
    fn few_are_told_of_one_by_one() {
        let start = Instant::now();
        let mut tips = Tips::new(start, 5);
        assert_eq!(tips.due(start, 5, 9), Due::Nothing);
        for number in 0..20 {
            let now = start + Duration::from_millis(200) * number as u32;
            tips.came(&user(number), 10);
            assert_eq!(tips.due(now, 5, 9), Due::Now(vec![News::Joined(vec![user(number)])]));
        }
    }

    #[test]
    fn of_many_it_is_told_once_a_second_with_as_many_names_as_may_be() {
        let start = Instant::now();
        let mut tips = Tips::new(start, 5);
        let (mut told, mut named) = (0, 0);
        for number in 0..10_000 {
            let now = start + Duration::from_millis(number as u64);
            if number % 2 == 0 {
                tips.came(&user(number), 10)
            } else {
                tips.went(&user(number), 10)
            }
            if let Due::Now(news) = tips.due(now, 5, 9) {
                told += news.len();
                for news in news {
                    let (News::Joined(users) | News::Left(users)) = news;
                    assert!(users.len() <= 10);
                    named += users.len();
                }
            }
        }
        assert!((20..=30).contains(&told), "{told} in ten seconds");
        assert!(named <= 30 * 10);
        assert!(
            matches!(tips.due(start + Duration::from_secs(12), 5, 9), Due::Now(_)),
            "nothing is left out for ever"
        );
    }

    #[test]
    fn in_a_large_room_it_is_told_of_many_less_often() {
        for (hearers, most) in [(1_000, 21), (10_000, 21), (50_000, 5), (1_000_000, 3)] {
            let start = Instant::now();
            let (mut tips, mut told) = (Tips::new(start, 5), 0);
            for number in 0..10_000 {
                tips.came(&user(number), 10);
                let now = start + Duration::from_millis(number as u64);
                if let Due::Now(news) = tips.due(now, 5, hearers) {
                    told += news.len();
                }
            }
            assert!((2..=most).contains(&told), "{told} in ten seconds, to {hearers}");
        }
    }

    #[test]
    fn the_more_hear_of_it_the_fewer_are_named() {
        let fitting = [(20, 0), (20, 2_500), (20, 10_000), (20, 1_000_000), (2, 10), (2, 1_000_000)];
        assert_eq!(fitting.map(|(most, hearers)| named(most, hearers)), [20, 20, 5, 3, 2, 2]);
    }

    #[test]
    fn one_who_came_and_went_unheard_of_is_not_told_of() {
        let start = Instant::now();
        let mut tips = Tips::new(start, 1);
        tips.came(&user(1), 10);
        assert!(matches!(tips.due(start, 1, 9), Due::Now(_)));
        tips.came(&user(2), 10);
        tips.came(&user(3), 10);
        assert!(matches!(tips.due(start, 1, 9), Due::Now(_)));
        tips.came(&user(4), 10);
        tips.came(&user(5), 10);
        assert_eq!(tips.due(start, 1, 9), Due::Later(start + TOGETHER));
        tips.went(&user(4), 10);
        tips.went(&user(1), 10);
        tips.came(&user(1), 10);
        let news = vec![News::Joined(vec![user(5)])];
        assert_eq!(tips.due(start + TOGETHER, 1, 9), Due::Now(news));
    }

    #[test]
    fn without_a_rate_all_are_told_of_one_by_one() {
        let start = Instant::now();
        let mut tips = Tips::new(start, 0);
        (0..100).for_each(|number| tips.came(&user(number), usize::MAX));
        let Due::Now(news) = tips.due(start, 0, 9) else { panic!() };
        assert_eq!(news.len(), 100);
    }
}
