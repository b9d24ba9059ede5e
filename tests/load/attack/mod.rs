//! Attacks on a gateway with all bounds at their defaults, one after another, while others go on with their lives.
//!
//! Each attack has a gateway of its own. Two users talk in a group, one logs in again and again, and `/livez` is asked
//! for, first in quiet and then during the attack. What must hold is said by `Bounds`. The attackers share the machine with the
//! gateway; they go last where cores are shared out, so that what is measured is what the gateway does to others, and
//! not that two programs want one core.

mod bystander;
mod storms;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use tests::usage::resident_bytes;
use tests::{Instance, InstanceSettings};

use self::bystander::{Bystanders, Seen};
use self::storms::{ATTACKS, Attack, Prey};
use crate::Result;
use crate::one::Bench;
use crate::process::{OTHER_FILES, allow_files};

/// A quiet 99th percentile may double, or be this at the most.
const MOST_P99: Duration = Duration::from_millis(50);

const MOST_LIVEZ: Duration = Duration::from_millis(100);

const MOST_BYTES: u64 = 512 << 20;

/// Files that an attack holds open at the most.
const FILES: u64 = 4000;

/// The lowest priority.
const LAST: i32 = 19;

#[derive(Args)]
pub(crate) struct Options {
    /// Only those whose name has one of these in it.
    names: Vec<String>,
    /// How long each goes on, and the quiet before it.
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
}

impl Options {
    pub(crate) fn run(&self, bench: &Bench) -> Result<bool> {
        allow_files(FILES + OTHER_FILES)?;
        let is_chosen = |attack: &&Attack| {
            self.names.is_empty() || self.names.iter().any(|name| attack.name.contains(name))
        };
        let (mut passed, mut failed) = (0, 0);
        println!(
            "{:<28} {:>16} {:>16} {:>8} {:>8}",
            "p99, quiet and attacked", "login", "send", "livez", "MB"
        );
        for attack in ATTACKS.iter().filter(is_chosen) {
            let faults = self.endure(bench, attack)?;
            for fault in &faults {
                println!("not ok: {}: {fault}", attack.name);
            }
            if faults.is_empty() { passed += 1 } else { failed += 1 }
        }
        println!("{passed} passed, {failed} failed");
        Ok(failed == 0)
    }

    /// What did not hold.
    fn endure(&self, bench: &Bench, attack: &'static Attack) -> Result<Vec<String>> {
        let time = Duration::from_secs_f64(self.seconds);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let program = match attack.files {
                None => bench.gateway.clone(),
                Some(files) => with_files(bench, files)?,
            };
            let settings = InstanceSettings {
                program: Some(program),
                place: bench.directory.clone(),
                environment: vec![("RUST_LOG", "warn".to_owned())],
                ..InstanceSettings::default()
            };
            let gateway = Instance::start("gateway", settings.clone()).await;
            let bystanders = Bystanders::arrive(&gateway).await;
            let quiet = bystanders.live(time, &gateway).await;

            let is_over = Arc::new(AtomicBool::new(false));
            let prey = Prey { address: gateway.address, settings, is_over: is_over.clone() };
            let attacker = std::thread::spawn(move || {
                // Of this thread alone; not everybody may.
                let _ = rustix::process::setpriority_process(None, LAST);
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let Ok(runtime) = runtime else { return 0 };
                runtime.block_on((attack.begin)(prey))
            });
            let attacked = bystanders.live(time, &gateway).await;
            is_over.store(true, Ordering::Relaxed);
            let blows = tokio::task::spawn_blocking(move || attacker.join()).await?;
            let blows = blows.map_err(|_| format!("{}: the attacker panicked", attack.name))?;

            let mut faults = judge(&quiet, &attacked);
            if blows == 0 {
                faults.push("the attack did nothing".to_owned());
            }
            if !gateway.is_running() {
                faults.push(format!("the gateway has ended:\n{}", gateway.process().log()));
                return Ok(faults);
            }
            faults.extend(bystanders.reckon(&gateway).await);
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            let both =
                |of: fn(&Seen) -> Duration| format!("{:.1} {:.1} ms", ms(of(&quiet)), ms(of(&attacked)));
            println!(
                "{:<28} {:>16} {:>16} {:>5.0} ms {:>8}  {blows} blows",
                attack.name,
                both(|seen| seen.logins.p99()),
                both(|seen| seen.sends.p99()),
                ms(attacked.livez.most()),
                attacked.resident_bytes >> 20,
            );
            Ok(faults)
        })
    }
}

/// The program under a bound on its open files that it cannot raise.
fn with_files(bench: &Bench, files: u64) -> Result<std::path::PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let program = std::fs::canonicalize(&bench.gateway)?;
    let path = std::env::temp_dir().join(format!("timgate-with-{files}-files-{}", std::process::id()));
    std::fs::write(&path, format!("#!/bin/sh\nulimit -n {files}\nexec {} \"$@\"\n", program.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
    Ok(path)
}

fn judge(quiet: &Seen, attacked: &Seen) -> Vec<String> {
    let mut faults = Vec::new();
    for (what, quiet, attacked) in
        [("login", &quiet.logins, &attacked.logins), ("send", &quiet.sends, &attacked.sends)]
    {
        let most = MOST_P99.max(quiet.p99() * 2);
        if attacked.p99() >= most {
            faults.push(format!("{what}: p99 is {:.1?}, {most:.1?} at the most", attacked.p99()));
        }
        if attacked.failed > 0 {
            let said = attacked.said.as_deref().unwrap_or("nothing");
            faults.push(format!("{what}: {} failed, the first with: {said}", attacked.failed));
        }
    }
    if attacked.livez.most() >= MOST_LIVEZ {
        faults.push(format!("/livez took {:.1?}, {MOST_LIVEZ:.0?} at the most", attacked.livez.most()));
    }
    if attacked.livez.failed > 0 {
        faults.push(format!("/livez failed {} times", attacked.livez.failed));
    }
    if attacked.resident_bytes >= MOST_BYTES {
        faults.push(format!(
            "{} MB of memory, {} at the most",
            attacked.resident_bytes >> 20,
            MOST_BYTES >> 20
        ));
    }
    faults
}

/// The memory of the gateway now.
fn resident(gateway: &Instance) -> u64 {
    resident_bytes(&[gateway.process().id()])
}
