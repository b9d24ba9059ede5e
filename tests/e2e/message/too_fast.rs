//! More is said than can be delivered: whoever says more is told to wait, and can go on once it is delivered.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use gateway::bus::{Bus, Event, Push, Topic};
use protocol::ErrorCode;
use protocol::event;
use protocol::id::UserId;
use tests::APP;

use super::back_end::BackEnd;

#[tokio::test]
async fn who_says_more_than_can_be_delivered_is_told_so() {
    // The hub is played here: nothing is delivered but what is taken from the bus.
    let (back_end, mut receiver) = BackEnd::new();
    let mut said = 0;
    let mut say = async |group: &str| {
        said += 1;
        back_end.say(group, said).await
    };
    back_end.make_room("loud").await;
    back_end.make_room("quiet").await;

    let topic = Topic::User(APP, UserId::parse("bob").unwrap());
    let read = event::message::read_by_peer(&UserId::parse("alice").unwrap(), 1);
    let event: Arc<Event> = Push::new(read).into();
    for _ in 0..2000 {
        back_end.bus.publish(topic.clone(), None, event.clone()).await;
    }
    assert_eq!(say("loud").await, ErrorCode::OK, "the hub has not looked yet");
    receiver.recv().await.unwrap();
    let begun = Instant::now();
    let mut answers = HashMap::<_, u32>::new();
    for _ in 0..20 {
        *answers.entry(say("loud").await).or_default() += 1;
    }
    // One message a second is let through, for each group.
    let most = 1 + begun.elapsed().as_secs() as u32;
    let passed = answers.remove(&ErrorCode::OK).unwrap_or(0);
    assert!((1..=most).contains(&passed), "{passed} were let through");
    assert_eq!(answers, HashMap::from([(ErrorCode::GROUP_TOO_FAST, 20 - passed)]));
    assert_eq!(say("quiet").await, ErrorCode::OK, "the other group is not loud");

    // As soon as the hub is no longer behind, nobody is held back.
    for _ in 0..1999 {
        receiver.recv().await.unwrap();
    }
    for _ in 0..20 {
        assert_eq!(say("loud").await, ErrorCode::OK);
    }
}
