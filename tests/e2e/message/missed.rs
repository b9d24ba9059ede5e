//! What somebody missed is read from the store, all of it.

use futures_util::future::join_all;
use gateway::bus::{RecallMark, Source};
use gateway::services::deps::Actor;
use protocol::ErrorCode;
use protocol::id::{GroupId, Seq, UserId};
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
    let place = services.catch_up.group_place(APP, &group).await.unwrap().unwrap();
    let all: Vec<Seq> = (1..=u64::from(COUNT)).map(Seq).collect();
    services.group_messages.recall(&admin, &group, &all, "").await.unwrap();

    let mut told = Vec::new();
    let mut after = RecallMark { at_us: place.asides.since().0 * 1000, seq: Seq::ZERO };
    loop {
        let page = services.catch_up.recalled_in_group(APP, &group, &place.epoch, after).await.unwrap();
        assert!(page.events.len() < all.len(), "it is a page");
        told.extend(page.events.iter().map(|(stamp, _)| stamp.seq));
        let Some(next) = page.next else { break };
        after = next;
    }
    told.sort();
    assert_eq!(told, all, "each once");
}
