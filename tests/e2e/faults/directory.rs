//! The data directory: for its owner alone, and the one that it was at the start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::program::Program;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_or_replaced_directory_is_noticed_and_ends_it() {
    for is_replaced in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let mut program = Program::start(&data, |command| {
            command.stderr(Stdio::piped());
        })
        .await;
        let mut stderr = program.take_stderr();
        program.ready(200).await;
        fs::rename(&data, dir.path().join("old")).unwrap();
        if is_replaced {
            fs::create_dir_all(data.join("store")).unwrap();
        }
        let begun = Instant::now();
        assert_eq!(program.ended().await.code(), Some(1));
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        let mut said = String::new();
        std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
        assert!(said.contains("while the store was open; put it back"), "{said}");
    }
}

fn open_to_others(path: &Path, found: &mut Vec<String>) {
    let mode = fs::metadata(path).unwrap().permissions().mode();
    if mode & 0o077 != 0 {
        found.push(format!("{}: {mode:o}", path.display()));
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            open_to_others(&entry.unwrap().path(), found);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_it_makes_is_open_to_others() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("a").join("data");
    let start = async || {
        let mut program = Program::start(&data, |command| {
            command.env_remove("GATEWAY_SECRET_KEY");
        })
        .await;
        program.ready(200).await;
        assert!(program.stop().await.success());
        let mut found = Vec::new();
        open_to_others(&data, &mut found);
        assert!(found.is_empty(), "{found:#?}");
    };
    start().await;
    // As an earlier version made it.
    for path in [data.clone(), data.join("store")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    start().await;
}
