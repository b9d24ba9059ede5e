//! Kills a process that writes to the embedded store, at random moments, and looks at what is left.
//!
//! ```text
//! CRASH_CYCLES=200 CRASH_SEED=7 cargo test -p tests --test crash
//! ```
//!
//! A cycle starts this program again as the writer (`writer.rs`). It commits batches from several tasks and prints
//! each acknowledgement; the lines stay with the parent, outside of the store. The parent kills it with SIGKILL,
//! while it opens the store or while it writes, and then opens the store itself (`judge.rs`): every acknowledged batch
//! is there, whole, once, under the number that was acknowledged. The next writer submits what was not acknowledged
//! again, with the same tokens.
//!
//! At the end a writer runs into a limit of the file size, as into a full disk (`full.rs`).
//!
//! A killed process leaves what it wrote to the kernel, so this says nothing of a machine that loses power:
//! for that the store relies on the sync before each acknowledgement.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

mod full;
mod judge;
mod ledger;
mod writer;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gateway::storage::embedded::Settings;
use protocol::id::Millis;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use judge::Judge;
use ledger::Ledger;

/// Tasks that write at the same time.
pub(crate) const WRITERS: usize = 8;

/// Two kinds of store are killed in turn.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// As it comes.
    Plain,
    /// Small buffers and long records, so that tables are written, merged and journals changed all the time.
    Busy,
}

impl Kind {
    pub(crate) fn settings(self) -> Settings {
        match self {
            Kind::Plain => Settings::default(),
            Kind::Busy => Settings {
                write_buffer_bytes: 512 << 10,
                cache_bytes: 1 << 20,
                idempotency_keys_in_memory: 1000,
                rotate_journal: true,
                ..Settings::default()
            },
        }
    }

    pub(crate) fn record_bytes(self) -> usize {
        match self {
            Kind::Plain => 200,
            Kind::Busy => 4000,
        }
    }

    /// The time that a writer gives its batch.
    pub(crate) fn time_of(self, number: u64) -> Millis {
        match self {
            Kind::Plain => Millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64),
            // So fast that the window of the tokens is over after some hundred batches, and they are cleared away.
            Kind::Busy => Millis(number * 1000),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Plain => "plain",
            Kind::Busy => "busy",
        }
    }
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    match &arguments[1..] {
        [mode, kind, dir, numbers @ ..] if mode == "writer" => {
            let kind = if kind == "busy" { Kind::Busy } else { Kind::Plain };
            let numbers = numbers.iter().map(|number| number.parse().unwrap()).collect();
            writer::write(kind, Path::new(dir), numbers);
        }
        [mode, dir] if mode == "full" => full::write(Path::new(dir)),
        _ => {
            kill_many();
            full::fill();
        }
    }
}

fn kill_many() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let cycles = number("CRASH_CYCLES").unwrap_or(20);
    let seed = number("CRASH_SEED").unwrap_or_else(|| rand::rng().random());
    println!("crash: {cycles} cycles, CRASH_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let begun = Instant::now();

    let mut stores = [Kind::Plain, Kind::Busy].map(|kind| Store {
        kind,
        dir: tempfile::tempdir().unwrap(),
        ledger: Ledger::default(),
        judge: Judge::default(),
    });
    for cycle in 0..cycles {
        let store = &mut stores[cycle as usize % 2];
        store.write_and_kill(&mut random);
        // Now and then a writer finds the store as the one before it left it.
        if random.random_bool(0.7) {
            store.judge.judge(store.kind, store.dir.path(), &mut store.ledger);
        }
    }
    for store in &mut stores {
        store.judge = Judge::default();
        store.judge.judge(store.kind, store.dir.path(), &mut store.ledger);
        println!("crash: {} store: {}", store.kind.name(), store.ledger);
    }
    println!("crash: ok, {cycles} cycles in {:.1} s", begun.elapsed().as_secs_f64());
}

struct Store {
    kind: Kind,
    dir: tempfile::TempDir,
    ledger: Ledger,
    judge: Judge,
}

impl Store {
    /// Lets a writer run for a moment that ends at a random time, and reads its acknowledgements to the end.
    fn write_and_kill(&mut self, random: &mut StdRng) {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["writer", self.kind.name()])
            .arg(self.dir.path())
            .args(self.ledger.next_numbers().map(|number| number.to_string()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(writer.stdout.take().unwrap());
        let lines = std::thread::spawn(move || {
            // A line that was cut short has no end, and was not an acknowledgement.
            let complete = |line: &Vec<u8>| line.last() == Some(&b'\n');
            let mut stdout = stdout;
            let mut lines = Vec::new();
            loop {
                let mut line = Vec::new();
                stdout.read_until(b'\n', &mut line).unwrap();
                if !complete(&line) {
                    return lines;
                }
                lines.push(String::from_utf8(line).unwrap());
            }
        });
        // Short enough to hit the opening too; a quarter of them very short.
        let most = if random.random_bool(0.25) { 40 } else { 900 };
        std::thread::sleep(Duration::from_millis(random.random_range(0..most)));
        writer.kill().unwrap();
        let status = writer.wait().unwrap();
        assert!(status.code().is_none(), "the writer ended by itself: {status}");
        for line in lines.join().unwrap() {
            self.ledger.acknowledged(&line);
        }
    }
}
