//! Single things that go wrong, each for a few users and without a load.

use std::time::{Duration, Instant};

use futures_util::future::join;
use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{Device, Dialect, Group, InstanceSettings, Persistence, Proxy, RedisServer, Sent, Signal, User};
use tokio::time::timeout;

use crate::load::{Fleet, say};

const HELLO: &str = "im_open_status.wshello";

/// The report type of a notice that a message was taken back.
const RECALLED: u64 = 14;

/// By when an instance has noticed by itself that something was lost after which nothing came.
const NOTICED_WITHIN: Duration = Duration::from_secs(20);

/// Two instances, the second of which hears through a proxy.
struct Deaf {
    fleet: Fleet,
    proxy: Proxy,
    _redis: RedisServer,
}

impl Deaf {
    async fn start() -> Self {
        let redis = RedisServer::start(Persistence::Nothing).await;
        let proxy = Proxy::start(redis.address(), 1).await;
        let urls = [redis.url(), proxy.url()];
        let fleet = Fleet::start(urls.map(InstanceSettings::with_redis).into()).await;
        Self { fleet, proxy, _redis: redis }
    }

    /// While `work` is done the second instance hears nothing of it.
    async fn unheard<T>(&self, work: impl Future<Output = T>) -> T {
        let (before, _) = self.proxy.counts();
        self.proxy.lose(1.0);
        let done = work.await;
        // What was published is on its way until the proxy has seen it.
        let seen = async {
            while self.proxy.counts().0 == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(tests::DEADLINE, seen).await.expect("something is published");
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.proxy.lose(0.0);
        done
    }
}

impl Deaf {
    /// Alice where everything is heard, and where it is not her other device and bob.
    async fn party(&self) -> [User; 3] {
        let (alice, bob) = (self.fleet.user(0, "alice", 1).await, self.fleet.user(1, "bob", 2).await);
        let device = Device::wechat(format!("{:032x}", 3));
        let (address, sig) = (self.fleet.instances[1].address, self.fleet.settings.usersig("alice"));
        let hers = User::connect(address, "alice", sig, device, Dialect::Binary).await;
        hers.login().await;
        [alice, hers, bob]
    }

