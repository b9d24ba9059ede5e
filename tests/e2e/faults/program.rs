//! The program itself, where a test is about its files, its output or its end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use protocol::usersig::{self, SecretKey};
use tests::{APP, Admin, DEADLINE, Device, Dialect, Reply, User, exchange, free_port, gateway_binary};

/// How often is asked for what nobody tells.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) struct Program {
    pub(super) address: SocketAddr,
    key: SecretKey,
    child: Child,
}

/// The program with an address, a data directory and a key; a test adds what it is about.
pub(super) fn command(data_dir: &Path, key: &SecretKey) -> (Command, SocketAddr) {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut command = Command::new(gateway_binary());
    command
        .args(["--listen", &address.to_string(), "--sdkappid", &APP.to_string()])
        .arg("--data-dir")
        .arg(data_dir)
        .env("GATEWAY_SECRET_KEY", key.expose())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    (command, address)
}

impl Program {
    pub(super) async fn start(data_dir: &Path, change: impl FnOnce(&mut Command)) -> Self {
        Self::start_with(data_dir, SecretKey::from_random(rand::random()), change).await
    }

    /// Starts it and waits until it answers at all.
    pub(super) async fn start_with(
        data_dir: &Path,
        key: SecretKey,
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let (mut command, address) = command(data_dir, &key);
        change(&mut command);
        let child = command.spawn().unwrap();
        let mut program = Self { address, key, child };
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            let ended = program.child.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < DEADLINE, "it does not start: {ended:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        program
    }

    pub(super) fn key(&self) -> SecretKey {
        self.key.clone()
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        exchange(self.address, "GET", path, b"").await
    }

    /// Waits until `/readyz` has this status; gives what it says, and how long that took.
    pub(super) async fn ready(&mut self, status: u16) -> (String, Duration) {
        let begun = Instant::now();
        loop {
            let reply = self.get("/readyz").await;
            if reply.status == status {
                return (reply.text().to_owned(), begun.elapsed());
            }
            let text = reply.text();
            assert!(begun.elapsed() < DEADLINE, "/readyz stays {}: {text}", reply.status);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn usersig(&self, name: &str) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        usersig::issue(&self.key, APP, name, now, 24 * 3600, None).unwrap()
    }

    pub(super) fn admin(&self) -> Admin {
        Admin::new(self.address, "administrator", self.usersig("administrator"))
    }

    pub(super) async fn user(&self, name: &str) -> User {
        let user = self.stranger(name).await;
        user.login().await;
        user
    }

    /// Somebody who is connected and not logged in.
    pub(super) async fn stranger(&self, name: &str) -> User {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let instance = format!("{:032x}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.stranger_on(name, Device::web(instance)).await
    }

    pub(super) async fn stranger_on(&self, name: &str, device: Device) -> User {
        User::connect(self.address, name, self.usersig(name), device, Dialect::Binary).await
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(super) fn take_stderr(&mut self) -> std::process::ChildStderr {
        self.child.stderr.take().unwrap()
    }

    /// Asks it to end, as an operator does, and waits for that.
    pub(super) async fn stop(mut self) -> ExitStatus {
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        )
        .unwrap();
        self.ended().await
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < DEADLINE, "it does not end");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs it to its end and gives how it ended and what it said.
pub(super) fn run(
    arguments: &[&str],
    data_dir: &Path,
    change: impl FnOnce(&mut Command),
) -> (bool, String, String) {
    let mut command = Command::new(gateway_binary());
    command.args(arguments).arg("--data-dir").arg(data_dir);
    change(&mut command);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// A file system of its own, in memory, of so many MiB.
pub(super) struct Disk {
    directory: tempfile::TempDir,
    is_mounted: bool,
}

impl Disk {
    /// Nothing where nobody may mount one, which is said: the test is then not made.
    pub(super) fn new(mib: u64) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let options = format!("size={mib}m,mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(directory.path())
            .stderr(Stdio::null())
            .status();
        let is_mounted = mounted.is_ok_and(|status| status.success());
        let disk = Self { directory, is_mounted };
        if is_mounted {
            return Some(disk);
        }
        eprintln!("NOT TESTED: a disk of its own needs the right to mount one");
        None
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// Takes all room but for so many KiB.
    pub(super) fn fill(&self, left_kib: u64) {
        let found = rustix::fs::statvfs(self.directory.path()).unwrap();
        let free = found.f_bavail * found.f_frsize;
        let take = free.saturating_sub(left_kib << 10);
        let filler = self.directory.path().join(format!("filler{take}"));
        let mut file = std::fs::File::create(filler).unwrap();
        let chunk = vec![1; 1 << 16];
        let mut left = take as usize;
        while left > 0 {
            let part = left.min(chunk.len());
            if std::io::Write::write_all(&mut file, &chunk[..part]).is_err() {
                break;
            }
            left -= part;
        }
    }

    /// Gives it back.
    pub(super) fn clear(&self) {
        for entry in std::fs::read_dir(self.directory.path()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with("filler") {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted {
            // Lazily: a process that a failed test left may still have files there.
            let _ = Command::new("umount").arg("-l").arg(self.directory.path()).status();
        }
    }
}
