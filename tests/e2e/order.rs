//! One order for all, each message once.

use futures_util::future::join_all;
use tests::{TestGateway, User};

const SENDERS: usize = 5;
const RECEIVERS: usize = 5;
const EACH: usize = 100;

#[tokio::test]
async fn five_senders_and_five_receivers_agree() {
    let gateway = TestGateway::start().await;
    let senders = join_all((0..SENDERS).map(|n| async move { format!("sender{n}") })).await;
    let senders = join_all(senders.iter().map(|name| gateway.user(name))).await;
    let receivers: Vec<String> = (0..RECEIVERS).map(|n| format!("receiver{n}")).collect();
    let receivers = join_all(receivers.iter().map(|name| gateway.user(name))).await;
    let group = senders[0].create_group("lobby").await;
    join_all(senders[1..].iter().chain(&receivers).map(|user| user.join(&group))).await;

    let speak = |sender: &User| {
        let bodies: Vec<_> =
            (0..EACH).map(|n| sender.group_text(&group, &format!("{} {n}", sender.name))).collect();
        let name = sender.name.clone();
        (name, bodies)
    };
    let spoken: Vec<_> = senders.iter().map(speak).collect();
    let acknowledged = join_all(senders.iter().zip(spoken).map(|(sender, (name, bodies))| async move {
        // All of one sender's messages are under way together; each ends up where it was answered to be.
        let mut requests = Vec::new();
        for body in bodies {
            requests.push(sender.begin("group_open_http_svc.send_group_msg", body).await);
        }
        let mut said = Vec::new();
        for (n, request) in requests.iter().enumerate() {
            let seq = sender.answer(request).await.ok()["MsgSeq"].as_u64().unwrap();
            said.push((seq, format!("{name} {n}")));
        }
        // What one sends in turn is stored in turn.
        assert!(said.is_sorted(), "{said:?}");
        said
    }))
    .await;

    let mut said: Vec<(u64, String)> = acknowledged.into_iter().flatten().collect();
    said.sort();
    let all = (SENDERS * EACH) as u64;
    assert_eq!(said.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (1..=all).collect::<Vec<_>>());
    for receiver in &receivers {
        receiver.socket.until("all messages", |events| events.len() >= SENDERS * EACH).await;
        assert_eq!(receiver.messages(&group), said, "{}", receiver.name);
    }
    for sender in &senders {
        let others =
            |own: &str| said.iter().filter(|(_, text)| !text.starts_with(own)).cloned().collect::<Vec<_>>();
        sender.socket.until("the others' messages", |events| events.len() >= (SENDERS - 1) * EACH).await;
        assert_eq!(sender.messages(&group), others(&format!("{} ", sender.name)), "{}", sender.name);
    }
    assert_eq!(receivers[0].history_texts(&group).await, said);
}

#[tokio::test]
async fn two_who_talk_at_once_read_the_same() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let talk = |from: &'static str, to: &'static str, user: User| async move {
        for n in 0..40 {
            user.send_to(to, &format!("{from} {n}")).await;
        }
        user
    };
    let (alice, bob) = tokio::join!(talk("alice", "bob", alice), talk("bob", "alice", bob));
    let texts = alice.history_with("bob").await;
    assert_eq!(texts.len(), 80);
    assert_eq!(bob.history_with("alice").await, texts);
    for name in ["alice", "bob"] {
        let of_one: Vec<_> = texts.iter().filter(|text| text.starts_with(name)).cloned().collect();
        assert_eq!(of_one, (0..40).map(|n| format!("{name} {n}")).collect::<Vec<_>>());
    }
}

/// An SDK takes its own words for the newest that it has: who is answered has what was said before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ones_own_words_are_acknowledged_behind_what_was_said_before() {
    const ROUNDS: usize = 200;
    let gateway = TestGateway::start().await;
    let talkers = gateway.users(["alice", "bob", "carol"]).await;
    let group = talkers[0].create_group("lobby").await;
    talkers[1].join(&group).await;
    talkers[2].join(&group).await;
    join_all(talkers.iter().map(|talker| async {
        let mut own = vec![0];
        for n in 0..ROUNDS {
            own.push(talker.send_text(&group, &format!("{} {n}", talker.name)).await.seq);
            let heard = talker.messages(&group).into_iter().map(|(seq, _)| seq);
            let mut known: Vec<u64> = heard.chain(own[1..].iter().copied()).collect();
            known.sort_unstable();
            let last = own[own.len() - 1];
            let before: Vec<u64> = known.into_iter().filter(|seq| *seq <= last).collect();
            assert_eq!(before, (1..=last).collect::<Vec<_>>(), "{}", talker.name);
        }
    }))
    .await;
}
