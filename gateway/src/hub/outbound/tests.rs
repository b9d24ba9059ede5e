//! What is written when, to sockets that take as much as they are allowed to.

use std::sync::Arc;

use futures_util::poll;
use protocol::id::{AppId, ChannelId, Millis, UserId};

use super::*;
use crate::bus::Stamp;
use crate::hub::{Dialect, text_frame};

/// Takes as many bytes as it is allowed to.
#[derive(Default)]
struct Narrow {
    allowed: Mutex<usize>,
    taken: Mutex<Vec<u8>>,
    waiting: AtomicWaker,
    is_broken: std::sync::atomic::AtomicBool,
}

impl Narrow {
    fn allow(&self, bytes: usize) {
        *self.allowed.lock().unwrap() += bytes;
        self.waiting.wake();
    }
}

impl Pipe for Arc<Narrow> {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_broken.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let mut allowed = self.allowed.lock().unwrap();
        let count = bytes.len().min(*allowed);
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        *allowed -= count;
        self.taken.lock().unwrap().extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_write(&pieces.iter().flat_map(|piece| piece.to_vec()).collect::<Vec<u8>>())
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.waiting.register(context.waker());
        if *self.allowed.lock().unwrap() > 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

async fn closing(outbound: &Outbound) -> Poll<Closing> {
    let mut look = std::pin::pin!(std::future::poll_fn(|context| outbound.poll_closing(context)));
    poll!(&mut look)
}

fn frame(text: &str) -> Frame {
    text_frame(Dialect::Text, text)
}

#[tokio::test]
async fn a_full_queue_closes_and_forgets() {
    let outbound = Outbound::new(100);
    let frame = frame(&"x".repeat(38));
    assert_eq!(frame.len(), 40);
    outbound.push(&frame);
    assert_eq!(outbound.take().len(), 1);
    outbound.push(&frame);
    outbound.push(&frame);
    assert_eq!(closing(&outbound).await, Poll::Pending);
    outbound.push(&frame);
    assert_eq!(closing(&outbound).await, Poll::Ready(Closing::Overflow));
    outbound.push(&frame);
    assert!(outbound.take().is_empty());
}

#[tokio::test]
async fn whatever_the_socket_takes_the_order_stays() {
    let (outbound, pipe) = (Outbound::new(10_000), Arc::new(Narrow::default()));
    let mut expected = Vec::new();
    let mut say = |outbound: &Outbound, number: usize| {
        let frame = frame(&format!("message {number}"));
        expected.extend_from_slice(&frame);
        outbound.push(&frame);
    };
    say(&outbound, 0);
    outbound.open(pipe.clone());
    for number in 1..200 {
        say(&outbound, number);
        pipe.allow(number * 7 % 23);
        if number % 3 == 0 {
            assert_eq!(closing(&outbound).await, Poll::Pending);
        }
    }
    outbound.close(Closing::GoingAway);
    say(&outbound, 200);
    assert_eq!(closing(&outbound).await, Poll::Pending);
    assert!(outbound.stuck_since().is_some());
    pipe.allow(1 << 20);
    assert_eq!(closing(&outbound).await, Poll::Ready(Closing::GoingAway));
    assert_eq!(outbound.stuck_since(), None);
    assert_eq!(*pipe.taken.lock().unwrap(), expected);
}

#[tokio::test]
async fn nothing_follows_the_last_words() {
    let (outbound, pipe) = (Outbound::new(100), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    outbound.say_last(Some(&frame("good bye")));
    outbound.push(&frame("one thing more"));
    pipe.allow(1000);
    std::future::poll_fn(|context| outbound.poll_flushed(context)).await;
    assert_eq!(*pipe.taken.lock().unwrap(), frame("good bye"));
}

#[tokio::test]
async fn what_is_held_comes_in_order_and_after_answers() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(1000);
    outbound.hold();
    outbound.push(&frame("push 1"));
    outbound.say(&frame("answer 1"));
    outbound.push(&frame("push 2"));
    assert_eq!(closing(&outbound).await, Poll::Pending);
    assert_eq!(*pipe.taken.lock().unwrap(), frame("answer 1"));
    outbound.release();
    outbound.push(&frame("push 3"));
    assert_eq!(closing(&outbound).await, Poll::Pending);
    outbound.push(&frame("push 4"));
    let expected = ["answer 1", "push 1", "push 2", "push 3", "push 4"].map(frame).concat();
    assert_eq!(*pipe.taken.lock().unwrap(), expected);
}

#[tokio::test]
async fn an_answer_stands_where_what_the_client_said_stands() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(1000);
    let numbers = |random| ClientNumbers { random, client_seq: 7 };
    // The store has answered before what was said earlier is written.
    outbound.say_in_turn(numbers(1), true, frame("answer 1"));
    outbound.push(&frame("earlier"));
    assert!(outbound.waits_in_turn_since().is_some());
    outbound.comes(numbers(1));
    // And after it: what was said later waits for it.
    outbound.comes(numbers(2));
    outbound.push(&frame("later"));
    outbound.say_in_turn(numbers(2), true, frame("answer 2"));
    assert_eq!(outbound.waits_in_turn_since(), None);
    // In the order in which they come, not in that in which they are answered.
    outbound.comes(numbers(5));
    outbound.comes(numbers(6));
    outbound.say_in_turn(numbers(6), true, frame("answer 6"));
    assert!(outbound.waits_in_turn_since().is_some());
    outbound.say_in_turn(numbers(5), true, frame("answer 5"));
    assert_eq!(outbound.waits_in_turn_since(), None);
    // What does not come is answered all the same.
    outbound.say_in_turn(numbers(3), true, frame("answer 3"));
    outbound.say_in_turn(numbers(4), true, frame("answer 4"));
    outbound.end_turns(Instant::now().checked_sub(std::time::Duration::from_secs(1)));
    assert!(outbound.waits_in_turn_since().is_some());
    outbound.end_turns(Some(Instant::now()));
    assert_eq!(outbound.waits_in_turn_since(), None);
    let expected =
        ["earlier", "answer 1", "answer 2", "later", "answer 5", "answer 6", "answer 3", "answer 4"]
            .map(frame)
            .concat();
    assert_eq!(*pipe.taken.lock().unwrap(), expected);
    // What nobody asked for is not kept for ever, and what is said again is answered in its place.
    pipe.taken.lock().unwrap().clear();
    pipe.allow(1000);
    for random in 10..1000 {
        outbound.comes(numbers(random));
    }
    outbound.push(&frame("the end"));
    outbound.say_in_turn(numbers(999), false, frame("answer 999"));
    assert!(pipe.taken.lock().unwrap().is_empty());
    outbound.end_turns(Some(Instant::now()));
    assert_eq!(*pipe.taken.lock().unwrap(), ["answer 999", "the end"].map(frame).concat());
    // What was given up is not waited for again.
    outbound.say_in_turn(numbers(998), true, frame("answer 998"));
    outbound.comes(numbers(998));
    assert_eq!(outbound.waits_in_turn_since(), None);
}

