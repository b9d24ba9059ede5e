//! Programs that are measured: started on a core of their own, watched through `/proc`, ended with their value.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use tests::usage::descendants;

use crate::Result;

/// How long a server may take until it accepts connections.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How often is asked whether a server accepts; it has no way to tell.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The usual one is 0, and less goes first.
const PRIORITY: i32 = -15;

/// Who runs where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    pub(crate) server: usize,
    pub(crate) generator: usize,
}

impl Cores {
    /// Binds this thread, and what it starts from now on, to a core.
    fn bind(core: usize) -> Result<()> {
        let mut set = CpuSet::new();
        set.set(core);
        Ok(sched_setaffinity(None, &set)?)
    }

    pub(crate) fn bind_generator(self) -> Result<()> {
        Self::bind(self.generator)
    }
}

/// While it lives, this process and what it starts go before the machine's other work, where that is allowed.
pub(crate) struct GoFirst {
    /// What the session had before.
    group: Option<String>,
}

/// Linux shares cores among sessions first; a priority says something only within one.
const GROUP: &str = "/proc/self/autogroup";

impl GoFirst {
    pub(crate) fn new() -> Self {
        let _ = rustix::process::setpriority_process(None, PRIORITY);
        let group = fs::read_to_string(GROUP).unwrap_or_default();
        let group = group.trim().rsplit_once(' ').map(|(_, priority)| priority.to_owned());
        let _ = fs::write(GROUP, PRIORITY.to_string());
        // The generator keeps a schedule, so it does not wait for the end of anybody's turn; what it starts takes turns.
        schedule(&["--fifo", "--reset-on-fork"], "1");
        Self { group }
    }
}

/// Has the generator take turns with others on its core while it does something: where they are measured, and not it.
pub(crate) fn in_turns<T>(work: impl FnOnce() -> T) -> T {
    schedule(&["--other", "--reset-on-fork"], "0");
    let done = work();
    schedule(&["--fifo", "--reset-on-fork"], "1");
    done
}

fn schedule(how: &[&str], priority: &str) {
    let own = std::process::id().to_string();
    let quiet = || Stdio::null();
    let mut change = Command::new("chrt");
    change.args(how).args(["--pid", priority, &own]);
    let _ = change.stdin(quiet()).stdout(quiet()).stderr(quiet()).status();
}

impl Drop for GoFirst {
    fn drop(&mut self) {
        if let Some(group) = &self.group {
            let _ = fs::write(GROUP, group);
        }
    }
}

/// A running program. It is killed with the value.
pub(crate) struct Process {
    child: Child,
    name: String,
    log: Arc<Mutex<String>>,
}

impl Process {
    /// Starts a program on the server's core.
    pub(crate) fn start(name: &str, command: &mut Command, cores: Cores) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A program inherits its core from who starts it, so that it is there from its first thread on.
        Cores::bind(cores.server)?;
        let child = command.spawn();
        Cores::bind(cores.generator)?;
        let program = command.get_program().display();
        let mut child = child.map_err(|error| format!("{name}: {program} does not start: {error}"))?;
        let log = Arc::new(Mutex::new(String::new()));
        let streams = (child.stdout.take(), child.stderr.take());
        let (Some(out), Some(error)) = streams else {
            return Err(format!("{name}: its output cannot be read").into());
        };
        keep(out, log.clone());
        keep(error, log.clone());
        Ok(Self { child, name: name.to_owned(), log })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first line of which `find` makes something.
    pub(crate) fn line<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        self.until("the line that is waited for", |log| log.lines().find_map(&find))
    }

    /// Waits until something accepts connections there.
    pub(crate) fn accepts(&mut self, address: SocketAddr) -> Result<()> {
        self.until("that it accepts connections", |_| TcpStream::connect(address).ok().map(drop))
    }

    fn until<T>(&mut self, what: &str, look: impl Fn(&str) -> Option<T>) -> Result<T> {
        let begin = Instant::now();
        loop {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(found) = look(&log) {
                return Ok(found);
            }
            let is_over = self.child.try_wait()?.is_some() || begin.elapsed() > START_DEADLINE;
            if is_over {
                return Err(format!("{}: {what} does not come; it said:\n{log}", self.name).into());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Asks it to end in its own time, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid =
            i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).ok_or("no process has this id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let begin = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begin.elapsed() > START_DEADLINE {
                return Err(format!("{} does not stop; it said:\n{}", self.name, self.log()).into());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// What goes wrong with a server shows itself at its clients; the reason may be here.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A start script may have left children that outlive it.
        for id in descendants(self.child.id()) {
            if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
        let _ = self.child.wait();
    }
}

fn keep(stream: impl Read + Send + 'static, log: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(std::io::Result::ok) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
}

/// Connections that this process and a server may have at most. Beyond it only who may raise the limit gets on.
pub(crate) fn most_connections() -> u32 {
    let files = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    u32::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(u32::MAX)
}

/// Files of a process that are no connections.
pub(crate) const OTHER_FILES: u64 = 250;

/// Makes room for as many open files as the machine allows, for this process and what it starts.
pub(crate) fn allow_files(count: u64) -> Result<()> {
    let now = getrlimit(Resource::Nofile);
    let is_enough = now.current.is_none_or(|current| current >= count);
    if is_enough {
        return Ok(());
    }
    let maximum = now.maximum.map(|maximum| maximum.max(count));
    let more = Rlimit { current: Some(count), maximum };
    setrlimit(Resource::Nofile, more).map_err(|error| {
        let current = now.current.unwrap_or_default();
        format!("{count} open files are needed and {current} are allowed (ulimit -n): {error}").into()
    })
}
