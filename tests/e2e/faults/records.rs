//! One damaged record: what it costs whom.

use bytes::Bytes;
use gateway::bus::LocalBus;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Engine, Key, Partition, Scan, Table};
use protocol::id::{GroupId, UserId};
use protocol::usersig::SecretKey;
use serde_json::{Value, json};
use tests::{APP, Device, Dialect, Group, User};

use super::program::Program;

/// A closed store with a group of alice's, bob's and carol's, in which each has said something.
struct Scene {
    dir: tempfile::TempDir,
    key: SecretKey,
    group: Group,
}

impl Scene {
    async fn set() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut program = Program::start(dir.path(), |_| {}).await;
        program.ready(200).await;
        let alice = program.user("alice").await;
        let group = alice.create_group("lobby").await;
        for name in ["bob", "carol"] {
            let user = program.user(name).await;
            user.join(&group).await;
            user.send_text(&group, name).await;
        }
        alice.send_text(&group, "alice").await;
        let key = program.key();
        assert!(program.stop().await.success());
        Self { dir, key, group }
    }

    /// Damages the records of a table whose suffixes end so.
    async fn spoil(&self, partition: Partition, table: Table, end: &[u8]) {
        let store = Embedded::open(&self.dir.path().join("store"), LocalBus::new().0).unwrap();
        let scan = Scan { table, prefix: Bytes::new(), after: None, skip: 0, limit: 1000, reverse: false };
        let mut count = 0;
        for (suffix, _) in store.scan(&partition, scan).await.unwrap() {
            if suffix.ends_with(end) {
                store.spoil(&partition, &Key::new(table, suffix)).unwrap();
                count += 1;
            }
        }
        assert!(count > 0, "there is no such record");
        store.close().await.unwrap();
    }

    async fn start(&self) -> Program {
        let mut program = Program::start_with(self.dir.path(), self.key.clone(), |_| {}).await;
        program.ready(200).await;
        program
    }
}

fn of_group() -> Partition {
    Partition::group(APP, &GroupId::parse("lobby").unwrap())
}

fn of_bob() -> Partition {
    Partition::user(APP, &UserId::parse("bob").unwrap())
}

