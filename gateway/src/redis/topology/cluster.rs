//! The masters of a cluster, as its own nodes know them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, FromRedisValue, RedisError, RedisResult, Value};

use super::slot_map::{Range, SlotMap};
use super::{ANSWER, CLUSTER_PERIOD, Shared, client, config, next_look};
use crate::redis::url::Address;
use crate::telemetry::Sparing;

/// How many nodes are asked at a time.
const ASKED: usize = 4;
/// How often each node of the URL is tried by itself.
const SEED_PERIOD: Duration = Duration::from_secs(30);
/// How long the others may take once one has answered.
const GRACE: Duration = Duration::from_millis(100);

/// What a node says of the cluster.
struct View {
    /// Whether the node sees most masters, and all slots served.
    whole: bool,
    map: SlotMap,
}

/// The connections that are kept from one look to the next.
type Open = HashMap<Address, MultiplexedConnection>;

pub(super) async fn watch(shared: Arc<Shared>) {
    let mut suspicions = shared.suspicions.subscribe();
    let mut open = Open::new();
    let silence = Sparing::new();
    let mut attempt = 0;
    loop {
        let asked = candidates(&shared, attempt);
        attempt += 1;
        match look(&shared, &mut open, &asked).await {
            Ok(view) => learn(&shared, view),
            Err(failure) => {
                if let Some(kept_back) = silence.admit() {
                    tracing::warn!(kept_back, "no node of the cluster answers: {failure}");
                }
            }
        }
        let period = if shared.map().masters().is_empty() { Duration::from_secs(1) } else { CLUSTER_PERIOD };
        next_look(&mut suspicions, period).await;
    }
}

/// Tries whether a node that the URL names is there. A look takes the first answer and needs few nodes, so that one with a
/// wrong name would show only when all others are gone.
pub(super) async fn try_now_and_then(shared: Arc<Shared>, node: Address) {
    loop {
        if let Err(e) = call(&shared, &node, None).await {
            shared.unreachable(&node, &e.to_string());
        }
        tokio::time::sleep(SEED_PERIOD).await;
    }
}

/// Other nodes each time: masters first, since they notice a change first, then replicas and those of the URL.
fn candidates(shared: &Shared, attempt: usize) -> Vec<Address> {
    let map = shared.map();
    let mut asked = Vec::with_capacity(ASKED);
    for (group, share) in [(map.masters(), 2), (map.replicas(), 1), (shared.target.hosts.as_slice(), ASKED)] {
        let mut taken = 0;
        for node in group.iter().cycle().skip(attempt % group.len().max(1)).take(group.len()) {
            if taken == share || asked.len() == ASKED {
                break;
            }
            if !asked.contains(node) {
                asked.push(node.clone());
                taken += 1;
            }
        }
    }
    asked
}

fn learn(shared: &Shared, view: View) {
    let known = shared.map();
    // A node that was cut off tells of masters that were.
    if !view.whole && !known.masters().is_empty() && view.map.epoch < known.epoch {
        return;
    }
    let masters = view.map.masters().len();
    if shared.replace(view.map) {
        tracing::info!(masters, "the cluster has {masters} masters, and their slots changed");
    }
}

/// Asks the nodes together and takes the newest answer.
async fn look(shared: &Shared, open: &mut Open, asked: &[Address]) -> Result<View, String> {
    open.retain(|node, _| asked.contains(node));
    let mut questions: FuturesUnordered<_> = asked
        .iter()
        .map(|node| {
            let connection = open.remove(node);
            async move { (node, call(shared, node, connection).await) }
        })
        .collect();
    let mut best: Option<View> = None;
    let mut failure = "there is no node to ask".to_owned();
    let mut deadline = tokio::time::Instant::now() + 2 * ANSWER;
    while let Ok(Some((node, answer))) = tokio::time::timeout_at(deadline, questions.next()).await {
        match answer {
            Ok((connection, view)) => {
                open.insert(node.clone(), connection);
                let rank = |view: &View| (view.whole, view.map.epoch);
                if best.as_ref().is_none_or(|best| rank(&view) > rank(best)) {
                    best = Some(view);
                }
                deadline = deadline.min(tokio::time::Instant::now() + GRACE);
            }
            Err(e) => {
                failure = format!("{node}: {e}");
                shared.unreachable(node, &e.to_string());
            }
        }
    }
    best.ok_or(failure)
}

