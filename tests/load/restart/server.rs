//! The gateway that is started, stopped and started again on the same data and at the same address.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::usersig::{self, SecretKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::usage::{Cpu, most_resident_bytes, resident_bytes};
use tests::{APP, Admin};

use super::Stop;
use super::crowd::{Shape, room, user};
use crate::Result;
use crate::clock::now_ns;
use crate::one::Bench;
use crate::process::Process;
use crate::target::{Site, gateway};

const ADMINISTRATOR: &str = "administrator";
const HOUR_SECONDS: u64 = 3600;

pub(super) struct Server {
    process: Process,
    pub(super) address: SocketAddr,
    site: Site,
    pub(super) key: SecretKey,
    _directory: TempDir,
}

/// When what happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restart {
    pub(super) ended_ns: u64,
    pub(super) listening_ns: u64,
}

impl Server {
    pub(super) fn start(bench: &Bench, connections: usize) -> Result<Self> {
        let (site, directory) = bench.site(connections as u32)?;
        let key = SecretKey::from_random(rand::random());
        let (process, address) = gateway::start(&site, &key, &[])?;
        Ok(Self { process, address, site, key, _directory: directory })
    }

    /// Stops it and starts it again; meanwhile this thread serves the clients.
    pub(super) fn restart(
        self,
        stop: Stop,
        down: Duration,
    ) -> JoinHandle<std::result::Result<(Self, Restart), String>> {
        std::thread::spawn(move || self.restarted(stop, down).map_err(|error| error.to_string()))
    }

    fn restarted(self, stop: Stop, down: Duration) -> Result<(Self, Restart)> {
        let Self { process, address, site, key, _directory } = self;
        match stop {
            // Killed, and waited for.
            Stop::Kill => drop(process),
            Stop::Drain => process.stop()?,
        }
        let ended_ns = now_ns();
        // As long as a machine takes to start, which is no event of anybody here.
        std::thread::sleep(down);
        let (process, address) = gateway::start_at(&site, &key, &[], address)?;
        let restart = Restart { ended_ns, listening_ns: now_ns() };
        Ok((Self { process, address, site, key, _directory }, restart))
    }

    /// Makes the rooms, as the application's back end does; meanwhile this thread serves the clients.
    pub(super) fn make_rooms(&self, shape: Shape) -> Result<JoinHandle<std::result::Result<(), String>>> {
        let now = gateway::unix_seconds();
        let usersig = usersig::issue(&self.key, APP, ADMINISTRATOR, now, HOUR_SECONDS, None)
            .map_err(|error| format!("{ADMINISTRATOR}: {error:?}"))?;
        let admin = Admin::new(self.address, ADMINISTRATOR, usersig);
        Ok(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            runtime.block_on(async {
                for number in 0..shape.rooms {
                    make_room(&admin, shape, number).await?;
                }
                Ok(())
            })
        }))
    }

    /// CPU time since it was started.
    pub(super) fn cpu_ns(&self) -> u64 {
        Cpu::of(&[self.process.id()]).since(&Cpu::of(&[])).cpu_ns
    }

    pub(super) fn resident_bytes(&self) -> u64 {
        resident_bytes(&[self.process.id()])
    }

    pub(super) fn most_resident_bytes(&self) -> u64 {
        most_resident_bytes(&[self.process.id()])
    }

    pub(super) fn log(&self) -> String {
        self.process.log()
    }
}

async fn make_room(admin: &Admin, shape: Shape, number: usize) -> std::result::Result<(), String> {
    let mut members = shape.members(number).map(user);
    let owner = members.next().unwrap_or_default();
    let members: Vec<Value> = members.map(|name| json!({"Member_Account": name})).collect();
    let body = json!({
        "Type": "Meeting", "Name": room(number), "GroupId": room(number), "Owner_Account": owner,
        "MemberList": members,
    });
    let answer = admin.call("group_open_http_svc.create_group", body).await;
    if answer.code() == 0 { Ok(()) } else { Err(format!("{}: {}", room(number), answer.body)) }
}
