//! Whether a server that was connected to is the master that it was taken for.
//!
//! A master that died comes back as the replica of its successor, at the address where it was known, before everybody has
//! heard of the change. It refuses what is written, but answers what is read, with what it has so far: nothing, until
//! it is in step. Whoever believed that would take groups for dismissed and logs for empty.

use redis::Value;

use super::Target;

/// Why the server is of no use to us, if it is not. `hello` is its answer to HELLO, which every user may ask, unlike
/// ROLE and INFO.
///
/// The nodes of a cluster say in answer to each command whether they serve its key (`MOVED`).
pub(super) fn objection(target: &Target, hello: &Value) -> Option<String> {
    if target.is_cluster() {
        return None;
    }
    match role(hello)? {
        "replica" | "slave" => Some("it is a replica, of which nothing is read: name its master".to_owned()),
        _ => None,
    }
}

/// Servers of other makes may leave it out.
fn role(hello: &Value) -> Option<&str> {
    let (_, role) = hello.as_map_iter()?.find(|(name, _)| text(name) == Some("role"))?;
    text(role)
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn a_replica_is_told_in_both_versions_of_the_protocol() {
        let target = Target::parse("redis://a").unwrap();
        let says = |role: &str| {
            let pairs = [(bulk("proto"), Value::Int(3)), (bulk("role"), bulk(role))];
            let flat = pairs.iter().flat_map(|(name, value)| [name.clone(), value.clone()]).collect();
            [Value::Map(pairs.to_vec()), Value::Array(flat)]
        };
        for hello in says("replica") {
            assert!(objection(&target, &hello).unwrap().contains("replica"));
        }
        for hello in says("master") {
            assert_eq!(objection(&target, &hello), None);
        }
        assert_eq!(objection(&target, &Value::Map(vec![(bulk("proto"), Value::Int(3))])), None);
        assert_eq!(objection(&target, &Value::Okay), None);
        let cluster = Target::parse("redis+cluster://a").unwrap();
        assert!(says("replica").iter().all(|hello| objection(&cluster, hello).is_none()));
    }
}
