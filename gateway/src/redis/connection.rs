//! One connection to one server, shared by all who call it.
//!
//! Commands leave in the order in which they were given to [`Connection::send`], without waiting for answers. A connection
//! that breaks is made anew; what had left on it is answered with [`ConnectionError::Lost`] and is not sent again, since
//! the server may have carried it out. What had not left waits for the new connection.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, RedisError, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout, timeout_at};

use crate::backoff::Backoff;
use crate::telemetry::Sparing;

use super::{Address, RECONNECT, STABLE, Target, Topology, role};

/// Calls that may wait on one connection, and bytes of their commands, but for the last, which may go beyond. Who comes then
/// is refused: the server is too slow for what is asked of it.
const WAITING: usize = 65_536;
const WAITING_BYTES: usize = 64 * 1024 * 1024;

/// How long the making of a connection may take, and each command of its beginning.
const CONNECT: Duration = Duration::from_secs(1);

/// What an argument takes besides its bytes: its place, and its head on the wire.
const ARGUMENT: usize = 32;

/// How often an idle connection is tried, and how long a server may leave everything unanswered.
const PING: Duration = Duration::from_secs(1);
const SILENCE: Duration = Duration::from_secs(3);

/// How long an answer of the connection itself may come late.
const LATE: Duration = Duration::from_millis(100);

/// Why a command has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// It never left: there was no connection until its deadline. Says since when, and why.
    #[error("{0}")]
    NotSent(String),
    /// The connection broke before the answer came. Whether the command was carried out is not known.
    #[error("{0}")]
    Lost(String),
    /// The answer did not come before the deadline. Whether the command was carried out is not known.
    #[error("no answer in time")]
    TimedOut,
    /// It was carried out, but too few replicas said in time that they have it.
    #[error("only {0} replicas have it")]
    Unconfirmed(i64),
    /// Too many wait already. It never left.
    #[error("too many calls wait for the server")]
    Overloaded,
}

impl ConnectionError {
    /// For metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            ConnectionError::NotSent(_) => "not_sent",
            ConnectionError::Lost(_) => "lost",
            ConnectionError::TimedOut => "timed_out",
            ConnectionError::Unconfirmed(_) => "unconfirmed",
            ConnectionError::Overloaded => "overloaded",
        }
    }
}

/// That an answer is given only when so many replicas have what the command wrote.
#[derive(Clone, Copy, Debug)]
pub struct Confirm {
    pub replicas: usize,
    /// At most [`Confirm::TIMEOUT_MOST`]. Meanwhile the server does nothing else on the connection.
    pub timeout: Duration,
    /// Whether an answer means that something was written. The others are given at once.
    pub is_written: fn(&Value) -> bool,
}

impl Confirm {
    /// Well below the time after which a silent connection counts as broken.
    pub const TIMEOUT_MOST: Duration = Duration::from_secs(2);
}

/// A connection to a server. Ends, after what was given to it, when it is dropped.
pub struct Connection {
    jobs: mpsc::UnboundedSender<Job>,
    shared: Arc<Shared>,
}

/// What the callers see of the connection.
struct Shared {
    name: String,
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
    state: Mutex<State>,
}

enum State {
    Connected,
    /// Since when, and why.
    Away(Instant, String),
}

struct Job {
    command: Arc<Cmd>,
    /// Prefixed with ASKING: the slot is on its way to this server (the ASK redirect of Redis Cluster).
    asking: bool,
    deadline: Instant,
    waiter: Waiter,
}

type Outcome = Result<Value, ConnectionError>;

/// Who waits for an answer. It is counted, and told when it is let go of.
struct Waiter {
    reply: Option<oneshot::Sender<Outcome>>,
    /// Of its command.
    bytes: usize,
    shared: Arc<Shared>,
}

impl Waiter {
    fn answer(mut self, outcome: Outcome) {
        if let Some(reply) = self.reply.take() {
            // A caller that does not wait any more has no use for it.
            let _ = reply.send(outcome);
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        self.shared.waiting_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(Err(ConnectionError::Lost(self.shared.trouble().unwrap_or_default())));
        }
    }
}

/// The answer to a command that is on its way. Dropping it does not take the command back.
pub struct Answer {
    reply: oneshot::Receiver<Outcome>,
    deadline: Instant,
}

impl Answer {
    /// The server's answer, which may be an error of the server ([`Value::ServerError`]).
    pub async fn get(self) -> Outcome {
        match timeout_at(self.deadline + LATE, self.reply).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(ConnectionError::Lost("the connection was given up".to_owned())),
            Err(_) => Err(ConnectionError::TimedOut),
        }
    }
}

