//! Damaged files that the database merges: it gives up at them, and goes on without the damage.

use std::fs;
use std::path::PathBuf;

use super::damage::{Damages, SMALL, copy, filled, flip, looks_sound, of_keyspace};
use super::*;

/// Batches that make the database merge all that there is.
const CHURN: u64 = 500;

/// Stores so much in another partition that tables are merged. Gives how many batches were refused.
async fn churn(store: &Embedded, round: u64) -> u64 {
    let partition = Partition::group(AppId(1), &protocol::id::GroupId::parse("group3 more").unwrap());
    let mut refused = 0;
    for number in 0..CHURN {
        let batch = || {
            Batch::new(partition.clone(), Millis(round * CHURN + number))
                .put(Key::new(Table::Member, format!("{:04}", number % 100)), vec![b'x'; 200])
                .append("log", vec![b'y'; 300])
        };
        while let Err(error) = store.commit(batch()).await {
            refused += 1;
            assert!(refused < 10, "{error}");
        }
    }
    refused
}

fn kept(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir.join("damaged"))
        .map_or(Vec::new(), |found| found.map(|entry| entry.unwrap().path()).collect())
}

/// Whatever byte of whatever file: what is whole is there, nothing older comes back, and the store goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_tables_are_merged_without_the_damage() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path()).await;
    let mut outcomes = Vec::new();
    for (keyspace, kind) in [(1, "tables"), (2, "tables"), (3, "tables"), (1, "blobs")] {
        let count = of_keyspace(whole.path(), keyspace, kind).len();
        assert!(count > 0 || keyspace == 3, "keyspace {keyspace} has no {kind}");
        for index in [0, count / 2, count.saturating_sub(1)].into_iter().filter(|index| *index < count) {
            for percent in [1, 40, 70, 90, 97] {
                let dir = tempfile::tempdir().unwrap();
                copy(whole.path(), dir.path());
                let file = of_keyspace(dir.path(), keyspace, kind).swap_remove(index);
                flip(&file, |length| length * percent / 100);
                let case = format!("{} at {percent} %", file.strip_prefix(dir.path()).unwrap().display());
                let store = Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL).unwrap();
                let refused = churn(&store, 0).await;
                let is_sound = looks_sound(&store).await;
                store.close().await.unwrap();
                let kept = kept(dir.path()).len();
                outcomes.push(format!("{case}: refused {refused}, sound {is_sound}, kept {kept}"));
                println!("{}", outcomes.last().unwrap());
                // It is opened and goes on as often as one likes.
                let store = Embedded::open_with(dir.path(), LocalBus::new().0, &SMALL).unwrap();
                churn(&store, 1).await;
                store.close().await.unwrap();
            }
        }
    }
    assert!(outcomes.iter().any(|outcome| outcome.contains("kept 1")), "{outcomes:#?}");
}
