//! Servers that are not fit for a chat are found before anybody is sent there.

use super::*;

/// Longer than it takes to look again while nothing is wrong.
const SOON: Duration = Duration::from_secs(15);

async fn refusal(engine: &Redis) -> String {
    engine.health().await.expect_err("it is not fit").to_string()
}

async fn is_fit(engine: &Redis) {
    eventually(SOON, "it is fit", async || engine.health().await.is_ok()).await;
}

async fn is_refused_for(engine: &Redis, word: &str) {
    let says = async || engine.health().await.is_err_and(|error| error.to_string().contains(word));
    eventually(SOON, word, says).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eviction_is_found_at_the_start_and_while_it_works() {
    let server = RedisServer::start_with(Nothing, &["--maxmemory-policy", "allkeys-lru"]).await;
    let engine = engine_on(server.target(), Settings::default());
    let told = refusal(&engine).await;
    assert!(told.contains("maxmemory-policy allkeys-lru"), "{told}");
    assert!(told.contains("noeviction") && told.contains("redis.allow_eviction"), "{told}");
    let settings = Settings { allow_eviction: true, ..Settings::default() };
    engine_on(server.target(), settings).health().await.unwrap();
    server.command::<()>("CONFIG SET maxmemory-policy noeviction").await;
    is_fit(&engine).await;
    server.command::<()>("CONFIG SET maxmemory-policy volatile-ttl").await;
    is_refused_for(&engine, "maxmemory-policy volatile-ttl").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eviction_is_found_at_each_master() {
    let cluster = RedisCluster::start().await;
    cluster.nodes[2].command::<()>("CONFIG SET maxmemory-policy allkeys-random").await;
    let engine = engine_on(cluster.target(), Settings::default());
    let told = refusal(&engine).await;
    assert!(told.contains(&cluster.nodes[2].address().to_string()), "{told}");
}

/// A user that was made as Redis 7 makes them has no channels.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_permitted_is_told_with_the_rule() {
    let server = RedisServer::start(Nothing).await;
    let cases = [
        ("~timgate:* resetchannels +@all", "ACL SETUSER ann &timgate:*"),
        ("~timgate:* &timgate:* +@all -ssubscribe", "ACL SETUSER ann +ssubscribe"),
        ("~timgate:* &timgate:* +@all -spublish", "ACL SETUSER ann +spublish"),
        ("~other:* &timgate:* +@all", "ACL SETUSER ann ~timgate:*"),
        ("~timgate:* &timgate:* +@all -xadd", "ACL SETUSER ann +xadd"),
        ("~timgate:* &timgate:* +@all -zrevrangebylex", "ACL SETUSER ann +zrevrangebylex"),
        ("~timgate:* &timgate:* +@all -eval", "ACL SETUSER ann +eval"),
    ];
    for (rights, rule) in cases {
        server.command::<()>(&format!("ACL SETUSER ann reset on >secret {rights}")).await;
        let url = format!("redis://ann:secret@{}", server.address());
        let engine = engine_on(Target::parse(&url).unwrap(), Settings::default());
        is_refused_for(&engine, rule).await;
        server.command::<()>("ACL SETUSER ann ~timgate:* &timgate:* +@all").await;
        is_fit(&engine).await;
    }
}

/// Permissions that are taken away end the subscriptions, and are found before the minute is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permissions_that_are_taken_away_are_missed() {
    let server = RedisServer::start(Nothing).await;
    server.command::<()>("ACL SETUSER ann on >secret ~* &* +@all").await;
    let target = Target::parse(&format!("redis://ann:secret@{}", server.address())).unwrap();
    let topology = Topology::start(target);
    let engine = Redis::new(topology.clone(), Namespace::new("timgate"), Settings::default());
    engine.health().await.unwrap();
    let (_bus, _events) = listen(&topology, &Namespace::new("timgate"), &[room()]).await;
    server.command::<()>("ACL SETUSER ann resetchannels").await;
    is_refused_for(&engine, "ACL SETUSER ann &timgate:*").await;
}

fn with_keys(keys: &[&str]) -> Settings {
    Settings { keys: keys.iter().map(|&text| text.to_owned()).collect(), ..Settings::default() }
}

/// Who came later is told, and who is there goes on. Keys can be replaced: one that both know is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_with_other_keys_are_noticed() {
    let server = RedisServer::start(Nothing).await;
    let old = engine_on(server.target(), with_keys(&["7 aa", "8 xx"]));
    old.health().await.unwrap();
    let stranger = engine_on(server.target(), with_keys(&["7 bb", "8 xx"]));
    let told = refusal(&stranger).await;
    assert!(told.contains("another secret key for application 7"), "{told}");
    let both = engine_on(server.target(), with_keys(&["7 aa bb", "9 yy"]));
    both.health().await.unwrap();
    old.health().await.unwrap();

    // Once nobody is left who knows the old key alone, the new one is taken.
    old.close().await.unwrap();
    is_fit(&stranger).await;
    let late = engine_on(server.target(), with_keys(&["7 aa"]));
    assert!(refusal(&late).await.contains("application 7"));
    both.health().await.unwrap();
}

/// A server that says nothing of its policy is taken all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_ask_for_the_policy_is_let_in() {
    let server = RedisServer::start_with(Nothing, &["--maxmemory-policy", "allkeys-lru"]).await;
    server.command::<()>("ACL SETUSER ann on >secret ~timgate:* &timgate:* +@all -info").await;
    let url = format!("redis://ann:secret@{}", server.address());
    engine_on(Target::parse(&url).unwrap(), Settings::default()).health().await.unwrap();
}
