//! Slips of an operator's hand: what is meant is taken, and what cannot be is refused in words.

use protocol::usersig::SecretKey;

use super::program::{Program, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blanks_and_quotes_are_no_part_of_names_and_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let key = SecretKey::from_random(rand::random());
    let quoted = format!(" \"{}\"\n", key.expose());
    let mut program = Program::start_with(dir.path(), key, |command| {
        command
            .env("GATEWAY_SECRET_KEY", quoted)
            .env("GATEWAY_ADMINS", "\"ops , administrator\"")
            .env("GATEWAY_LEGACY_ENABLED", " 'false'");
    })
    .await;
    program.ready(200).await;
    program.admin().import("alice").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_may_have_a_byte_order_mark() {
    let dir = tempfile::tempdir().unwrap();
    let key = SecretKey::from_random(rand::random());
    let file = dir.path().join("key");
    std::fs::write(&file, format!("\u{feff}{}\r\n", key.expose())).unwrap();
    let mut program = Program::start_with(&dir.path().join("data"), key, |command| {
        command
            .env_remove("GATEWAY_SECRET_KEY")
            .env("GATEWAY_SECRET_KEY_FILE", format!("\"{}\"", file.display()));
    })
    .await;
    program.ready(200).await;
    program.admin().import("alice").await;
}

#[test]
fn what_cannot_be_meant_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let refused = |change: &dyn Fn(&mut std::process::Command)| {
        let (is_fine, _, said) =
            run(&["--listen", "127.0.0.1:0"], &dir.path().join("data"), |command| change(command));
        assert!(!is_fine);
        said
    };
    let said = refused(&|command| {
        command.env("GATEWAY_ADMINS", "administrator,,ops");
    });
    assert!(said.contains("admins: \"\""), "{said}");
    std::fs::write(&file, b"\xff\xfek\0e\0y\0").unwrap();
    let said = refused(&|command| {
        command.arg("--secret-key-file").arg(&file);
    });
    assert!(said.contains("UTF-16"), "{said}");
    std::fs::write(&file, "admins = [\"administrator, ops\"]").unwrap();
    let said = refused(&|command| {
        command.arg("--config").arg(&file);
    });
    assert!(said.contains(r#"write ["administrator", "ops"]"#), "{said}");
}
