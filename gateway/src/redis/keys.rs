//! How keys and channels are called.
//!
//! Everything of one partition has the same *tag*, `timgate:{1400000000/gROOM}`: the part in braces is what Redis
//! Cluster places a key by, so a script may touch all keys of a partition and publish to its channel.
//!
//! | key | type | holds |
//! |---|---|---|
//! | `tag` | channel | the events of the user's or the group's topic |
//! | `tag:r` | hash | records: table letter and suffix → version (8 bytes, big-endian) and bytes |
//! | `tag:i:x` | sorted set, all scores 0 | the suffixes of table `x`, for scans |
//! | `tag:n` | hash | counts: table letter and suffix → decimal number |
//! | `tag:h` | hash | `v` → last version; `k` → last turn of the topic; `l`log → number and time of the log's last entry |
//! | `tag:t:log` | stream | the log; the id is the sequence number |
//! | `tag:o:token` | string that expires | what a batch with this token was answered |

use protocol::id::AppId;

/// What all names begin with, so that several deployments can share a server.
#[derive(Clone, Debug)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The tag of a partition or topic: the application, and the name that is unique in it.
    pub fn tag(&self, app: AppId, name: &[u8]) -> Tag {
        let mut tag = format!("{}:{{{app}/", self.prefix).into_bytes();
        for &byte in name {
            // A brace would end the tag early, a colon could be taken for the one after it.
            if matches!(byte, b'{' | b'}' | b':' | b'%') {
                tag.extend_from_slice(format!("%{byte:02X}").as_bytes());
            } else {
                tag.push(byte);
            }
        }
        tag.push(b'}');
        Tag(tag)
    }
}

/// The common part of the names of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag(Vec<u8>);

impl Tag {
    /// The channel of the topic with this tag.
    pub fn channel(&self) -> &[u8] {
        &self.0
    }

    /// Records.
    pub fn records(&self) -> Vec<u8> {
        self.key(b"r", b"")
    }

    /// The suffixes of a table.
    pub fn index(&self, letter: u8) -> Vec<u8> {
        self.key(b"i:", &[letter])
    }

    /// Counts.
    pub fn counts(&self) -> Vec<u8> {
        self.key(b"n", b"")
    }

    /// Versions, turns and the ends of logs.
    pub fn heads(&self) -> Vec<u8> {
        self.key(b"h", b"")
    }

    /// A log.
    pub fn log(&self, name: &[u8]) -> Vec<u8> {
        self.key(b"t:", name)
    }

    /// The answer to a batch with a token.
    pub fn once(&self, token: &[u8]) -> Vec<u8> {
        self.key(b"o:", token)
    }

    fn key(&self, kind: &[u8], rest: &[u8]) -> Vec<u8> {
        [&self.0, b":".as_slice(), kind, rest].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_reach_out_of_its_tag() {
        let keys = Keys::new("timgate");
        let tag = keys.tag(AppId(7), b"ga}:r%{");
        assert_eq!(tag.channel(), b"timgate:{7/ga%7D%3Ar%25%7B}");
        assert_eq!(tag.log(b"x"), b"timgate:{7/ga%7D%3Ar%25%7B}:t:x");
    }
}
