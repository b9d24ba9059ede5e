//! Who we are to the server.

use super::*;

/// What the engine needs, to be copied by operators who give it a user of its own.
const RIGHTS: &str =
    "~timgate:* &timgate:* +@read +@write +@scripting +@pubsub +@connection +wait +time +info +cluster|slots";

async fn works(url: &str) {
    let engine = engine_on(Target::parse(url).unwrap(), Settings::default());
    let whole = said("entry")
        .idempotency_key("token")
        .put(Key::new(Table::Member, "a"), "a")
        .add(Key::new(Table::Counter, "n"), 1, None)
        .delete(Key::new(Table::Member, "b"))
        .announce(room(), nothing(1));
    engine.commit(whole).await.unwrap();
    assert_eq!(entries(&engine).await, ["entry"]);
    engine.health().await.unwrap();
    engine.purge(&group("room"), &[Table::Member], Bytes::new()).await.unwrap();
    engine.close().await.unwrap();
}

#[tokio::test]
async fn a_user_of_its_own_with_few_rights() {
    let server = RedisServer::start(Nothing).await;
    server.command::<()>(&format!("ACL SETUSER timgate on >p%40ss:word {RIGHTS}")).await;
    works(&format!("redis://timgate:p%2540ss%3Aword@{}", server.address())).await;

    // A user that may do less is told so.
    server.command::<()>("ACL SETUSER timgate -evalsha").await;
    let url = format!("redis://timgate:p%2540ss%3Aword@{}", server.address());
    let engine = engine_on(Target::parse(&url).unwrap(), Settings::default());
    let error = engine.commit(said("entry")).await.unwrap_err().to_string();
    assert!(error.contains("NOPERM"), "{error}");
}

#[tokio::test]
async fn a_password_that_is_wrong_is_named_but_not_repeated() {
    let server = RedisServer::start_with(Nothing, &["--requirepass", "right"]).await;
    works(&server.url()).await;
    let url = format!("redis://:top-secret@{}", server.address());
    let engine = engine_on(Target::parse(&url).unwrap(), Settings::default());
    let error = engine.health().await.unwrap_err().to_string();
    assert!(error.contains("assword") && !error.contains("top-secret"), "{error}");
}

#[tokio::test]
async fn tls() {
    let server = RedisServer::start_with_tls().await;
    works(&server.url()).await;
    // Without the authority the server is not believed.
    let engine =
        engine_on(Target::parse(&format!("rediss://{}", server.address())).unwrap(), Settings::default());
    let error = engine.health().await.unwrap_err().to_string();
    assert!(error.contains("ertificate"), "{error}");
}
