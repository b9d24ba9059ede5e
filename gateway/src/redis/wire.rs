//! A connection whose bytes we read ourselves.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use super::resp::{self, Frame, Malformed};
use super::servers::Stream;
use super::{Address, Servers};

/// A connection that speaks version 3 of the protocol, its user logged in.
pub(crate) struct Wire {
    pub(crate) reader: ReadHalf<Box<dyn Stream>>,
    pub(crate) writer: WriteHalf<Box<dyn Stream>>,
    /// What was read and is not decoded yet.
    pub(crate) buffer: BytesMut,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// The server's own words.
    #[error("{0}")]
    Refused(String),
}

impl Wire {
    /// Takes as long as the server does: the caller sets a limit.
    pub(crate) async fn open(servers: &Servers, address: &Address) -> Result<Self, WireError> {
        let (reader, writer) = tokio::io::split(servers.dial(address).await?);
        let mut wire = Self { reader, writer, buffer: BytesMut::new() };
        let login = &servers.target().login;
        let mut hello: Vec<&[u8]> = vec![b"HELLO", b"3"];
        if let Some(password) = &login.password {
            let user = login.user.as_deref().unwrap_or("default");
            hello.extend([b"AUTH".as_slice(), user.as_bytes(), password.as_bytes()]);
        }
        wire.ask(&hello).await?;
        Ok(wire)
    }

    /// Sends a command and waits for its answer. For the time before anything is pushed.
    pub(crate) async fn ask(&mut self, words: &[&[u8]]) -> Result<Frame, WireError> {
        let mut out = BytesMut::new();
        resp::encode(&mut out, words);
        self.writer.write_all(&out).await?;
        self.writer.flush().await?;
        loop {
            match resp::decode(&mut self.buffer)? {
                Some(Frame::Error(error)) => {
                    return Err(WireError::Refused(String::from_utf8_lossy(&error).into_owned()));
                }
                Some(frame) => return Ok(frame),
                None => {}
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }
}