impl Connection {
    /// A connection to the server at `address`, and what has to run for it. Each connection begins with `greeting`, to which
    /// the server must not answer with an error; scripts are loaded so.
    pub(super) fn new(
        topology: Arc<Topology>,
        address: Address,
        greeting: Arc<[Cmd]>,
        confirm: Option<Confirm>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (jobs, queue) = mpsc::unbounded_channel();
        let state = Mutex::new(State::Away(Instant::now(), "not connected yet".to_owned()));
        let (waiting, waiting_bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let shared = Arc::new(Shared { name: address.to_string(), waiting, waiting_bytes, state });
        let client = topology.client(&address);
        let driver = Driver {
            topology,
            address,
            client,
            greeting,
            confirm,
            queue,
            held: VecDeque::new(),
            backoff: RECONNECT,
            greetings: Sparing::new(),
            lines: Sparing::new(),
            shared: shared.clone(),
        };
        // Commands must leave in the order of their coming. The runtime's budget would hold some of them back
        // in favour of later ones.
        (Self { jobs, shared }, tokio::task::unconstrained(driver.run()))
    }

    /// Sends a command, or holds it until there is a connection, but not beyond `deadline`.
    pub fn send(&self, command: Arc<Cmd>, deadline: Instant) -> Answer {
        self.give(command, false, deadline)
    }

    /// Sends a command for keys that the server is about to take over (`ASK`).
    pub fn send_asking(&self, command: Arc<Cmd>, deadline: Instant) -> Answer {
        self.give(command, true, deadline)
    }

    fn give(&self, command: Arc<Cmd>, asking: bool, deadline: Instant) -> Answer {
        let bytes = size_of(&command);
        let calls_before = self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        let bytes_before = self.shared.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        let waiter = Waiter { reply: Some(reply), bytes, shared: self.shared.clone() };
        if calls_before >= WAITING || bytes_before >= WAITING_BYTES {
            waiter.answer(Err(ConnectionError::Overloaded));
        } else {
            // A driver that is gone lets go of the waiter.
            let _ = self.jobs.send(Job { command, asking, deadline, waiter });
        }
        Answer { reply: answer, deadline }
    }

    /// Why there is no connection, in words; nothing when there is one.
    pub fn trouble(&self) -> Option<String> {
        self.shared.trouble()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> Option<String> {
        match &*self.state() {
            State::Connected => None,
            State::Away(since, reason) => {
                let seconds = since.elapsed().as_secs_f64();
                Some(format!("no connection to redis {} since {seconds:.1} s: {reason}", self.name))
            }
        }
    }

    /// Notes why there is no connection. Since when stays, when there was none before.
    fn is_away(&self, reason: &str) {
        let mut state = self.state();
        let since = match &*state {
            State::Connected => Instant::now(),
            State::Away(since, _) => *since,
        };
        *state = State::Away(since, reason.to_owned());
    }
}

struct Driver {
    topology: Arc<Topology>,
    address: Address,
    client: Client,
    greeting: Arc<[Cmd]>,
    confirm: Option<Confirm>,
    queue: mpsc::UnboundedReceiver<Job>,
    /// Waiting for a connection, in order.
    held: VecDeque<Job>,
    backoff: Backoff,
    /// About connections that were made, and lost: a server may do that as fast as we come back.
    greetings: Sparing,
    lines: Sparing,
    shared: Arc<Shared>,
}

/// What a command that has left is for.
enum Purpose {
    Call(Waiter),
    /// To hear whether the server is there.
    Ping,
    /// That replicas have what these commands wrote. Their answers wait for it.
    Confirm(Vec<(Waiter, Value)>),
}

type Sent = Pin<Box<dyn Future<Output = (Purpose, Result<Value, RedisError>)> + Send>>;

/// The connection was dropped.
struct Dropped;

impl Driver {
    async fn run(mut self) {
        while let Ok(connection) = self.connect().await {
            *self.shared.state() = State::Connected;
            if let Some(kept_back) = self.greetings.admit() {
                tracing::info!(server = self.shared.name, kept_back, "connected to redis");
            }
            let begun = Instant::now();
            match Session::new(connection, self.confirm).hold(&mut self).await {
                Ok(()) => return,
                Err(reason) => self.lost(&reason),
            }
            // A server that accepts everybody and drops everybody is not asked as fast as it can do so.
            if begun.elapsed() >= STABLE {
                self.backoff.reset();
            } else if self.pause().await.is_err() {
                break;
            }
        }
        let reason = "it is not the master of these keys any more".to_owned();
        for job in self.held {
            job.waiter.answer(Err(ConnectionError::NotSent(reason.clone())));
        }
    }

    fn lost(&self, reason: &str) {
        if let Some(kept_back) = self.lines.admit() {
            tracing::warn!(server = self.shared.name, reason, kept_back, "lost the connection to redis");
        }
        metrics::counter!("gateway_redis_reconnects_total").increment(1);
        self.topology.suspect();
    }

    /// Tries until it works.
    async fn connect(&mut self) -> Result<MultiplexedConnection, Dropped> {
        let (client, greeting) = (self.client.clone(), self.greeting.clone());
        let topology = self.topology.clone();
        loop {
            let connecting = connect(&client, topology.target(), &greeting);
            let reason = match self.hold_during(connecting).await? {
                Ok(connection) => return Ok(connection),
                Err(reason) => reason,
            };
            self.topology.unreachable(&self.address, &reason);
            self.shared.is_away(&reason);
            self.topology.suspect();
            self.pause().await?;
        }
    }

    async fn pause(&mut self) -> Result<(), Dropped> {
        let until = Instant::now() + self.backoff.delay();
        self.hold_during(sleep_until(until)).await
    }

    /// Waits for `work`; the commands that come meanwhile are held, but not beyond their deadlines.
    async fn hold_during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Dropped> {
        let mut work = std::pin::pin!(work);
        // Kept beside them: very many may be held, and more come one at a time.
        let mut first = self.first_deadline();
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                job = self.queue.recv() => {
                    let job = job.ok_or(Dropped)?;
                    first = Some(first.map_or(job.deadline, |first| first.min(job.deadline)));
                    self.held.push_back(job);
                }
                () = sleep_until(first.unwrap_or_else(Instant::now)), if first.is_some() => {
                    self.let_go();
                    first = self.first_deadline();
                }
            }
        }
    }

