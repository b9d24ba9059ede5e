//! A user's list of conversations.

use protocol::ErrorCode;
use serde_json::{Value, json};
use tests::{TestGateway, User};

/// The names on the list.
async fn names(user: &User) -> Vec<String> {
    let name = |item: &Value| {
        let name = if item["Type"] == 1 { &item["To_Account"] } else { &item["ToAccount"] };
        name.as_str().unwrap().to_owned()
    };
    let mut names: Vec<String> = user.conversations().await.iter().map(name).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn what_was_said_makes_the_list() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    assert!(names(&alice).await.is_empty());
    let group = alice.create_group("lobby").await;
    alice.send_text(&group, "hello").await;
    bob.send_to("alice", "psst").await;
    assert_eq!(names(&alice).await, ["bob", "lobby"]);
    let list = alice.conversations().await;
    let lobby = list.iter().find(|item| item["Type"] == 2).unwrap();
    assert_eq!(lobby["MsgSeq"], 1);
    // A Meeting counts no unread messages. The older SDKs take the sum of both for the newest number.
    assert_eq!((&lobby["UnreadMsgCount"], &lobby["MsgGroupReadedSeq"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn a_deleted_conversation_comes_back_with_its_next_message() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    bob.send_to("alice", "one").await;
    let contact = json!({"Type": 1, "To_Account": "bob"});
    let body = json!({"From_Account": "alice", "ContactItem": [contact], "ClearRamble": 1});
    alice.call("recentcontact.batch_delete", body).await.ok();
    assert!(names(&alice).await.is_empty());
    assert!(alice.history_with("bob").await.is_empty());
    assert_eq!(bob.history_with("alice").await, ["one"]);
    bob.send_to("alice", "two").await;
    assert_eq!(names(&alice).await, ["bob"]);
    assert_eq!(alice.history_with("bob").await, ["two"]);
}

#[tokio::test]
async fn a_conversation_is_pinned_and_unpinned() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    bob.send_to("alice", "one").await;
    let pin = |operation: u8| {
        json!({"From_Account": "alice", "OperationType": operation,
            "RecentContactItem": [{"Type": 1, "To_Account": "bob"}]})
    };
    alice.call("recentcontact.top", pin(1)).await.ok();
    assert_eq!(alice.conversations().await[0]["TopFlags"], 1);
    alice.call("recentcontact.top", pin(2)).await.ok();
    assert_eq!(alice.conversations().await[0]["TopFlags"], 0);
    alice.call("recentcontact.top", pin(3)).await.refused(ErrorCode::CONVERSATION_BAD_PARAMETER);
}

#[tokio::test]
async fn unread_messages_of_a_work_group_are_counted_and_read() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group_of("Private", "office").await;
    let body = json!({"GroupId": "office", "MemberList": [{"Member_Account": "bob"}]});
    alice.call("group_open_http_svc.add_group_member", body).await.ok();
    let mut last = 0;
    for n in 0..3 {
        last = alice.send_text(&group, &format!("{n}")).await.seq;
    }
    let unread = |list: &[Value]| {
        let item = list.iter().find(|item| item["Type"] == 2).unwrap();
        let number = |name: &str| item[name].as_u64().unwrap();
        assert_eq!(number("MsgGroupReadedSeq") + number("UnreadMsgCount"), number("MsgSeq"));
        assert_eq!(number("GroupIgnoredUnreadSeqCount"), 0);
        number("UnreadMsgCount")
    };
    assert_eq!(unread(&bob.conversations().await), 3);
    assert_eq!(unread(&alice.conversations().await), 0);
    let read = json!({"GroupId": "office", "MsgReadedSeq": last});
    bob.call("group_open_http_svc.msg_read_report", read).await.ok();
    assert_eq!(unread(&bob.conversations().await), 0);
    // Back is no way to go.
    let back = json!({"GroupId": "office", "MsgReadedSeq": 1});
    bob.call("group_open_http_svc.msg_read_report", back).await.ok();
    assert_eq!(unread(&bob.conversations().await), 0);
}

#[tokio::test]
async fn only_what_counts_is_unread_however_much_else_was_said() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group_of("Private", "office").await;
    let body = json!({"GroupId": "office", "MemberList": [{"Member_Account": "bob"}]});
    alice.call("group_open_http_svc.add_group_member", body).await.ok();
    alice.send_text(&group, "counts").await;
    for n in 0..250 {
        bob.send_text(&group, &format!("my own {n}")).await;
        bob.send_to("alice", &format!("my own {n}")).await;
    }
    alice.send_text(&group, "counts too").await;
    alice.send_to("bob", "counts").await;
    let unread = async || {
        let list = bob.conversations().await;
        let of = |kind: u8| list.iter().find(|item| item["Type"] == kind).unwrap();
        let number = |name: &str| of(2)[name].as_u64().unwrap();
        // The 2.x SDKs up to 2.26 take the sum for the newest number.
        assert_eq!(number("MsgGroupReadedSeq") + number("UnreadMsgCount"), number("MsgSeq"));
        assert_eq!(number("GroupIgnoredUnreadSeqCount"), 0);
        (number("UnreadMsgCount"), of(1)["UnreadMsgCount"].as_u64().unwrap())
    };
    assert_eq!(unread().await, (2, 1));
    for n in 0..300 {
        alice.send_text(&group, &format!("{n}")).await;
        alice.send_to("bob", &format!("{n}")).await;
    }
    assert_eq!(unread().await, (302, 301));
}