    /// Something else is lost and made up for: what was told before is not told again.
    async fn lose_more(&self, alice: &User, there: &[&User]) {
        self.unheard(alice.send_to("bob", "unheard")).await;
        for user in there {
            soon("a message to a user", user.expect_message_from("alice", "unheard")).await;
        }
        alice.send_to("bob", "the end").await;
        for user in there {
            user.expect_message_from("alice", "the end").await;
        }
    }
}

/// How many of what was pushed to a user satisfy `is_it`.
fn count(user: &User, is_it: impl Fn(&Value) -> bool) -> usize {
    user.socket.events().iter().filter(|event| is_it(&event.value)).count()
}

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(NOTICED_WITHIN, work).await.unwrap_or_else(|_| panic!("{what}: not in {NOTICED_WITHIN:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_message_that_is_lost_is_noticed() {
    let deaf = Deaf::start().await;
    let (alice, bob) = (deaf.fleet.user(0, "alice", 1).await, deaf.fleet.user(1, "bob", 2).await);
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let first = alice.send_text(&group, "heard").await;
    bob.expect_message(&group, "heard").await;
    deaf.unheard(alice.send_text(&group, "unheard")).await;
    soon("a message in a group", bob.expect_message(&group, "unheard")).await;
    deaf.unheard(alice.send_to("bob", "unheard by bob")).await;
    soon("a message to a user", bob.expect_message_from("alice", "unheard by bob")).await;
    deaf.unheard(alice.recall(&group, first.seq)).await.ok();
    soon("a recall", bob.expect_notice(&group, RECALLED)).await;
}

/// Clocks of instances differ, so what is lost is looked for among what was said before that too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loss_brings_up_nothing_of_before_a_login_and_nothing_twice() {
    let deaf = Deaf::start().await;
    let (alice, bob) = (deaf.fleet.user(0, "alice", 1).await, deaf.fleet.user(0, "bob", 2).await);
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let recall_of = |seq: u64| format!("\"MsgSeq\":{seq},");
    let mut said = Vec::new();
    for text in ["first", "second", "third"] {
        said.push(alice.send_text(&group, text).await);
    }
    alice.send_to("bob", "before").await;
    alice.recall(&group, said[0].seq).await.ok();
    let bob = deaf.fleet.user(1, "bob", 3).await;
    alice.recall(&group, said[1].seq).await.ok();
    bob.expect_notice(&group, RECALLED).await;
    deaf.unheard(alice.send_to("bob", "unheard")).await;
    soon("a message to a user", bob.expect_message_from("alice", "unheard")).await;
    deaf.unheard(alice.recall(&group, said[2].seq)).await.ok();
    let recalled = soon("a recall", bob.expect_notice(&group, RECALLED)).await.to_string();
    assert!(recalled.contains(&recall_of(said[2].seq)), "{recalled}");
    alice.send_text(&group, "marker").await;
    bob.expect_message(&group, "marker").await;
    let pushed: Vec<String> = bob.socket.events().iter().map(|event| event.value.to_string()).collect();
    assert!(pushed.iter().all(|text| !text.contains("\"before\"")), "{pushed:?}");
    let recalls = |seq| {
        let name = recall_of(seq);
        pushed.iter().filter(|text| text.contains("Withdraw") && text.contains(&name)).count()
    };
    assert_eq!(recalls(said[0].seq), 0, "it was recalled before the login");
    assert!(recalls(said[1].seq) <= 1 && recalls(said[2].seq) <= 1, "{pushed:?}");
}

/// What one says to another and takes back.
async fn take_back(alice: &User, slip: &Sent) {
    let slip = json!({"From_Account": "alice", "To_Account": "bob", "MsgSeq": slip.seq,
        "MsgRandom": slip.random, "MsgTimeStamp": slip.time});
    alice.call("openim.msgwithdraw", json!({"MsgInfo": slip})).await.ok();
}

fn is_recall_of(slip: &Sent, event: &Value) -> bool {
    let info = &event["C2cNotifyMsgArray"][0]["WithdrawC2cMsgNotify"]["C2cWithdrawInfoArray"][0];
    info["MsgSeq"] == slip.seq && info["MsgRand"] == slip.random
}

/// The SDKs take one off what is unread for each recall that they are told of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recall_between_two_that_is_lost_is_told_once() {
    let deaf = Deaf::start().await;
    let [alice, hers, bob] = deaf.party().await;
    let there = [&hers, &bob];
    let recalled = async |slip: &Sent| {
        for user in there {
            let told = user.expect_event("a recall", |event| is_recall_of(slip, &event.value));
            soon("a recall", told).await;
        }
    };
    let mut slips = Vec::new();
    for text in ["first", "second", "third"] {
        slips.push(alice.send_to("bob", text).await);
        for user in there {
            user.expect_message_from("alice", text).await;
        }
    }
    take_back(&alice, &slips[0]).await;
    recalled(&slips[0]).await;
    deaf.unheard(take_back(&alice, &slips[1])).await;
    recalled(&slips[1]).await;
    // One that was never heard, and taken back meanwhile, is there for the devices that are told of both.
    let gone = async {
        let slip = alice.send_to("bob", "gone").await;
        take_back(&alice, &slip).await;
        slip
    };
    slips.push(deaf.unheard(gone).await);
    recalled(&slips[3]).await;
    take_back(&alice, &slips[2]).await;
    recalled(&slips[2]).await;
    deaf.lose_more(&alice, &there).await;
    for user in there {
        for slip in &slips {
            assert_eq!(count(user, |event| is_recall_of(slip, event)), 1, "{}", user.name);
        }
        let events = user.socket.events();
        let is_gone = |event: &Value| event["C2cMsgArray"][0]["MsgRandom"] == slips[3].random;
        let said = events.iter().position(|event| is_gone(&event.value)).unwrap();
        let taken_back = events.iter().position(|event| is_recall_of(&slips[3], &event.value)).unwrap();
        assert!(said < taken_back, "{events:#?}");
    }
    // The device that took them back is not told.
    assert_eq!(count(&alice, |event| slips.iter().any(|slip| is_recall_of(slip, event))), 0);
}

