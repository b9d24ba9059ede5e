//! What is told to a gateway so that its store has something of everything, and what a later gateway must know of it.
//!
//! A story that has become a store in `tests/stores` is not changed: it would not be what is in there. What a later
//! format adds is told in a chapter of its own.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tests::{APP, Admin, Device, Dialect, Group, TestGateway, User};

/// The newest messages that each conversation keeps in the end.
pub(super) const KEPT: u64 = 30;

const CREATE: &str = "group_open_http_svc.create_group";
const MEMBER: &str = "group_open_http_svc.modify_group_member_info";
const BASE: &str = "group_open_http_svc.modify_group_base_info";

fn group(id: &str) -> Group {
    Group { id: id.to_owned() }
}

/// Those who speak, on devices that are the same each time.
pub(super) struct Teller<'a> {
    pub(super) address: SocketAddr,
    pub(super) usersig: &'a dyn Fn(&str) -> String,
}

impl Teller<'_> {
    async fn user(&self, name: &str, device: Device) -> User {
        let user = User::connect(self.address, name, (self.usersig)(name), device, Dialect::Binary).await;
        user.login().await;
        user
    }

    fn admin(&self) -> Admin {
        Admin::new(self.address, "administrator", (self.usersig)("administrator"))
    }

    /// The first chapter: all that a gateway of format 1 can keep.
    pub(super) async fn tell(&self) {
        let zoe = json!({"UserID": "zoe", "Nick": "Zoë", "FaceUrl": "https://example.com/z.png"});
        self.admin().call("im_open_login_svc.account_import", zoe).await.ok();
        let alice = self.user("alice", Device::web("a1".to_owned())).await;
        let on_phone = self.user("alice", Device::wechat("a2".to_owned())).await;
        let bob = self.user("bob", Device::web("b1".to_owned())).await;
        let carol = self.user("carol", Device::web("c1".to_owned())).await;
        let nick = json!({"Tag": "Tag_Profile_IM_Nick", "Value": "Alice 爱丽丝"});
        let level = json!({"Tag": "Tag_Profile_IM_Level", "Value": 7});
        let profile = json!({"From_Account": "alice", "ProfileItem": [nick, level]});
        alice.call("profile.portrait_set", profile).await.ok();

        lobby(&alice, &bob, &carol).await;
        office(&alice, &bob).await;
        between_two(&alice, &bob).await;
        self.two_lives(&alice).await;
        list(&alice, &carol).await;

        let archive = alice.create_group("archive").await;
        for number in 1..=KEPT + 10 {
            alice.send_text(&archive, &format!("entry {number}")).await;
        }
        self.user("dave", Device::web("d1".to_owned())).await;
        self.admin().kick("dave").await;
        on_phone.logout().await;
    }

    /// A group that was ended, and another one of the same name.
    async fn two_lives(&self, alice: &User) {
        let first = alice.create_group("again").await;
        alice.send_text(&first, "of the first life").await;
        alice.dismiss(&first).await;
        let second = alice.create_group("again").await;
        alice.send_text(&second, "of the second life").await;
    }

    /// What the newest messages of `archive` are, once the others were dropped.
    pub(super) async fn is_trimmed(&self) -> bool {
        let body = json!({"GroupId": "archive", "ReqMsgNumber": 20, "ReqMsgSeq": 20});
        let page = self.admin().call("group_open_http_svc.group_msg_get_simple", body).await.ok();
        let kept = page["RspMsgList"].as_array().unwrap().iter().filter(|item| item["IsPlaceMsg"] == 0);
        kept.count() <= 10
    }
}