    fn first_deadline(&self) -> Option<Instant> {
        self.held.iter().map(|job| job.deadline).min()
    }

    /// Answers those whose deadline has passed.
    fn let_go(&mut self) {
        let (now, trouble) = (Instant::now(), self.shared.trouble().unwrap_or_default());
        for job in std::mem::take(&mut self.held) {
            if job.deadline > now {
                self.held.push_back(job);
            } else {
                job.waiter.answer(Err(ConnectionError::NotSent(trouble.clone())));
            }
        }
    }
}

/// One connection from its greeting to its end.
struct Session {
    connection: MultiplexedConnection,
    sent: FuturesUnordered<Sent>,
    /// When the server last said something, or was last not expected to.
    heard: Instant,
    confirm: Option<Confirm>,
    /// Answers that wait for replicas, while `is_confirming` others that came before.
    unconfirmed: Vec<(Waiter, Value)>,
    is_confirming: bool,
}

impl Session {
    fn new(connection: MultiplexedConnection, confirm: Option<Confirm>) -> Self {
        Self {
            connection,
            sent: FuturesUnordered::new(),
            heard: Instant::now(),
            confirm,
            unconfirmed: Vec::new(),
            is_confirming: false,
        }
    }

    /// Sends what comes and hands out the answers, until the connection was dropped and everything is answered,
    /// or the connection breaks for the reason that is the error.
    async fn hold(mut self, driver: &mut Driver) -> Result<(), String> {
        let mut ticks = interval_at(self.heard + PING, PING);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_dropped = false;
        for job in std::mem::take(&mut driver.held) {
            self.leave(job.command, job.asking, Purpose::Call(job.waiter)).await;
        }
        while !(is_dropped && self.sent.is_empty()) {
            let broken = tokio::select! {
                Some((purpose, answer)) = self.sent.next() => match answer {
                    Ok(value) => {
                        self.answered(purpose, value).await;
                        None
                    }
                    Err(error) => Some((error.to_string(), Some(purpose))),
                },
                job = driver.queue.recv(), if !is_dropped => {
                    match job {
                        Some(job) => self.leave(job.command, job.asking, Purpose::Call(job.waiter)).await,
                        None => is_dropped = true,
                    }
                    None
                }
                _ = ticks.tick() => self.look().await.map(|reason| (reason, None)),
            };
            if let Some((reason, _purpose)) = broken {
                // Those who wait are let go of after this, which tells them why.
                driver.shared.is_away(&reason);
                return Err(reason);
            }
        }
        Ok(())
    }

