//! WebSocket frames as a client writes and reads them (RFC 6455, §5). Messages of one frame only: nothing here sends others.

/// The mask of every frame. It is not random, as it protects nothing here; to take it off costs a server the same.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Of the key that every client sends, and the answer to it (RFC 6455, §1.3).
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}

/// Appends a masked frame.
pub(crate) fn write_masked(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    write_head(opcode, payload.len(), 0x80, out);
    out.extend_from_slice(&MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// Appends a frame as a server sends it.
#[cfg(test)]
pub(crate) fn write_plain(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    write_head(opcode, payload.len(), 0, out);
    out.extend_from_slice(payload);
}

pub(crate) fn write_head(opcode: Opcode, length: usize, masked: u8, out: &mut Vec<u8>) {
    out.push(0x80 | opcode as u8);
    match length {
        0..=125 => out.push(masked | length as u8),
        126..=0xffff => {
            out.push(masked | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(masked | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// A frame at the begin of some bytes.
pub(crate) struct Frame {
    /// The low half of the first byte.
    pub(crate) opcode: u8,
    /// Where the payload is.
    pub(crate) payload: std::ops::Range<usize>,
    pub(crate) mask: Option<[u8; 4]>,
}

impl Frame {
    /// None while the frame is not there as a whole.
    pub(crate) fn at(bytes: &[u8]) -> Option<Self> {
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        let (length, mut at) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
            127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
            short => (usize::from(short), 2),
        };
        let mut mask = None;
        if second & 0x80 != 0 {
            mask = Some(bytes.get(at..at + 4)?.try_into().ok()?);
            at += 4;
        }
        let end = at.checked_add(length)?;
        (bytes.len() >= end).then_some(Self { opcode: first & 0xf, payload: at..end, mask })
    }

    pub(crate) fn is(&self, opcode: Opcode) -> bool {
        self.opcode == opcode as u8
    }
}

/// What an upgrade asks for. `headers` are further lines, each with its end.
pub(crate) fn upgrade(target: &str, headers: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
    )
}

/// Takes the answer to an upgrade off the begin of `input`. False while it is not there as a whole.
pub(crate) fn is_upgraded(input: &mut Vec<u8>) -> Result<bool, String> {
    let Some(end) = memchr::memmem::find(input, b"\r\n\r\n") else {
        return Ok(false);
    };
    let head = String::from_utf8_lossy(&input[..end]).into_owned();
    input.drain(..end + 4);
    if head.starts_with("HTTP/1.1 101") && head.contains(ACCEPT) {
        return Ok(true);
    }
    Err(format!("the upgrade was refused: {head}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_come_back() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let (mut plain, mut masked) = (Vec::new(), Vec::new());
            write_plain(Opcode::Binary, &payload, &mut plain);
            write_masked(Opcode::Text, &payload, &mut masked);
            for cut in 0..plain.len().min(14) {
                assert!(Frame::at(&plain[..cut]).is_none());
            }
            assert!(Frame::at(&plain[..plain.len() - 1]).is_none());
            let frame = Frame::at(&plain).unwrap();
            assert!(frame.is(Opcode::Binary));
            assert_eq!(plain[frame.payload.clone()], payload);
            let frame = Frame::at(&masked).unwrap();
            assert!(frame.is(Opcode::Text));
            let mask = frame.mask.unwrap();
            let bytes = masked[frame.payload.clone()].iter().zip(mask.iter().cycle());
            assert!(bytes.map(|(byte, mask)| byte ^ mask).eq(payload.iter().copied()));
            assert_eq!(frame.payload.end, masked.len());
        }
    }

    #[test]
    fn the_answer_to_an_upgrade_is_taken_off() {
        let mut input = b"HTTP/1.1 101 Switching\r\n".to_vec();
        assert_eq!(is_upgraded(&mut input), Ok(false));
        input.extend_from_slice(format!("Sec-WebSocket-Accept: {ACCEPT}\r\n\r\nrest").as_bytes());
        assert_eq!(is_upgraded(&mut input), Ok(true));
        assert_eq!(input, b"rest");
        assert!(is_upgraded(&mut b"HTTP/1.1 503 No\r\n\r\n".to_vec()).is_err());
    }
}