async fn lobby(alice: &User, bob: &User, carol: &User) {
    let create = json!({
        "Type": "ChatRoom", "Name": "大厅", "GroupId": "lobby", "Owner_Account": "alice", "MemberList": [],
        "Introduction": "all welcome", "Notification": "be kind", "FaceUrl": "https://example.com/l.png",
        "AppDefinedData": [{"Key": "colour", "Value": "green"}],
    });
    alice.call(CREATE, create).await.ok();
    let lobby = group("lobby");
    bob.join(&lobby).await;
    carol.join(&lobby).await;
    alice.set_role(&lobby, "bob", "Admin").await.ok();
    bob.call(MEMBER, json!({"GroupId": "lobby", "Member_Account": "bob", "NameCard": "the builder"}))
        .await
        .ok();
    bob.call(MEMBER, json!({"GroupId": "lobby", "Member_Account": "bob", "MsgFlag": "Discard"})).await.ok();
    let custom = json!([{"Key": "team", "Value": "red"}]);
    carol
        .call(MEMBER, json!({"GroupId": "lobby", "Member_Account": "carol", "AppMemberDefinedData": custom}))
        .await
        .ok();

    alice.send_text(&lobby, "hello").await;
    let slip = bob.send_text(&lobby, "a slip").await;
    let mut custom = carol.group_text(&lobby, "");
    custom["MsgBody"] = json!([{"MsgType": "TIMCustomElem",
        "MsgContent": {"Data": "{\"a\":1}", "Desc": "", "Ext": ""}}]);
    custom["CloudCustomData"] = "cloud".into();
    custom["MsgPriority"] = "High".into();
    carol.send_to_group(custom).await.ok();
    let mut all = alice.group_text(&lobby, "@all look");
    all["GroupAtInfo"] = json!([{"GroupAtAllFlag": 1}]);
    alice.send_to_group(all).await.ok();
    let mut one = alice.group_text(&lobby, "@bob look");
    one["GroupAtInfo"] = json!([{"GroupAtAllFlag": 0, "GroupAt_Account": "bob"}]);
    let one = alice.send_to_group(one).await.ok()["MsgSeq"].as_u64().unwrap();
    bob.expect_event("the second mention", |event| {
        event.value["Event"] == 12 && event.value["GroupTips"][0]["GroupAtTips"]["GroupAtType"] == json!([1])
    })
    .await;
    bob.recall(&lobby, slip.seq).await.ok();
    let hide = json!({"GroupId": "lobby", "Deleter_Account": "carol", "Seqs": [one.to_string()]});
    carol.call("group_open_http_svc.delete_group_ramble_msg_by_seq", hide).await.ok();
    bob.call("group_open_http_svc.msg_read_report", json!({"GroupId": "lobby", "MsgReadedSeq": 4}))
        .await
        .ok();
    alice.mute(&lobby, "carol", 4_294_967_295).await.ok();
    alice.call(BASE, json!({"GroupId": "lobby", "ShutUpAllMember": "On"})).await.ok();
}

async fn office(alice: &User, bob: &User) {
    let office = alice.create_group_of("Private", "office").await;
    let members = json!([{"Member_Account": "bob"}, {"Member_Account": "zoe"}]);
    let add = json!({"GroupId": "office", "MemberList": members});
    alice.call("group_open_http_svc.add_group_member", add).await.ok();
    for number in 1..=5 {
        alice.send_text(&office, &format!("work {number}")).await;
    }
    let third = alice.history(&office).await[2]["MsgSeq"].as_u64().unwrap();
    bob.call("group_open_http_svc.msg_read_report", json!({"GroupId": "office", "MsgReadedSeq": third}))
        .await
        .ok();
    alice.kick(&office, &["zoe"]).await.ok();
    let heir = json!({"GroupId": "office", "NewOwner_Account": "bob"});
    alice.call("group_open_http_svc.change_group_owner", heir).await.ok();
}

async fn between_two(alice: &User, bob: &User) {
    alice.send_to("bob", "one").await;
    let slip = alice.send_to("bob", "two, a slip").await;
    let hidden = alice.send_to("bob", "three").await;
    let info = json!({"MsgInfo": {"From_Account": "alice", "To_Account": "bob", "MsgSeq": slip.seq,
        "MsgRandom": slip.random, "MsgTimeStamp": slip.time}});
    alice.call("openim.msgwithdraw", info).await.ok();
    let key = format!("{}_{}_{}", hidden.seq, hidden.random, hidden.time);
    let hide = json!({"From_Account": "bob", "To_Account": "alice", "MsgKeyList": [key]});
    bob.call("openim.delete_c2c_msg_ramble", hide).await.ok();
    let answer = bob.send_to("alice", "four").await;
    let read = json!({"C2CMsgReaded":
        {"C2CMsgReadedItem": [{"To_Account": "bob", "LastedMsgTime": answer.time}]}});
    alice.call("openim.msgreaded", read).await.ok();
}

async fn list(alice: &User, carol: &User) {
    carol.send_to("alice", "off the list").await;
    let delete = json!({"From_Account": "alice", "ContactItem": [{"Type": 1, "To_Account": "carol"}],
        "ClearRamble": 0});
    alice.call("recentcontact.batch_delete", delete).await.ok();
    let pin = json!({"From_Account": "alice", "OperationType": 1,
        "RecentContactItem": [{"Type": 1, "To_Account": "bob"}, {"Type": 2, "ToGroupid": "lobby"}]});
    alice.call("recentcontact.top", pin).await.ok();
    let mute = json!({"Peer_Account": ["bob"], "Mute_Notifications": 2});
    alice.call("openim.set_c2c_peer_mute_notifications", mute).await.ok();
}

