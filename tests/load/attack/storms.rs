//! What attackers do. None of them has more than a UserSig of their own, and most not even that.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Device, Dialect, InstanceSettings, Outcome, User};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How long an attacker waits for anything.
const PATIENCE: Duration = Duration::from_secs(2);

/// Blows of one attack at the most: it ends by itself also where nobody ends it.
const MOST_BLOWS: u64 = 2_000_000;

/// Whom it is against.
#[derive(Clone)]
pub(super) struct Prey {
    pub(super) address: SocketAddr,
    pub(super) settings: InstanceSettings,
    pub(super) is_over: Arc<AtomicBool>,
}

type Blows = Pin<Box<dyn Future<Output = u64>>>;

pub(super) struct Attack {
    pub(super) name: &'static str,
    /// A bound on the open files of the gateway.
    pub(super) files: Option<u64>,
    /// Gives how many blows were dealt.
    pub(super) begin: fn(Prey) -> Blows,
}

macro_rules! attacks {
    ($($name:ident $(with $files:literal files)?;)*) => {
        pub(super) const ATTACKS: &[Attack] = &[$(Attack {
            name: stringify!($name),
            files: attacks!(@ $($files)?),
            begin: |prey| Box::pin($name(prey)),
        }),*];
    };
    (@) => { None };
    (@ $files:literal) => { Some($files) };
}

attacks! {
    silent_connections with 1024 files;
    sockets_without_login with 1024 files;
    long_heads;
    half_bodies;
    bodies_byte_by_byte;
    broken_off_messages;
    wrong_signatures;
    connections_in_haste;
    groups_around_a_victim;
    notices_to_a_victim;
    one_name_many_times;
    devices_of_all_kinds;
    accounts_of_others;
    messages_to_everybody;
    messages_in_a_group;
    everything_that_is_dear;
    deep_and_long_json;
    unread_answers;
}

impl Prey {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    async fn connect(&self) -> Option<TcpStream> {
        timeout(PATIENCE, TcpStream::connect(self.address)).await.ok()?.ok()
    }

    async fn user(&self, name: &str, number: u64, platform: u32) -> Option<User> {
        let device = Device { platform, ..Device::web(format!("{:032x}", number + 1_000_000)) };
        let usersig = self.settings.usersig(name);
        let log_in = async {
            let user = User::try_connect(self.address, name, usersig, device, Dialect::Binary).await.ok()?;
            is_done(&user.ask_login(PATIENCE).await).then_some(user)
        };
        timeout(PATIENCE, log_in).await.ok().flatten()
    }

    /// Deals blows one after another until it is over.
    async fn again<Blow: Future<Output = bool>>(&self, mut blow: impl FnMut(u64) -> Blow) -> u64 {
        let (mut dealt, mut tried) = (0, 0);
        while !self.is_over() && tried < MOST_BLOWS {
            tried += 1;
            if blow(tried).await {
                dealt += 1;
            } else {
                // Nobody is there; a busy loop would take the core from those who are measured.
                sleep(Duration::from_millis(1)).await;
            }
        }
        dealt
    }

    /// Several attackers side by side.
    async fn together<One: Future<Output = u64>>(&self, count: u64, one: impl Fn(u64) -> One) -> u64 {
        join_all((0..count).map(one)).await.into_iter().sum()
    }

    /// Calls of one user, so many under way at once.
    async fn calls(&self, user: &User, at_once: u64, what: impl Fn(u64) -> (&'static str, Value)) -> u64 {
        let one = |number: u64| {
            let what = &what;
            async move {
                let call = |tried: u64| async move {
                    let (command, body) = what(tried * at_once + number);
                    is_answered(&user.ask(command, body, PATIENCE).await)
                };
                let dealt = self.again(call).await;
                user.socket.take_events();
                dealt
            }
        };
        self.together(at_once, one).await
    }
}

fn is_done(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Answer(answer) if answer.code() == 0)
}

fn is_answered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Answer(_))
}

