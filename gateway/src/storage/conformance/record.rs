//! Records and counters: what is read is what was written, there and nowhere else.

use std::collections::HashSet;

use protocol::id::UserId;

use super::*;
use crate::storage::{Expected, Version};

pub(crate) async fn in_the_order_asked_for(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    engine.commit(batch(1).put(key("a"), "1").put(key("b"), "")).await.unwrap();
    let asked = [key("b"), key("none"), key("a"), key("b")];
    assert_eq!(
        bytes_at(&*engine, &asked).await,
        [Some("".into()), None, Some("1".into()), Some("".into())],
        "an empty record is not the same as none"
    );
    assert!(engine.get(&room(), &[]).await.unwrap().is_empty());
}

pub(crate) async fn versions_are_never_the_same(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let mut versions: HashSet<Version> = HashSet::new();
    for round in 0..20 {
        engine.commit(batch(1).put(key("a"), "same")).await.unwrap();
        let value = engine.get(&room(), &[key("a")]).await.unwrap().remove(0).unwrap();
        let again = engine.get(&room(), &[key("a")]).await.unwrap().remove(0).unwrap();
        assert_eq!(value.version, again.version, "reading changes no version");
        assert!(versions.insert(value.version), "round {round}");
        if round % 3 == 0 {
            engine.commit(batch(1).delete(key("a"))).await.unwrap();
        }
    }
}

pub(crate) async fn checks(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    engine.commit(batch(1).put(key("there"), "")).await.unwrap();
    let version = engine.get(&room(), &[key("there")]).await.unwrap().remove(0).unwrap().version;
    let holding = batch(2)
        .check(key("there"), Expected::Present)
        .check(key("gone"), Expected::Absent)
        .check(key("there"), Expected::Version(version));
    assert!(engine.commit(holding.clone()).await.is_ok());
    let failing = [
        (key("there"), Expected::Absent),
        (key("gone"), Expected::Present),
        (key("gone"), Expected::Version(version)),
        (key("there"), Expected::Version(Version(version.0.wrapping_add(1)))),
    ];
    for (key, expected) in failing {
        let two = holding.clone().check(key.clone(), expected).check(key, expected);
        let outcome = engine.commit(two).await;
        assert!(matches!(outcome, Err(CommitError::Conflict(3))), "{expected:?}: {outcome:?}");
    }
}

pub(crate) async fn counters(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let count = |name: &'static str| Key::new(Table::Counter, name);
    let add = |name, delta, at_most| batch(1).add(count(name), delta, at_most);
    assert_eq!(engine.counters(&room(), &[count("a"), count("b")]).await.unwrap(), [0, 0]);
    assert_eq!(
        engine.commit(add("a", 5, Some(5)).add(count("b"), -7, None)).await.unwrap().counters,
        [5, -7]
    );
    assert_eq!(engine.commit(add("a", -2, Some(3)).add(count("a"), 1, None)).await.unwrap().counters, [3, 4]);
    assert_eq!(engine.counters(&room(), &[count("b"), count("a")]).await.unwrap(), [-7, 4]);

    let refused =
        engine.commit(add("a", 1, None).add(count("b"), 8, Some(0)).add(count("b"), 1, Some(0))).await;
    assert!(matches!(refused, Err(CommitError::Bound(1))), "{refused:?}");
    // Lowering is bounded like raising: what is refused is the sum.
    let refused = engine.commit(add("a", -1, Some(2))).await;
    assert!(matches!(refused, Err(CommitError::Bound(0))), "{refused:?}");
    engine.commit(add("a", i64::MAX - 4, None)).await.unwrap();
    let refused = engine.commit(add("a", 1, None)).await;
    assert!(matches!(refused, Err(CommitError::Bound(0))), "a sum that is no number: {refused:?}");

    // Checks know a count by whether it was ever touched, and by its version.
    let touched = |name, expected| batch(1).check(count(name), expected);
    assert!(engine.commit(touched("a", Expected::Present)).await.is_ok());
    assert!(engine.commit(touched("new", Expected::Absent).add(count("new"), 0, None)).await.is_ok());
    let conflict = engine.commit(touched("new", Expected::Absent)).await;
    assert!(matches!(conflict, Err(CommitError::Conflict(0))), "{conflict:?}");
    let version = engine.get(&room(), &[count("new")]).await.unwrap().remove(0).unwrap().version;
    assert!(
        engine.commit(touched("new", Expected::Version(version)).add(count("new"), 1, None)).await.is_ok()
    );
    let conflict = engine.commit(touched("new", Expected::Version(version))).await;
    assert!(matches!(conflict, Err(CommitError::Conflict(0))), "{conflict:?}");
}

pub(crate) async fn scanned_in_order(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let mut all = batch(1);
    for suffix in ["b", "", "ab", "a", "aa", "c"] {
        all = all.put(key(suffix), suffix);
    }
    engine.commit(all).await.unwrap();
    let forwards = suffixes(&*engine, &room(), all_of(Table::Member)).await;
    assert_eq!(forwards, ["", "a", "aa", "ab", "b", "c"]);
    let backwards = Scan { reverse: true, ..all_of(Table::Member) };
    assert_eq!(suffixes(&*engine, &room(), backwards).await, ["c", "b", "ab", "aa", "a", ""]);
    for (skip, limit, reverse, expected) in [
        (2, 2, false, &["aa", "ab"][..]),
        (4, 9, false, &["b", "c"]),
        (6, 9, false, &[]),
        (1, 2, true, &["b", "ab"]),
        (7, 1, true, &[]),
    ] {
        let scan = Scan { skip, limit, reverse, ..all_of(Table::Member) };
        assert_eq!(suffixes(&*engine, &room(), scan.clone()).await, *expected, "{scan:?}");
    }
    let behind = Scan { prefix: "a".into(), after: Some("a".into()), skip: 1, ..all_of(Table::Member) };
    assert_eq!(suffixes(&*engine, &room(), behind).await, ["ab"]);
    for (suffix, value) in engine.scan(&room(), all_of(Table::Member)).await.unwrap() {
        assert_eq!(suffix, value.bytes);
        assert_eq!(engine.get(&room(), &[Key::new(Table::Member, suffix)]).await.unwrap(), [Some(value)]);
    }
}

