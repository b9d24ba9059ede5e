//! Stores that older versions have left, in `tests/stores`: each later version opens them, and all that was told is
//! known.
//!
//! A store is made once, by the last version of its format, with
//! `GATEWAY_BIN=… cargo test -p tests --test e2e stores::make -- --ignored --nocapture`, which says where it wrote it.

mod story;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gateway::config::Config;
use protocol::usersig::SecretKey;
use serde::{Deserialize, Serialize};
use tests::{
    DEADLINE, Instance, InstanceSettings, Persistence, RedisServer, TestGateway, new_application, redis_at,
};
use tokio::time::{sleep, timeout};

use self::story::{KEPT, Teller};

/// Every format that there was. A new one is added here when its first version has made its store.
const FORMATS: &[&str] = &["format-1"];

fn folder(format: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("stores").join(format)
}

fn key() -> SecretKey {
    SecretKey::from_random([7; 32])
}

fn settings() -> InstanceSettings {
    let file = format!("[retention]\nmessages_per_conversation = {KEPT}\n");
    InstanceSettings { key: key(), file, ..InstanceSettings::default() }
}

/// A key of Redis, as `DUMP` gives it.
#[derive(Serialize, Deserialize)]
struct Dumped {
    key: String,
    /// Milliseconds it has left to live; 0 is for ever.
    lives: i64,
    payload: String,
}

fn tar(arguments: &[&str], directory: &Path, archive: &Path) {
    let mut command = Command::new("tar");
    command.args(arguments).arg(archive).arg("-C").arg(directory);
    if arguments[0].starts_with("-c") {
        command.arg("store");
    }
    assert!(command.status().unwrap().success(), "tar {}", archive.display());
}

/// Tells an instance the story, and waits until it has dropped what is too old.
async fn tell(instance: &mut Instance) {
    let address = instance.address;
    let settings = settings();
    let usersig = |name: &str| settings.usersig(name);
    let teller = Teller { address, usersig: &usersig };
    teller.tell().await;
    // It looks for what is to be dropped soon after its start.
    instance.terminate();
    instance.ended().await;
    instance.begin().await;
    instance.ready().await;
    let trimmed = async {
        while !teller.is_trimmed().await {
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(2 * DEADLINE, trimmed).await.expect("old messages are dropped");
    instance.terminate();
    let (status, log) = instance.ended().await;
    assert!(status.success(), "{log}");
}

#[tokio::test]
#[ignore = "makes a store with the program that GATEWAY_BIN names"]
async fn make() {
    let into = std::env::temp_dir().join("timgate-store");
    std::fs::create_dir_all(&into).unwrap();
    let mut instance = Instance::start("the embedded store", settings()).await;
    tell(&mut instance).await;
    tar(&["-cSzf"], instance.data_dir().as_path(), &into.join("embedded.tar.gz"));

    let redis = RedisServer::start(Persistence::Nothing).await;
    let shared = InstanceSettings { redis_url: Some(redis.url()), ..settings() };
    let mut instance = Instance::start("on redis", shared).await;
    tell(&mut instance).await;
    let mut connection = redis.connect().await.unwrap();
    // Names of logs are bytes.
    let mut keys: Vec<Vec<u8>> =
        redis::cmd("KEYS").arg("timgate:*").query_async(&mut connection).await.unwrap();
    keys.sort();
    let mut dumped = Vec::new();
    for key in keys {
        let lives: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
        let payload: Option<Vec<u8>> =
            redis::cmd("DUMP").arg(&key).query_async(&mut connection).await.unwrap();
        // It may have come to its end meanwhile.
        let Some(payload) = payload else { continue };
        let encode = |bytes| BASE64_STANDARD.encode(bytes);
        dumped.push(Dumped { key: encode(key), lives: lives.max(0), payload: encode(payload) });
    }
    std::fs::write(into.join("redis.json"), serde_json::to_vec(&dumped).unwrap()).unwrap();
    println!("{}", into.display());
}

/// Starts this version's gateway on what an older one has left.
async fn open(change: impl FnOnce(&mut Config)) -> TestGateway {
    TestGateway::start_with(|config| {
        let mut application = new_application();
        application.keys = vec![key()];
        config.apps.add(config.main_app, application);
        change(config);
    })
    .await
}

#[tokio::test]
async fn embedded_stores_of_older_versions_are_opened() {
    for format in FORMATS {
        let mut gateway = open(|config| {
            tar(&["-xzf"], &config.data_dir, &folder(format).join("embedded.tar.gz"));
            assert!(config.data_dir.join("store/rows").exists());
        })
        .await;
        story::check(&gateway).await;
        let number = std::fs::read_to_string(gateway.config().data_dir.join("store/format")).unwrap();
        assert_eq!(number, "2\n");
        // And once more, as a store of this version.
        gateway.restart().await;
        gateway.user("alice").await;
    }
}

#[tokio::test]
async fn stores_of_older_versions_on_redis_are_opened() {
    for format in FORMATS {
        let redis = RedisServer::start(Persistence::Nothing).await;
        let dumped = std::fs::read(folder(format).join("redis.json")).unwrap();
        let dumped: Vec<Dumped> = serde_json::from_slice(&dumped).unwrap();
        let mut connection = redis.connect().await.unwrap();
        for Dumped { key, lives, payload } in dumped {
            let decode = |text: &str| BASE64_STANDARD.decode(text).unwrap();
            let mut restore = redis::cmd("RESTORE");
            restore.arg(decode(&key)).arg(lives).arg(decode(&payload));
            restore.exec_async(&mut connection).await.unwrap();
        }
        let url = redis.url();
        let gateway = open(|config| {
            config.redis = Some(redis_at(&url));
        })
        .await;
        story::check(&gateway).await;
        assert_eq!(redis.command::<String>(&["GET", "timgate:{format}"]).await, "2");
    }
}
