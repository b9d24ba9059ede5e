//! A write that fails: the store stops, says so, and keeps what it acknowledged.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use gateway::bus::LocalBus;
use gateway::storage::embedded::{Embedded, Settings};
use gateway::storage::{Batch, CommitError, Engine, Log, LogEnd, StorageError};
use protocol::id::{Millis, Seq};

use crate::writer::group;

/// The files may become this large; a journal is made with 64 MiB and grows beyond that while nothing empties it.
const LIMIT_KIB: u64 = 72 << 10;
const RECORD_BYTES: usize = 400 << 10;

fn log() -> Log {
    Log { partition: group(0), name: "log".into() }
}

pub(crate) fn fill() {
    let dir = tempfile::tempdir().unwrap();
    // The signal that goes with the limit is ignored, so that the write gets an error. A unit of the limit is 512 bytes.
    let script = format!(r#"trap '' XFSZ; ulimit -f {}; exec "$0" full "$1""#, 2 * LIMIT_KIB);
    let writer = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .arg(dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = writer.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let acknowledged: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    assert!(acknowledged > 0);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Embedded::open(dir.path(), LocalBus::new().0).unwrap();
        let LogEnd { seq: Seq(found), .. } = engine.log_end(&log()).await.unwrap();
        // Whether the batch is stored whose write failed is not known.
        assert!((acknowledged..=acknowledged + 1).contains(&found), "{found} of {acknowledged}");
        let next = engine.commit(batch(found + 1)).await.unwrap();
        assert_eq!(next.entry().seq, Seq(found + 1));
    });
    println!("crash: ok, a write failed after {acknowledged} batches");
}

fn batch(number: u64) -> Batch {
    Batch::new(group(0), Millis(number)).append("log", vec![b'x'; RECORD_BYTES])
}

/// Writes until that fails, and prints how many batches were acknowledged.
pub(crate) fn write(dir: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let settings = Settings { write_buffer_bytes: 1 << 30, ..Settings::default() };
        let engine = Embedded::open_with(dir, LocalBus::new().0, &settings).unwrap();
        let mut acknowledged = 0;
        let error = loop {
            match engine.commit(batch(acknowledged + 1)).await {
                Ok(_) => acknowledged += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, CommitError::Storage(StorageError::Failed { .. })), "{error}");
        let failed = engine.failed().await;
        assert_eq!(failed.to_string(), error.to_string());
        let health = engine.health().await.unwrap_err();
        assert_eq!(health.to_string(), error.to_string());
        let next = engine.commit(batch(acknowledged + 1)).await;
        assert!(matches!(next, Err(CommitError::Storage(StorageError::Closed))), "{next:?}");
        std::io::stdout().write_all(acknowledged.to_string().as_bytes()).unwrap();
    });
}