async fn read(user: &User, peer: &str, said: &Sent) {
    let item = json!({"To_Account": peer, "LastedMsgTime": said.time});
    user.call("openim.msgreaded", json!({"C2CMsgReaded": {"C2CMsgReadedItem": [item]}})).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_that_is_lost_is_told() {
    let deaf = Deaf::start().await;
    let [alice, hers, bob] = deaf.party().await;
    let said = bob.send_to("alice", "read me").await;
    alice.expect_message_from("bob", "read me").await;
    deaf.unheard(read(&alice, "bob", &said)).await;
    let is_receipt = |event: &Value| {
        let read = &event["C2cNotifyMsgArray"][0]["C2cReadedReceipt"]["UinPairReadArray"][0];
        read["From_Account"] == "alice" && read["LastReadTime"] == said.time
    };
    soon("a receipt", bob.expect_event("a receipt", |event| is_receipt(&event.value))).await;
    deaf.lose_more(&alice, &[&hers, &bob]).await;
    assert_eq!(count(&bob, is_receipt), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_elsewhere_and_is_lost_is_told() {
    let deaf = Deaf::start().await;
    let [alice, hers, bob] = deaf.party().await;
    let said = bob.send_to("alice", "read me").await;
    alice.expect_message_from("bob", "read me").await;
    deaf.unheard(read(&alice, "bob", &said)).await;
    let is_read = |event: &Value| {
        let read = &event["C2cNotifyMsgArray"][0]["ReadC2cMsgNotify"]["UinPairReadArray"][0];
        read["From_Account"] == "bob" && read["LastReadTime"] == said.time
    };
    soon("what she read", hers.expect_event("what she read", |event| is_read(&event.value))).await;
    deaf.lose_more(&alice, &[&hers, &bob]).await;
    assert_eq!(count(&hers, is_read), 1, "{:#?}", hers.socket.events());
    assert_eq!(count(&alice, is_read), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_was_read_elsewhere_is_told_after_a_loss() {
    let deaf = Deaf::start().await;
    let [alice, hers, bob] = deaf.party().await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let said = bob.send_text(&group, "read me").await;
    for user in [&alice, &hers] {
        user.expect_message(&group, "read me").await;
    }
    let read = json!({"GroupId": group.id, "MsgReadedSeq": said.seq});
    deaf.unheard(alice.call("group_open_http_svc.msg_read_report", read)).await.ok();
    soon("what she read", hers.expect_notice_of_reading(&group.id, said.seq)).await;
    deaf.lose_more(&alice, &[&hers, &bob]).await;
    let is_read = |event: &Value| event["GroupTips"][0]["MsgBody"]["GroupReadInfoArray"].is_array();
    assert_eq!(count(&hers, is_read), 1);
    assert_eq!(count(&alice, is_read), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kick_that_is_lost_is_noticed() {
    let deaf = Deaf::start().await;
    let bob = deaf.fleet.user(1, "bob", 1).await;
    deaf.unheard(deaf.fleet.instances[0].admin().kick("bob")).await;
    assert_eq!(soon("a kick by an administrator", bob.expect_kick()).await, 3);
    bob.call(HELLO, json!({"is_web_uniapp": 0})).await.refused(ErrorCode::KICKED);

    let carol = deaf.fleet.user(1, "carol", 2).await;
    let elsewhere = deaf.unheard(deaf.fleet.user(0, "carol", 3)).await;
    assert_eq!(soon("a kick by a login elsewhere", carol.expect_kick()).await, 1);
    elsewhere.call(HELLO, json!({"is_web_uniapp": 0})).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_membership_that_is_lost_is_noticed() {
    let deaf = Deaf::start().await;
    let (alice, bob) = (deaf.fleet.user(0, "alice", 1).await, deaf.fleet.user(1, "bob", 2).await);
    let body = json!({
        "Type": "Private", "Name": "work", "GroupId": "work", "Owner_Account": "alice",
        "MemberList": [{"Member_Account": "bob"}],
    });
    let admin = deaf.fleet.instances[0].admin();
    deaf.unheard(admin.call("group_open_http_svc.create_group", body)).await.ok();
    let group = Group { id: "work".to_owned() };
    let talk = async {
        for number in 0.. {
            let text = format!("are you there? {number}");
            alice.send_text(&group, &text).await;
            let heard = timeout(Duration::from_millis(500), bob.expect_message(&group, &text)).await;
            if heard.is_ok() {
                break;
            }
        }
    };
    soon("what is said where they are now", talk).await;

    let body = json!({"GroupId": group.id, "MemberToDel_Account": ["bob"], "Reason": "", "Silence": 0});
    deaf.unheard(admin.call("group_open_http_svc.delete_group_member", body)).await.ok();
    // The group's own events are not the user's: what is said until they are seen to be out may still reach them.
    let begun = Instant::now();
    let out = async {
        for number in 0.. {
            let text = format!("they are gone {number}");
            alice.send_text(&group, &text).await;
            let heard = timeout(Duration::from_millis(500), bob.expect_message(&group, &text)).await;
            if heard.is_err() {
                break;
            }
        }
    };
    soon("what is said where they are no more", out).await;
    let took = begun.elapsed().as_secs_f64();
    say(&format!("a user whose removal was lost on the way hears nothing more after {took:.2} s"));
    // And stays out.
    let before = bob.messages(&group).len();
    alice.send_text(&group, "among ourselves").await;
    alice.send_to("bob", "marker").await;
    bob.expect_message_from("alice", "marker").await;
    assert_eq!(bob.messages(&group).len(), before);
}

/// An instance that stands still for long counts as dead; when it wakes up it takes nothing back that happened meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_wakes_up_finds_its_place() {
    const ASLEEP: Duration = Duration::from_secs(16);
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let (alice, bob) = (fleet.user(0, "alice", 1).await, fleet.user(0, "bob", 2).await);
    let carol = fleet.user(1, "carol", 3).await;
    let group = carol.create_group("lobby").await;
    for user in [&alice, &bob] {
        user.join(&group).await;
    }
    fleet.instances[0].process().signal(Signal::STOP);
    // One goes on at the other instance with the same session, one on another device.
    let alice_there = alice.reconnect(fleet.instances[1].address, Dialect::Binary).await;
    alice_there.login().await;
    let bob_there = fleet.user(1, "bob", 4).await;
    carol.send_text(&group, "while it sleeps").await;
    for user in [&alice_there, &bob_there] {
        user.expect_message(&group, "while it sleeps").await;
    }
    tokio::time::sleep(ASLEEP).await;
    carol.send_text(&group, "still asleep").await;
    fleet.instances[0].process().signal(Signal::CONT);
    fleet.instances[0].ready().await;
    assert_eq!(bob.expect_kick().await, 1);
    // The old connection of the same device ends now, which says nothing of the new one.
    drop(alice);
    carol.send_text(&group, "awake").await;
    for user in [&alice_there, &bob_there] {
        user.expect_message(&group, "still asleep").await;
        user.expect_message(&group, "awake").await;
    }
    let body = json!({"To_Account": ["alice", "bob", "carol"]});
    for instance in &fleet.instances {
        let states = instance.admin().call("openim.query_online_status", body.clone()).await.ok();
        let online =
            states["QueryResult"].as_array().unwrap().iter().filter(|user| user["Status"] == "Online");
        assert_eq!(online.count(), 3, "{}: {states}", instance.name);
    }
}

/// A server that has no memory left refuses what writes; that is a fault for now, and ends by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_refuses_for_now() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let (alice, bob) = (fleet.user(0, "alice", 1).await, fleet.user(1, "bob", 2).await);
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "one").await;
    bob.expect_message(&group, "one").await;

    let () = redis.command(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let (two, three) = (alice.group_text(&group, "two"), bob.c2c_text("alice", "three"));
    let (refused, also) =
        join(alice.send_to_group(two.clone()), bob.call("openim.sendmsg", three.clone())).await;
    refused.refused(ErrorCode::GROUP_INTERNAL);
    also.refused(ErrorCode::C2C_INTERNAL);
    // What only reads goes on.
    assert_eq!(bob.history_texts(&group).await.len(), 1);
    for instance in &fleet.instances {
        let reply = instance.readiness().await;
        assert_eq!(reply.status, 503, "{}", reply.text());
    }
    let () = redis.command(&["CONFIG", "SET", "maxmemory", "0"]).await;
    for instance in &fleet.instances {
        instance.ready().await;
    }
    alice.send_to_group(two).await.ok();
    bob.call("openim.sendmsg", three).await.ok();
    bob.expect_message(&group, "two").await;
    alice.expect_message_from("bob", "three").await;
    assert_eq!(bob.history_texts(&group).await.len(), 2);
}

/// The SDKs do not wait for an answer before they send the next message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_in_one_breath_stands_in_order() {
    const MESSAGES: usize = 400;
    let redis = RedisServer::start(Persistence::Nothing).await;
    let fleet = Fleet::over(redis.url()).await;
    let (alice, bob) = (fleet.user(0, "alice", 1).await, fleet.user(1, "bob", 2).await);
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    let mut begun = Vec::new();
    for number in 0..MESSAGES {
        if number % 100 == 50 {
            // The script has to be loaded while messages are under way.
            let () = redis.command(&["SCRIPT", "FLUSH"]).await;
        }
        let text = format!("text {number}");
        let body = alice.group_text(&group, &text);
        begun.push((alice.begin("group_open_http_svc.send_group_msg", body).await, text));
        begun.push((
            alice.begin("openim.sendmsg", alice.c2c_text("bob", &format!("c2c {number}"))).await,
            String::new(),
        ));
    }
    let mut said = Vec::new();
    for (request, text) in &begun {
        let answer = alice.answer(request).await.ok();
        if let Some(seq) = answer["MsgSeq"].as_u64() {
            said.push((seq, text.clone()));
        }
    }
    assert!(said.is_sorted(), "{said:?}");
    bob.expect_message(&group, &format!("text {}", MESSAGES - 1)).await;
    assert_eq!(bob.messages(&group), said);
    assert_eq!(bob.history_texts(&group).await, said);
    bob.expect_message_from("alice", &format!("c2c {}", MESSAGES - 1)).await;
    let newest: Vec<String> = (MESSAGES - 100..MESSAGES).map(|number| format!("c2c {number}")).collect();
    assert_eq!(bob.history_with("alice").await, newest);
}

/// A master that was promoted lacks the last entries of its predecessor, and has entries of its own before an instance
/// hears of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_new_master_stores_is_heard_by_who_comes_late() {
    let redis = RedisServer::start(Persistence::Nothing).await;
    let proxy = Proxy::start(redis.address(), 1).await;
    let urls = [redis.url(), proxy.url()];
    let fleet = Fleet::start(urls.map(InstanceSettings::with_redis).into()).await;
    let (alice, bob) = (fleet.user(0, "alice", 1).await, fleet.user(1, "bob", 2).await);
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_text(&group, "kept").await;
    bob.expect_message(&group, "kept").await;

    let keys: Vec<Vec<u8>> = redis.command(&["KEYS", "timgate:{1400000001/globby}*"]).await;
    let mut connection = redis.connect().await.unwrap();
    let mut dumps = Vec::new();
    for key in &keys {
        let dump: Vec<u8> = redis::cmd("DUMP").arg(key).query_async(&mut connection).await.unwrap();
        dumps.push(dump);
    }
    for number in 0..3 {
        let text = format!("forgotten {number}");
        alice.send_text(&group, &text).await;
        bob.expect_message(&group, &text).await;
    }
    proxy.stall(true);
    for (key, dump) in keys.iter().zip(&dumps) {
        let mut restore = redis::cmd("RESTORE");
        restore.arg(key).arg(0).arg(dump).arg("REPLACE");
        let () = restore.query_async(&mut connection).await.unwrap();
    }
    redis.kill_clients(Some("pubsub")).await;
    let new = alice.send_text(&group, "new").await;
    assert_eq!(new.seq, 2);
    proxy.sever();
    proxy.stall(false);
    soon("the message of the new master", bob.expect_message(&group, "new")).await;
}