/// Clients add to what an answer has counted what they are pushed behind it.
#[tokio::test]
async fn an_answer_that_counts_stands_behind_what_it_has_counted() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(3000);
    let taken = || std::mem::take(&mut *pipe.taken.lock().unwrap());
    let topic = |name: &str| Topic::User(AppId(1), UserId::parse(name).unwrap());
    let entry = |name: &str, seq| {
        let text = frame(&format!("{name} {seq}"));
        outbound.push_once(Some(Subject::Entry(topic(name), Seq(seq))), &text);
    };
    let ends = |of_bob, of_eve| HashMap::from([(topic("bob"), Seq(of_bob)), (topic("eve"), Seq(of_eve))]);
    let expect = |texts: &[&str]| {
        assert_eq!(taken(), texts.iter().map(|text| frame(text)).collect::<Vec<_>>().concat());
    };
    // What is pushed while it is made is told by its number.
    let counting = outbound.begin_count();
    assert!(!outbound.push_at_once(&frame("which it is has to be looked at")));
    for (name, seq) in [("bob", 4), ("bob", 5), ("eve", 1), ("bob", 6), ("dan", 1), ("eve", 2)] {
        entry(name, seq);
    }
    outbound.push_receipt(&frame("have you got it?"));
    expect(&[]);
    assert!(outbound.say_counted(&counting, &ends(4, 2), &frame("count")));
    let earlier = ["bob 4", "eve 1", "dan 1", "eve 2", "have you got it?"];
    expect(&[&earlier[..], &["count", "bob 5", "bob 6"]].concat());
    // Of what has no number it cannot be told, nor of what the client brings about: it is made again.
    for change in [|outbound: &Outbound| outbound.push(&frame("recall")), Outbound::has_changed] {
        let counting = outbound.begin_count();
        change(&outbound);
        assert!(!outbound.say_counted(&counting, &ends(9, 9), &frame("count")));
        let _ = taken();
    }
    // But not for ever.
    outbound.say_behind_pushes(&frame("count"));
    expect(&["count"]);
    // Two are made at once: a push that one of them has counted does not come behind it for the other.
    let (first, second) = (outbound.begin_count(), outbound.begin_count());
    entry("bob", 7);
    assert!(outbound.say_counted(&first, &ends(7, 2), &frame("first")));
    assert!(!outbound.say_counted(&second, &ends(6, 2), &frame("second")));
    expect(&["bob 7", "first"]);
    // One that takes too long is not waited for.
    let counting = outbound.begin_count();
    entry("bob", 8);
    assert!(outbound.waits_in_turn_since().is_some());
    outbound.end_turns(Some(Instant::now()));
    assert_eq!(outbound.waits_in_turn_since(), None);
    assert!(!outbound.say_counted(&counting, &ends(8, 2), &frame("count")));
    expect(&["bob 8"]);
    // Unless nothing was pushed.
    let counting = outbound.begin_count();
    outbound.end_turns(Some(Instant::now()));
    assert!(outbound.say_counted(&counting, &ends(8, 2), &frame("count")));
    expect(&["count"]);
}