    async fn answered(&mut self, purpose: Purpose, value: Value) {
        self.heard = Instant::now();
        match purpose {
            Purpose::Ping => {}
            Purpose::Call(waiter) if self.confirm.is_some_and(|confirm| (confirm.is_written)(&value)) => {
                self.unconfirmed.push((waiter, value));
            }
            Purpose::Call(waiter) => waiter.answer(Ok(value)),
            Purpose::Confirm(calls) => {
                self.is_confirming = false;
                let wanted = self.confirm.map_or(0, |confirm| confirm.replicas);
                let outcome = match value {
                    Value::Int(replicas) if usize::try_from(replicas).is_ok_and(|have| have >= wanted) => {
                        Ok(())
                    }
                    Value::Int(replicas) => Err(ConnectionError::Unconfirmed(replicas)),
                    Value::ServerError(error) => Err(ConnectionError::Lost(in_words(&error))),
                    _ => Err(ConnectionError::Unconfirmed(0)),
                };
                for (waiter, value) in calls {
                    waiter.answer(outcome.clone().map(|()| value));
                }
            }
        }
        if let Some(confirm) = self.confirm
            && !self.is_confirming
            && !self.unconfirmed.is_empty()
        {
            self.is_confirming = true;
            let mut wait = redis::cmd("WAIT");
            let timeout = confirm.timeout.min(Confirm::TIMEOUT_MOST).as_millis();
            // Nothing would be no limit.
            wait.arg(confirm.replicas).arg(timeout.max(1) as u64);
            let calls = std::mem::take(&mut self.unconfirmed);
            self.leave(Arc::new(wait), false, Purpose::Confirm(calls)).await;
        }
    }

    /// Looks whether the server is there: why not, if it is not.
    async fn look(&mut self) -> Option<String> {
        if self.sent.is_empty() {
            self.leave(Arc::new(redis::cmd("PING")), false, Purpose::Ping).await;
        } else if self.heard.elapsed() >= SILENCE {
            return Some(format!("it did not answer for {} s", SILENCE.as_secs()));
        }
        None
    }

    /// Hands a command to the connection. It is on its way when this returns.
    async fn leave(&mut self, command: Arc<Cmd>, asking: bool, purpose: Purpose) {
        if self.sent.is_empty() {
            self.heard = Instant::now();
        }
        let mut connection = self.connection.clone();
        let mut sent: Sent = Box::pin(async move {
            let answer = if asking {
                let mut both = redis::pipe();
                both.cmd("ASKING").add_command((*command).clone());
                let answers = connection.send_packed_commands(&both, 0, 2).await;
                answers.map(|mut answers| answers.pop().unwrap_or_default())
            } else {
                connection.send_packed_command(&command).await
            };
            (purpose, answer)
        });
        // The first poll puts it into the connection's queue, which is longer than what may wait.
        let early = std::future::poll_fn(|context| Poll::Ready(sent.as_mut().poll(context))).await;
        self.sent.push(match early {
            Poll::Pending => sent,
            Poll::Ready(done) => Box::pin(std::future::ready(done)),
        });
    }
}

/// A connection that has been greeted, or why there is none.
async fn connect(
    client: &Client,
    target: &Target,
    greeting: &[Cmd],
) -> Result<MultiplexedConnection, String> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(None)
        .set_pipeline_buffer_size(WAITING + 1);
    let late = |_| format!("no answer within {} s", CONNECT.as_secs());
    let connecting = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection =
        timeout(CONNECT, connecting).await.map_err(late)?.map_err(|error| error.to_string())?;
    let mut ask = async |command: &Cmd| match timeout(CONNECT, connection.send_packed_command(command))
        .await
        .map_err(late)?
    {
        Ok(Value::ServerError(error)) => Err(in_words(&error)),
        Ok(value) => Ok(value),
        Err(error) => Err(error.to_string()),
    };
    if let Some(objection) = role::objection(target, &ask(&redis::cmd("HELLO")).await?) {
        return Err(objection);
    }
    for command in greeting {
        ask(command).await?;
    }
    Ok(connection)
}

/// About so many bytes are held for a command until it is answered.
fn size_of(command: &Cmd) -> usize {
    let arguments = command.args_iter().map(|argument| match argument {
        redis::Arg::Simple(bytes) => bytes.len(),
        _ => 0,
    });
    arguments.map(|length| length + ARGUMENT).sum()
}

