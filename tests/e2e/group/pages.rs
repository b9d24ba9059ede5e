//! Lists that are read page by page: the members of a group, the groups of a user.

use std::time::Duration;

use gateway::bus::LocalBus;
use gateway::storage::embedded::Embedded;
use gateway::storage::{Batch, Engine, Key, Partition, Scan, Table};
use protocol::id::{GroupId, Millis};
use serde_json::{Value, json};
use tests::{Device, Dialect, Group, TestGateway, User};

use super::stage::{Stage, as_it_is, on_both};

const MEMBERS: &str = "group_open_http_svc.get_group_member_info";

fn names(list: &Value) -> Vec<String> {
    let name = |member: &Value| member["Member_Account"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(name).collect()
}

async fn page(
    user: &User,
    roles: Option<&[&str]>,
    offset: usize,
    limit: Option<usize>,
) -> (u64, Vec<String>) {
    let mut body = json!({"GroupId": "lobby", "Offset": offset, "MemberInfoFilter": ["Role", "JoinTime"]});
    if let Some(limit) = limit {
        body["Limit"] = limit.into();
    }
    if let Some(roles) = roles {
        body["MemberRoleFilter"] = json!(roles);
    }
    let page = user.call(MEMBERS, body).await.ok();
    (page["MemberNum"].as_u64().unwrap(), names(&page["MemberList"]))
}

/// Every page of some sizes is a part of what is expected, with and without roles.
async fn expect_pages(user: &User, owner: &str, admins: &[&str], order: &[&str]) {
    let of = |roles: &[&str]| -> Vec<String> {
        let role = |name: &str| match name {
            name if name == owner => "Owner",
            name if admins.contains(&name) => "Admin",
            _ => "Member",
        };
        let of_roles = order.iter().filter(|name| roles.contains(&role(name)));
        of_roles.map(|name| (*name).to_owned()).collect()
    };
    let all = ["Owner", "Admin", "Member"];
    let cases: [(Option<&[&str]>, &[&str]); 6] = [
        (None, &all),
        (Some(&all), &all),
        (Some(&["Owner"]), &["Owner"]),
        (Some(&["Admin"]), &["Admin"]),
        (Some(&["Owner", "Admin"]), &["Owner", "Admin"]),
        (Some(&["Member"]), &["Member"]),
    ];
    for (asked, roles) in cases {
        let expected = of(roles);
        assert_eq!(page(user, asked, 0, None).await, (order.len() as u64, expected.clone()), "{asked:?}");
        for limit in [1, 3, 100] {
            for offset in 0..=expected.len() + 1 {
                let (count, got) = page(user, asked, offset, Some(limit)).await;
                let part: Vec<_> = expected.iter().skip(offset).take(limit).cloned().collect();
                assert_eq!(
                    (count, got),
                    (order.len() as u64, part),
                    "{asked:?} from {offset}, {limit} of them"
                );
            }
        }
    }
}

/// A group in which some have come, one after the other.
async fn lobby(gateway: &TestGateway, names: &[&str]) -> (User, Group) {
    let owner = gateway.user(names[0]).await;
    let group = owner.create_group("lobby").await;
    for name in &names[1..] {
        gateway.clock.advance(Duration::from_millis(1500));
        gateway.user(name).await.join(&group).await;
    }
    (owner, group)
}

#[tokio::test]
async fn members_come_in_the_order_they_joined() {
    let gateway = TestGateway::start().await;
    // By their names they would stand the other way round.
    let (zoe, group) = lobby(&gateway, &["zoe", "yan", "xin", "wei", "uma", "tim", "sue"]).await;
    expect_pages(&zoe, "zoe", &[], &["zoe", "yan", "xin", "wei", "uma", "tim", "sue"]).await;

    zoe.set_role(&group, "tim", "Admin").await.ok();
    zoe.set_role(&group, "yan", "Admin").await.ok();
    expect_pages(&zoe, "zoe", &["yan", "tim"], &["zoe", "yan", "xin", "wei", "uma", "tim", "sue"]).await;

    // Who comes back is the last.
    zoe.kick(&group, &["xin", "tim"]).await.ok();
    gateway.clock.advance(Duration::from_secs(1));
    let xin = gateway.user("xin").await;
    xin.join(&group).await;
    expect_pages(&zoe, "zoe", &["yan"], &["zoe", "yan", "wei", "uma", "sue", "xin"]).await;

    // Who owns the group is the first, and who owned it stands where they came.
    let body = json!({"GroupId": "lobby", "NewOwner_Account": "uma"});
    zoe.call("group_open_http_svc.change_group_owner", body).await.ok();
    expect_pages(&zoe, "uma", &["yan"], &["uma", "zoe", "yan", "wei", "sue", "xin"]).await;
    let uma = gateway.user("uma").await;
    uma.set_role(&group, "yan", "Member").await.ok();
    expect_pages(&zoe, "uma", &[], &["uma", "zoe", "yan", "wei", "sue", "xin"]).await;

    // A later group of the same name begins with its own.
    uma.dismiss(&group).await;
    let again = zoe.create_group("lobby").await;
    gateway.clock.advance(Duration::from_secs(1));
    xin.join(&again).await;
    expect_pages(&zoe, "zoe", &[], &["zoe", "xin"]).await;
}

#[tokio::test]
async fn members_who_began_with_the_group_are_in_its_pages() {
    let gateway = TestGateway::start().await;
    let members: Vec<_> = (0..250).map(|n| json!({"Member_Account": format!("m{n:03}")})).collect();
    let body = json!({"Type": "Meeting", "Name": "n", "GroupId": "lobby", "Owner_Account": "zoe",
        "MemberList": members});
    gateway.admin().call("group_open_http_svc.create_group", body).await.ok();
    let zoe = gateway.user("zoe").await;
    let mut expected = vec!["zoe".to_owned()];
    expected.extend((0..250).map(|n| format!("m{n:03}")));
    for offset in [0, 100, 130, 200, 250, 251, 1000] {
        let (count, got) = page(&zoe, None, offset, Some(100)).await;
        let part: Vec<_> = expected.iter().skip(offset).take(100).cloned().collect();
        assert_eq!((count, got), (251, part), "from {offset}");
    }
}

/// What an instance that knows no order of members leaves behind.
async fn as_an_older_version(gateway: &mut TestGateway, change: impl AsyncFnOnce(&Embedded, &Partition)) {
    gateway.stop().await.unwrap();
    let (bus, _) = LocalBus::new();
    let engine = Embedded::open(&gateway.config().data_dir.join("store"), bus).unwrap();
    change(&engine, &Partition::group(tests::APP, &GroupId::parse("lobby").unwrap())).await;
    engine.close().await.unwrap();
    drop(engine);
    gateway.begin().await;
}

async fn keys(engine: &Embedded, partition: &Partition, table: Table) -> Vec<Key> {
    let prefix = Default::default();
    let scan = Scan { table, prefix, after: None, skip: 0, limit: 1000, reverse: false };
    let rows = engine.scan(partition, scan).await.unwrap();
    rows.into_iter().map(|(suffix, _)| Key::new(table, suffix)).collect()
}

fn ends_with(key: &Key, name: &str) -> bool {
    key.suffix.ends_with(name.as_bytes())
}

#[tokio::test]
async fn groups_of_a_store_that_kept_no_order_have_pages() {
    let mut gateway = TestGateway::start().await;
    let (zoe, group) = lobby(&gateway, &["zoe", "yan", "xin", "wei"]).await;
    zoe.set_role(&group, "xin", "Admin").await.ok();
    drop(zoe);
    let forget_order = async |engine: &Embedded, group: &Partition| {
        let mut batch = Batch::new(group.clone(), Millis(1));
        for key in keys(engine, group, Table::Order).await {
            batch = batch.delete(key);
        }
        let counts = keys(engine, group, Table::Counter).await;
        let ordered = counts.into_iter().find(|key| ends_with(key, "ordered")).unwrap();
        engine.commit(batch.delete(ordered)).await.unwrap();
    };
    as_an_older_version(&mut gateway, forget_order).await;

    // Changes before anybody has asked for a page.
    let zoe = gateway.user("zoe").await;
    zoe.set_role(&group, "yan", "Admin").await.ok();
    zoe.kick(&group, &["wei"]).await.ok();
    let uma = gateway.user("uma").await;
    uma.join(&group).await;
    expect_pages(&zoe, "zoe", &["yan", "xin"], &["zoe", "yan", "xin", "uma"]).await;
    zoe.kick(&group, &["yan"]).await.ok();
    expect_pages(&zoe, "zoe", &["xin"], &["zoe", "xin", "uma"]).await;
}

#[tokio::test]
async fn what_an_older_version_did_to_a_group_is_mended() {
    let mut gateway = TestGateway::start().await;
    let (zoe, group) = lobby(&gateway, &["zoe", "yan", "xin", "wei"]).await;
    drop(zoe);
    // One went and one came, so that their number is the same.
    let swap = async |engine: &Embedded, group: &Partition| {
        let members = keys(engine, group, Table::Member).await;
        let gone = members.into_iter().find(|key| ends_with(key, "yan")).unwrap();
        let value = engine.get(group, std::slice::from_ref(&gone)).await.unwrap().remove(0).unwrap();
        let mut came: Value = serde_json::from_slice(&value.bytes).unwrap();
        came["joined_at"] = 4_000_000_000_000_u64.into();
        let epoch = &gone.suffix[..gone.suffix.len() - 3];
        let key = Key::new(Table::Member, [epoch, &b"uma"[..]].concat());
        let batch = Batch::new(group.clone(), Millis(1)).delete(gone).put(key, came.to_string().into_bytes());
        engine.commit(batch).await.unwrap();
    };
    as_an_older_version(&mut gateway, swap).await;
    let zoe = gateway.user("zoe").await;
    expect_pages(&zoe, "zoe", &[], &["zoe", "xin", "wei", "uma"]).await;

    // One came, and one was handed the group.
    let crown = async |engine: &Embedded, group: &Partition| {
        let members = keys(engine, group, Table::Member).await;
        let mut batch = Batch::new(group.clone(), Millis(1));
        for (name, role) in [("zoe", "Member"), ("wei", "Owner")] {
            let key = members.iter().find(|key| ends_with(key, name)).unwrap().clone();
            let value = engine.get(group, std::slice::from_ref(&key)).await.unwrap().remove(0).unwrap();
            let mut member: Value = serde_json::from_slice(&value.bytes).unwrap();
            member["role"] = role.into();
            batch = batch.put(key, member.to_string().into_bytes());
        }
        engine.commit(batch).await.unwrap();
    };
    drop(zoe);
    as_an_older_version(&mut gateway, crown).await;
    let xin = gateway.user("xin").await;
    expect_pages(&xin, "wei", &[], &["wei", "zoe", "xin", "uma"]).await;
    let _ = group;
}

#[tokio::test]
async fn the_groups_of_a_user_come_in_pages() {
    let gateway = TestGateway::start().await;
    let alice = gateway.user("alice").await;
    let mut groups = Vec::new();
    for n in 0..7 {
        groups.push(alice.create_group(&format!("g{n}")).await);
    }
    alice.create_group_of("Private", "office").await;
    let page = async |more: Value| {
        let mut body = json!({"Member_Account": "alice"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let page = alice.call("group_open_http_svc.get_joined_group_list", body).await.ok();
        let ids = page["GroupIdList"].as_array().unwrap().iter();
        let ids: Vec<String> = ids.map(|group| group["GroupId"].as_str().unwrap().to_owned()).collect();
        (page["TotalCount"].as_u64().unwrap(), ids)
    };
    let expected = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(page(json!({"Limit": 3, "Offset": 0})).await, (8, expected(&["g0", "g1", "g2"])));
    assert_eq!(page(json!({"Limit": 3, "Offset": 6})).await, (8, expected(&["g6", "office"])));
    assert_eq!(page(json!({"Limit": 3, "Offset": 8})).await, (8, expected(&[])));
    let meetings = json!({"Limit": 3, "Offset": 5, "GroupType": "Meeting"});
    assert_eq!(page(meetings).await, (7, expected(&["g5", "g6"])));
    alice.dismiss(&groups[4]).await;
    let all = expected(&["g0", "g1", "g2", "g3", "g5", "g6", "office"]);
    assert_eq!(page(json!({"Limit": 200, "Offset": 0})).await, (7, all.clone()));
    assert_eq!(page(json!({})).await, (7, all));
}

on_both!(a_large_group_is_counted_seldom_by_those_who_are_there, as_it_is, |stage| {
    let members: Vec<_> = (0..250).map(|n| json!({"Member_Account": format!("m{n:03}")})).collect();
    let body = json!({"Type": "Meeting", "Name": "n", "GroupId": "lobby", "Owner_Account": "zoe",
        "MemberList": members});
    stage.one.admin().call("group_open_http_svc.create_group", body).await.ok();
    let zoe = stage.one.user("zoe").await;
    let m1 = stage.there().user("m001").await;
    let count = async |by: &User| {
        let body = json!({"GroupId": "lobby"});
        let counted = by.call("group_open_http_svc.get_online_member_num", body).await.ok();
        counted["OnlineMemberNum"].as_u64().unwrap()
    };
    let pass = |seconds| {
        stage.one.clock.advance(Duration::from_secs(seconds));
        if let Some(two) = &stage.two {
            two.clock.advance(Duration::from_secs(seconds));
        }
    };
    assert_eq!(count(&zoe).await, 2);
    let m2 = stage.there().user("m002").await;
    let _phone = stage.one.user_on("m001", Device::android("phone".to_owned()), Dialect::Binary).await;
    assert_eq!(count(&zoe).await, 2, "counted a moment ago");
    // What the other instance says is from when it was asked last. Who is connected to two of them is counted by each.
    let expected = if stage.two.is_some() { 4 } else { 3 };
    for round in 0.. {
        pass(10);
        let counted = count(&zoe).await;
        if counted == expected {
            break;
        }
        assert!((2..=expected).contains(&counted) && round < 10, "{counted} are counted, not {expected}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(count(&m2).await, expected);
    // One who asks when nobody has for long has all members looked at.
    pass(100);
    assert_eq!(count(&zoe).await, 3);
    drop((m1, m2));
});