fn names(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

/// The members as a list has them, and as they are when they are named.
async fn members(user: &User) -> [Vec<String>; 2] {
    let page = json!({"GroupId": "lobby", "Limit": 100, "Offset": 0});
    let page = user.call("group_open_http_svc.get_group_member_info", page).await.ok();
    let named = json!({"GroupId": "lobby", "Member_List_Account": ["bob", "carol"]});
    let named = user.call("group_open_http_svc.get_specified_group_member_info", named).await.ok();
    [page, named].map(|answer| names(&answer["MemberList"], "Member_Account"))
}

/// Everybody but bob has all they had: they hear each other, and no list is closed to them.
async fn others_go_on(program: &Program, group: &Group) -> [User; 2] {
    let (alice, carol) = (program.user("alice").await, program.user("carol").await);
    let sent = alice.send_text(group, "on").await;
    carol.expect_message(group, "on").await;
    carol.send_text(group, "and on").await;
    for user in [&alice, &carol] {
        assert_eq!(user.joined().await, ["lobby"]);
        assert_eq!(user.history_texts(group).await.len() as u64, sent.seq + 1);
        user.conversations().await;
    }
    let profiles = json!({"UserItem": [{"To_Account": "bob"}, {"To_Account": "carol"}]});
    let profiles = carol.call("profile.portrait_get_all", profiles).await.ok();
    assert!(names(&profiles["UserProfileItem"], "To_Account").contains(&"carol".to_owned()));
    [alice, carol]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_membership_costs_the_group_nothing() {
    let scene = Scene::set().await;
    scene.spoil(of_group(), Table::Member, b"bob").await;
    let program = scene.start().await;
    let [alice, carol] = others_go_on(&program, &scene.group).await;
    assert_eq!(members(&carol).await, [vec!["alice", "carol"], vec!["carol"]]);
    let bob = program.user("bob").await;
    bob.conversations().await;
    // Whether he may speak is not known.
    let refused = bob.try_send_text(&scene.group, "bob").await;
    assert_eq!(refused.code(), 10002, "{}", refused.body);
    alice.dismiss(&scene.group).await;
    assert!(carol.joined().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_place_in_the_order_is_made_anew() {
    let scene = Scene::set().await;
    scene.spoil(of_group(), Table::Order, b"bob").await;
    let program = scene.start().await;
    let [alice, carol] = others_go_on(&program, &scene.group).await;
    let all = [vec!["alice", "bob", "carol"], vec!["bob", "carol"]];
    assert_eq!(members(&carol).await, all);
    assert_eq!(members(&carol).await, all);
    program.user("bob").await.send_text(&scene.group, "bob").await;
    alice.kick(&scene.group, &["bob"]).await.ok();
    assert_eq!(members(&carol).await, [vec!["alice", "carol"], vec!["carol"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_whose_place_in_the_order_is_damaged_can_go() {
    let scene = Scene::set().await;
    scene.spoil(of_group(), Table::Order, b"bob").await;
    let program = scene.start().await;
    program.user("alice").await.kick(&scene.group, &["bob"]).await.ok();
    let carol = program.user("carol").await;
    assert_eq!(members(&carol).await, [vec!["alice", "carol"], vec!["carol"]]);
    let bob = program.user("bob").await;
    bob.join(&scene.group).await;
    assert_eq!(members(&carol).await, [vec!["alice", "carol", "bob"], vec!["bob", "carol"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_list_of_devices_ends_nobodys_session_and_a_login_begins_it_anew() {
    let scene = Scene::set().await;
    let program = scene.start().await;
    let bob = program.user("bob").await;
    assert!(program.stop().await.success());
    scene.spoil(of_bob(), Table::Session, b"").await;

    let program = scene.start().await;
    others_go_on(&program, &scene.group).await;
    // Another platform is not kept from logging in.
    let device = Device::wechat("0123456789abcdef0123456789abcdef".to_owned());
    let elsewhere = program.stranger_on("bob", device).await;
    elsewhere.login().await;
    elsewhere.send_text(&scene.group, "from elsewhere").await;
    // Whoever was logged in goes on.
    let back = bob.reconnect(program.address, Dialect::Binary).await;
    back.login().await;
    back.send_text(&scene.group, "back").await;
    let anew = program.user("bob").await;
    anew.send_text(&scene.group, "anew").await;
    assert_eq!(anew.joined().await, ["lobby"]);
}

/// A kick voids what was issued before it, and an account that is made anew would not know of one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_account_is_not_made_anew() {
    let scene = Scene::set().await;
    scene.spoil(of_bob(), Table::Account, b"").await;
    for _ in 0..2 {
        let program = scene.start().await;
        let [_, carol] = others_go_on(&program, &scene.group).await;
        assert_eq!(members(&carol).await, [vec!["alice", "bob", "carol"], vec!["bob", "carol"]]);
        let refused = program.stranger("bob").await.try_login().await;
        assert_eq!(refused.code(), 70500, "{}", refused.body);
        assert!(program.stop().await.success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_row_of_the_groups_of_a_user_is_made_anew_when_they_come_back() {
    let scene = Scene::set().await;
    scene.spoil(of_bob(), Table::Joined, b"").await;
    let program = scene.start().await;
    let [alice, carol] = others_go_on(&program, &scene.group).await;
    let bob = program.user("bob").await;
    bob.send_text(&scene.group, "bob").await;
    alice.kick(&scene.group, &["bob"]).await.ok();
    assert_eq!(members(&carol).await, [vec!["alice", "carol"], vec!["carol"]]);
    bob.join(&scene.group).await;
    assert_eq!(bob.joined().await, ["lobby"]);
}

/// A message that may have been recalled is not shown, and the rest of the history is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_note_of_a_recall_hides_its_message_alone() {
    let scene = Scene::set().await;
    let program = scene.start().await;
    let bob = program.user("bob").await;
    let sent = bob.send_text(&scene.group, "not for you").await;
    bob.recall(&scene.group, sent.seq).await.ok();
    assert!(program.stop().await.success());
    scene.spoil(of_group(), Table::Annotation, &sent.seq.to_be_bytes()).await;
    let program = scene.start().await;
    let [_, carol] = others_go_on(&program, &scene.group).await;
    let texts = carol.history_texts(&scene.group).await;
    assert!(texts.iter().all(|(_, text)| !text.contains("not for you")), "{texts:?}");
    assert_eq!(texts.iter().filter(|(_, text)| text.contains("is damaged")).count(), 1, "{texts:?}");
}
