//! Whose connection it is, behind proxies that are trusted to say so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::{Buf, BytesMut};
use hyper::header::HeaderMap;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncReadExt};

/// A header of one hop has some hundred bytes; one that is longer tells of more hops than anybody has.
const MOST_HOPS: usize = 32;

/// What the second version of the PROXY protocol begins with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The longest line of the first version, its end included.
const LONGEST_LINE: usize = 107;

/// The longest header of the second version that is read; what it says beside the addresses is of no interest.
const LONGEST_HEADER: usize = 4096;

/// Who is trusted.
pub(super) struct Proxies {
    trusted: Vec<IpNet>,
    /// Whether they say it by the PROXY protocol, too.
    pub(super) speak_first: bool,
}

/// A PROXY protocol header that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum HeaderError {
    #[error("it is no header of the PROXY protocol")]
    Malformed,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Proxies {
    pub(super) fn new(trusted: Vec<IpNet>, speak_first: bool) -> Self {
        Self { trusted, speak_first }
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// The client of a request that came from `peer`: the last address of X-Forwarded-For that no trusted proxy has. What
    /// stands before it anybody can have written.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops.take(MOST_HOPS) {
            let Some(address) = address(hop) else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// An address of X-Forwarded-For: some write a port behind it, and brackets around one of IPv6.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let plain = || text.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    plain().or_else(with_port).or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

/// Reads the header with which a proxy begins a connection. Gives the client, unless the proxy speaks for itself, and what
/// was read behind the header.
pub(super) async fn read_header(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<(Option<IpAddr>, BytesMut), HeaderError> {
    let mut bytes = BytesMut::with_capacity(256);
    loop {
        if let Some((client, length)) = parse(&bytes)? {
            bytes.advance(length);
            return Ok((client, bytes));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(HeaderError::Malformed);
        }
    }
}

/// The client and the length of a header; `None` while it has not come whole.
fn parse(bytes: &[u8]) -> Result<Option<(Option<IpAddr>, usize)>, HeaderError> {
    let begins_as = |start: &[u8]| bytes.iter().zip(start).all(|(byte, expected)| byte == expected);
    if begins_as(&SIGNATURE) {
        parse_binary(bytes)
    } else if begins_as(b"PROXY ") {
        parse_line(bytes)
    } else {
        Err(HeaderError::Malformed)
    }
}

/// `PROXY TCP4 source destination port port\r\n`, or `PROXY UNKNOWN …\r\n`.
fn parse_line(bytes: &[u8]) -> Result<Option<(Option<IpAddr>, usize)>, HeaderError> {
    let shown = &bytes[..bytes.len().min(LONGEST_LINE)];
    let Some(end) = shown.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < LONGEST_LINE { Ok(None) } else { Err(HeaderError::Malformed) };
    };
    let line = std::str::from_utf8(&bytes[..end]).map_err(|_| HeaderError::Malformed)?;
    let words: Vec<&str> = line.split(' ').collect();
    let client = match *words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => None,
        ["PROXY", "TCP4", source, _, _, _] => source.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        ["PROXY", "TCP6", source, _, _, _] => source.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        _ => return Err(HeaderError::Malformed),
    };
    if client.is_none() && words[1] != "UNKNOWN" {
        return Err(HeaderError::Malformed);
    }
    Ok(Some((client.map(|client| client.to_canonical()), end + 2)))
}

/// The signature, version and command, family, length, and as many bytes.
fn parse_binary(bytes: &[u8]) -> Result<Option<(Option<IpAddr>, usize)>, HeaderError> {
    let Some(&[command, family, high, low]) = bytes.get(SIGNATURE.len()..SIGNATURE.len() + 4) else {
        return Ok(None);
    };
    let start = SIGNATURE.len() + 4;
    let end = start + usize::from(u16::from_be_bytes([high, low]));
    if end > LONGEST_HEADER {
        return Err(HeaderError::Malformed);
    }
    let Some(said) = bytes.get(start..end) else { return Ok(None) };
    let client = match (command, family >> 4) {
        // The proxy itself, which looks whether we are well; or a client of no address.
        (0x20, _) | (0x21, 0 | 3) => None,
        (0x21, 1) => said.first_chunk::<12>().map(|_| {
            let octets: [u8; 4] = std::array::from_fn(|index| said[index]);
            IpAddr::from(octets)
        }),
        (0x21, 2) => said.first_chunk::<36>().map(|_| {
            let octets: [u8; 16] = std::array::from_fn(|index| said[index]);
            IpAddr::from(octets)
        }),
        _ => return Err(HeaderError::Malformed),
    };
    if client.is_none() && command == 0x21 && matches!(family >> 4, 1 | 2) {
        return Err(HeaderError::Malformed);
    }
    Ok(Some((client.map(|client| client.to_canonical()), end)))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn proxies() -> Proxies {
        Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()], false)
    }

    fn client(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        proxies().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_clients() {
        assert_eq!(client("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 203.0.113.7, 10.0.0.2"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["203.0.113.7:4711"]), "203.0.113.7");
        assert_eq!(client("::ffff:10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("fd00::1", &["[2001:db8::1]"]), "2001:db8::1");
        // All of them are proxies: the first is whoever asked.
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        // What cannot be read hides what stands before it.
        assert_eq!(client("10.0.0.1", &["203.0.113.7, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn who_is_not_trusted_says_nothing() {
        assert_eq!(client("203.0.113.9", &["10.0.0.1"]), "203.0.113.9");
        assert!(!proxies().trusts("203.0.113.9".parse().unwrap()));
        assert!(proxies().trusts("::ffff:10.9.9.9".parse().unwrap()));
    }

    fn binary(command: u8, family: u8, said: &[u8]) -> Vec<u8> {
        let length = (said.len() as u16).to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length[..], said].concat()
    }

    fn read(bytes: &[u8]) -> Option<(Option<String>, usize)> {
        let (client, length) = parse(bytes).ok()??;
        Some((client.map(|client| client.to_string()), length))
    }

    #[test]
    fn both_versions_name_the_client() {
        let line = b"PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\nGET / HTTP/1.1\r\n";
        assert_eq!(read(line), Some((Some("203.0.113.7".to_owned()), 43)));
        assert_eq!(read(b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n"), Some((Some("2001:db8::1".to_owned()), 32)));
        assert_eq!(read(b"PROXY UNKNOWN\r\n"), Some((None, 15)));
        assert_eq!(read(b"PROXY UNKNOWN ff:: ff:: 1 2\r\n"), Some((None, 29)));

        let v4 = [203, 0, 113, 7, 10, 0, 0, 1, 0xdc, 4, 1, 187];
        let header = binary(0x21, 0x11, &v4);
        assert_eq!(read(&[&header[..], b"GET"].concat()), Some((Some("203.0.113.7".to_owned()), 28)));
        // With more behind the addresses.
        let header = binary(0x21, 0x11, &[&v4[..], &[4, 0, 1, 0]].concat());
        assert_eq!(read(&header), Some((Some("203.0.113.7".to_owned()), 32)));
        let mut v6 = [0; 36];
        v6[..4].copy_from_slice(&[0x20, 1, 0xd, 0xb8]);
        v6[15] = 1;
        assert_eq!(read(&binary(0x21, 0x21, &v6)), Some((Some("2001:db8::1".to_owned()), 52)));
        assert_eq!(read(&binary(0x20, 0, &[])), Some((None, 16)));
    }

    #[test]
    fn what_is_no_header_is_refused_as_soon_as_it_shows() {
        let long = [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200]].concat();
        let wrong = [
            b"GET / HTTP/1.1\r\n".to_vec(),
            b"PROXY TCP4 x 10.0.0.1 1 2\r\n".to_vec(),
            b"PROXY TCP4 ::1 ::1 1 2\r\n".to_vec(),
            b"PROXY TCP4 1.1.1.1\r\n".to_vec(),
            b"PROXY UDP4 1.1.1.1 1.1.1.1 1 2\r\n".to_vec(),
            long,
            binary(0x31, 0x11, &[0; 12]),
            binary(0x22, 0x11, &[0; 12]),
            binary(0x21, 0x11, &[0; 11]),
            binary(0x21, 0x11, &[0; 5000]),
        ];
        for bytes in wrong {
            assert!(parse(&bytes).is_err(), "{}", String::from_utf8_lossy(&bytes));
        }
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_is_read_the_same(cut in 0..43usize) {
            let line = b"PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\n";
            prop_assert!(matches!(parse(&line[..cut]), Ok(None)));
            let header = binary(0x21, 0x11, &[7; 12]);
            prop_assert!(matches!(parse(&header[..cut.min(27)]), Ok(None)));
        }

        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let _ = parse(&[&SIGNATURE[..], &bytes].concat());
            let _ = parse(&[b"PROXY ", &bytes[..]].concat());
        }
    }
}
