//! What was begun is carried to its end, whoever goes away: by REST, on the socket, and when the deadline passes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use gateway::bus::{LocalBus, SingleInstance};
use gateway::clock::Clock;
use gateway::commands::{Answer, Context, Credentials, Identity, MAX_UNATTENDED, dispatch};
use gateway::services::Services;
use gateway::services::application::{Applications, Settings};
use gateway::services::deps::Deps;
use gateway::storage::Table;
use gateway::storage::embedded::Embedded;
use protocol::ErrorCode;
use protocol::usersig;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{APP, Admin, DEADLINE, StoreCall, TestGateway, Watch, Watched, new_application};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

const ADMIN: &str = "administrator";
const GROUP: &str = "room";
/// As many as one call may add.
const MANY: usize = 300;

/// Lets a store tell so often how far a log has come, and which devices a user has: the one is asked once for each member
/// who comes in, the other by a login.
struct Held(Arc<Semaphore>);

#[async_trait]
impl Watch for Held {
    async fn hold(&self, call: StoreCall<'_>) {
        let is_held = match call {
            StoreCall::Get(keys) => keys.iter().any(|key| key.table == Table::Session),
            StoreCall::LogEnd => true,
            _ => false,
        };
        if is_held {
            self.0.acquire().await.expect("never closed").forget();
        }
    }
}

/// The commands on a store that is held, without sockets.
struct Bench {
    context: Context,
    tasks: TaskTracker,
    gate: Arc<Semaphore>,
    usersigs: [String; 2],
    _directory: TempDir,
}

impl Bench {
    /// With a group, into which nobody comes until the gate is opened.
    async fn set(deadline: Duration) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (bus, mut receiver) = LocalBus::new();
        tokio::spawn(async move { while receiver.recv().await.is_some() {} });
        let gate = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let store = Embedded::open(directory.path(), bus.clone()).unwrap();
        let (application, clock) = (new_application(), Clock::system());
        let usersigs = [ADMIN, "alice"].map(|name| {
            usersig::issue(&application.keys[0], APP, name, clock.now().seconds(), 86_400, None).unwrap()
        });
        let mut apps = Applications::new(Settings::default());
        apps.add(APP, application);
        let tasks = TaskTracker::new();
        let deps = Deps {
            engine: Arc::new(Watched::new(store, Held(gate.clone()))),
            bus: Arc::new(bus),
            clock,
            apps: Arc::new(apps),
            node: 1,
            liveness: Arc::new(SingleInstance(1)),
            tasks: tasks.clone(),
        };
        let context = Context::with_deadline(Services::new(deps), tasks.clone(), deadline);
        let bench = Self { context, tasks, gate, usersigs, _directory: directory };
        let group = json!({"Type": "Meeting", "Name": "A room", "GroupId": GROUP});
        assert_eq!(bench.call("group_open_http_svc.create_group", &group).await.code, ErrorCode::OK);
        bench.gate.forget_permits(Semaphore::MAX_PERMITS);
        bench
    }

    fn open(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    async fn call(&self, name: &str, body: &Value) -> Answer {
        let identity = Identity::Rest(self.credentials(0));
        dispatch(&self.context, identity, name, &body.to_string()).await
    }

    async fn call_as_alice(&self, name: &str) -> Answer {
        dispatch(&self.context, Identity::Frame(self.credentials(1)), name, "{}").await
    }

    fn credentials(&self, user: usize) -> Credentials<'_> {
        let identifier = [ADMIN, "alice"][user];
        let usersig = &self.usersigs[user];
        Credentials {
            app: APP.0,
            identifier,
            usersig,
            token: "",
            platform: 7,
            instance: "",
            connection: 0,
            from: None,
        }
    }

    /// Waits until nobody is let through any more.
    async fn halt(&self) {
        let halt = async {
            while self.gate.available_permits() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(DEADLINE, halt).await.expect("the store comes to a halt");
    }

    /// Waits, as the end of a gateway does, for what goes on without a caller.
    async fn end(&self) {
        self.tasks.close();
        timeout(DEADLINE, self.tasks.wait()).await.expect("what was begun comes to its end");
    }

    async fn members(&self) -> u64 {
        let page = json!({"GroupId": GROUP, "Limit": 1});
        let answer = self.call("group_open_http_svc.get_group_member_info", &page).await;
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        body["MemberNum"].as_u64().unwrap()
    }
}

fn many() -> Value {
    let members: Vec<Value> = (0..MANY).map(|n| json!({"Member_Account": format!("user{n}")})).collect();
    json!({"GroupId": GROUP, "MemberList": members})
}

