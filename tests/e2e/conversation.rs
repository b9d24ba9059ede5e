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
        item["UnreadMsgCount"].as_u64().unwrap() - item["GroupIgnoredUnreadSeqCount"].as_u64().unwrap()
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