/// It has counted what waits for something else as well.
#[tokio::test]
async fn an_answer_that_counts_does_not_overtake_what_waits() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(3000);
    let taken = || std::mem::take(&mut *pipe.taken.lock().unwrap());
    let numbers = ClientNumbers { random: 1, client_seq: 7 };
    let ends = HashMap::new();
    // An answer of the client's own.
    outbound.comes(numbers);
    outbound.push(&frame("push"));
    let counting = outbound.begin_count();
    assert!(outbound.say_counted(&counting, &ends, &frame("count")));
    assert!(taken().is_empty());
    outbound.say_in_turn(numbers, true, frame("answer"));
    assert_eq!(taken(), ["answer", "push", "count"].map(frame).concat());
    // Answers in order, and what is held till then.
    outbound.hold();
    outbound.resume(Missed::default());
    outbound.push_notice(Seq(1), &frame("notice 1"));
    outbound.is_asked_in_order(true);
    outbound.push_notice(Seq(2), &frame("notice 2"));
    let counting = outbound.begin_count();
    assert!(outbound.say_counted(&counting, &ends, &frame("count")));
    outbound.release();
    assert!(taken().is_empty());
    outbound.is_asked_in_order(false);
    assert_eq!(closing(&outbound).await, Poll::Pending);
    assert_eq!(taken(), ["count", "notice 1", "notice 2"].map(frame).concat());
    // It counts as an answer, which is never too large and while which nothing more is read.
    outbound.comes(ClientNumbers { random: 2, ..numbers });
    let large = frame(&"c".repeat(1500));
    outbound.say_behind_pushes(&large);
    assert!(outbound.is_full_of_answers());
    outbound.end_turns(Some(Instant::now()));
    assert!(!outbound.is_full_of_answers());
    assert_eq!(taken(), large);
}

/// One that was told when the device came back, and whose push has waited.
#[tokio::test]
async fn a_recall_is_not_told_twice_because_its_push_has_waited() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(1000);
    let room = Topic::Group(AppId(1), ChannelId::parse("room").unwrap());
    let recall = Some(Subject::Recall(room, Stamp { seq: Seq(1), at: Millis(1) }));
    outbound.hold();
    let pushes = vec![MissedPush { subject: recall.clone(), frame: frame("recall"), is_fresh: false }];
    outbound.resume(Missed { pushes, late: Vec::new() });
    outbound.is_asked_in_order(true);
    outbound.push_once(recall, &frame("recall"));
    outbound.is_asked_in_order(false);
    assert_eq!(*pipe.taken.lock().unwrap(), frame("recall"));
}

/// Whoever logs out, or is to go elsewhere, has the answers to what they asked.
#[tokio::test]
async fn an_answer_that_waits_for_its_turn_is_not_lost_with_the_user() {
    let numbers = |random| ClientNumbers { random, client_seq: 7 };
    for is_end in [false, true] {
        let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
        outbound.open(pipe.clone());
        pipe.allow(1000);
        outbound.comes(numbers(1));
        outbound.push(&frame("push"));
        outbound.say_in_turn(numbers(2), true, frame("answer"));
        assert!(pipe.taken.lock().unwrap().is_empty());
        let mut expected = vec!["push", "answer"];
        if is_end {
            outbound.say_last(Some(&frame("good bye")));
            expected.push("good bye");
        } else {
            outbound.forget_user();
        }
        assert_eq!(*pipe.taken.lock().unwrap(), expected.into_iter().map(frame).collect::<Vec<_>>().concat());
    }
}

