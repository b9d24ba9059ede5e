//! The number of the store's format.

use super::*;

async fn number(server: &RedisServer) -> Option<String> {
    server.command("GET timgate:{format}").await
}

fn open(server: &RedisServer) -> Redis {
    engine_on(server.target(), Settings::default())
}

fn later(error: &StorageError) -> bool {
    error.to_string().contains(
        "timgate:{format} on Redis: it has format 3, and this version of the gateway knows formats up to 2",
    )
}

#[tokio::test]
async fn a_store_without_a_number_is_taken_to_the_current_format() {
    let server = RedisServer::start(Nothing).await;
    let engine = open(&server);
    engine.commit(said("one")).await.unwrap();
    assert_eq!(number(&server).await.as_deref(), Some("2"));
    server.command::<()>("DEL timgate:{format}").await;
    let engine = open(&server);
    assert_eq!(entries(&engine).await.len(), 1);
    assert_eq!(number(&server).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn what_a_later_version_wrote_is_refused() {
    let server = RedisServer::start(Nothing).await;
    open(&server).commit(said("one")).await.unwrap();
    server.command::<()>("SET timgate:{format} 3").await;
    let engine = open(&server);
    let refused = engine.opened(Instant::now() + Duration::from_secs(10)).await.unwrap_err();
    assert!(later(&refused), "{refused}");
    assert!(later(&engine.failed().await));
    let refused = [
        engine.log_end(&room_log()).await.unwrap_err(),
        engine.trim(&room_log(), Seq(2)).await.unwrap_err(),
        engine.purge(&group("room"), &[Table::Member], "log".into()).await.unwrap_err(),
        engine.logs(None, 10).await.unwrap_err(),
        engine.health().await.unwrap_err(),
        match engine.commit(said("two")).await.unwrap_err() {
            CommitError::Storage(error) => error,
            error => panic!("{error}"),
        },
    ];
    assert!(refused.iter().all(later), "{refused:?}");
    assert_eq!(number(&server).await.as_deref(), Some("3"));
    server.command::<()>("SET timgate:{format} 2").await;
    let engine = open(&server);
    engine.opened(Instant::now() + Duration::from_secs(10)).await.unwrap();
    assert_eq!(entries(&engine).await.len(), 1, "it is as it was");
}

/// An instance of a later version comes while this one works.
#[tokio::test]
async fn a_store_that_is_taken_further_is_let_alone() {
    let server = RedisServer::start(Nothing).await;
    let pace = Pace { format: Duration::from_millis(20), has_watches: true };
    let engine = Redis::at_pace(
        Topology::start(server.target()),
        Namespace::new("timgate"),
        Settings::default(),
        pace,
    );
    engine.commit(said("one")).await.unwrap();
    server.command::<()>("SET timgate:{format} 3").await;
    assert!(later(&engine.failed().await));
    assert!(engine.commit(said("two")).await.is_err());
    let engine = open(&server);
    server.command::<()>("SET timgate:{format} 2").await;
    assert_eq!(entries(&engine).await.len(), 1);
}

#[tokio::test]
async fn a_number_that_cannot_be_read_is_refused() {
    let server = RedisServer::start(Nothing).await;
    server.command::<()>("SET timgate:{format} two").await;
    let refused = open(&server).failed().await.to_string();
    assert!(refused.contains("the number of its format cannot be read"), "{refused}");
}

/// Redis may come later than the gateway.
#[tokio::test]
async fn what_comes_before_redis_waits_for_the_look() {
    let mut server = RedisServer::start(Nothing).await;
    server.kill().await;
    let engine = open(&server);
    assert!(engine.opened(Instant::now()).await.is_ok(), "it may be a store that is known");
    let waiting = engine.submit(said("one"));
    server.begin().await;
    assert_eq!(waiting.await.unwrap().entry().seq, Seq(1));
    assert_eq!(number(&server).await.as_deref(), Some("2"));
}