#[tokio::test]
async fn what_was_taken_off_the_list_is_not_unread_when_it_comes_back() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group_of("Private", "office").await;
    let body = json!({"GroupId": "office", "MemberList": [{"Member_Account": "bob"}]});
    alice.call("group_open_http_svc.add_group_member", body).await.ok();
    let talk = async |text: &str| {
        alice.send_text(&group, text).await;
        alice.send_to("bob", text).await;
    };
    talk("one").await;
    talk("two").await;
    let both = json!({"From_Account": "bob", "ClearRamble": 0,
        "ContactItem": [{"Type": 1, "To_Account": "alice"}, {"Type": 2, "ToGroupid": "office"}]});
    bob.call("recentcontact.batch_delete", both).await.ok();
    talk("three").await;
    let list = bob.conversations().await;
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|item| item["UnreadMsgCount"] == 1), "{list:?}");
    let body = json!({"Cookie": "", "SyncFlag": 0, "NeedAbstract": 1, "IsOnlineSync": 0});
    let synced = bob.call("openim.getmsg", body).await.ok();
    assert_eq!(synced["C2CPairUnreadCount"], json!([{"From_Account": "alice", "UnreadCount": 1}]));
    assert_eq!(bob.history_with("alice").await, ["one", "two", "three"], "the history stays");
    let read = alice.call("openim.get_peer_read_time", json!({"To_Account": ["bob"]})).await.ok();
    assert_eq!(read["ReadTime"], json!([0]), "nobody says that it was read");
}

#[tokio::test]
async fn the_last_message_is_found_behind_many_that_are_hidden() {
    let gateway = TestGateway::start().await;
    let [alice, bob] = gateway.users(["alice", "bob"]).await;
    let group = alice.create_group("lobby").await;
    bob.join(&group).await;
    alice.send_to("bob", "stays").await;
    alice.send_text(&group, "stays").await;
    for _ in 0..5 {
        let (mut keys, mut seqs) = (Vec::new(), Vec::new());
        for n in 0..30 {
            let sent = alice.send_to("bob", &format!("{n}")).await;
            keys.push(format!("{}_{}_{}", sent.seq, sent.random, sent.time));
            seqs.push(alice.send_text(&group, &format!("{n}")).await.seq.to_string());
        }
        let body = json!({"From_Account": "bob", "To_Account": "alice", "MsgKeyList": keys});
        bob.call("openim.delete_c2c_msg_ramble", body).await.ok();
        let body = json!({"GroupId": "lobby", "Deleter_Account": "bob", "Seqs": seqs});
        bob.call("group_open_http_svc.delete_group_ramble_msg_by_seq", body).await.ok();
    }
    for item in bob.conversations().await {
        assert_eq!(item["LastMsg"]["MsgBody"][0]["MsgContent"]["Text"], "stays", "{item}");
    }
}

#[tokio::test]
async fn everything_is_read_at_once() {
    let gateway = TestGateway::start().await;
    let [alice, bob, carol] = gateway.users(["alice", "bob", "carol"]).await;
    bob.send_to("alice", "one").await;
    carol.send_to("alice", "two").await;
    alice.call("openim.read_all_unread_msg", json!({"C2CReadAllMsg": 1, "GroupReadInfo": []})).await.ok();
    assert!(alice.conversations().await.iter().all(|item| item["UnreadMsgCount"] == 0));
}

#[tokio::test]
async fn nobody_reads_or_changes_the_list_of_another() {
    let gateway = TestGateway::start().await;
    let [alice, eve] = gateway.users(["alice", "eve"]).await;
    alice.send_to("eve", "hi").await;
    let requests = [
        ("recentcontact.page_get", json!({"From_Account": "alice"})),
        (
            "recentcontact.batch_delete",
            json!({"From_Account": "alice", "ContactItem": [{"Type": 1, "To_Account": "eve"}]}),
        ),
        (
            "recentcontact.top",
            json!({"From_Account": "alice", "OperationType": 1,
            "RecentContactItem": [{"Type": 1, "To_Account": "eve"}]}),
        ),
    ];
    for (command, body) in requests {
        eve.call(command, body).await.refused(ErrorCode::CONVERSATION_NOT_ADMIN);
    }
    let list = alice.conversations().await;
    assert_eq!((list.len(), list[0]["TopFlags"].as_u64()), (1, Some(0)));
}
