//! Standard error that does not take what is logged: nobody waits for it, and nothing ends by it.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::program::Program;

/// So much is said by a conversation that no pipe holds it.
fn much(command: &mut Command) {
    command.env("RUST_LOG", "trace");
}

/// Talks until the pipes are full, with a deadline for each answer.
async fn talk(program: &Program) {
    let [alice, bob] = [program.user("alice").await, program.user("bob").await];
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    for number in 0..40 {
        alice.send_text(&group, &format!("{number}")).await;
    }
    bob.expect_message(&group, "39").await;
}

/// The lines that were dropped, by the metric.
async fn dropped(program: &Program) -> u64 {
    let metrics = program.get("/metrics").await;
    let line = metrics.text().lines().find(|line| line.starts_with("gateway_log_lines_dropped_total"));
    line.expect("the metric is there from the start").split(' ').next_back().unwrap().parse().unwrap()
}

async fn alive(program: &Program) {
    let begun = Instant::now();
    assert_eq!(program.get("/livez").await.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(2), "/livez took {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_standard_error_stops_nobody_and_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = Program::start(dir.path(), |command| {
        much(command);
        let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        command.stderr(full()).stdout(full());
    })
    .await;
    program.ready(200).await;
    talk(&program).await;
    assert!(dropped(&program).await > 0);
    assert!(program.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_standard_error_stops_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = Program::start(dir.path(), |command| {
        much(command);
        // The shell closes both before the program begins.
        let own = std::mem::replace(command, Command::new("sh"));
        command.args(["-c", r#"exec "$0" "$@" >&- 2>&-"#]).arg(own.get_program()).args(own.get_args());
        for (name, value) in own.get_envs() {
            command.env(name, value.unwrap());
        }
        command.stdin(Stdio::null());
    })
    .await;
    program.ready(200).await;
    talk(&program).await;
    assert!(program.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_that_nobody_reads_stops_nobody_nor_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = Program::start(dir.path(), |command| {
        much(command);
        command.stderr(Stdio::piped());
    })
    .await;
    let mut pipe = program.take_stderr();
    program.ready(200).await;
    talk(&program).await;
    alive(&program).await;
    // Who begins to read gets whole lines from the first on.
    let mut first = [0; 1 << 10];
    pipe.read_exact(&mut first).unwrap();
    assert!(program.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_is_gone_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = Program::start(dir.path(), |command| {
        much(command);
        command.stderr(Stdio::piped());
    })
    .await;
    drop(program.take_stderr());
    program.ready(200).await;
    talk(&program).await;
    assert!(dropped(&program).await > 0);
    assert!(program.stop().await.success());
}

/// The last words of a start that fails do not hold up its end.
#[test]
fn the_last_words_wait_for_nobody() {
    let mut command = Command::new(tests::gateway_binary());
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = command.args(["--listen", "nowhere"]).stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(1));
    let said = Command::new(tests::gateway_binary()).args(["--listen", "nowhere"]).output().unwrap();
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.starts_with("gateway: listen: \"nowhere\" is not an address"), "{said}");
}