pub(crate) async fn scanned_in_pages(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let mut all = batch(1);
    for number in 0..100u8 {
        all = all.put(Key::new(Table::Member, vec![7, number]), "");
    }
    engine.commit(all.put(Key::new(Table::Member, "\x08"), "")).await.unwrap();
    for reverse in [false, true] {
        let mut page = Scan { prefix: "\x07".into(), limit: 7, reverse, ..all_of(Table::Member) };
        let mut seen: Vec<u8> = Vec::new();
        loop {
            let found = suffixes(&*engine, &room(), page.clone()).await;
            assert!(found.len() <= 7);
            let Some(last) = found.last() else { break };
            page.after = Some(last.clone());
            seen.extend(found.iter().map(|suffix| suffix[1]));
        }
        if reverse {
            seen.reverse();
        }
        assert_eq!(seen, (0..100).collect::<Vec<_>>(), "reverse: {reverse}");
    }
    let none = Scan { limit: 0, ..all_of(Table::Member) };
    assert!(suffixes(&*engine, &room(), none).await.is_empty());
}

/// The cursor may lie outside of the prefix; it moves the scan, not the prefix.
pub(crate) async fn scan_stays_in_its_prefix(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let mut all = batch(1);
    for suffix in ["a", "b", "b1", "b2", "c"] {
        all = all.put(key(suffix), "");
    }
    engine.commit(all).await.unwrap();
    let cases: [(Option<&'static str>, &[&str], &[&str]); 6] = [
        (None, &["b", "b1", "b2"], &["b2", "b1", "b"]),
        (Some("a"), &["b", "b1", "b2"], &[]),
        (Some("b"), &["b1", "b2"], &[]),
        (Some("b10"), &["b2"], &["b1", "b"]),
        (Some("b2"), &[], &["b1", "b"]),
        (Some("c"), &[], &["b2", "b1", "b"]),
    ];
    for (after, forwards, backwards) in cases {
        for (reverse, expected) in [(false, forwards), (true, backwards)] {
            let after = after.map(Bytes::from);
            let scan = Scan { prefix: "b".into(), after, reverse, ..all_of(Table::Member) };
            assert_eq!(suffixes(&*engine, &room(), scan.clone()).await, *expected, "{scan:?}");
        }
    }
}

pub(crate) async fn any_bytes_as_suffix(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let strange: Vec<Bytes> =
        [&b"\0"[..], b"\0\0", b"\0\xff", b"\x7f:*[]{}\r\n", b"\xff", b"\xff\0", b"\xff\xff"]
            .into_iter()
            .map(Bytes::from_static)
            .collect();
    let mut all = batch(1);
    for suffix in &strange {
        all = all.put(Key::new(Table::Member, suffix.clone()), suffix.clone());
    }
    engine.commit(all).await.unwrap();
    assert_eq!(suffixes(&*engine, &room(), all_of(Table::Member)).await, strange);
    let of_ff = Scan { prefix: Bytes::from_static(b"\xff"), ..all_of(Table::Member) };
    assert_eq!(suffixes(&*engine, &room(), of_ff).await, &strange[4..]);
    let of_zero = Scan { prefix: Bytes::from_static(b"\0"), reverse: true, ..all_of(Table::Member) };
    assert_eq!(suffixes(&*engine, &room(), of_zero).await, [&b"\0\xff"[..], b"\0\0", b"\0"]);
}

/// Tables, partitions and applications that lie beside each other, and names that begin alike.
pub(crate) async fn neighbours_are_apart(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let user = |name| UserId::parse(name).unwrap();
    let partitions = [
        group("a"),
        group("aa"),
        group("ab"),
        Partition::group(AppId(2), &GroupId::parse("a").unwrap()),
        Partition::user(AppId(1), &user("a")),
        Partition::user(AppId(1), &user("aa")),
        Partition::pair(AppId(1), &user("a"), &user("b")),
        Partition::pair(AppId(1), &user("a"), &user("bb")),
    ];
    let tables = [Table::Member, Table::Counter, Table::Group, Table::Message];
    for partition in &partitions {
        for table in tables {
            let bytes = format!("{table:?} of {partition:?}");
            let one = Batch::new(partition.clone(), seconds(1)).put(Key::new(table, "a"), bytes);
            engine.commit(one.append("a", format!("{partition:?}"))).await.unwrap();
        }
    }
    for partition in &partitions {
        for table in tables {
            let bytes = format!("{table:?} of {partition:?}");
            let found = engine.scan(partition, all_of(table)).await.unwrap();
            assert_eq!(found.len(), 1, "{bytes}: {found:?}");
            assert_eq!(found[0].1.bytes, bytes);
            let value = engine.get(partition, &[Key::new(table, "a")]).await.unwrap().remove(0);
            assert_eq!(value.unwrap().bytes, bytes);
        }
        let log = Log { partition: partition.clone(), name: "a".into() };
        let entries = engine.read(&log, ALL).await.unwrap();
        assert_eq!(entries.len(), tables.len());
        assert!(entries.iter().all(|entry| entry.bytes == format!("{partition:?}")));
    }
}