/// Everything that was told is known, and it goes on from there.
pub(super) async fn check(gateway: &TestGateway) {
    let old = |name: &'static str, instance: &str| {
        gateway.user_on(
            name,
            Device { app: APP, platform: 7, instance: instance.to_owned() },
            Dialect::Binary,
        )
    };
    let (alice, bob) = (old("alice", "a1").await, old("bob", "b1").await);
    let (carol, zoe) = (old("carol", "c1").await, old("zoe", "e1").await);
    accounts(gateway, &alice).await;
    check_lobby(gateway, &alice, &bob, &carol).await;
    check_office(&alice, &bob, &zoe).await;
    check_between_two(&alice, &bob).await;
    check_list(&alice).await;

    let again = group("again");
    assert_eq!(alice.history_texts(&again).await, [(1, "of the second life".to_owned())]);
    let archive = group("archive");
    let kept: Vec<_> = (11..=KEPT + 10).map(|number| (number, format!("entry {number}"))).collect();
    let found = alice.history(&archive).await;
    let found = found.iter().filter(|item| item["IsPlaceMsg"] != 1);
    assert!(found.map(|item| item["MsgSeq"].as_u64().unwrap()).eq(kept.iter().map(|(seq, _)| *seq)));
    assert_eq!(alice.send_text(&archive, "and on").await.seq, KEPT + 11);
}

async fn accounts(gateway: &TestGateway, alice: &User) {
    let body = json!({"From_Account": "alice", "UserItem": [{"To_Account": "alice"}, {"To_Account": "zoe"}]});
    let profiles = alice.call("profile.portrait_get_all", body).await.ok();
    let has = |user: usize, tag: &str, value: Value| {
        let items = profiles["UserProfileItem"][user]["ProfileItem"].as_array().unwrap();
        assert!(items.contains(&json!({"Tag": tag, "Value": value})), "{items:?}");
    };
    has(0, "Tag_Profile_IM_Nick", json!("Alice 爱丽丝"));
    has(0, "Tag_Profile_IM_Level", json!(7));
    has(1, "Tag_Profile_IM_Nick", json!("Zoë"));
    has(1, "Tag_Profile_IM_Image", json!("https://example.com/z.png"));
    // Who was kicked may come back with a UserSig that was made since.
    gateway.user("dave").await;
}

async fn check_lobby(gateway: &TestGateway, alice: &User, bob: &User, carol: &User) {
    let lobby = group("lobby");
    let admin = gateway.admin();
    let info = admin.call("group_open_http_svc.get_group_info", json!({"GroupIdList": ["lobby"]})).await.ok();
    let info = &info["GroupInfo"][0];
    assert_eq!(
        [
            &info["Name"],
            &info["Introduction"],
            &info["Notification"],
            &info["FaceUrl"],
            &info["Owner_Account"]
        ],
        ["大厅", "all welcome", "be kind", "https://example.com/l.png", "alice"]
    );
    assert_eq!(info["AppDefinedData"], json!([{"Key": "colour", "Value": "green"}]));
    assert_eq!((&info["MemberNum"], &info["ShutUpAllMember"]), (&json!(3), &json!("On")));
    assert_eq!(alice.members(&lobby).await, ["alice", "bob", "carol"]);
    let body = json!({"GroupId": "lobby", "Member_List_Account": ["bob", "carol"],
        "MemberInfoFilter": ["Role", "NameCard", "MsgFlag", "ShutUpUntil", "MsgSeq", "AppMemberDefinedData"],
        "AppDefinedDataFilter_GroupMember": ["team"]});
    let members = alice.call("group_open_http_svc.get_specified_group_member_info", body).await.ok();
    let (of_bob, of_carol) = (&members["MemberList"][0], &members["MemberList"][1]);
    assert_eq!(
        [&of_bob["Role"], &of_bob["NameCard"], &of_bob["MsgFlag"], &of_carol["Role"]],
        ["Admin", "the builder", "Discard", "Member"]
    );
    assert_eq!(of_bob["MsgSeq"], 4);
    assert!(of_carol["ShutUpUntil"].as_u64().unwrap() > 4_000_000_000, "{of_carol}");
    assert_eq!(of_carol["AppMemberDefinedData"], json!([{"Key": "team", "Value": "red"}]));

    let history = alice.history(&lobby).await;
    let texts = alice.history_texts(&lobby).await;
    let texts: Vec<_> = texts.iter().map(|(seq, text)| (*seq, text.as_str())).collect();
    let recalled = history.iter().find(|item| item["MsgSeq"] == 2).unwrap();
    assert_eq!(recalled["IsPlaceMsg"], 2, "{recalled}");
    for said in [(1, "hello"), (4, "@all look"), (5, "@bob look")] {
        assert!(texts.contains(&said), "{texts:?}");
    }
    let custom = history.iter().find(|item| item["MsgSeq"] == 3).unwrap();
    assert_eq!(custom["MsgBody"][0]["MsgContent"]["Data"], "{\"a\":1}");
    assert_eq!((&custom["CloudCustomData"], &custom["From_Account"]), (&json!("cloud"), &json!("carol")));
    // The change of the profile, and that nobody may speak.
    assert!(history.iter().any(|item| item["MsgBody"]["OpType"] == 6), "{history:?}");
    let seen_by_carol = carol.history(&lobby).await;
    let hidden = seen_by_carol.iter().find(|item| item["MsgSeq"] == 5);
    assert!(hidden.is_none_or(|item| item["IsPlaceMsg"] == 1), "{hidden:?}");
    // The marks of format 1 are notices, one of which is of all.
    let marks = bob.call("openim.getmsg", json!({"Cookie": "n0", "SyncFlag": 0})).await.ok();
    let marks: Vec<_> = marks["EventArray"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["Event"] == 12)
        .map(|event| event["GroupTips"][0]["GroupAtTips"]["GroupAtType"].clone())
        .collect();
    assert!(marks.contains(&json!([1])), "{marks:?}");
    carol.try_send_text(&lobby, "mmh").await.refused(protocol::ErrorCode::MUTED);
    let next = alice.send_text(&lobby, "and on").await;
    assert_eq!(Some(next.seq), history.last().unwrap()["MsgSeq"].as_u64().map(|seq| seq + 1));
}

