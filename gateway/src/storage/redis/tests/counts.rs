//! Sums of 64 bits, which the script adds with numbers that have fewer.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

fn number() -> impl Strategy<Value = i64> {
    let near = |edge: i64| (-3..3i64).prop_map(move |step| edge.saturating_add(step));
    let billions = (-9_223_372_036..9_223_372_036i64).prop_flat_map(move |high| near(high * 1_000_000_000));
    prop_oneof![
        2 => any::<i64>(),
        1 => -1000..1000i64,
        2 => prop_oneof![Just(0), Just(i64::MIN), Just(i64::MAX), Just(1 << 53), Just(-(1 << 53))].prop_flat_map(near),
        2 => billions,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sums_are_exact_up_to_both_ends() {
    let fixture: Part<RedisServer> = part();
    let engine = fixture.open().await.engine;
    let handle = tokio::runtime::Handle::current();
    let cases = (number(), number(), number(), proptest::option::of(number()));
    let case = AtomicU64::new(0);
    tokio::task::block_in_place(|| {
        let config = Config { failure_persistence: None, ..Config::with_cases(500) };
        TestRunner::new(config).run(&cases, |(first, second, third, at_most)| {
            handle.block_on(async {
                let count = Key::new(Table::Counter, case.fetch_add(1, Ordering::Relaxed).to_string());
                let batch = || Batch::new(group("room"), Millis(1));
                let stored = engine.commit(batch().add(count.clone(), first, None)).await.unwrap();
                prop_assert_eq!(stored.counters, [first]);
                // The second sum builds on the first one of the same batch.
                let two = batch().add(count.clone(), second, None).add(count.clone(), third, at_most);
                let outcome = engine.commit(two).await;
                let sum = first.checked_add(second);
                let total = sum.and_then(|sum| sum.checked_add(third));
                let total = total.filter(|total| at_most.is_none_or(|most| *total <= most));
                match (outcome, sum, total) {
                    (Ok(stored), Some(sum), Some(total)) => prop_assert_eq!(stored.counters, [sum, total]),
                    (Err(CommitError::Bound(0)), None, _) | (Err(CommitError::Bound(1)), Some(_), None) => {}
                    (outcome, ..) => prop_assert!(false, "{:?}, expected {:?} and {:?}", outcome, sum, total),
                }
                let left = engine.counters(&batch().partition, std::slice::from_ref(&count)).await.unwrap();
                prop_assert_eq!(left, [total.unwrap_or(first)]);
                Ok(())
            })
        })
    })
    .unwrap();
}
