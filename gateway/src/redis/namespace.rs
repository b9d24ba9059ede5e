//! How the keys and channels of a deployment begin, so that several can share a server.

/// Names of the form `prefix:{name}`, to which a user of the client appends what it likes.
///
/// The part in braces is the hash tag: it alone decides in which slot of a Redis Cluster a key lies, so everything
/// that begins with the same key lies on the same server, and one script may touch all of it.
#[derive(Clone, Debug)]
pub struct Namespace {
    prefix: String,
}

impl Namespace {
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key `prefix:{name}`. A brace in the name would end the tag early, a colon could be taken for the one
    /// behind it: both are written as `%` and two digits, and `%` itself too.
    pub fn key(&self, name: &[u8]) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.prefix.len() + name.len() + 3);
        key.extend_from_slice(self.prefix.as_bytes());
        key.extend_from_slice(b":{");
        for &byte in name {
            if matches!(byte, b'{' | b'}' | b':' | b'%') {
                key.extend_from_slice(format!("%{byte:02X}").as_bytes());
            } else {
                key.push(byte);
            }
        }
        key.push(b'}');
        key
    }

    /// A pattern, as `SCAN` takes it, of the keys of any name that go on with `suffix`.
    pub fn pattern(&self, suffix: &str) -> String {
        format!("{}:{{*}}{suffix}", self.prefix)
    }

    /// The name in a key, and what follows it; nothing for a key of somebody else.
    pub fn split<'a>(&self, key: &'a [u8]) -> Option<(Vec<u8>, &'a [u8])> {
        let rest = key.strip_prefix(self.prefix.as_bytes())?.strip_prefix(b":{")?;
        let end = rest.iter().position(|&byte| byte == b'}')?;
        let name = percent_encoding::percent_decode(&rest[..end]).collect();
        Some((name, &rest[end + 1..]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::redis::slot_of;

    #[test]
    fn a_name_cannot_reach_out_of_its_tag() {
        let names = Namespace::new("timgate");
        assert_eq!(names.key(b"7/ga}:r%{"), b"timgate:{7/ga%7D%3Ar%25%7B}");
        assert_eq!(names.pattern(":t:*"), "timgate:{*}:t:*");
        assert_eq!(names.split(b"other:{7/ga}:t:x"), None);
        assert_eq!(names.split(b"timgate:{7/ga"), None);
    }

    proptest! {
        #[test]
        fn a_name_is_read_back(name in proptest::collection::vec(any::<u8>(), 1..40), rest in "[:a-z{}%]{0,8}") {
            let names = Namespace::new("timgate");
            let key = names.key(&name);
            let longer = [&key[..], rest.as_bytes()].concat();
            prop_assert_eq!(slot_of(&longer), slot_of(&key), "all that begins so lies in one slot");
            prop_assert_eq!(names.split(&longer), Some((name, rest.as_bytes())));
        }
    }
}
