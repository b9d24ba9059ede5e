//! The command that says something in a group: access, decoding, the rules, the store's queue and thread, the answer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use criterion::Criterion;
use futures_util::future::join_all;
use gateway::bus::{LocalBus, SingleInstance};
use gateway::clock::Clock;
use gateway::commands::{Context, Credentials, Device, Effect, Identity, dispatch};
use gateway::services::Services;
use gateway::services::application::{Application, Applications, Settings};
use gateway::services::deps::Deps;
use gateway::services::rates::{Quota, Rates, Rule};
use gateway::storage::Engine;
use gateway::storage::embedded::Embedded;
use protocol::ErrorCode;
use protocol::id::{AppId, UserId};
use protocol::usersig::{self, SecretKey};
use serde_json::json;
use tokio_util::task::TaskTracker;

const APP: AppId = AppId(1_400_000_000);
const GROUP: &str = "room";
/// Calls that are under way together where many are measured: so many share one write of the store.
const TOGETHER: usize = 64;

pub(crate) fn send(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let dir = dir.expect("a directory");
    let caller = runtime.block_on(Caller::log_in(dir.path()));
    let mut group = criterion.benchmark_group("send to a group");
    group.bench_function("alone", |bencher| bencher.iter(|| runtime.block_on(caller.send())));
    group.throughput(criterion::Throughput::Elements(TOGETHER as u64));
    group.bench_function("64 together", |bencher| {
        bencher.iter(|| runtime.block_on(join_all((0..TOGETHER).map(|_| caller.send()))));
    });
    group.finish();
    let (throttle, user) = (&caller.context.services.throttle, &caller.user);
    let mut group = criterion.benchmark_group("a rate");
    group.bench_function("taken from", |bencher| {
        bencher.iter(|| throttle.take(APP, Rule::UserMessages, user, 1));
    });
    group.bench_function("looked at", |bencher| {
        bencher.iter(|| throttle.look(APP, Rule::UserMessages, user));
    });
    group.finish();
    runtime.block_on(caller.engine.close()).expect("the store closes");
}

/// Rates that are asked for and never reached.
fn unhurried() -> Settings {
    let much = Quota { calls: 1_000_000, seconds: 1, burst: 10_000_000 };
    let rates = Rates { commands: 100_000, group_messages: much, user_messages: much, ..Rates::default() };
    Settings { rates, ..Settings::default() }
}

/// A user who is logged in and owns a group.
struct Caller {
    context: Context,
    engine: Arc<dyn Engine>,
    user: UserId,
    device: Device,
    next: AtomicU32,
}

impl Caller {
    async fn log_in(dir: &Path) -> Self {
        let key = SecretKey::from_random([7; 32]);
        let clock = Clock::system();
        let now = clock.now().seconds();
        let user = UserId::parse("user_1000000").expect("a valid id");
        let usersig =
            usersig::issue(&key, APP, user.as_str(), now, 86_400, None).expect("a short name and a day");

        let (bus, mut events) = LocalBus::new();
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        let engine: Arc<dyn Engine> = Arc::new(Embedded::open(dir, bus.clone()).expect("a new store"));
        let mut apps = Applications::new(Settings::default());
        apps.add(APP, Application { keys: vec![key], admins: Vec::new(), settings: unhurried() });
        let deps = Deps {
            engine: engine.clone(),
            bus: Arc::new(bus),
            clock,
            apps: Arc::new(apps),
            node: 1,
            liveness: Arc::new(SingleInstance(1)),
            tasks: TaskTracker::new(),
        };
        let context = Context::new(Services::new(deps), TaskTracker::new());

        let credentials = Credentials {
            app: APP.0,
            identifier: user.as_str(),
            usersig: &usersig,
            token: "",
            platform: 7,
            instance: "1",
            connection: 0,
            from: None,
        };
        let login = json!({"State": "Online", "InstType": 0, "CustomInfo": ""}).to_string();
        let identity = Identity::Frame(credentials);
        let answer = dispatch(&context, identity, "im_open_status.wslogin", &login).await;
        let Some(Effect::Attach { device, .. }) = answer.effect.map(|effect| *effect) else {
            panic!("{}", answer.body)
        };

        let caller = Self { context, engine, user, device, next: AtomicU32::new(0) };
        let create = json!({"Type": "Meeting", "Name": "A group", "GroupId": GROUP}).to_string();
        caller.call("group_open_http_svc.create_group", &create).await;
        caller
    }

    async fn send(&self) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let text = "message ".repeat(32);
        // As text and not as a value: it is the client that makes it, and that is not to be measured.
        let body = format!(
            r#"{{"From_Account":"{}","GroupId":"{GROUP}","Random":{number},"ClientSeq":{number},"MsgPriority":"Normal","MsgBody":[{{"MsgType":"TIMTextElem","MsgContent":{{"Text":"{text}"}}}}],"CloudCustomData":"","OnlineOnlyFlag":0,"GroupAtInfo":[],"SendMsgControl":[],"MsgClientTime":1800000000,"NeedReadReceipt":0}}"#,
            self.user.as_str(),
        );
        self.call("group_open_http_svc.send_group_msg", &body).await;
    }

    async fn call(&self, name: &str, body: &str) {
        let (user, device) = (&self.user, &self.device);
        let identity = Identity::Session { app: APP, user, device, instance: "1" };
        let answer = dispatch(&self.context, identity, name, body).await;
        assert_eq!(answer.code, ErrorCode::OK, "{name}: {}", answer.body);
    }
}