#[tokio::test]
async fn what_was_missed_comes_before_what_waits_and_notices_wait_on() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(1000);
    outbound.hold();
    outbound.push(&frame("new"));
    outbound.push_notice(Seq(1), &frame("notice"));
    // Said while it was read what was missed.
    assert!(!outbound.push_at_once(&frame("missed 5")));
    outbound.say(&frame("answer"));
    let topic = |name: &str| Topic::User(AppId(1), UserId::parse(name).unwrap());
    let entry = |name, seq| Subject::Entry(topic(name), Seq(seq));
    let missed =
        |name, seq, text| MissedPush { subject: Some(entry(name, seq)), frame: frame(text), is_fresh: false };
    let numbers = |random| ClientNumbers { random, client_seq: 7 };
    outbound.push_once(Some(entry("bob", 5)), &frame("missed 5"));
    outbound.push_once(Some(entry("bob", 6)), &frame("new 6"));
    // Calls do not end in the order in which they were begun.
    outbound.say_among_missed(numbers(2), (topic("eve"), Seq(9)), false, frame("own 9"));
    outbound.say_among_missed(numbers(1), (topic("bob"), Seq(4)), false, frame("own 4"));
    outbound.say_among_missed(numbers(3), (topic("eve"), Seq(8)), false, frame("own 8"));
    let pushes = vec![missed("bob", 3, "missed 3"), missed("eve", 1, "eve's"), missed("bob", 5, "missed 5")];
    outbound.resume(Missed { pushes, late: Vec::new() });
    outbound.push(&frame("newer"));
    let expected =
        ["answer", "missed 3", "eve's", "own 4", "missed 5", "new", "new 6", "own 8", "own 9", "newer"];
    let expected = expected.map(frame).concat();
    assert_eq!(*pipe.taken.lock().unwrap(), expected);
    outbound.release();
    assert_eq!(closing(&outbound).await, Poll::Pending);
    assert_eq!(*pipe.taken.lock().unwrap(), [&expected[..], &frame("notice")].concat());
}

/// What was said before it may not be among what was missed, but on its way.
#[tokio::test]
async fn an_answer_stands_among_what_is_new_to_a_device_that_is_back() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(1000);
    let topic = |name: &str| Topic::User(AppId(1), UserId::parse(name).unwrap());
    let push = |name: &str, seq| {
        let text = frame(&format!("{name} {seq}"));
        outbound.push_once(Some(Subject::Entry(topic(name), Seq(seq))), &text);
    };
    let numbers = |random| ClientNumbers { random, client_seq: 7 };
    let own = |random, name: &str, seq| {
        let text = frame(&format!("own {name} {seq}"));
        outbound.say_among_missed(numbers(random), (topic(name), Seq(seq)), true, text);
    };
    outbound.hold();
    // It comes to nobody here, and all before it was missed.
    own(1, "dan", 2);
    own(7, "fay", 1);
    outbound.has_followed();
    // Its call ended later.
    own(5, "dan", 1);
    outbound.comes(numbers(6));
    own(6, "fay", 2);
    push("bob", 1);
    own(2, "bob", 2);
    push("bob", 3);
    // They come to the device in their turn, one before it is told what it missed.
    own(3, "bob", 6);
    own(4, "eve", 2);
    push("eve", 1);
    outbound.comes(numbers(4));
    push("eve", 3);
    outbound.comes(numbers(2));
    outbound.comes(numbers(5));
    outbound.resume(Missed::default());
    push("bob", 4);
    push("bob", 5);
    outbound.comes(numbers(3));
    push("bob", 7);
    let expected = [
        "bob 1",
        "own bob 2",
        "bob 3",
        "eve 1",
        "own eve 2",
        "eve 3",
        "own dan 1",
        "own dan 2",
        "own fay 1",
        "own fay 2",
        "bob 4",
        "bob 5",
        "own bob 6",
        "bob 7",
    ];
    let taken = std::mem::take(&mut *pipe.taken.lock().unwrap());
    assert_eq!(taken, expected.map(frame).concat(), "{}", String::from_utf8_lossy(&taken));
    assert_eq!(outbound.waits_in_turn_since(), None);
}

