//! A back end, and the gateway's services without a hub: what is announced is taken by the test.

use std::sync::Arc;

use gateway::bus::{LocalBus, Receiver, SingleInstance};
use gateway::clock::Clock;
use gateway::commands::{Context, Credentials, Identity, dispatch};
use gateway::services::Services;
use gateway::services::application::{Applications, Settings};
use gateway::services::deps::Deps;
use gateway::storage::embedded::Embedded;
use protocol::ErrorCode;
use protocol::usersig;
use serde_json::json;
use tempfile::TempDir;
use tests::{APP, new_application};
use tokio_util::task::TaskTracker;

pub(super) const ADMIN: &str = "administrator";

/// A back end, and the gateway's services without a hub.
pub(super) struct BackEnd {
    pub(super) context: Context,
    pub(super) bus: LocalBus,
    usersig: String,
    _dir: TempDir,
}

impl BackEnd {
    /// With the end of the bus that the hub reads elsewhere.
    pub(super) fn new() -> (Self, Receiver) {
        let dir = tempfile::tempdir().unwrap();
        let (bus, receiver) = LocalBus::new();
        let mut apps = Applications::new(Settings::default());
        apps.add(APP, new_application());
        let deps = Deps {
            engine: Arc::new(Embedded::open(dir.path(), bus.clone()).unwrap()),
            bus: Arc::new(bus.clone()),
            clock: Clock::system(),
            apps: Arc::new(apps),
            node: 1,
            liveness: Arc::new(SingleInstance(1)),
            tasks: TaskTracker::new(),
        };
        let key = &deps.apps.of(APP).keys[0];
        let now = deps.clock.now().seconds();
        let usersig = usersig::issue(key, APP, ADMIN, now, 86_400, None).unwrap();
        let context = Context::new(Services::new(deps), TaskTracker::new());
        (Self { context, bus, usersig, _dir: dir }, receiver)
    }

    pub(super) async fn call(&self, name: &str, body: serde_json::Value) -> ErrorCode {
        let credentials = Credentials {
            app: APP.0,
            identifier: ADMIN,
            usersig: &self.usersig,
            token: "",
            platform: 0,
            instance: "",
            connection: 0,
            from: None,
        };
        dispatch(&self.context, Identity::Rest(credentials), name, &body.to_string()).await.code
    }

    pub(super) async fn make_room(&self, id: &str) {
        let group = json!({"Type": "Meeting", "Name": "A room", "GroupId": id});
        assert_eq!(self.call("group_open_http_svc.create_group", group).await, ErrorCode::OK);
    }

    /// A message that is sent again with the same number is the same.
    pub(super) async fn say(&self, group: &str, number: u32) -> ErrorCode {
        let body = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]);
        let message = json!({"GroupId": group, "Random": number, "MsgBody": body});
        self.call("group_open_http_svc.send_group_msg", message).await
    }
}
