//! What somebody missed is read from the store, all of it.

use futures_util::future::join_all;
use gateway::bus::{AsideOf, Entry, Event, RecallMark, Source, Stamp, UserPlace};
use gateway::services::deps::Actor;
use gateway::services::message::Draft;
use protocol::ErrorCode;
use protocol::id::{GroupId, Seq, UserId};
use protocol::message::c2c::MessageKey;
use protocol::message::{Body, Options, Priority};
use serde_json::json;
use tests::APP;

use super::back_end::{ADMIN, BackEnd};

/// They are read page by page, so that a message that was taken back does not stay because 200 others were before it.
#[tokio::test]
async fn of_recalls_more_than_a_page_is_read() {
    const COUNT: u32 = 450;
    let (back_end, mut receiver) = BackEnd::new();
    tokio::spawn(async move { while receiver.recv().await.is_some() {} });
    back_end.make_room("room").await;
    for code in join_all((0..COUNT).map(|number| back_end.say("room", number))).await {
        assert_eq!(code, ErrorCode::OK);
    }
    let services = &back_end.context.services;
    let group = GroupId::parse("room").unwrap();
    let admin = Actor { app: APP, user: UserId::parse(ADMIN).unwrap(), is_admin: true, device: None };
    let place = services.catch_up.group_place(APP, &(&group).into()).await.unwrap().unwrap();
    let all: Vec<Seq> = (1..=u64::from(COUNT)).map(Seq).collect();
    services.group_messages.recall(&admin, &(&group).into(), &all, "").await.unwrap();

    let mut told = Vec::new();
    let mut after = RecallMark { at_us: place.asides.since().0 * 1000, seq: Seq::ZERO };
    loop {
        let page =
            services.catch_up.recalled_in_group(APP, &(&group).into(), &place.epoch, after).await.unwrap();
        assert!(page.events.len() < all.len(), "it is a page");
        told.extend(page.events.iter().map(|(stamp, _)| stamp.seq));
        let Some(next) = page.next else { break };
        after = next;
    }
    told.sort();
    assert_eq!(told, all, "each once");
}

/// Alice, who talks to bob.
struct Talk {
    back_end: BackEnd,
    alice: Actor,
    bob: Actor,
}

impl Talk {
    async fn begin() -> Self {
        let (back_end, mut receiver) = BackEnd::new();
        tokio::spawn(async move { while receiver.recv().await.is_some() {} });
        let user = async |name: &str, device| {
            let code = back_end.call("im_open_login_svc.account_import", json!({"UserID": name})).await;
            assert_eq!(code, ErrorCode::OK);
            // Nobody is held to a rate.
            Actor { app: APP, user: UserId::parse(name).unwrap(), is_admin: true, device: Some(device) }
        };
        let (alice, bob) = (user("alice", 1).await, user("bob", 2).await);
        Self { back_end, alice, bob }
    }

    async fn say(&self, number: u64) -> MessageKey {
        let body = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]);
        let draft = Draft {
            from: self.alice.user.clone(),
            random: number,
            client_seq: number,
            client_time: None,
            priority: Priority::default(),
            body: Body::parse(serde_json::from_value(body).unwrap(), 1000).unwrap(),
            cloud_custom_data: String::new(),
            mentions: Vec::new(),
            options: Options::default(),
        };
        let messages = &self.back_end.context.services.c2c_messages;
        let sent = messages.send(&self.alice, &self.bob.user, draft).await.unwrap();
        MessageKey { seq: number, random: number, time: sent.end.at.seconds() }
    }

    async fn recall(&self, key: MessageKey) {
        let messages = &self.back_end.context.services.c2c_messages;
        messages.recall(&self.alice, &self.bob.user, key).await.unwrap();
    }

    async fn place(&self) -> UserPlace {
        self.back_end.context.services.catch_up.user_place(APP, &self.bob.user).await.unwrap()
    }

    /// What bob has missed who stands at a place, which is then told him.
    async fn missed(&self, place: &mut UserPlace) -> Vec<String> {
        let catch_up = &self.back_end.context.services.catch_up;
        let missed = catch_up.missed_by_user(APP, &self.bob.user, place).await.unwrap();
        let told = |(stamp, event): &(Stamp, Event)| {
            assert!(place.hear(&self.bob.user, event, Some(*stamp)), "{event:?}");
            match event {
                Event::Entry(Entry::C2cMessage { message, .. }) => format!("said {}", message.random),
                event => match &event.aside().unwrap().of {
                    AsideOf::PeerRecall { message, .. } => format!("recalled {}", message.seq.0),
                    AsideOf::PeerRead { .. } => "read".to_owned(),
                    AsideOf::ReadByPeer { .. } => "read by alice".to_owned(),
                    other => panic!("{other:?}"),
                },
            }
        };
        missed.events.iter().map(told).collect()
    }
}

/// The SDKs count anew what lies behind a position, and take one off for each recall.
#[tokio::test]
async fn of_a_talk_everything_is_told_once_in_an_order_that_counts() {
    let talk = Talk::begin().await;
    let messages = &talk.back_end.context.services.c2c_messages;
    let heard = talk.say(1).await;
    let mut place = talk.place().await;
    let gone = talk.say(2).await;
    let last = talk.say(3).await;
    talk.recall(gone).await;
    messages.read(&talk.bob, &talk.alice.user, last.time).await.unwrap();
    talk.recall(heard).await;
    messages.read(&talk.alice, &talk.bob.user, last.time).await.unwrap();
    let told = talk.missed(&mut place).await;
    assert_eq!(told, ["recalled 1", "said 2", "recalled 2", "said 3", "read", "read by alice"]);
    assert_eq!(talk.missed(&mut place).await, [""; 0]);
    // Who comes now knows it.
    assert_eq!(talk.missed(&mut talk.place().await).await, [""; 0]);
}

#[tokio::test]
async fn of_recalls_of_a_peer_more_than_a_page_is_told() {
    const COUNT: u64 = 450;
    let talk = Talk::begin().await;
    let mut keys = Vec::new();
    for number in 1..=COUNT {
        keys.push(talk.say(number).await);
    }
    let mut place = talk.place().await;
    join_all(keys.into_iter().map(|key| talk.recall(key))).await;
    let told = talk.missed(&mut place).await;
    let all: Vec<String> = (1..=COUNT).map(|seq| format!("recalled {seq}")).collect();
    assert_eq!(told, all, "each once");
}
