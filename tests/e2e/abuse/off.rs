//! Where every bound is 0, nothing is refused for being too much.

use serde_json::{Value, json};
use tests::{Device, Dialect, Instance, InstanceSettings, User};

const EXAMPLE: &str = include_str!("../../../gateway/config.example.toml");

/// The tables in which a 0 is off.
const TABLES: [&str; 5] = ["[session]", "[connection]", "[limits]", "[rates]", "[store]"];

/// Every number of these tables as 0, as they stand in the example, which has all settings.
fn all_off() -> String {
    let (mut text, mut is_in) = (String::new(), false);
    for line in EXAMPLE.lines() {
        if line.starts_with('[') {
            is_in = TABLES.contains(&line);
            text.push_str(if is_in { line } else { "" });
            text.push('\n');
        }
        let Some((name, value)) = line.split_once(" = ").filter(|_| is_in && !line.starts_with('#')) else {
            continue;
        };
        let off = match value.as_bytes()[0] {
            b'0'..=b'9' if name != "hello_interval_seconds" => "0",
            b'{' => "{ calls = 0, seconds = 0, burst = 0 }",
            _ => continue,
        };
        text.push_str(&format!("{name} = {off}\n"));
    }
    text
}

#[tokio::test]
async fn nothing_is_too_much_where_every_bound_is_off() {
    let file = all_off();
    assert!(file.matches(" = 0").count() > 50, "{file}");
    let instance = Instance::start("all off", InstanceSettings { file, ..InstanceSettings::default() }).await;
    let connect = async |name: &str, number: usize| {
        let device = Device::web(format!("{number:032x}"));
        let user =
            User::connect(instance.address, name, instance.usersig(name), device, Dialect::Binary).await;
        user.login().await;
        user
    };
    let alice = connect("alice", 1).await;
    // No device puts another out.
    let mut others = Vec::new();
    for number in 2..25 {
        others.push(connect("alice", number).await);
    }
    let _bob = connect("bob", 100).await;
    // More than a frame may have by default.
    let text = "x".repeat(700_000);
    alice.send_to("bob", &text).await;
    let long = "n".repeat(2000);
    let fields: Vec<Value> = (0..30)
        .map(|n| json!({"Key": format!("a_key_of_more_than_sixteen_bytes_{n}"), "Value": "v".repeat(1000)}))
        .collect();
    let body = json!({"Type": "ChatRoom", "Name": long, "GroupId": "lobby", "Introduction": long,
        "Notification": long, "FaceUrl": long, "AppDefinedData": fields, "MemberList": []});
    alice.call("group_open_http_svc.create_group", body).await.ok();
    let lobby = tests::Group { id: "lobby".to_owned() };
    let card = json!({"GroupId": "lobby", "Member_Account": "alice", "NameCard": long, "AppMemberDefinedData": fields});
    alice.call("group_open_http_svc.modify_group_member_info", card).await.ok();
    let many: Vec<Value> = (0..400).map(|n| json!({"Member_Account": format!("member{n}")})).collect();
    let body = json!({"Type": "Private", "Name": "n", "GroupId": "office", "MemberList": many});
    alice.call("group_open_http_svc.create_group", body).await.ok();
    let mentions: Vec<Value> =
        (0..50).map(|n| json!({"GroupAtAllFlag": 0, "GroupAt_Account": format!("member{n}")})).collect();
    let mut body = alice.group_text(&tests::Group { id: "office".to_owned() }, "you all");
    body["GroupAtInfo"] = json!(mentions);
    alice.send_to_group(body).await.ok();
    let said = alice.send_text(&lobby, &text).await;
    let recall = json!({"GroupId": "lobby", "MsgSeqList": [{"MsgSeq": said.seq}], "Reason": long});
    let recalled = alice.call("group_open_http_svc.group_msg_recall", recall).await.ok();
    assert_eq!(recalled["RecallRetList"][0]["RetCode"], 0, "{recalled}");
    let contacts: Vec<Value> =
        (0..80).map(|n| json!({"Type": 1, "To_Account": format!("member{n}")})).collect();
    let pin = json!({"From_Account": "alice", "OperationType": 1, "RecentContactItem": contacts});
    alice.call("recentcontact.top", pin).await.ok();
    // More than any command may be given at once by default.
    for _ in 0..250 {
        alice.conversations().await;
    }
    for other in &others {
        other.conversations().await;
    }
}
