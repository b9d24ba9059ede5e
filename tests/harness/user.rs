//! A user of an SDK on one connection, speaking as the SDKs do.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::id::AppId;
use serde_json::{Value, json};

use crate::gateway::APP;
use crate::{Answer, Dialect, Event, Outcome, Request, Socket};

const LOGIN: &str = "im_open_status.wslogin";

fn login_body() -> Value {
    json!({"State": "Online", "is_web_uniapp": 0, "InstType": 0, "CustomInfo": ""})
}

/// What a client says of itself in the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub app: AppId,
    pub platform: u32,
    /// The id of the SDK object: the same over reconnects.
    pub instance: String,
}

impl Device {
    /// A browser.
    pub fn web(instance: String) -> Self {
        Self { app: APP, platform: 7, instance }
    }

    /// The Java client on a phone or a JVM.
    pub fn android(instance: String) -> Self {
        Self { app: APP, platform: 2, instance }
    }

    /// A WeChat mini program.
    pub fn wechat(instance: String) -> Self {
        Self { app: APP, platform: 8, instance }
    }

    pub fn query(&self) -> String {
        format!(
            "sdkappid={}&instanceid={}&random=0.5&platform={}&host=unknown&version=-1&sdkversion=3.6.6&compress=gzip",
            self.app, self.instance, self.platform
        )
    }
}

/// What a login gave.
#[derive(Clone, Debug)]
pub struct Session {
    pub a2: String,
    pub tiny_id: String,
    pub inst_id: u64,
}

pub struct User {
    pub name: String,
    pub device: Device,
    pub socket: Socket,
    usersig: String,
    session: Mutex<Option<Session>>,
    /// What the last sync gave, for the next one.
    cookie: Mutex<String>,
    pub(crate) next_random: AtomicU64,
}