async fn check_office(alice: &User, bob: &User, zoe: &User) {
    let office = group("office");
    assert_eq!(bob.members(&office).await, ["bob", "alice"]);
    let texts: Vec<_> = bob.history_texts(&office).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["work 1", "work 2", "work 3", "work 4", "work 5"]);
    assert_eq!(zoe.joined().await, Vec::<String>::new());
    assert_eq!(bob.joined().await, ["lobby", "office"]);
    // She was away when she was let in and put out.
    let told = zoe.call("openim.getmsg", json!({"Cookie": "n0", "SyncFlag": 0})).await.ok();
    let kinds: Vec<_> = told["EventArray"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["GroupTips"][0]["MsgBody"]["ReportType"].as_u64())
        .collect();
    assert_eq!(kinds, [Some(7), Some(4)]);
    alice.send_text(&office, "and on").await;
    bob.expect_message(&office, "and on").await;
}

async fn check_between_two(alice: &User, bob: &User) {
    let body =
        json!({"Peer_Account": "bob", "MaxCnt": 100, "LastMsgTime": 0, "MsgKey": "", "GetDirection": 0});
    let said = alice.call("openim.getroammsg", body).await.ok();
    let said: Vec<_> = said["MsgList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (item["MsgBody"][0]["MsgContent"]["Text"].as_str().unwrap(), item["MsgFlagBits"].as_u64())
        })
        .collect();
    // What was recalled says so, and the SDKs show it as recalled.
    assert_eq!(said, [("one", Some(0)), ("two, a slip", Some(8)), ("three", Some(0)), ("four", Some(0))]);
    assert_eq!(bob.history_with("alice").await, ["one", "two, a slip", "four"]);
    let times = bob.call("openim.get_peer_read_time", json!({"To_Account": ["alice"]})).await.ok();
    assert!(times["ReadTime"][0].as_u64().unwrap() > 0, "{times}");
}

async fn check_list(alice: &User) {
    let list = alice.conversations().await;
    let of = |name: &str| list.iter().find(|item| item["To_Account"] == name || item["ToAccount"] == name);
    assert!(of("carol").is_none(), "{list:?}");
    for (name, pinned) in [("bob", 1), ("lobby", 1), ("office", 0), ("again", 0), ("archive", 0)] {
        assert_eq!(of(name).unwrap_or_else(|| panic!("{name}: {list:?}"))["TopFlags"], pinned, "{name}");
    }
    let mutes =
        alice.call("openim.get_c2c_peer_mute_notifications", json!({"Peer_Account": ["bob"]})).await.ok();
    assert_eq!(mutes["MuteNotificationsList"][0]["MuteNotifications"], 2, "{mutes}");
}
