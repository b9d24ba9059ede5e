//! A gateway without sockets, on a store of its own, with users who have something to talk about.
//!
//! A panic in a command is answered as an internal error and ends nothing; here it ends the process, because the fuzzer's
//! hook is called first.

use std::path::Path;
use std::sync::Arc;

use gateway::bus::{LocalBus, SingleInstance};
use gateway::clock::Clock;
use gateway::commands::{Context, Credentials, Device, Effect, Identity, dispatch, table};
use gateway::services::Services;
use gateway::services::application::{Application, Applications, Settings};
use gateway::services::deps::Deps;
use gateway::services::rates::Rates;
use gateway::storage::embedded::Embedded;
use protocol::ErrorCode;
use protocol::id::{AppId, UserId};
use protocol::usersig::{self, SecretKey};
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

pub const APP: AppId = AppId(1_400_000_000);

const ADMIN: &str = "administrator";
const USER: &str = "alice";
const OTHER: &str = "bob";

/// The requests that set it: who calls, what, with what.
const STORY: &[(&str, &str, &str)] = &[
    (ADMIN, "im_open_login_svc.account_import", r#"{"UserID":"carol"}"#),
    (USER, "group_open_http_svc.create_group", r#"{"Type":"Meeting","Name":"room","GroupId":"room"}"#),
    (USER, "group_open_http_svc.create_group", r#"{"Type":"Private","Name":"work","GroupId":"work"}"#),
    (OTHER, "group_open_http_svc.apply_join_group", r#"{"GroupId":"room"}"#),
    (
        USER,
        "group_open_http_svc.send_group_msg",
        r#"{"From_Account":"alice","GroupId":"room","Random":7,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]}"#,
    ),
    (
        USER,
        "openim.sendmsg",
        r#"{"From_Account":"alice","To_Account":"bob","MsgSeq":7,"MsgRandom":7,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]}"#,
    ),
];

pub struct Scene {
    runtime: Runtime,
    context: Context,
    user: UserId,
    device: Device,
    admin_sig: String,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    pub fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        // Unlinked by nobody: the process ends where the fuzzer ends it.
        let dir = dir.expect("a directory").keep();
        let key = SecretKey::from_random([7; 32]);
        let clock = Clock::system();
        let sign = |user: &str| {
            usersig::issue(&key, APP, user, clock.now().seconds(), 86_400, None)
                .expect("a short name and a day")
        };
        let (user_sig, other_sig, admin_sig) = (sign(USER), sign(OTHER), sign(ADMIN));
        let (context, device) = runtime.block_on(async {
            let (bus, mut events) = LocalBus::new();
            tokio::spawn(async move { while events.recv().await.is_some() {} });
            let engine = Arc::new(Embedded::open(&dir, bus.clone()).expect("a new store"));
            let mut apps = Applications::new(Settings::default());
            let admins = vec![UserId::parse(ADMIN).expect("a valid id")];
            // The fuzzer calls more often than anybody may.
            let settings = Settings { rates: Rates::off(), ..Settings::default() };
            apps.add(APP, Application { keys: vec![key.clone()], admins, settings });
            let deps = Deps {
                engine,
                bus: Arc::new(bus),
                clock: clock.clone(),
                apps: Arc::new(apps),
                node: 1,
                liveness: Arc::new(SingleInstance(1)),
                tasks: TaskTracker::new(),
            };
            let context = Context::new(Services::new(deps), TaskTracker::new());
            let device = log_in(&context, USER, &user_sig).await;
            log_in(&context, OTHER, &other_sig).await;
            (context, device)
        });
        let user = UserId::parse(USER).expect("a valid id");
        let scene = Self { runtime, context, user, device, admin_sig };
        for (who, command, body) in STORY {
            let credentials = credentials(OTHER, &other_sig);
            let code = match *who {
                USER => scene.call(command, body),
                OTHER => scene.answer(Identity::Frame(credentials), command, body),
                _ => scene.call_as_admin(command, body),
            };
            assert_eq!(code, ErrorCode::OK, "{command}");
        }
        scene
    }

    /// A call on the socket, by a user who is logged in.
    pub fn call(&self, command: &str, body: &str) -> ErrorCode {
        let identity = Identity::Session { app: APP, user: &self.user, device: &self.device, instance: "1" };
        self.answer(identity, command, body)
    }

    /// A call by REST, by an administrator.
    pub fn call_as_admin(&self, command: &str, body: &str) -> ErrorCode {
        self.answer(Identity::Rest(credentials(ADMIN, &self.admin_sig)), command, body)
    }

    fn answer(&self, identity: Identity<'_>, command: &str, body: &str) -> ErrorCode {
        let answer = self.runtime.block_on(dispatch(&self.context, identity, command, body));
        let value: serde_json::Value = serde_json::from_str(&answer.body).expect("an answer is JSON");
        assert_eq!(value["ErrorCode"], answer.code.0, "the answer says what it is counted as");
        answer.code
    }
}

/// The command that bytes name, or else one that they choose.
pub fn command(name: &str) -> &'static str {
    let rows: Vec<&'static str> = table().map(|row| row.name).collect();
    let chosen = name.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    rows.iter().find(|row| **row == name).copied().unwrap_or(rows[chosen % rows.len()])
}

fn credentials<'a>(identifier: &'a str, usersig: &'a str) -> Credentials<'a> {
    Credentials {
        app: APP.0,
        identifier,
        usersig,
        token: "",
        platform: 7,
        instance: "1",
        connection: 1,
        from: None,
    }
}

async fn log_in(context: &Context, user: &str, usersig: &str) -> Device {
    let identity = Identity::Frame(credentials(user, usersig));
    let login = r#"{"State":"Online","InstType":0,"CustomInfo":""}"#;
    let answer = dispatch(context, identity, "im_open_status.wslogin", login).await;
    match answer.effect.map(|effect| *effect) {
        Some(Effect::Attach { device, .. }) => device,
        _ => panic!("{}", answer.body),
    }
}
