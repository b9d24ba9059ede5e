//! What the other kinds of group cost beside a Meeting, and beside themselves with other sizes: each with a bound.
//!
//! Rounds are interleaved, each with fresh servers, and a ratio is one of the same round. A round in which something was
//! lost, doubled or reordered has no speed: it fails the run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use hdrhistogram::Histogram;
use protocol::usersig::{self, SecretKey};
use serde_json::json;
use tests::{APP, Admin, Device, Dialect, User};
use tokio::time::{MissedTickBehavior, interval};

use crate::Result;
use crate::clock::{SECOND_NS, now_ns};
use crate::fill::bring_in;
use crate::generator::{Generator, Shape};
use crate::one::{Bench, Load, Outcome, Plan};
use crate::process::{Process, in_turns};
use crate::scenario::TEXT_BYTES;
use crate::target::gateway::{Room, protocol_in, start};

/// A live room beside a Meeting at saturation: CPU of a delivery.
const MOST_LIVE: f64 = 1.1;
/// What people who come and go do to the others' p99.
const MOST_BESIDE_CHURN: f64 = 1.5;
/// 2,000 online of 100,000 members beside 2,000 of 2,000: CPU of a message.
const MOST_OFFLINE: f64 = 1.15;
const MOST_JOIN_MS: f64 = 10.0;
/// A topic beside a Meeting of as many: CPU of a delivery.
const MOST_TOPIC: f64 = 1.1;

/// Messages on their way at saturation.
const WINDOW: u64 = 16;

/// People who come and go, and how many of each a minute: of a live room, and of a community, where each is told by itself to
/// all who are online.
const RESTLESS: usize = 100;
const MOVES_A_MINUTE: u32 = 5_000;
const MOVES_OF_MEMBERS_A_MINUTE: u32 = 600;

/// They are watched for so much longer, because there are so few.
const JOINS_TAKE: f64 = 3.0;

const DAY_SECONDS: u64 = 24 * 3600;

#[derive(Args)]
pub(crate) struct Options {
    /// Some of them, separated by commas; the default is all: live, churn, community, topic.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// Viewers of the live room.
    #[arg(long, default_value_t = 10_000)]
    viewers: u32,
    /// Members of the community, of whom 2,000 are online.
    #[arg(long, default_value_t = 100_000)]
    members: usize,
}

/// A ratio that must hold.
struct Bound {
    name: &'static str,
    title: String,
    /// The ratio of each round.
    ratios: Vec<f64>,
    most: f64,
}

impl Bound {
    fn median(&self) -> f64 {
        let mut ratios = self.ratios.clone();
        ratios.sort_by(f64::total_cmp);
        let count = ratios.len();
        f64::midpoint(ratios[(count - 1) / 2], ratios[count / 2])
    }

    fn tell(&self) -> bool {
        let median = self.median();
        let (least, most) = self
            .ratios
            .iter()
            .fold((f64::INFINITY, 0_f64), |(low, high), ratio| (low.min(*ratio), high.max(*ratio)));
        let holds = median <= self.most;
        let word = if holds { "ok" } else { "not ok" };
        println!(
            "{word}: {}: {}: {median:.3} ({least:.3} to {most:.3}), at most {}",
            self.name, self.title, self.most
        );
        holds
    }
}

impl Options {
    pub(crate) fn run(&self, bench: &Bench) -> Result<bool> {
        let takes = |name: &str| self.only.is_empty() || self.only.iter().any(|only| only == name);
        let mut bounds = Vec::new();
        if takes("live") {
            bounds.push(self.live(bench)?);
        }
        if takes("churn") {
            bounds.push(self.churn(bench)?);
        }
        if takes("community") {
            bounds.extend(self.community(bench)?);
        }
        if takes("topic") {
            bounds.push(self.topic(bench)?);
        }
        let held = bounds.iter().filter(|bound| bound.tell()).count();
        println!("{held} passed, {} failed", bounds.len() - held);
        Ok(held == bounds.len())
    }

    fn plan(&self, members: u32, load: Load) -> Plan {
        let shape = Shape { rooms: 1, members, senders: 1, text_bytes: TEXT_BYTES };
        Plan { shape, load, warm_up_s: 4.0, window_s: self.seconds }
    }

    /// Ratios of two measurements, in turn.
    fn ratios(
        &self,
        name: &str,
        mut base: impl FnMut() -> Result<f64>,
        mut tested: impl FnMut() -> Result<f64>,
    ) -> Result<Vec<f64>> {
        let mut ratios = Vec::new();
        for round in 1..=self.rounds {
            let (base, tested) = if round % 2 == 1 {
                let first = base()?;
                (first, tested()?)
            } else {
                let first = tested()?;
                (base()?, first)
            };
            eprintln!(
                "{name} round {round} of {}: {base:.3} and {tested:.3}: {:.3}",
                self.rounds,
                tested / base
            );
            ratios.push(tested / base);
        }
        Ok(ratios)
    }

