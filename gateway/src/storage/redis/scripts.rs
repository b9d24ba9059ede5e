//! What runs inside of Redis.

use std::sync::{Arc, LazyLock};

use redis::{Cmd, Value};

use crate::bus::PUBLISH;

/// A script, called by the hash that a server knows it by.
pub(super) struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text).get_hash().to_owned() }
    }

    /// A call with these keys; its arguments are to be added.
    pub(super) fn call<K: AsRef<[u8]>>(&self, keys: &[K]) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.hash).arg(keys.len());
        for key in keys {
            command.arg(key.as_ref());
        }
        command
    }

    /// The same with the text itself, where it is called so seldom that the server need not know it.
    pub(super) fn eval<K: AsRef<[u8]>>(&self, keys: &[K]) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.text).arg(keys.len());
        for key in keys {
            command.arg(key.as_ref());
        }
        command
    }

    fn load(&self) -> Cmd {
        let mut command = redis::cmd("SCRIPT");
        command.arg("LOAD").arg(self.text);
        command
    }
}

pub(super) static COMMIT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("commit.lua")));
pub(super) static SCAN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scan.lua")));
pub(super) static PURGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("purge.lua")));
pub(super) static FORMAT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("format.lua")));
pub(super) static PROBE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("probe.lua")));
pub(super) static EPOCH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("epoch.lua")));
pub(super) static SURVEY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("survey.lua")));
pub(super) static KEYS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("keys.lua")));
pub(super) static ANNOUNCE: LazyLock<Script> = LazyLock::new(|| Script::new(PUBLISH));

/// Whether what a script answered means that it wrote: a number never does, nor does an error; of batches, those that
/// were carried out are answered with text.
pub(super) fn has_written(answer: &Value) -> bool {
    match answer {
        Value::Int(_) | Value::ServerError(_) => false,
        Value::Array(answers) => answers.iter().any(|answer| matches!(answer, Value::BulkString(_))),
        _ => true,
    }
}

/// The commands that make all of them known to a server.
pub(super) fn load_all() -> Arc<[Cmd]> {
    [&COMMIT, &SCAN, &PURGE, &FORMAT, &PROBE, &ANNOUNCE].map(|script| script.load()).into()
}
