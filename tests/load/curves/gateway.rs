//! A gateway that is started more than once on the same data, and users who ask it something.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use protocol::usersig::{self, SecretKey};
use serde_json::Value;
use tempfile::TempDir;
use tests::usage::Cpu;
use tests::{APP, Admin, Device, Dialect, User};

use crate::Result;
use crate::generator::{Generator, Shape};
use crate::one::Bench;
use crate::process::Process;
use crate::target::{self, Site};

use super::Times;

const DAY_SECONDS: u64 = 24 * 3600;

/// The data of a gateway, with what is needed to start it.
pub(super) struct Place {
    site: Site,
    key: SecretKey,
    _directory: TempDir,
}

/// A gateway that runs. It is killed with the value.
pub(super) struct Started {
    process: Process,
    pub(super) address: SocketAddr,
    /// From the start of the program until it said where it listens.
    pub(super) took_ms: f64,
}

impl Place {
    pub(super) fn new(bench: &Bench, connections: u32) -> Result<Self> {
        let (site, directory) = bench.site(connections)?;
        Ok(Self { site, key: SecretKey::from_random(rand::random()), _directory: directory })
    }

    pub(super) fn start(&self) -> Result<Started> {
        self.start_with(&[])
    }

    /// The same with some variables of the environment.
    pub(super) fn start_with(&self, variables: &[(&str, &str)]) -> Result<Started> {
        let begin = Instant::now();
        let (process, address) = target::gateway::start(&self.site, &self.key, variables)?;
        Ok(Started { process, address, took_ms: begin.elapsed().as_secs_f64() * 1e3 })
    }

    /// Clients of the load generator.
    pub(super) fn generator(&self, started: &Started, shape: Shape) -> Result<Generator> {
        Generator::new(shape, started.address, target::gateway::protocol(self.key.clone()))
    }

    pub(super) fn stored_bytes(&self) -> u64 {
        fn of(path: &std::path::Path) -> u64 {
            let Ok(entries) = std::fs::read_dir(path) else { return 0 };
            let each = entries.flatten().map(|entry| match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => of(&entry.path()),
                // What is kept ready for later is not there yet.
                Ok(metadata) => std::os::unix::fs::MetadataExt::blocks(&metadata) * 512,
                Err(_) => 0,
            });
            each.sum()
        }
        of(&self.site.directory.join("data"))
    }

    fn usersig(&self, name: &str) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        usersig::issue(&self.key, APP, name, now, DAY_SECONDS, None)
            .map_err(|error| format!("{error:?}").into())
    }

    pub(super) async fn log_in(&self, started: &Started, name: &str) -> Result<User> {
        let device = Device::web(format!("{:032x}", 1));
        let user = User::connect(started.address, name, self.usersig(name)?, device, Dialect::Binary).await;
        user.login().await;
        Ok(user)
    }

    pub(super) fn admin(&self, started: &Started) -> Result<Admin> {
        Ok(Admin::new(started.address, "administrator", self.usersig("administrator")?))
    }
}

impl Started {
    pub(super) fn ids(&self) -> [u32; 1] {
        [self.process.id()]
    }

    pub(super) fn stop(self) -> Result<()> {
        self.process.stop()
    }
}

/// What calls of one kind took.
pub(super) struct Calls {
    pub(super) times: Times,
    /// Of the gateway, for one call.
    pub(super) cpu_us: f64,
    /// The body of the last answer.
    pub(super) last: Value,
}

/// Makes a call many times, one after the other; the first ones do not count.
pub(super) async fn calls(
    started: &Started,
    count: usize,
    mut call: impl AsyncFnMut(usize) -> Value,
) -> Calls {
    for number in 0..count / 10 {
        call(number).await;
    }
    let (mut times, mut last) = (Times::new(), Value::Null);
    let cpu = Cpu::of(&started.ids());
    for number in 0..count {
        let begin = Instant::now();
        last = call(number).await;
        times.note(begin.elapsed());
    }
    let cpu_us = Cpu::of(&started.ids()).since(&cpu).cpu_ns as f64 / 1e3 / count as f64;
    Calls { times, cpu_us, last }
}
