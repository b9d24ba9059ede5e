//! Every command is held to the rate that the table states, on each surface, before it costs a reading of the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gateway::bus::{Bus, Event, LocalBus, Push, SingleInstance, Topic};
use gateway::commands::{Access, Context, Credentials, Device, Each, Identity, Rate, Row, dispatch, table};
use gateway::services::Services;
use gateway::services::application::{Applications, Settings};
use gateway::services::deps::Deps;
use gateway::services::rates::Quota;
use gateway::storage::embedded::Embedded;
use protocol::id::{AppId, Millis, UserId};
use protocol::{ErrorCode, event, usersig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{APP, StoreCall, TestClock, Watch, Watched, new_application};
use tokio_util::task::TaskTracker;

const ADMIN: &str = "administrator";

const OTHER: AppId = AppId(1_400_000_002);

/// Counts what a store is asked.
struct Counting(Arc<AtomicUsize>);

impl Watch for Counting {
    fn note(&self, _: StoreCall<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The commands on a store that counts, without sockets.
struct Bench {
    context: Context,
    clock: TestClock,
    asked: Arc<AtomicUsize>,
    usersig: String,
    alice: UserId,
    _directory: TempDir,
}

impl Bench {
    fn set(change: impl FnMut(&mut Settings)) -> Self {
        let (bus, mut receiver) = LocalBus::new();
        tokio::spawn(async move { while receiver.recv().await.is_some() {} });
        Self::set_on(&bus, change)
    }

    fn set_on(bus: &LocalBus, change: impl FnMut(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Embedded::open(directory.path(), bus.clone()).unwrap();
        let (application, clock) = (new_application(), TestClock::default());
        let now = clock.now().seconds();
        let usersig = usersig::issue(&application.keys[0], APP, ADMIN, now, 86_400, None).unwrap();
        let mut apps = Applications::new(Settings::default());
        apps.add(APP, application);
        apps.add(OTHER, new_application());
        apps.set(change);
        let (tasks, asked) = (TaskTracker::new(), Arc::new(AtomicUsize::new(0)));
        let deps = Deps {
            engine: Arc::new(Watched::new(store, Counting(asked.clone()))),
            bus: Arc::new(bus.clone()),
            clock: clock.handle(),
            apps: Arc::new(apps),
            node: 1,
            liveness: Arc::new(SingleInstance(1)),
            tasks: tasks.clone(),
        };
        let context = Context::new(Services::new(deps), tasks);
        let alice = UserId::parse("alice").unwrap();
        Self { context, clock, asked, usersig, alice, _directory: directory }
    }

    /// A call of alice's in an application.
    async fn call_in(&self, app: AppId, name: &str, body: &Value) -> ErrorCode {
        let device = Device {
            id: 1,
            platform: 7,
            since: Millis(1),
            visit: 1,
            until: None,
            position: Millis(1),
            is_back: false,
        };
        let identity = Identity::Session { app, user: &self.alice, device: &device, instance: "" };
        dispatch(&self.context, identity, name, &body.to_string()).await.code
    }

    async fn call(&self, each: Each, name: &str, body: &str) -> ErrorCode {
        let device = Device {
            id: 1,
            platform: 7,
            since: Millis(1),
            visit: 1,
            until: None,
            position: Millis(1),
            is_back: false,
        };
        let credentials = Credentials {
            app: APP.0,
            identifier: ADMIN,
            usersig: &self.usersig,
            token: "",
            platform: 7,
            instance: "",
            connection: 1,
            from: None,
        };
        let identity = match each {
            Each::User => Identity::Session { app: APP, user: &self.alice, device: &device, instance: "" },
            Each::App => Identity::Rest(credentials),
            Each::Connection => Identity::Frame(Credentials { identifier: "", usersig: "", ..credentials }),
        };
        dispatch(&self.context, identity, name, body).await.code
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// What a caller of this kind is told by the command.
fn too_often(row: &Row, each: Each) -> ErrorCode {
    if each == Each::App { ErrorCode::TOO_OFTEN } else { row.family.too_often }
}

/// The vendor's number for it in the command's family, or the one that is common to all.
fn documented(name: &str) -> u32 {
    match name.split_once('.').unwrap().0 {
        name if name.starts_with("group_open_") || name == "million_group_open_http_svc" => 10006,
        "im_open_login_svc" | "im_open_status" | "heartbeat" | "imopenstat" | "im_sdk_config_mgr" => 72010,
        _ => 60007,
    }
}

#[tokio::test]
async fn every_command_is_held_to_its_rate() {
    let bench = Bench::set(|_| {});
    let mut tried = 0;
    for row in table() {
        for &Rate { calls, time, each } in row.rates {
            let name = row.name;
            assert_eq!(row.family.too_often.0, documented(name), "{name}");
            // Nobody can read it, so nothing is done; it counts all the same.
            let call = async || bench.call(each, name, "?").await;
            let code = too_often(row, each);
            let burst = if time == Duration::from_secs(1) { calls * 10 } else { calls };
            for number in 0..burst {
                assert_ne!(call().await, code, "{name} for each {each:?}: call {number}");
            }
            let asked = bench.asked();
            for _ in 0..5 {
                assert_eq!(call().await, code, "{name} for each {each:?}");
            }
            assert_eq!(bench.asked(), asked, "{name}: a refusal costs no reading");
            bench.clock.advance(time / calls + Duration::from_millis(1));
            assert_ne!(call().await, code, "{name} for each {each:?}");
            assert_eq!(call().await, code, "{name} for each {each:?}");
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
}

/// A user who gives the commands of back ends is told that they may not, so often and no more.
#[tokio::test]
async fn a_user_asks_for_what_only_back_ends_may_no_more_often_than_they() {
    let bench = Bench::set(|_| {});
    for row in table().filter(|row| row.access == Access::Admin) {
        let mut refused = 0;
        loop {
            match bench.call(Each::User, row.name, "?").await {
                code if code == row.family.forbidden => refused += 1,
                code => break assert_eq!(code, row.family.too_often, "{}", row.name),
            }
        }
        assert!((1000..=2000).contains(&refused), "{}: {refused}", row.name);
    }
}

#[tokio::test]
async fn a_command_is_held_to_a_multiple_or_to_nothing() {
    for (times, most) in [(3, Some(300)), (0, None)] {
        let bench = Bench::set(|settings| settings.rates.commands = times);
        let mut passed = 0;
        while passed < 2000
            && bench.call(Each::Connection, "im_open_status.wslogout", "{}").await == ErrorCode::OK
        {
            passed += 1;
        }
        assert_eq!((passed < 2000).then_some(passed), most);
    }
}

/// One application says more than can be delivered: the other goes on talking.
#[tokio::test]
async fn an_application_that_says_too_much_silences_no_other() {
    // The hub is played here: nothing is delivered but what is taken from the bus.
    let (bus, mut receiver) = LocalBus::new();
    let bench = Bench::set_on(&bus, |_| {});
    for app in [APP, OTHER] {
        let create = json!({"Type": "Meeting", "Name": "n", "GroupId": "room"});
        assert_eq!(bench.call_in(app, "group_open_http_svc.create_group", &create).await, ErrorCode::OK);
    }
    let topic = Topic::User(APP, bench.alice.clone());
    let event: Arc<Event> = Push::new(event::message::read_by_peer(&bench.alice, 1)).into();
    for _ in 0..2000 {
        bus.publish(topic.clone(), None, event.clone()).await;
    }
    receiver.recv().await.unwrap();
    assert!(bus.is_behind());
    let say = async |app: AppId, random: u32| {
        let text = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]);
        let body = json!({"GroupId": "room", "Random": random, "MsgBody": text});
        bench.call_in(app, "group_open_http_svc.send_group_msg", &body).await
    };
    let mut loud = Vec::new();
    for random in 0..200 {
        loud.push(say(APP, random).await);
    }
    let passed = loud.iter().filter(|code| **code == ErrorCode::OK).count();
    assert!((20..40).contains(&passed), "{passed}");
    assert_eq!(loud.last(), Some(&ErrorCode::GROUP_TOO_FAST));
    for random in 0..20 {
        assert_eq!(say(OTHER, random).await, ErrorCode::OK);
    }
}

/// Nothing is read for a message that is held back, and the store is not asked to write it.
#[tokio::test]
async fn a_message_that_is_refused_costs_nothing() {
    let one = Quota { calls: 1, seconds: 1, burst: 2 };
    for group in [true, false] {
        let bench = Bench::set(|settings| {
            if group {
                settings.rates.group_messages = one;
            } else {
                settings.rates.user_messages = one;
            }
        });
        let create = json!({"Type": "Meeting", "Name": "n", "GroupId": "room"}).to_string();
        assert_eq!(bench.call(Each::User, "group_open_http_svc.create_group", &create).await, ErrorCode::OK);
        let text = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]);
        let in_group =
            |random: u32| -> Value { json!({"GroupId": "room", "Random": random, "MsgBody": text}) };
        let to_one = |random: u32| -> Value {
            json!({"From_Account": "alice", "To_Account": "alice", "MsgSeq": 1, "MsgRandom": random, "MsgBody": text})
        };
        for random in 1..=2 {
            let body = in_group(random).to_string();
            assert_eq!(
                bench.call(Each::User, "group_open_http_svc.send_group_msg", &body).await,
                ErrorCode::OK
            );
        }
        let asked = bench.asked();
        for random in 3..=50 {
            let body = in_group(random).to_string();
            let code = bench.call(Each::User, "group_open_http_svc.send_group_msg", &body).await;
            assert_eq!(code, ErrorCode::GROUP_TOO_FAST);
            if !group {
                let code = bench.call(Each::User, "openim.sendmsg", &to_one(random).to_string()).await;
                assert_eq!(code, ErrorCode::TOO_OFTEN);
            }
        }
        assert_eq!(bench.asked(), asked);
    }
}