    fn live(&self, bench: &Bench) -> Result<Bound> {
        let meeting = self.plan(1_000, Load::Window(WINDOW));
        let live = self.plan(self.viewers, Load::Window(WINDOW));
        let ratios = self.ratios(
            "live",
            || Ok(whole(bench.measure("us", meeting)?)?.cpu_s_per_million),
            || Ok(whole(bench.measure("us-live", live)?)?.cpu_s_per_million),
        )?;
        let title = format!(
            "CPU of a delivery in an AVChatRoom of {}, to that in a Meeting of 1,000, at saturation",
            self.viewers
        );
        Ok(Bound { name: "live", title, ratios, most: MOST_LIVE })
    }

    fn churn(&self, bench: &Bench) -> Result<Bound> {
        let plan = self.plan(self.viewers, Load::Rate(50_000.0));
        let measured = |restless: usize| -> Result<f64> {
            let stage = Stage::set(bench, Room::Live, plan.shape.connections())?;
            let mut generator = stage.enter(plan.shape)?;
            let churn = Churn::begin(&stage, restless, MOVES_A_MINUTE);
            let outcome = whole(stage.explain(plan.measure(&mut generator, &stage.ids()))?)?;
            churn.end()?;
            Ok(outcome.latency_ms.p99)
        };
        let ratios = self.ratios("churn", || measured(0), || measured(RESTLESS))?;
        let title = format!(
            "p99 of a delivery in an AVChatRoom of {} while {MOVES_A_MINUTE} a minute join and as many leave, to that in \
             quiet",
            self.viewers
        );
        Ok(Bound { name: "churn", title, ratios, most: MOST_BESIDE_CHURN })
    }

    fn community(&self, bench: &Bench) -> Result<Vec<Bound>> {
        const ONLINE: u32 = 2_000;
        let plan = self.plan(ONLINE - 1, Load::Window(WINDOW));
        let mut joins = Vec::new();
        let mut measured = |members: usize| -> Result<f64> {
            let stage = Stage::set(bench, Room::Community, ONLINE)?;
            let mut generator = stage.enter_first(plan.shape)?;
            // There is room for those who come and go.
            stage.fill(members.saturating_sub(ONLINE as usize + RESTLESS))?;
            generator.enter()?;
            let outcome = whole(stage.explain(plan.measure(&mut generator, &stage.ids()))?)?;
            if members > ONLINE as usize {
                let churn = Churn::begin(&stage, RESTLESS, MOVES_OF_MEMBERS_A_MINUTE);
                // Who joins waits for the gateway and not for the generator.
                let until_ns = now_ns() + (JOINS_TAKE * self.seconds * SECOND_NS as f64) as u64;
                in_turns(|| generator.run(until_ns))?;
                joins.push(churn.end()?);
            }
            Ok(outcome.cpu_s_per_million)
        };
        let mut ratios = Vec::new();
        for round in 1..=self.rounds {
            let (few, many) = (measured(ONLINE as usize)?, measured(self.members)?);
            eprintln!(
                "community round {round} of {}: {few:.3} and {many:.3}: {:.3}",
                self.rounds,
                many / few
            );
            ratios.push(many / few);
        }
        let cost = Bound {
            name: "community",
            title: format!(
                "CPU of a message in a community of {} of whom 2,000 are online, to one of 2,000",
                self.members
            ),
            ratios,
            most: MOST_OFFLINE,
        };
        let join = Bound {
            name: "join",
            title: format!(
                "p99 of a join in a community of {} of whom 2,000 are online, in ms, the sync to disk included, while \
                 {MOVES_OF_MEMBERS_A_MINUTE} a minute join and as many leave",
                self.members
            ),
            ratios: joins,
            most: MOST_JOIN_MS,
        };
        Ok(vec![cost, join])
    }

    fn topic(&self, bench: &Bench) -> Result<Bound> {
        let plan = self.plan(1_000, Load::Window(WINDOW));
        let ratios = self.ratios(
            "topic",
            || Ok(whole(bench.measure("us", plan)?)?.cpu_s_per_million),
            || Ok(whole(bench.measure("us-topic", plan)?)?.cpu_s_per_million),
        )?;
        let title =
            "CPU of a delivery in a topic, to that in a Meeting, of 1,000 each, at saturation".to_owned();
        Ok(Bound { name: "topic", title, ratios, most: MOST_TOPIC })
    }
}

