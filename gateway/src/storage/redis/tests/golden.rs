//! The keys as they are written, and those of earlier formats.

use redis::FromRedisValue;

use super::*;
use crate::storage::conformance::golden::{self, Row};

type Raw = Vec<u8>;

async fn call<T: FromRedisValue>(server: &RedisServer, words: &[&[u8]]) -> T {
    let mut command = Cmd::new();
    for word in words {
        command.arg(*word);
    }
    server.run(&command).await
}

async fn rows(server: &RedisServer) -> Vec<Row> {
    let mut rows = Vec::new();
    let keys: Vec<Raw> = call(server, &[b"KEYS", b"*"]).await;
    for key in keys {
        match call::<String>(server, &[b"TYPE", &key]).await.as_str() {
            "hash" => {
                let fields: Vec<(Raw, Raw)> = call(server, &[b"HGETALL", &key]).await;
                rows.extend(fields.iter().map(|(field, value)| Row::new("HSET", &[&key, field, value])));
            }
            "zset" => {
                let members: Vec<(Raw, Raw)> =
                    call(server, &[b"ZRANGE", &key, b"0", b"-1", b"WITHSCORES"]).await;
                rows.extend(members.iter().map(|(member, score)| Row::new("ZADD", &[&key, score, member])));
            }
            "stream" => {
                let entries: Vec<(Raw, Vec<Raw>)> = call(server, &[b"XRANGE", &key, b"-", b"+"]).await;
                for (id, fields) in entries {
                    let [name, bytes] = &fields[..] else { panic!("{fields:?}") };
                    rows.push(Row::new("XADD", &[&key, &id, name, bytes]));
                }
            }
            "string" => {
                let value: Raw = call(server, &[b"GET", &key]).await;
                rows.push(Row::new("SET", &[&key, &value]));
            }
            other => panic!("nothing is kept in a {other}"),
        }
    }
    rows
}

#[tokio::test]
async fn keys_are_written_as_they_were() {
    let server = RedisServer::start(Nothing).await;
    let engine = quiet_engine_on(server.target());
    golden::fill(&engine).await;
    let rows = rows(&server).await;
    golden::check(&engine, &rows).await;
    golden::compare("redis", rows);
}

#[tokio::test]
async fn keys_of_every_format_are_read() {
    for page in golden::pages("redis") {
        let server = RedisServer::start(Nothing).await;
        for row in &page {
            let mut words = vec![row.kind.as_bytes()];
            words.extend(row.parts.iter().map(Vec::as_slice));
            call::<redis::Value>(&server, &words).await;
        }
        golden::check(&engine_on(server.target(), Settings::default()), &page).await;
    }
}