#[tokio::test]
async fn a_deadline_leaves_nothing_half_done() {
    let bench = Bench::set(Duration::from_secs(2)).await;
    // Some members are in when the store comes to a halt, which is longer than the caller waits.
    bench.gate.add_permits(50);
    let answer = bench.call("group_open_http_svc.add_group_member", &many()).await;
    assert_eq!(answer.code, ErrorCode::BACKEND_TIMEOUT, "{}", answer.body);
    let so_far = bench.members().await;
    assert!((1..MANY as u64).contains(&so_far), "{so_far}");

    bench.open();
    bench.end().await;
    assert_eq!(bench.members().await, MANY as u64);
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_nothing_half_done() {
    let bench = Bench::set(DEADLINE).await;
    bench.gate.add_permits(50);
    let body = many();
    tokio::select! {
        answer = bench.call("group_open_http_svc.add_group_member", &body) => panic!("{}", answer.body),
        () = bench.halt() => {}
    }

    bench.open();
    bench.end().await;
    assert_eq!(bench.members().await, MANY as u64);
}

#[tokio::test]
async fn a_login_that_nobody_waited_for_leaves_nobody_online() {
    let bench = Bench::set(DEADLINE).await;
    let login = timeout(Duration::from_millis(300), bench.call_as_alice("im_open_status.wslogin"));
    assert!(login.await.is_err());
    bench.open();
    bench.end().await;
    let answer = bench.call("openim.query_online_status", &json!({"To_Account": ["alice"]})).await;
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["QueryResult"][0]["Status"], "Offline", "{body}");
}

#[tokio::test]
async fn calls_without_callers_are_bounded() {
    let bench = Bench::set(DEADLINE).await;
    let one = |n: usize| json!({"GroupId": GROUP, "MemberList": [{"Member_Account": format!("user{n}")}]});
    for n in 0..MAX_UNATTENDED {
        let call = bench.call("group_open_http_svc.add_group_member", &one(n)).now_or_never();
        assert!(call.is_none(), "{n}");
        // A task that reads a lot has to let others have their turn, and a call that is dropped there was not begun.
        tokio::task::yield_now().await;
    }
    let one_more = bench.call("group_open_http_svc.add_group_member", &one(MAX_UNATTENDED)).await;
    assert_eq!(one_more.code, ErrorCode::UNAVAILABLE, "{}", one_more.body);
    // Who only says that they are there, or leaves, is answered.
    assert_eq!(bench.call_as_alice("heartbeat.alive").await.code, ErrorCode::OK);

    bench.open();
    bench.end().await;
    assert_eq!(bench.members().await, MAX_UNATTENDED as u64);
    let again = bench.call("group_open_http_svc.add_group_member", &one(MAX_UNATTENDED)).await;
    assert_eq!(again.code, ErrorCode::OK, "{}", again.body);
}

async fn members(admin: &Admin) -> u64 {
    let answer = admin.call("group_open_http_svc.get_group_info", json!({"GroupIdList": [GROUP]})).await;
    answer.ok()["GroupInfo"][0]["MemberNum"].as_u64().unwrap()
}

/// Waits until so many are in.
async fn until_members(admin: &Admin, count: u64) {
    let count_up = async {
        while members(admin).await < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(DEADLINE, count_up).await.expect("so many members in time");
}

/// Asks by REST for many members, and goes away when the first are in.
async fn ask_and_leave(gateway: &TestGateway) {
    let admin = gateway.admin();
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    stream.write_all(&admin.request("group_open_http_svc.add_group_member", &many())).await.unwrap();
    until_members(&admin, 3).await;
    drop(stream);
    let in_between = members(&admin).await;
    assert!(in_between < MANY as u64, "all {in_between} came in before the client could leave");
}

async fn make_room(gateway: &TestGateway) {
    let group = json!({"Type": "Meeting", "Name": "A room", "GroupId": GROUP});
    gateway.admin().call("group_open_http_svc.create_group", group).await.ok();
}

#[tokio::test]
async fn a_rest_client_that_goes_away_leaves_nothing_half_done() {
    let gateway = TestGateway::start().await;
    make_room(&gateway).await;
    ask_and_leave(&gateway).await;
    until_members(&gateway.admin(), MANY as u64).await;
}

#[tokio::test]
async fn the_end_of_the_gateway_waits_for_what_goes_on_without_a_caller() {
    let mut gateway = TestGateway::start().await;
    make_room(&gateway).await;
    ask_and_leave(&gateway).await;
    gateway.restart().await;
    assert_eq!(members(&gateway.admin()).await, MANY as u64);
}

#[tokio::test]
async fn a_user_who_goes_away_leaves_nothing_half_done() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let group =
        json!({"Type": "Meeting", "Name": "A room", "GroupId": GROUP, "InviteJoinOption": "FreeAccess"});
    alice.call("group_open_http_svc.create_group", group).await.ok();
    alice.begin("group_open_http_svc.add_group_member", many()).await;
    until_members(&gateway.admin(), 3).await;
    drop(alice);
    until_members(&gateway.admin(), MANY as u64 + 1).await;
}
