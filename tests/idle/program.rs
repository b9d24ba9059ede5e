//! The gateway as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use protocol::usersig::{self, SecretKey};
use tests::APP;

/// Set in the process that has room for enough files.
const ROOM: &str = "IDLE_HAS_ROOM";

pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
    key: SecretKey,
}

impl Program {
    /// Builds the program if need be and starts it on a free port.
    pub(crate) fn start(directory: &Path) -> Self {
        let key = SecretKey::from_random(rand::random());
        let mut child = Command::new(tests::gateway_binary())
            .args(["--listen", "127.0.0.1:0", "--sdkappid", &APP.to_string(), "--data-dir"])
            .arg(directory.join("data"))
            .env("GATEWAY_SECRET_KEY", key.expose())
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| tests::listening(&line));
        let address = address.expect("the program says where it listens");
        Self { child, address, key }
    }

    pub(crate) fn usersig(&self, name: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        usersig::issue(&self.key, APP, name, now, 3600, None).unwrap()
    }

    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts this program again with room for so many open files, if there may be too little; the gateway inherits it.
pub(crate) fn allow_files(count: u64) {
    use std::os::unix::process::CommandExt;
    if std::env::var_os(ROOM).is_some() {
        return;
    }
    let script = format!(r#"[ "$(ulimit -n)" -ge {count} ] || ulimit -n {count}; exec "$@""#);
    let error =
        Command::new("sh").args(["-c", &script, "sh"]).args(std::env::args_os()).env(ROOM, "1").exec();
    panic!("sh: {error}");
}
