//! More is said than can be delivered: whoever says more is told to wait, and can go on once it is delivered.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use gateway::bus::{Bus, Event, LocalBus, OnlyNode, Push, Topic};
use gateway::clock::Clock;
use gateway::commands::{Context, Credentials, Identity, dispatch};
use gateway::services::Services;
use gateway::services::core::Core;
use gateway::services::group::{Overrides, RuleBook};
use gateway::services::limits::Limits;
use gateway::services::session::{AppKeys, Policy};
use gateway::storage::embedded::Embedded;
use protocol::ErrorCode;
use protocol::event;
use protocol::id::{AppId, UserId};
use protocol::usersig::{self, SecretKey};
use serde_json::json;
use tokio_util::task::TaskTracker;

const APP: AppId = AppId(1_400_000_000);
const ADMIN: &str = "administrator";

/// A back end, and the gateway's services without a hub.
struct BackEnd {
    context: Context,
    usersig: String,
    said: u32,
}

impl BackEnd {
    fn new(core: Core) -> Self {
        let key = SecretKey::from_random([7; 32]);
        let now = core.clock.now().seconds();
        let usersig = usersig::issue(&key, APP, ADMIN, now, 86_400, None).unwrap();
        let admins = vec![UserId::parse(ADMIN).unwrap()];
        let apps = HashMap::from([(APP, AppKeys { keys: vec![key], admins })]);
        let policy = Policy { apps: Arc::new(apps), devices_per_platform: 1 };
        let rules = Arc::new(RuleBook::new(|_| Overrides::default()));
        let services = Arc::new(Services::new(core, rules, policy));
        Self { context: Context { services, hello_interval_seconds: 120 }, usersig, said: 0 }
    }

    async fn call(&self, name: &str, body: serde_json::Value) -> ErrorCode {
        let credentials = Credentials {
            app: APP.0,
            identifier: ADMIN,
            usersig: &self.usersig,
            token: "",
            platform: 0,
            instance: "",
        };
        dispatch(&self.context, Identity::Rest(credentials), name, &body.to_string()).await.code
    }

    async fn say(&mut self, group: &str) -> ErrorCode {
        self.said += 1;
        let body = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]);
        let message = json!({"GroupId": group, "Random": self.said, "MsgBody": body});
        self.call("group_open_http_svc.send_group_msg", message).await
    }
}

#[tokio::test]
async fn who_says_more_than_can_be_delivered_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    // The hub is played here: nothing is delivered but what is taken from the bus.
    let (bus, mut inlet) = LocalBus::new();
    let core = Core {
        engine: Arc::new(Embedded::open(dir.path(), bus.clone()).unwrap()),
        bus: Arc::new(bus.clone()),
        clock: Clock::system(),
        limits: Arc::new(Limits::default()),
        node: 1,
        nodes: Arc::new(OnlyNode(1)),
        tasks: TaskTracker::new(),
    };
    let mut back_end = BackEnd::new(core);
    for id in ["loud", "quiet"] {
        let group = json!({"Type": "Meeting", "Name": "A room", "GroupId": id});
        assert_eq!(back_end.call("group_open_http_svc.create_group", group).await, ErrorCode::OK);
    }

    let topic = Topic::User(APP, UserId::parse("bob").unwrap());
    let read = event::message::read_by_peer(&UserId::parse("alice").unwrap(), 1);
    let event: Arc<Event> = Push::new(read).into();
    for _ in 0..2000 {
        bus.publish(topic.clone(), None, event.clone()).await;
    }
    assert_eq!(back_end.say("loud").await, ErrorCode::OK, "the hub has not looked yet");
    inlet.recv().await.unwrap();
    let begun = Instant::now();
    let mut answers = HashMap::<_, u32>::new();
    for _ in 0..20 {
        *answers.entry(back_end.say("loud").await).or_default() += 1;
    }
    // One message a second is let through, for each group.
    let most = 1 + begun.elapsed().as_secs() as u32;
    let passed = answers.remove(&ErrorCode::OK).unwrap_or(0);
    assert!((1..=most).contains(&passed), "{passed} were let through");
    assert_eq!(answers, HashMap::from([(ErrorCode::GROUP_TOO_FAST, 20 - passed)]));
    assert_eq!(back_end.say("quiet").await, ErrorCode::OK, "the other group is not loud");

    // As soon as the hub is no longer behind, nobody is held back.
    for _ in 0..1999 {
        inlet.recv().await.unwrap();
    }
    for _ in 0..20 {
        assert_eq!(back_end.say("loud").await, ErrorCode::OK);
    }
}