fn text(length: usize) -> Value {
    json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x".repeat(length)}}])
}

const UPGRADE: &str = "GET /binfo?sdkappid=1400000000&instanceid=1&platform=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// More connections than the process may have files, which say nothing.
async fn silent_connections(prey: Prey) -> u64 {
    held(&prey, 1100, b"").await
}

/// WebSockets on which nobody logs in.
async fn sockets_without_login(prey: Prey) -> u64 {
    held(&prey, 1100, UPGRADE.as_bytes()).await
}

/// 300 bodies of half a megabyte, of which a byte is missing.
async fn half_bodies(prey: Prey) -> u64 {
    let head = "POST /v4/openim/sendmsg?sdkappid=1400000000&identifier=administrator&usersig=x&contenttype=json HTTP/1.1\r\n\
        Host: x\r\nContent-Length: 524288\r\n\r\n";
    let bytes = [head.as_bytes(), &vec![b' '; 524_287]].concat();
    held(&prey, 300, &bytes).await
}

/// 500 KB before the body.
async fn long_heads(prey: Prey) -> u64 {
    let bytes = format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: {}", "x".repeat(500_000));
    held(&prey, 300, bytes.as_bytes()).await
}

/// Messages of which the last fragment does not come.
async fn broken_off_messages(prey: Prey) -> u64 {
    let payload = vec![0; 500_000];
    let mut frame = vec![0x02, 0x80 | 127];
    frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    held(&prey, 300, &[UPGRADE.as_bytes(), &frame, &payload].concat()).await
}

/// Holds so many connections on which bytes were written. The oldest is given up for a new one.
async fn held(prey: &Prey, count: usize, bytes: &[u8]) -> u64 {
    let (mut streams, mut dealt) = (VecDeque::new(), 0);
    while !prey.is_over() && dealt < MOST_BLOWS {
        if streams.len() >= count {
            drop(streams.pop_front());
            sleep(Duration::from_millis(5)).await;
        }
        let Some(mut stream) = prey.connect().await else {
            sleep(Duration::from_millis(1)).await;
            continue;
        };
        // What is not taken is not taken: that too is an answer.
        let _ = timeout(Duration::from_millis(200), stream.write_all(bytes)).await;
        streams.push_back(stream);
        dealt += 1;
    }
    dealt
}

/// Chunks of one byte each.
async fn bodies_byte_by_byte(prey: Prey) -> u64 {
    let head = "POST /v4/openim/sendmsg?sdkappid=1400000000&identifier=administrator&usersig=x&contenttype=json HTTP/1.1\r\n\
        Host: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bytes = [head.as_bytes(), &b"1\r\n \r\n".repeat(520_000)].concat();
    prey.together(8, |_| {
        prey.again(|_| async {
            let Some(mut stream) = prey.connect().await else { return false };
            let mut reply = [0; 64];
            timeout(PATIENCE, stream.write_all(&bytes)).await.is_ok_and(|written| written.is_ok())
                || timeout(PATIENCE, stream.read(&mut reply)).await.is_ok()
        })
    })
    .await
}

/// Signatures of nobody, for the name of somebody who is there.
async fn wrong_signatures(prey: Prey) -> u64 {
    let usersig = prey.settings.usersig("mallory");
    prey.together(8, |number| {
        let usersig = &usersig;
        let prey = &prey;
        prey.again(move |tried| async move {
            let device = Device::web(format!("{:032x}", number * 1_000_000 + tried));
            let connect = User::try_connect(prey.address, "cat", usersig.clone(), device, Dialect::Binary);
            let Ok(Ok(user)) = timeout(PATIENCE, connect).await else { return false };
            is_answered(&user.ask_login(PATIENCE).await)
        })
    })
    .await
}

/// Connections that are made and ended at once.
async fn connections_in_haste(prey: Prey) -> u64 {
    prey.together(8, |_| prey.again(|_| async { prey.connect().await.is_some() })).await
}

