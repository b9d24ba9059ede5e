//! A first start that is cut short leaves nothing that a later one fails at.

use std::fs;
use std::time::Duration;

use super::program::{Disk, Program, command};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_killed_anywhere_is_followed_by_one_that_serves() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..12u64 {
        let data = dir.path().join(round.to_string());
        let key = protocol::usersig::SecretKey::from_random(rand::random());
        let (mut command, _) = command(&data, &key);
        let mut child = command.env_remove("GATEWAY_SECRET_KEY").spawn().unwrap();
        // Somewhere while it makes the key, the store and the table of its format.
        tokio::time::sleep(Duration::from_millis(round * 4)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let mut program = Program::start(&data, |command| {
            command.env_remove("GATEWAY_SECRET_KEY");
        })
        .await;
        program.ready(200).await;
        assert!(program.is_running());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_on_a_full_disk_is_followed_by_one_that_serves() {
    let Some(disk) = Disk::new(400) else { return };
    let data = disk.path().join("data");
    for left_kib in [0, 8, 24, 64] {
        disk.fill(left_kib);
        let key = protocol::usersig::SecretKey::from_random(rand::random());
        let (mut command, address) = command(&data, &key);
        let mut child = command.env_remove("GATEWAY_SECRET_KEY").spawn().unwrap();
        // It ends, or serves what there is: nothing.
        let begun = std::time::Instant::now();
        while child.try_wait().unwrap().is_none()
            && tokio::net::TcpStream::connect(address).await.is_err()
            && begun.elapsed() < tests::DEADLINE
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let _ = child.kill();
        child.wait().unwrap();
        disk.clear();
        let mut program = Program::start(&data, |command| {
            command.env_remove("GATEWAY_SECRET_KEY");
        })
        .await;
        program.ready(200).await;
        drop(program);
        fs::remove_dir_all(&data).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_key_of_an_earlier_version_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("secret_key"), "").unwrap();
    let mut program = Program::start(dir.path(), |command| {
        command.env_remove("GATEWAY_SECRET_KEY");
    })
    .await;
    program.ready(200).await;
    assert_eq!(fs::read_to_string(dir.path().join("secret_key")).unwrap().trim_end().len(), 64);
}
