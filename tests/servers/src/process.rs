//! A program that a test starts, signals and outlives.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, kill_process};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::DEADLINE;

pub use rustix::process::Signal;

/// A running program. It is killed with the value, so that nothing is left when a test fails.
pub struct Process {
    name: String,
    pid: Pid,
    log: Arc<Mutex<String>>,
    said: watch::Receiver<u64>,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts it and keeps what it prints.
    pub fn start(name: &str, command: &mut Command) -> Self {
        let program = command.get_program().to_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child =
            child.unwrap_or_else(|error| panic!("{name}: {} does not start: {error}", program.display()));
        let log = Arc::new(Mutex::new(String::new()));
        let (say, said) = watch::channel(0);
        let (end, ended) = watch::channel(None);
        keep(child.stdout.take().unwrap(), log.clone(), say.clone());
        keep(child.stderr.take().unwrap(), log.clone(), say);
        let pid = Pid::from_child(&child);
        std::thread::spawn(move || wait(child, &end));
        Self { name: name.to_owned(), pid, log, said, ended }
    }

    pub fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Everything it has printed.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first line of which `find` makes something.
    pub async fn line<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let mut said = self.said.clone();
        let search = async {
            loop {
                said.borrow_and_update();
                if let Some(found) = self.log().lines().find_map(&find) {
                    return Some(found);
                }
                if said.changed().await.is_err() {
                    return self.log().lines().find_map(&find);
                }
            }
        };
        match timeout(DEADLINE, search).await {
            Ok(Some(found)) => found,
            _ => panic!("{}: {what} does not come; it said:\n{}", self.name, self.log()),
        }
    }

    pub fn signal(&self, signal: Signal) {
        // One that has ended has no number any more.
        if self.ended.borrow().is_none() {
            let _ = kill_process(self.pid, signal);
        }
    }

    /// How it ended, if it has.
    pub fn status(&self) -> Option<ExitStatus> {
        *self.ended.borrow()
    }

    /// Waits for its end.
    pub async fn ended(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        let status = timeout(DEADLINE, ended.wait_for(Option::is_some)).await;
        let status =
            status.unwrap_or_else(|_| panic!("{} does not end; it said:\n{}", self.name, self.log()));
        status.unwrap().unwrap()
    }

    /// Ends it as a power cut would.
    pub async fn kill(&self) {
        self.signal(Signal::KILL);
        let status = self.ended().await;
        let signal = status.signal();
        assert_eq!(signal, Some(Signal::KILL.as_raw()), "{} ended by itself: {}", self.name, self.log());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn keep(stream: impl Read + Send + 'static, log: Arc<Mutex<String>>, say: watch::Sender<u64>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
            drop(log);
            say.send_modify(|lines| *lines += 1);
        }
    });
}

fn wait(mut child: Child, end: &watch::Sender<Option<ExitStatus>>) {
    let status = child.wait().expect("a child can be waited for");
    end.send_replace(Some(status));
}

/// A port that is free now and stays so: below the range from which the system takes those of outgoing connections,
/// and never given twice by this process.
pub fn free_port() -> u16 {
    const FIRST: u16 = 11_000;
    const COUNT: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Programs that run side by side begin at different places.
    let begin = (std::process::id() as u16).wrapping_mul(97) % COUNT;
    for _ in 0..COUNT {
        let port = FIRST + (begin + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}
