//! A connection whose bytes we read ourselves.

use std::io;

use bytes::BytesMut;
use redis::{Cmd, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use super::resp::{Decoder, Malformed};
use super::topology::Stream;
use super::{Address, Topology, in_words, role};

const ARE_SHARDED: &str = "return redis.REDIS_VERSION_NUM and 1 or 0";

/// A connection that speaks version 3 of the protocol, its user logged in.
pub(crate) struct RawConnection {
    pub(crate) reader: ReadHalf<Box<dyn Stream>>,
    pub(crate) writer: WriteHalf<Box<dyn Stream>>,
    pub(crate) decoder: Decoder,
    /// What was read and is not decoded yet.
    pub(crate) buffer: BytesMut,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RawError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// The server's own words, or ours about a server that we do not want.
    #[error("{0}")]
    Refused(String),
}

impl RawConnection {
    /// Takes as long as the server does: the caller sets a limit.
    pub(crate) async fn open(topology: &Topology, address: &Address) -> Result<Self, RawError> {
        let (reader, writer) = tokio::io::split(topology.dial(address).await?);
        let mut wire = Self { reader, writer, decoder: Decoder::default(), buffer: BytesMut::new() };
        let login = &topology.target().login;
        let mut hello = redis::cmd("HELLO");
        hello.arg(3);
        if let Some(password) = &login.password {
            hello.arg("AUTH").arg(login.user.as_deref().unwrap_or("default")).arg(password);
        }
        let hello = wire.call(&hello).await?;
        match role::objection(topology.target(), &hello) {
            Some(objection) => Err(RawError::Refused(objection)),
            None => Ok(wire),
        }
    }

    /// Whether the server knows sharded channels. Those of before 7.0 do not; the scripts that publish ask the same.
    pub(crate) async fn has_sharded_channels(&mut self) -> Result<bool, RawError> {
        let answer = self.call(redis::cmd("EVAL").arg(ARE_SHARDED).arg(0)).await?;
        Ok(answer == Value::Int(1))
    }

    /// Sends a command and waits for its answer. For the time before anything is pushed.
    pub(crate) async fn call(&mut self, command: &Cmd) -> Result<Value, RawError> {
        self.writer.write_all(&command.get_packed_command()).await?;
        self.writer.flush().await?;
        loop {
            match self.decoder.decode(&mut self.buffer)? {
                Some(Value::ServerError(error)) => return Err(RawError::Refused(in_words(&error))),
                Some(value) => return Ok(value),
                None => {}
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }
}