/// An error of the server as it wrote it.
pub fn in_words(error: &redis::ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use test_servers::Persistence::Nothing;
    use test_servers::RedisServer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::redis::Target;

    /// A connection to a server on this machine, and its driver.
    fn connection(port: u16) -> (Connection, JoinHandle<()>) {
        let topology = Topology::start(Target::parse(&format!("redis://127.0.0.1:{port}")).unwrap());
        let (connection, driver) =
            Connection::new(topology, Address::new("127.0.0.1", port), Arc::new([]), None);
        (connection, tokio::spawn(driver))
    }

    /// It waited for the server, and no longer than it may.
    fn was_taken(outcome: &Outcome) -> bool {
        matches!(outcome, Err(ConnectionError::NotSent(_) | ConnectionError::TimedOut))
    }

    /// Gives `command` so often to a server that is not there, and then once more.
    async fn overload(command: Cmd, times: usize) {
        let (connection, driver) = connection(1);
        let command = Arc::new(command);
        let deadline = Instant::now() + Duration::from_secs(1);
        let answers: Vec<Answer> = (0..times).map(|_| connection.send(command.clone(), deadline)).collect();
        let refused = connection.send(command.clone(), deadline).get().await;
        assert_eq!(refused, Err(ConnectionError::Overloaded));
        for answer in answers {
            let outcome = answer.get().await;
            assert!(was_taken(&outcome), "{outcome:?}");
        }
        // Those that are answered wait no more.
        assert!(was_taken(&connection.send(command, deadline).get().await));
        driver.abort();
    }

    #[tokio::test]
    async fn so_many_calls_wait_and_no_more() {
        overload(redis::cmd("PING"), WAITING).await;
    }

    #[tokio::test]
    async fn so_many_bytes_wait_and_no_more() {
        let mut command = redis::cmd("ECHO");
        command.arg(vec![0_u8; 1024 * 1024]);
        overload(command, WAITING_BYTES / (1024 * 1024)).await;
    }

    #[tokio::test]
    async fn a_large_command_is_sent_when_nothing_else_waits() {
        let (connection, driver) = connection(1);
        let mut command = redis::cmd("ECHO");
        command.arg(vec![0_u8; WAITING_BYTES + 1]);
        assert!(was_taken(&connection.send(Arc::new(command), Instant::now()).get().await));
        driver.abort();
    }

    /// As a proxy does whose server is away: the greeting is answered, and the connection closed.
    #[tokio::test]
    async fn who_is_let_in_and_put_out_does_not_come_back_at_once() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (connection, driver) = connection(listener.local_addr().unwrap().port());
        let mut came = 0;
        let serve = async {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                came += 1;
                let mut hello = [0; 1024];
                // The client's greeting, and ours.
                for _ in 0..2 {
                    let _ = stream.read(&mut hello).await;
                    let _ = stream.write_all(b"%1\r\n$5\r\nproto\r\n:3\r\n").await;
                }
            }
        };
        // That a connection is gone shows when something is asked.
        let ask = async {
            loop {
                let deadline = Instant::now() + Duration::from_secs(5);
                let _ = connection.send(Arc::new(redis::cmd("PING")), deadline).get().await;
            }
        };
        let _ = timeout(Duration::from_secs(2), async { tokio::join!(serve, ask) }).await;
        assert!((2..=20).contains(&came), "{came} connections in two seconds");
        driver.abort();
    }

    /// As when a master that died comes back as the replica of its successor, with nothing yet.
    #[tokio::test]
    async fn a_replica_is_asked_nothing_until_it_is_the_master() {
        let master = RedisServer::start(Nothing).await;
        let of = format!("127.0.0.1 {}", master.port);
        let replica = RedisServer::start_with(Nothing, &["--replicaof", &of]).await;
        let (connection, driver) = connection(replica.port);
        let get = || {
            let mut command = redis::cmd("GET");
            command.arg("key");
            Arc::new(command)
        };
        let soon = || Instant::now() + Duration::from_secs(1);
        match connection.send(get(), soon()).get().await {
            Err(ConnectionError::NotSent(reason)) => assert!(reason.contains("replica"), "{reason}"),
            other => panic!("{other:?}"),
        }
        replica.command::<()>("REPLICAOF NO ONE").await;
        assert_eq!(connection.send(get(), soon()).get().await, Ok(Value::Nil));
        driver.abort();
    }
}