async fn call(
    shared: &Shared,
    node: &Address,
    connection: Option<MultiplexedConnection>,
) -> RedisResult<(MultiplexedConnection, View)> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => {
            let client = client(&shared.target, node, &shared.target.login, 0);
            client.get_multiplexed_async_connection_with_config(&config()).await?
        }
    };
    let mut pipe = redis::pipe();
    pipe.cmd("CLUSTER").arg("INFO").cmd("CLUSTER").arg("SLOTS");
    let (info, slots): (String, Value) = pipe.query_async(&mut connection).await?;
    let field = |name: &str| {
        info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default().trim()
    };
    let ranges = ranges(slots, node)?;
    if ranges.is_empty() {
        return Err(RedisError::from((ErrorKind::Extension, "the node has no slots, nor knows who has")));
    }
    let map = SlotMap::cluster(ranges, field("cluster_current_epoch").parse().unwrap_or(0));
    Ok((connection, View { whole: field("cluster_state") == "ok", map }))
}

/// Reads the answer to `CLUSTER SLOTS`: for each range first, last, master, replicas; a server is host, port, ….
/// A server without a host is where the node that was asked is.
fn ranges(slots: Value, asked: &Address) -> RedisResult<Vec<Range>> {
    let address = |server: &Value| -> RedisResult<Address> {
        let Value::Array(fields) = server else { return Err(malformed()) };
        let [host, port, ..] = fields.as_slice() else { return Err(malformed()) };
        let host =
            Option::<String>::from_redis_value_ref(host)?.filter(|host| !host.is_empty() && host != "?");
        Ok(Address { host: host.unwrap_or_else(|| asked.host.clone()), port: number(port)? })
    };
    let Value::Array(slots) = slots else { return Err(malformed()) };
    let mut ranges = Vec::with_capacity(slots.len());
    for range in &slots {
        let Value::Array(fields) = range else { return Err(malformed()) };
        let [first, last, master, replicas @ ..] = fields.as_slice() else { return Err(malformed()) };
        ranges.push(Range {
            first: number(first)?,
            last: number(last)?,
            master: address(master)?,
            replicas: replicas.iter().map(address).collect::<RedisResult<_>>()?,
        });
    }
    Ok(ranges)
}

/// The library's own conversion cuts a number that is too large.
fn number(value: &Value) -> RedisResult<u16> {
    match value {
        Value::Int(number) => u16::try_from(*number).map_err(|_| malformed()),
        _ => Err(malformed()),
    }
}

fn malformed() -> RedisError {
    RedisError::from((ErrorKind::UnexpectedReturnType, "the answer to CLUSTER SLOTS has another shape"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn server(host: Value, port: i64) -> Value {
        Value::Array(vec![host, Value::Int(port), text("id"), Value::Array(vec![])])
    }

    #[test]
    fn a_server_without_a_name_is_where_we_asked() {
        let slots = Value::Array(vec![
            Value::Array(vec![Value::Int(0), Value::Int(9), server(text("b"), 1), server(Value::Nil, 2)]),
            Value::Array(vec![Value::Int(10), Value::Int(16383), server(text(""), 3)]),
        ]);
        let ranges = ranges(slots, &Address::new("asked", 7)).unwrap();
        assert_eq!(ranges[0].master, Address::new("b", 1));
        assert_eq!(ranges[0].replicas, [Address::new("asked", 2)]);
        assert_eq!((ranges[1].first, ranges[1].last), (10, 16383));
        assert_eq!(ranges[1].master, Address::new("asked", 3));
    }

    #[test]
    fn another_shape_is_an_error() {
        let asked = Address::new("asked", 7);
        assert!(ranges(Value::Okay, &asked).is_err());
        assert!(ranges(Value::Array(vec![Value::Int(1)]), &asked).is_err());
        let range = Value::Array(vec![Value::Int(0), Value::Int(-9), server(text("b"), 1)]);
        assert!(ranges(Value::Array(vec![range]), &asked).is_err());
    }
}