#[tokio::test]
async fn a_recall_that_was_missed_is_told_once() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(1000);
    outbound.hold();
    let app = AppId(1);
    let recall = |topic, seq| Some(Subject::Recall(topic, Stamp { seq: Seq(seq), at: Millis(seq) }));
    let of_bob = |seq| recall(Topic::User(app, UserId::parse("bob").unwrap()), seq);
    let of_room = |seq| recall(Topic::Group(app, ChannelId::parse("room").unwrap()), seq);
    outbound.push_once(of_bob(1), &frame("bob 1"));
    outbound.push_once(of_bob(2), &frame("bob 2"));
    outbound.push_once(of_room(3), &frame("room 3"));
    outbound.push_once(of_room(5), &frame("room 5"));
    let missed = |subject, text| MissedPush { subject, frame: frame(text), is_fresh: false };
    let pushes = vec![missed(of_bob(1), "bob 1"), missed(of_room(3), "room 3"), missed(of_room(4), "room 4")];
    let late = outbound.resume(Missed { pushes, late: vec![missed(of_room(5), "room 5")] });
    assert!(!outbound.push_at_once(&frame("which it is has to be looked at")));
    for (seq, text) in [(4, "room 4"), (5, "room 5"), (6, "room 6")] {
        outbound.push_once(of_room(seq), &frame(text));
    }
    outbound.push_late(late);
    let expected = ["bob 1", "room 3", "room 4", "bob 2", "room 6", "room 5"];
    assert_eq!(*pipe.taken.lock().unwrap(), expected.map(frame).concat());
}

#[tokio::test]
async fn what_was_said_while_a_device_came_back_is_told_once_though_its_push_is_late() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(1000);
    outbound.hold();
    let room = Topic::Group(AppId(1), ChannelId::parse("room").unwrap());
    let entry = |seq| Some(Subject::Entry(room.clone(), Seq(seq)));
    let missed = |seq, text, is_fresh| MissedPush { subject: entry(seq), frame: frame(text), is_fresh };
    let pushes = vec![missed(1, "room 1", false), missed(2, "room 2", true)];
    outbound.resume(Missed { pushes, late: Vec::new() });
    outbound.push_once(entry(2), &frame("room 2"));
    outbound.push_once(entry(3), &frame("room 3"));
    assert_eq!(*pipe.taken.lock().unwrap(), ["room 1", "room 2", "room 3"].map(frame).concat());
}

/// Also where reading it takes so long that pushes do not wait for it any more.
#[tokio::test]
async fn what_was_said_before_one_came_into_a_group_is_told_once() {
    let room = Topic::Group(AppId(1), ChannelId::parse("room").unwrap());
    let entry = |seq| Some(Subject::Entry(room.clone(), Seq(seq)));
    let missed =
        |seq: u64| MissedPush { subject: entry(seq), frame: frame(&format!("room {seq}")), is_fresh: false };
    for is_slow in [false, true] {
        let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
        outbound.open(pipe.clone());
        pipe.allow(1000);
        let counting = outbound.begin_entering();
        let other = outbound.begin_entering();
        outbound.push_once(entry(3), &frame("room 3"));
        if is_slow {
            outbound.end_turns(Some(Instant::now()));
        }
        // Of what is in one piece it could not be told what it is.
        assert!(!outbound.push_at_once(&frame("room 4")));
        outbound.push_once(entry(4), &frame("room 4"));
        outbound.push_before(&counting, [2, 3, 4].map(missed).into());
        outbound.push_before(&other, Vec::new());
        assert!(outbound.push_at_once(&frame("room 5")));
        let told =
            |seqs: &[u64]| seqs.iter().map(|seq| frame(&format!("room {seq}"))).collect::<Vec<_>>().concat();
        let expected: &[u64] = if is_slow { &[3, 4, 2, 5] } else { &[2, 3, 4, 5] };
        assert_eq!(*pipe.taken.lock().unwrap(), told(expected));
    }
}

/// One who logs in on the same connection has nothing of what the one before them missed.
#[tokio::test]
async fn what_was_read_for_another_user_is_not_told() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(1000);
    let counting = outbound.begin_entering();
    outbound.forget_user();
    outbound.push_before(
        &counting,
        vec![MissedPush { subject: None, frame: frame("of another"), is_fresh: false }],
    );
    outbound.push(&frame("own"));
    assert_eq!(*pipe.taken.lock().unwrap(), frame("own"));
}

