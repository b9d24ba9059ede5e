//! Dense: the numbers, the times and the windows of a log.

use super::*;
use crate::storage::Expected;

pub(crate) async fn dense(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let senders = (0..16).map(|sender| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let mut sent = Vec::new();
            for number in 0..25 {
                let bytes = format!("{sender} {number}");
                let committed = engine.commit(batch(1).append("log", bytes.clone())).await.unwrap();
                sent.push((committed.entry().seq, Bytes::from(bytes)));
            }
            sent
        })
    });
    let mut sent = Vec::new();
    for sender in senders.collect::<Vec<_>>() {
        let by_one = sender.await.unwrap();
        assert!(by_one.is_sorted(), "who waits for each answer gets rising numbers");
        sent.extend(by_one);
    }
    sent.sort_unstable();
    assert!(sent.iter().map(|(seq, _)| *seq).eq((1..=400).map(Seq)));
    let entries = engine.read(&room_log(), ALL).await.unwrap();
    assert!(entries.into_iter().map(|entry| (entry.seq, entry.bytes)).eq(sent));
}

pub(crate) async fn times_never_go_backwards(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let mut at_of = Vec::new();
    for at in [5, 3, 5, 9, 1] {
        at_of.push(engine.commit(batch(at).append("log", "")).await.unwrap().entry().at);
    }
    assert_eq!(at_of, [5, 5, 5, 9, 9].map(seconds));
    let entries = engine.read(&room_log(), ALL).await.unwrap();
    assert!(entries.iter().map(|entry| entry.at).eq(at_of));
    assert_eq!(engine.log_end(&room_log()).await.unwrap(), LogEnd { seq: Seq(5), at: seconds(9) });
}

pub(crate) async fn windows(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let window = |from, to, limit, newest_first| Window { from: Seq(from), to: Seq(to), limit, newest_first };
    assert!(engine.read(&room_log(), ALL).await.unwrap().is_empty());
    assert_eq!(engine.log_end(&room_log()).await.unwrap(), LogEnd::default());
    for at in 1..=10 {
        engine.commit(batch(at).append("log", at.to_string())).await.unwrap();
    }
    let cases: [(Window, &[u64]); 13] = [
        (window(3, 5, 10, false), &[3, 4, 5]),
        (window(3, 5, 10, true), &[5, 4, 3]),
        (window(3, 9, 2, false), &[3, 4]),
        (window(3, 9, 2, true), &[9, 8]),
        (window(0, 2, 10, false), &[1, 2]),
        (window(0, 2, 10, true), &[2, 1]),
        (window(9, 99, 10, false), &[9, 10]),
        (window(9, u64::MAX, 1, true), &[10]),
        (window(7, 7, 10, true), &[7]),
        (window(5, 3, 10, false), &[]),
        (window(11, 20, 10, true), &[]),
        (window(0, 0, 10, true), &[]),
        (window(1, 10, 0, false), &[]),
    ];
    for (window, expected) in cases {
        let entries = engine.read(&room_log(), window).await.unwrap();
        let expected: Vec<_> = expected
            .iter()
            .map(|&seq| Entry { seq: Seq(seq), at: seconds(seq), bytes: seq.to_string().into() })
            .collect();
        assert_eq!(entries, expected, "{window:?}");
    }
}

pub(crate) async fn logs_are_apart(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    for name in ["1", "12", "1", "2", "1"] {
        engine.commit(batch(1).append(name, name)).await.unwrap();
    }
    for (name, length) in [("1", 3), ("12", 1), ("2", 1), ("", 0)] {
        let log = Log { partition: room(), name: name.into() };
        assert_eq!(engine.log_end(&log).await.unwrap().seq, Seq(length), "{name}");
        let entries = engine.read(&log, ALL).await.unwrap();
        assert_eq!(entries.len() as u64, length, "{name}");
        assert!(entries.iter().all(|entry| entry.bytes == name), "{name}");
    }
}

pub(crate) async fn names_of_any_bytes(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let names = [&b""[..], b"\0", b"\0\0\0\0\0\0\0\0", b"\0\0\0\0\0\0\0\x01", b"\xff\xff", b"a:{}*\r\n"];
    for name in names {
        engine.commit(batch(1).append(name, name)).await.unwrap();
    }
    for name in names {
        let log = Log { partition: room(), name: Bytes::from_static(name) };
        let entries = engine.read(&log, ALL).await.unwrap();
        assert_eq!(entries, [Entry { seq: Seq(1), at: seconds(1), bytes: name.into() }]);
    }
}

/// A record that ends with its entry's number is stored with the entry, or neither is.
pub(crate) async fn found_by_a_record(fixture: &impl Fixture) {
    let engine = fixture.open().await.engine;
    let key = || Key::new(Table::Recall, &b"of \xff"[..]);
    let found = async || {
        let scan = Scan { prefix: key().suffix, ..all_of(Table::Recall) };
        let rows = engine.scan(&room(), scan).await.unwrap();
        rows.into_iter().map(|(suffix, value)| (suffix, value.bytes)).collect::<Vec<_>>()
    };
    let at = |seq: u64| key().indexing(Seq(seq)).suffix;
    engine.commit(batch(1).append("log", "plain")).await.unwrap();
    let indexed = batch(1).append("log", "one").append("other", "").index(key(), "1").put(key(), "itself");
    let again = indexed.clone().idempotency_key("token");
    assert_eq!(engine.commit(indexed).await.unwrap().entries[0].seq, Seq(2));
    let first = engine.commit(again.clone()).await.unwrap();
    assert_eq!(first.entries.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), [3, 2]);
    assert!(engine.commit(again).await.unwrap().repeated);
    let expected = [(key().suffix, "itself".into()), (at(2), "1".into()), (at(3), "1".into())];
    assert_eq!(found().await, expected);

    let refused = batch(2).check(key(), Expected::Absent).append("log", "").index(key(), "");
    assert!(matches!(engine.commit(refused).await, Err(CommitError::Conflict(0))));
    assert!(engine.commit(batch(2).index(key(), "")).await.is_err(), "there is no entry");
    assert_eq!(found().await, expected);

    // It is a record like any other: what stands there is overwritten, and can be checked and deleted.
    engine.commit(batch(3).put(key().indexing(Seq(4)), "before")).await.unwrap();
    let told = batch(3).append("log", "").index(key(), "new").index(Key::new(Table::Hidden, "x"), "y");
    assert_eq!(engine.commit(told).await.unwrap().entry().seq, Seq(4));
    let keys = [key().indexing(Seq(4)), Key::new(Table::Hidden, "x").indexing(Seq(4))];
    assert_eq!(bytes_at(&*engine, &keys).await, [Some("new".into()), Some("y".into())]);
    let gone = batch(4).check(keys[0].clone(), Expected::Present).delete(keys[0].clone());
    engine.commit(gone).await.unwrap();
    assert_eq!(found().await, expected);
}