/// 800 Work groups in each of which somebody finds themselves, with one long message.
async fn groups_around_a_victim(prey: Prey) -> u64 {
    let Some(user) = prey.user("mallory", 0, 7).await else { return 0 };
    let user = &user;
    prey.together(16, |number| {
        let prey = &prey;
        prey.again(move |tried| async move {
            let id = format!("trap{number}x{tried}");
            let body = json!({
                "Type": "Private", "Name": id, "GroupId": id, "Owner_Account": "mallory",
                "MemberList": [{"Member_Account": "ann"}],
            });
            let Ok(made) = timeout(PATIENCE, user.call("group_open_http_svc.create_group", body)).await
            else {
                return false;
            };
            if made.code() != 0 {
                return false;
            }
            let message = json!({
                "From_Account": "mallory", "GroupId": id, "Random": tried, "MsgBody": text(11_000),
            });
            is_answered(&user.ask("group_open_http_svc.send_group_msg", message, PATIENCE).await)
        })
    })
    .await
}

/// Somebody is brought into a group and put out again, each time with the longest reason.
async fn notices_to_a_victim(prey: Prey) -> u64 {
    let Some(user) = prey.user("mallory", 0, 7).await else { return 0 };
    let body = json!({"Type": "Private", "Name": "n", "GroupId": "door", "Owner_Account": "mallory"});
    if !is_done(&user.ask("group_open_http_svc.create_group", body, PATIENCE).await) {
        return 0;
    }
    prey.calls(&user, 1, |number| {
        let reason = "r".repeat(400_000);
        if number % 2 == 0 {
            let body = json!({"GroupId": "door", "MemberList": [{"Member_Account": "ann"}]});
            ("group_open_http_svc.add_group_member", body)
        } else {
            let body = json!({"GroupId": "door", "MemberToDel_Account": ["ann"], "Reason": reason});
            ("group_open_http_svc.delete_group_member", body)
        }
    })
    .await
}

/// One user, asked for a thousand times in one call.
async fn one_name_many_times(prey: Prey) -> u64 {
    let Some(user) = prey.user("mallory", 0, 7).await else { return 0 };
    let fields: Vec<Value> = (0..20)
        .map(|number| json!({"Tag": format!("Tag_Profile_Custom_f{number}"), "Value": "v".repeat(500)}))
        .collect();
    let set = json!({"From_Account": "mallory", "ProfileItem": fields});
    user.ask("profile.portrait_set", set, PATIENCE).await;
    let names = vec![json!({"To_Account": "mallory"}); 1000];
    prey.calls(&user, 32, |_| {
        ("profile.portrait_get_all", json!({"From_Account": "mallory", "UserItem": names}))
    })
    .await
}

/// Devices of platforms that nobody has.
async fn devices_of_all_kinds(prey: Prey) -> u64 {
    prey.together(4, |number| {
        let prey = &prey;
        prey.again(move |tried| async move {
            let platform = u32::try_from(number * 100_000 + tried).unwrap_or(0);
            prey.user("mallory", number * 1_000_000 + tried, platform).await.is_some()
        })
    })
    .await
}

/// Names that nobody had before are written to.
async fn accounts_of_others(prey: Prey) -> u64 {
    let Some(user) = prey.user("mallory", 0, 7).await else { return 0 };
    prey.calls(&user, 32, |number| {
        let peer = format!("nobody{number}");
        (
            "openim.sendmsg",
            json!({
                "From_Account": "mallory", "To_Account": peer, "MsgSeq": number + 1, "MsgRandom": number + 1,
                "MsgBody": text(10),
            }),
        )
    })
    .await
}

/// One message after another in a group where those who talk are, with a mark of all of them.
async fn messages_to_everybody(prey: Prey) -> u64 {
    shouted(prey, json!([{"GroupAtAllFlag": 1}])).await
}

/// The same without one, and as long as they may be.
async fn messages_in_a_group(prey: Prey) -> u64 {
    shouted(prey, json!([])).await
}