/// Fails where something was lost.
fn whole(outcome: Outcome) -> Result<Outcome> {
    if !outcome.faults.is_none() {
        return Err(format!("not every message came once and in order: {:?}", outcome.faults).into());
    }
    for doubt in &outcome.doubts {
        eprintln!("! {doubt}");
    }
    Ok(outcome)
}

/// A gateway, and who may speak to it beside the generator.
struct Stage {
    room: Room,
    key: SecretKey,
    process: Process,
    address: SocketAddr,
    _directory: tempfile::TempDir,
}

impl Stage {
    fn set(bench: &Bench, room: Room, connections: u32) -> Result<Self> {
        let (site, directory) = bench.site(connections + RESTLESS as u32)?;
        let key = SecretKey::from_random(rand::random());
        let (process, address) = start(&site, &key, &[])?;
        Ok(Self { room, key, process, address, _directory: directory })
    }

    fn ids(&self) -> [u32; 1] {
        [self.process.id()]
    }

    fn enter(&self, shape: Shape) -> Result<Generator> {
        let mut generator = self.enter_first(shape)?;
        self.explain(generator.enter())?;
        Ok(generator)
    }

    /// Only the one who makes the room comes in.
    fn enter_first(&self, shape: Shape) -> Result<Generator> {
        let protocol = protocol_in(self.key.clone(), self.room);
        let mut generator = Generator::new(shape, self.address, protocol)?;
        self.explain(generator.enter_some(1))?;
        Ok(generator)
    }

    fn explain<T>(&self, done: Result<T>) -> Result<T> {
        done.map_err(|error| format!("{error}; the server said:\n{}", self.process.log()).into())
    }

    /// Brings so many in who are never online.
    fn fill(&self, members: usize) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let admin = Admin::new(self.address, "administrator", sign(&self.key, "administrator")?);
        let (add, group) = (self.room.command("add_group_member"), self.room.group(0));
        runtime.block_on(bring_in(&admin, &add, &group, "off", members))
    }
}

fn sign(key: &SecretKey, name: &str) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    usersig::issue(key, APP, name, now, DAY_SECONDS, None).map_err(|error| format!("{error:?}").into())
}

/// People who come and go, in a thread of their own.
struct Churn {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<std::result::Result<Histogram<u64>, String>>>,
}

impl Churn {
    fn begin(stage: &Stage, people: usize, moves_a_minute: u32) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        if people == 0 {
            return Self { is_over, thread: None };
        }
        let (room, key, address, end) = (stage.room, stage.key.clone(), stage.address, is_over.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            let moving = come_and_go(room, key, address, (people, moves_a_minute), end);
            runtime.block_on(moving).map_err(|error| error.to_string())
        });
        Self { is_over, thread: Some(thread) }
    }

    /// Has them stop, and gives the p99 of a join in milliseconds.
    fn end(self) -> Result<f64> {
        self.is_over.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread else { return Ok(0.0) };
        let joins = thread.join().map_err(|_| "those who come and go have panicked")??;
        let ms = |quantile| joins.value_at_quantile(quantile) as f64 / 1e6;
        let (half, most, worst) = (ms(0.5), ms(0.9), ms(0.99));
        eprintln!("joins: {}, p50 {half:.2} p90 {most:.2} p99 {worst:.2} ms", joins.len());
        Ok(worst)
    }
}

async fn come_and_go(
    room: Room,
    key: SecretKey,
    address: SocketAddr,
    (people, moves_a_minute): (usize, u32),
    is_over: Arc<AtomicBool>,
) -> Result<Histogram<u64>> {
    let mut users = Vec::new();
    for number in 0..people {
        let name = format!("restless{number}");
        let device = Device::web(format!("{:032x}", 0xABCD_0000 + number));
        let user = User::connect(address, &name, sign(&key, &name)?, device, Dialect::Binary).await;
        user.login().await;
        users.push(user);
    }
    let (join, quit) = (room.command("apply_join_group"), room.command("quit_group"));
    let body = json!({"GroupId": room.group(0)});
    let mut times = Histogram::<u64>::new(3)?;
    // One comes and one goes with each beat.
    let mut beat = interval(Duration::from_secs(60) / moves_a_minute);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for turn in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        beat.tick().await;
        let (comes, goes) = (&users[turn % people], &users[(turn + people / 2) % people]);
        let begin = Instant::now();
        comes.call(&join, body.clone()).await.ok();
        times.record(u64::try_from(begin.elapsed().as_nanos())?.max(1))?;
        if turn >= people / 2 {
            goes.call(&quit, body.clone()).await.ok();
        }
        // What they hear is not looked at.
        drop(comes.socket.take_events());
    }
    Ok(times)
}
