//! A disk without room: reads go on, sends are refused in a way that a client may repeat, and nothing that was
//! acknowledged is lost. With room it goes on by itself.

use std::process::Command;
use std::time::Duration;

use super::program::{Disk, Program};
use tests::{Group, User};

/// The lobby, with `said` messages of alice in it.
async fn lobby(alice: &User, said: usize) -> Group {
    let group = alice.create_group("lobby").await;
    for number in 0..said {
        alice.send_text(&group, &format!("{number}")).await;
    }
    group
}

fn reserve(command: &mut Command, disk: &Disk, mib: u64) {
    let file = disk.path().join("gateway.toml");
    std::fs::write(&file, format!("[store]\nmin_free_bytes = {}\n", mib << 20)).unwrap();
    command.arg("--config").arg(file);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_about_to_be_full_is_told_and_only_read() {
    let Some(disk) = Disk::new(256) else { return };
    let mut program = Program::start(&disk.path().join("data"), |command| reserve(command, &disk, 64)).await;
    program.ready(200).await;
    let alice = program.user("alice").await;
    let group = lobby(&alice, 5).await;
    disk.fill(32 << 10);
    let (why, took) = program.ready(503).await;
    assert!(why.contains("store.min_free_bytes is 64 MiB"), "{why}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(program.get("/livez").await.status, 200);
    let refused = alice.try_send_text(&group, "no room").await;
    assert_eq!(refused.code(), 10002, "{refused:?}");
    assert_eq!(alice.history_texts(&group).await.len(), 5);
    disk.clear();
    let (_, took) = program.ready(200).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    alice.send_text(&group, "room").await;
    assert_eq!(alice.history_texts(&group).await.len(), 6);
}

/// Without a reserve: the write itself fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_read_and_recovers_without_a_restart() {
    let Some(disk) = Disk::new(256) else { return };
    let mut program = Program::start(&disk.path().join("data"), |command| reserve(command, &disk, 0)).await;
    program.ready(200).await;
    let alice = program.user("alice").await;
    let group = lobby(&alice, 5).await;
    for _ in 0..2 {
        disk.fill(0);
        let before = alice.history_texts(&group).await.len();
        let mut acknowledged = 0;
        let long = "x".repeat(6000);
        loop {
            let sent = alice.try_send_text(&group, &long).await;
            match sent.code() {
                0 => acknowledged += 1,
                10002 => break,
                code => panic!("{code}: {sent:?}"),
            }
        }
        let (why, _) = program.ready(503).await;
        assert!(why.contains("there is no room"), "{why}");
        let refused = alice.try_send_text(&group, "no room").await;
        assert_eq!(refused.code(), 10002, "{refused:?}");
        let kept = alice.history_texts(&group).await;
        assert_eq!(kept.len(), before + acknowledged);
        disk.clear();
        let (_, took) = program.ready(200).await;
        assert!(took < Duration::from_secs(5), "{took:?}");
        // What was refused is not there, and no number was used for it.
        let sent = alice.send_text(&group, "room").await;
        let after = alice.history_texts(&group).await;
        assert_eq!(after.len(), before + acknowledged + 1);
        assert_eq!(after.iter().map(|(seq, _)| *seq).max(), Some(sent.seq));
    }
    assert!(program.is_running());
    assert!(program.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_on_a_full_disk_serves_reads() {
    let Some(disk) = Disk::new(256) else { return };
    let data = disk.path().join("data");
    let mut program = Program::start(&data, |command| reserve(command, &disk, 16)).await;
    program.ready(200).await;
    let key = program.key();
    let alice = program.user("alice").await;
    let group = lobby(&alice, 5).await;
    // Once after a clean end, once after a kill.
    for is_killed in [false, true] {
        if is_killed {
            drop(program);
        } else {
            assert!(program.stop().await.success());
        }
        disk.fill(0);
        program = Program::start_with(&data, key.clone(), |command| {
            command.arg("--config").arg(disk.path().join("gateway.toml"));
            command.env("GATEWAY_LEGACY_ENABLED", "true");
        })
        .await;
        let (why, _) = program.ready(503).await;
        assert!(why.contains("there is no room"), "{why}");
        assert!(
            program
                .admin()
                .call(
                    "group_open_http_svc/group_msg_get_simple",
                    serde_json::json!({
                        "GroupId": group.id, "ReqMsgNumber": 20
                    })
                )
                .await
                .body["RspMsgList"]
                .as_array()
                .is_some_and(|list| list.len() >= 5)
        );
        disk.clear();
        program.ready(200).await;
        let alice = program.user("alice").await;
        alice.send_text(&group, "room").await;
    }
}