async fn shouted(prey: Prey, mentions: Value) -> u64 {
    let Some(user) = prey.user("mallory", 0, 7).await else { return 0 };
    let join = json!({"GroupId": "talk", "ApplyMsg": "", "UserDefinedField": ""});
    user.ask("group_open_http_svc.apply_join_group", join, PATIENCE).await;
    let length = if mentions.as_array().is_some_and(Vec::is_empty) { 11_000 } else { 10 };
    prey.calls(&user, 64, |number| {
        (
            "group_open_http_svc.send_group_msg",
            json!({
                "From_Account": "mallory", "GroupId": "talk", "Random": number + 1, "MsgBody": text(length),
                "GroupAtInfo": mentions,
            }),
        )
    })
    .await
}

/// The calls that ask for most.
async fn everything_that_is_dear(prey: Prey) -> u64 {
    let Some(user) = prey.user("mallory", 0, 7).await else { return 0 };
    // What is asked for: groups, members, friends, messages.
    for number in 0..50 {
        let id = format!("mine{number}");
        let members: Vec<Value> =
            (0..20).map(|member| json!({"Member_Account": format!("m{member}")})).collect();
        let body = json!({
            "Type": "Private", "Name": id, "GroupId": id, "Owner_Account": "mallory", "MemberList": members,
        });
        user.ask("group_open_http_svc.create_group", body, PATIENCE).await;
        if prey.is_over() {
            break;
        }
    }
    let groups: Vec<String> = (0..50).map(|number| format!("mine{number}")).collect();
    let names: Vec<Value> = (0..100).map(|number| json!({"To_Account": format!("m{number}")})).collect();
    prey.calls(&user, 32, |number| match number % 5 {
        0 => ("group_open_http_svc.get_group_info", json!({"GroupIdList": groups})),
        1 => ("recentcontact.page_get", json!({"From_Account": "mallory", "StartIndex": 0, "TimeStamp": 0})),
        2 => (
            "group_open_http_svc.get_joined_group_list",
            json!({"Member_Account": "mallory", "Limit": 5000, "Offset": 0}),
        ),
        3 => ("profile.portrait_get_all", json!({"From_Account": "mallory", "UserItem": names})),
        _ => ("openim.getmsg", json!({"Cookie": "", "SyncFlag": 0})),
    })
    .await
}

/// Bodies that are long and of no use.
async fn deep_and_long_json(prey: Prey) -> u64 {
    let Some(user) = prey.user("mallory", 0, 7).await else { return 0 };
    let many: Vec<Value> = (0..40_000).map(|_| json!({"a": 1})).collect();
    prey.calls(&user, 8, |number| match number % 2 {
        0 => ("group_open_http_svc.add_group_member", json!({"GroupId": "talk", "MemberList": many})),
        _ => ("openim.sendmsg", json!({"From_Account": "mallory", "To_Account": "ann", "MsgBody": many})),
    })
    .await
}

/// Long answers that are asked for and never read.
async fn unread_answers(prey: Prey) -> u64 {
    let usersig = prey.settings.usersig("mallory");
    let head = |servcmd: &str, seq: u64| {
        json!({
            "ver": "v4", "platform": 7, "servcmd": servcmd, "seq": seq, "sdkappid": 1_400_000_000_u32,
            "identifier": "mallory", "usersig": usersig,
        })
    };
    let login = json!({
        "head": head("im_open_status.wslogin", 1),
        "body": {"State": "Online", "is_web_uniapp": 0, "InstType": 0, "CustomInfo": ""},
    });
    let names: Vec<Value> = (0..1000).map(|_| json!({"To_Account": "ann"})).collect();
    let ask = json!({
        "head": head("profile.portrait_get_all", 2),
        "body": {"From_Account": "mallory", "UserItem": names},
    });
    let frame =
        |value: &Value| tests::RawSocket::frame(true, tests::RawSocket::BINARY, value.to_string().as_bytes());
    let bytes = [UPGRADE.as_bytes(), &frame(&login), &frame(&ask).repeat(50)].concat();
    held(&prey, 100, &bytes).await
}