#[tokio::test(start_paused = true)]
async fn pushes_wait_for_the_answers_that_clients_take_in_order() {
    let (outbound, pipe) = (Outbound::new(1000), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.allow(1000);
    outbound.is_asked_in_order(true);
    outbound.push(&frame("push"));
    outbound.say(&frame("answer"));
    assert_eq!(*pipe.taken.lock().unwrap(), frame("answer"));
    outbound.is_asked_in_order(false);
    let expected = ["answer", "push"].map(frame).concat();
    assert_eq!(*pipe.taken.lock().unwrap(), expected);
    // What was missed and is told at the end is older.
    outbound.is_asked_in_order(true);
    outbound.push(&frame("new"));
    outbound.push_late(Late(vec![frame("late 1"), frame("late 2")]));
    outbound.is_asked_in_order(false);
    let expected = [expected, ["late 1", "late 2", "new"].map(frame).concat()].concat();
    assert_eq!(*pipe.taken.lock().unwrap(), expected);
    outbound.is_asked_in_order(true);
    outbound.push(&frame("other"));
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    outbound.end_turns(Some(Instant::now()));
    assert_eq!(*pipe.taken.lock().unwrap(), [expected, frame("other").to_vec()].concat());
}

#[tokio::test]
async fn a_receipt_is_wanted_after_so_many_pushes() {
    let outbound = Outbound::new(1 << 20);
    for count in 1..=RECEIPT_AFTER {
        outbound.push(&frame("push"));
        assert_eq!(outbound.unreceipted(), count);
    }
    outbound.push_receipt(&frame("have you got it?"));
    assert_eq!(outbound.unreceipted(), 0);
    assert_eq!(outbound.take().last(), Some(&frame("have you got it?")));
}

#[tokio::test]
async fn a_notice_that_an_answer_told_of_is_not_pushed() {
    let outbound = Outbound::new(1000);
    let push = |seq: u64| outbound.push_notice(Seq(seq), &frame(&format!("notice {seq}")));
    outbound.hold();
    push(4);
    push(6);
    outbound.knows_notices(Seq(5));
    outbound.release();
    // One that came late.
    push(5);
    push(7);
    assert_eq!(outbound.take(), [frame("notice 6"), frame("notice 7")]);
    outbound.forget_user();
    push(1);
    assert_eq!(outbound.take(), [frame("notice 1")]);
}

#[tokio::test]
async fn what_is_held_is_bounded_too() {
    let outbound = Outbound::new(100);
    let frame = frame(&"x".repeat(38));
    outbound.hold();
    outbound.push(&frame);
    outbound.say(&frame);
    outbound.push(&frame);
    assert_eq!(closing(&outbound).await, Poll::Pending);
    outbound.push(&frame);
    assert_eq!(closing(&outbound).await, Poll::Ready(Closing::Overflow));
    outbound.release();
    assert!(outbound.take().is_empty());
}

#[tokio::test]
async fn an_answer_is_never_too_large_and_pushes_are_bounded_beside_it() {
    let (outbound, pipe) = (Outbound::new(100), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    let (answer, push) = (frame(&"a".repeat(5000)), frame(&"p".repeat(38)));
    assert!(!outbound.is_full_of_answers());
    outbound.say(&answer);
    assert!(outbound.is_full_of_answers());
    outbound.push(&push);
    outbound.say(&answer);
    outbound.push(&push);
    assert_eq!(closing(&outbound).await, Poll::Pending);
    pipe.allow(2 * answer.len() + push.len() - 90);
    assert_eq!(closing(&outbound).await, Poll::Pending);
    assert!(!outbound.is_full_of_answers());
    pipe.allow(90 + push.len());
    assert_eq!(closing(&outbound).await, Poll::Pending);
    assert_eq!(*pipe.taken.lock().unwrap(), [&answer, &push, &answer, &push].map(|f| &f[..]).concat());
    // Nothing of what was written counts any more.
    outbound.push(&push);
    outbound.push(&push);
    assert_eq!(closing(&outbound).await, Poll::Pending);
    outbound.push(&push);
    assert_eq!(closing(&outbound).await, Poll::Ready(Closing::Overflow));
}

#[tokio::test]
async fn a_broken_socket_is_told_of() {
    let (outbound, pipe) = (Outbound::new(100), Arc::new(Narrow::default()));
    outbound.open(pipe.clone());
    pipe.is_broken.store(true, std::sync::atomic::Ordering::Relaxed);
    outbound.push(&frame("hello"));
    assert_eq!(closing(&outbound).await, Poll::Ready(Closing::Broken));
}