impl User {
    /// Connects. The head carries the name and the UserSig until a login succeeds.
    pub async fn connect(
        address: SocketAddr,
        name: &str,
        usersig: String,
        device: Device,
        dialect: Dialect,
    ) -> Self {
        let user = Self::try_connect(address, name, usersig, device, dialect).await;
        user.unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    /// Connects where somebody may be who listens.
    pub async fn try_connect(
        address: SocketAddr,
        name: &str,
        usersig: String,
        device: Device,
        dialect: Dialect,
    ) -> Result<Self, String> {
        // As with real devices, the numbers of two of them do not meet.
        let first = u64::from_str_radix(&device.instance, 16).unwrap_or(1) * 10_000;
        Ok(Self {
            name: name.to_owned(),
            socket: Socket::try_connect(address, dialect, &device.query()).await?,
            device,
            usersig,
            session: Mutex::new(None),
            cookie: Mutex::default(),
            next_random: AtomicU64::new(first),
        })
    }

    /// The same SDK object on a new connection. It keeps its session, as an SDK does over a reconnect, and has not
    /// logged in again yet.
    pub async fn reconnect(&self, address: SocketAddr, dialect: Dialect) -> Self {
        self.try_reconnect(address, dialect).await.unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    /// The same where somebody may be who listens.
    pub async fn try_reconnect(&self, address: SocketAddr, dialect: Dialect) -> Result<Self, String> {
        Ok(Self {
            name: self.name.clone(),
            device: self.device.clone(),
            socket: Socket::try_connect(address, dialect, &self.device.query()).await?,
            usersig: self.usersig.clone(),
            session: Mutex::new(self.session.lock().unwrap().clone()),
            cookie: Mutex::new(self.cookie.lock().unwrap().clone()),
            next_random: AtomicU64::new(self.next_random.load(Ordering::Relaxed)),
        })
    }

    /// The head of a request as the SDK writes it now.
    pub fn head(&self, servcmd: &str) -> Value {
        let mut head = json!({
            "ver": "v4", "platform": self.device.platform, "websdkappid": 537_048_168, "websdkversion": "1.7.3",
            "servcmd": servcmd, "seq": self.socket.fresh_seq(), "reqtime": 0, "sdkappid": self.device.app,
            "contenttype": "json", "sdkability": 75_689_843, "sdkability_ext": "", "cappid": 0, "status_instid": 0,
        });
        match &*self.session.lock().unwrap() {
            Some(session) => {
                head["a2"] = session.a2.as_str().into();
                head["tinyid"] = session.tiny_id.as_str().into();
                head["status_instid"] = session.inst_id.into();
            }
            None => {
                head["identifier"] = self.name.as_str().into();
                head["usersig"] = self.usersig.as_str().into();
            }
        }
        head
    }

    pub async fn begin(&self, servcmd: &str, body: Value) -> Request {
        self.socket.send(&self.head(servcmd), &body).await
    }

    pub async fn answer(&self, request: &Request) -> Answer {
        self.socket.answer(request).await
    }

    pub async fn call(&self, servcmd: &str, body: Value) -> Answer {
        let request = self.begin(servcmd, body).await;
        self.answer(&request).await
    }

    /// A call of which the answer may not come.
    pub async fn ask(&self, servcmd: &str, body: Value, patience: Duration) -> Outcome {
        let request = self.begin(servcmd, body).await;
        self.socket.outcome(&request, patience).await
    }

    /// A call whose head is not the usual one.
    pub async fn call_with(&self, head: Value, body: Value) -> Answer {
        let request = self.socket.send(&head, &body).await;
        self.answer(&request).await
    }

    /// Logs in, or takes the session up again where there is one. As in the SDKs, the token of the first login is kept.
    pub async fn try_login(&self) -> Answer {
        let answer = self.call(LOGIN, login_body()).await;
        self.remember(&answer);
        answer
    }

    /// The same where the answer may not come.
    pub async fn ask_login(&self, patience: Duration) -> Outcome {
        let outcome = self.ask(LOGIN, login_body(), patience).await;
        if let Outcome::Answer(answer) = &outcome {
            self.remember(answer);
        }
        outcome
    }

    fn remember(&self, answer: &Answer) {
        if answer.code() != 0 {
            return;
        }
        let text = |name: &str| answer.body[name].as_str().unwrap().to_owned();
        let mut session = self.session.lock().unwrap();
        let inst_id = answer.body["InstId"].as_u64().unwrap();
        match &mut *session {
            Some(session) => session.inst_id = inst_id,
            None => {
                *session = Some(Session { a2: text("A2Key"), tiny_id: text("TinyId"), inst_id });
            }
        }
    }

    /// Logs in. As the SDKs do, one that takes a session up again asks afterwards what it was not told meanwhile.
    pub async fn login(&self) -> Value {
        let is_back = self.session.lock().unwrap().is_some();
        let answer = self.try_login().await.ok();
        if is_back {
            self.sync().await;
        }
        answer
    }

    /// Asks what was not told. Until then one that is back is pushed nothing, for some seconds. Gives the last answer, with
    /// the events of all.
    pub async fn sync(&self) -> Value {
        let (mut events, mut flag) = (Vec::new(), 0);
        for _ in 0..1000 {
            let cookie = self.cookie.lock().unwrap().clone();
            let body = json!({
                "Cookie": cookie, "SyncFlag": flag, "NeedAbstract": 1, "IsOnlineSync": 0, "NeedSignaling": 1,
                "NeedCachedMsg": 1,
            });
            let mut synced = self.call("openim.getmsg", body).await.ok();
            *self.cookie.lock().unwrap() = synced["Cookie"].as_str().unwrap().to_owned();
            events.extend(synced["EventArray"].as_array().unwrap().iter().cloned());
            flag = synced["SyncFlag"].as_u64().unwrap();
            if flag == 2 {
                synced["EventArray"] = events.into();
                return synced;
            }
        }
        panic!("what was missed has no end");
    }

    pub async fn logout(&self) {
        self.call("im_open_status.wslogout", json!({"wslogout_type": 0, "is_web_uniapp": 0})).await.ok();
        *self.session.lock().unwrap() = None;
    }

    pub fn session(&self) -> Session {
        self.session.lock().unwrap().clone().expect("the user has logged in")
    }

    /// Forgets the session without a word, as an application does that starts anew.
    pub fn forget_session(&self) {
        *self.session.lock().unwrap() = None;
    }

    pub fn usersig(&self) -> &str {
        &self.usersig
    }

    pub async fn ping(&self) {
        self.call("heartbeat.alive", json!({})).await.ok();
    }

    /// Waits for a push of which `is_it` is true, and takes it.
    pub async fn expect_event(&self, what: &str, is_it: impl FnMut(&Event) -> bool) -> Value {
        let what = format!("{}: {what}", self.name);
        self.socket.expect_event(&what, is_it).await.value
    }

    /// Waits for the push that logs this device out, and gives its `KickType`.
    pub async fn expect_kick(&self) -> u64 {
        let event =
            self.expect_event("a kick", |event| event.servcmd == "im_open_status.stat_forceoffline").await;
        event["C2cNotifyMsgArray"][0]["KickoutMsgNotify"]["KickType"].as_u64().unwrap()
    }
}
