//! The least that an engine asks of Redis for a message: its number, the append to the log, the publication.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::Result;
use crate::clock::now_ns;

const SCRIPT: &str = "local seq = redis.call('INCR', KEYS[1]) \
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', '100000', seq .. '-1', 'b', ARGV[1]) \
    redis.call('SPUBLISH', KEYS[3], ARGV[1]) \
    return seq";

/// Instances that are subscribed.
const SUBSCRIBERS: usize = 2;

/// Runs the script over one connection, so many at once, each for a room of its own.
pub(super) struct Caller {
    stream: BufReader<TcpStream>,
    /// The runs that are sent at once.
    commands: Vec<u8>,
    depth: usize,
}

impl Caller {
    pub(super) fn new(port: u16, depth: usize, bytes: usize) -> Result<Self> {
        let connect = || TcpStream::connect(("127.0.0.1", port));
        for _ in 0..SUBSCRIBERS {
            let mut stream = connect()?;
            let mut subscribe = Vec::new();
            for room in 0..depth {
                command(&["SSUBSCRIBE", &format!("c:{{room{room}}}")], &mut subscribe);
            }
            stream.write_all(&subscribe)?;
            // It ends with the server.
            std::thread::spawn(move || {
                let mut buffer = vec![0; 256 * 1024];
                while stream.read(&mut buffer).is_ok_and(|length| length > 0) {}
            });
        }
        let stream = connect()?;
        stream.set_nodelay(true)?;
        let mut caller = Self { stream: BufReader::new(stream), commands: Vec::new(), depth };
        let mut load = Vec::new();
        command(&["SCRIPT", "LOAD", SCRIPT], &mut load);
        caller.stream.get_mut().write_all(&load)?;
        // A bulk string: its length, then the digest.
        let (_, digest) = (caller.line()?, caller.line()?);
        let body = "x".repeat(bytes);
        for room in 0..depth {
            let [number, log, channel] = ["n", "l", "c"].map(|kind| format!("{kind}:{{room{room}}}"));
            command(&["EVALSHA", &digest, "3", &number, &log, &channel, &body], &mut caller.commands);
        }
        Ok(caller)
    }

    /// Runs it until a moment, and gives how often.
    pub(super) fn run(&mut self, until_ns: u64) -> Result<u64> {
        let mut runs = 0;
        while now_ns() < until_ns {
            self.stream.get_mut().write_all(&self.commands)?;
            for _ in 0..self.depth {
                let answer = self.line()?;
                if !answer.starts_with(':') {
                    return Err(format!("the bare script: {answer}").into());
                }
            }
            runs += self.depth as u64;
        }
        Ok(runs)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

fn command(words: &[&str], out: &mut Vec<u8>) {
    let _ = write!(out, "*{}\r\n", words.len());
    for word in words {
        let _ = write!(out, "${}\r\n{word}\r\n", word.len());
    }
}
