//! What users do, in words.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::{Answer, Event, User};

/// A group, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: String,
}

/// A message that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its number in the group; the sender's own number between two users.
    pub seq: u64,
    pub random: u64,
    /// Unix seconds.
    pub time: u64,
}

/// `MsgBody` of a text.
pub(crate) fn text_body(text: &str) -> Value {
    json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}])
}

fn text_of(item: &Value) -> Option<&str> {
    item["MsgBody"][0]["MsgContent"]["Text"].as_str()
}

/// The group messages in an event.
fn group_items(event: &Event) -> impl Iterator<Item = &Value> {
    event.value["GroupMsgArray"].as_array().into_iter().flatten()
}

impl User {
    pub(crate) fn fresh_random(&self) -> u64 {
        self.next_random.fetch_add(1, Ordering::Relaxed)
    }

    /// A Meeting group of one's own.
    pub async fn create_group(&self, id: &str) -> Group {
        self.create_group_of("ChatRoom", id).await
    }

    pub async fn create_group_of(&self, kind: &str, id: &str) -> Group {
        let body =
            json!({"Type": kind, "Name": id, "GroupId": id, "Owner_Account": self.name, "MemberList": []});
        let made = self.call("group_open_http_svc.create_group", body).await.ok();
        Group { id: made["GroupId"].as_str().unwrap().to_owned() }
    }

    pub async fn try_join(&self, group: &Group) -> Answer {
        let body = json!({"GroupId": group.id, "ApplyMsg": "", "UserDefinedField": ""});
        self.call("group_open_http_svc.apply_join_group", body).await
    }

    pub async fn join(&self, group: &Group) {
        let joined = self.try_join(group).await.ok();
        assert_eq!(joined["JoinedStatus"], "JoinedSuccess");
    }

    pub async fn quit(&self, group: &Group) {
        self.call("group_open_http_svc.quit_group", json!({"GroupId": group.id})).await.ok();
    }

    pub async fn dismiss(&self, group: &Group) {
        self.call("group_open_http_svc.destroy_group", json!({"GroupId": group.id})).await.ok();
    }

    pub async fn set_role(&self, group: &Group, user: &str, role: &str) -> Answer {
        let body = json!({"GroupId": group.id, "Member_Account": user, "Role": role});
        self.call("group_open_http_svc.modify_group_member_info", body).await
    }

    pub async fn mute(&self, group: &Group, user: &str, seconds: u64) -> Answer {
        let body = json!({"GroupId": group.id, "Member_Account": user, "MuteTime": seconds});
        self.call("group_open_http_svc.modify_group_member_info", body).await
    }

    pub async fn kick(&self, group: &Group, users: &[&str]) -> Answer {
        let body = json!({"GroupId": group.id, "MemberToDel_Account": users, "Reason": "", "Silence": 0});
        self.call("group_open_http_svc.delete_group_member", body).await
    }

    /// The body of a text to a group, with a random number of its own.
    pub fn group_text(&self, group: &Group, text: &str) -> Value {
        let random = self.fresh_random();
        json!({
            "From_Account": self.name, "GroupId": group.id, "Random": random, "ClientSeq": random,
            "MsgPriority": "Normal", "MsgBody": text_body(text), "CloudCustomData": "", "OnlineOnlyFlag": 0,
            "GroupAtInfo": [], "SendMsgControl": [], "MsgClientTime": 1_795_368_256, "NeedReadReceipt": 0,
        })
    }

    pub async fn send_to_group(&self, body: Value) -> Answer {
        self.call("group_open_http_svc.send_group_msg", body).await
    }

    pub async fn try_send_text(&self, group: &Group, text: &str) -> Answer {
        self.send_to_group(self.group_text(group, text)).await
    }

    pub async fn send_text(&self, group: &Group, text: &str) -> Sent {
        let body = self.group_text(group, text);
        let random = body["Random"].as_u64().unwrap();
        let sent = self.send_to_group(body).await.ok();
        Sent { seq: sent["MsgSeq"].as_u64().unwrap(), random, time: sent["MsgTime"].as_u64().unwrap() }
    }

    /// Waits for the push of a text in a group, and takes it.
    pub async fn expect_message(&self, group: &Group, text: &str) -> Value {
        let is_it = |item: &Value| item["ToGroupId"] == *group.id && text_of(item) == Some(text);
        let what = format!("{text:?} in {}", group.id);
        let event = self.expect_event(&what, |event| group_items(event).any(is_it)).await;
        event["GroupMsgArray"][0].clone()
    }

    /// The texts of a group that were pushed so far, with their numbers, in the order they came.
    pub fn messages(&self, group: &Group) -> Vec<(u64, String)> {
        let events = self.socket.events();
        let items = events.iter().flat_map(group_items).filter(|item| item["ToGroupId"] == *group.id);
        items.filter_map(|item| Some((item["MsgSeq"].as_u64()?, text_of(item)?.to_owned()))).collect()
    }

    /// One page of a group's history, newest first; 0 begins at the newest.
    pub async fn history_page(&self, group: &Group, newest: u64) -> Answer {
        let mut body = json!({"GroupId": group.id, "ReqMsgNumber": 20, "WithRecalledMsg": 1});
        if newest > 0 {
            body["ReqMsgSeq"] = newest.into();
        }
        self.call("group_open_http_svc.group_msg_get", body).await
    }

    /// The whole history of a group, oldest first, page by page as the SDKs read it.
    pub async fn history(&self, group: &Group) -> Vec<Value> {
        let (mut items, mut newest) = (Vec::new(), 0);
        loop {
            let page = self.history_page(group, newest).await.ok();
            items.extend(page["RspMsgList"].as_array().unwrap().iter().cloned());
            match page["NextReqMsgSeq"].as_u64() {
                Some(next) if page["IsFinished"] == 1 => newest = next,
                _ => break,
            }
        }
        items.reverse();
        items
    }

    /// The texts of a group's history with their numbers, oldest first.
    pub async fn history_texts(&self, group: &Group) -> Vec<(u64, String)> {
        let items = self.history(group).await;
        let texts =
            items.iter().filter_map(|item| Some((item["MsgSeq"].as_u64()?, text_of(item)?.to_owned())));
        texts.collect()
    }

    pub async fn recall(&self, group: &Group, seq: u64) -> Answer {
        let body = json!({"GroupId": group.id, "MsgSeqList": [{"MsgSeq": seq}], "Reason": ""});
        self.call("group_open_http_svc.group_msg_recall", body).await
    }

    /// The ids of the members, in the order they joined.
    pub async fn members(&self, group: &Group) -> Vec<String> {
        let body = json!({"GroupId": group.id, "Limit": 100, "Offset": 0});
        let answer = self.call("group_open_http_svc.get_group_member_info", body).await.ok();
        let name = |member: &Value| member["Member_Account"].as_str().unwrap().to_owned();
        answer["MemberList"].as_array().unwrap().iter().map(name).collect()
    }

    /// The ids of the groups they are in.
    pub async fn joined(&self) -> Vec<String> {
        let body = json!({"Member_Account": self.name, "Limit": 200, "Offset": 0});
        let answer = self.call("group_open_http_svc.get_joined_group_list", body).await.ok();
        let id = |group: &Value| group["GroupId"].as_str().unwrap().to_owned();
        answer["GroupIdList"].as_array().unwrap().iter().map(id).collect()
    }

    /// The body of a text to a user, with numbers of its own.
    pub fn c2c_text(&self, to: &str, text: &str) -> Value {
        let random = self.fresh_random();
        json!({
            "From_Account": self.name, "To_Account": to, "MsgSeq": random + 1_753_520_000, "MsgRandom": random,
            "MsgBody": text_body(text), "CloudCustomData": "", "MsgClientTime": 1_795_368_256,
        })
    }

    pub async fn try_send_to(&self, to: &str, text: &str) -> Answer {
        self.call("openim.sendmsg", self.c2c_text(to, text)).await
    }

    pub async fn send_to(&self, to: &str, text: &str) -> Sent {
        let body = self.c2c_text(to, text);
        let (seq, random) = (body["MsgSeq"].as_u64().unwrap(), body["MsgRandom"].as_u64().unwrap());
        let sent = self.call("openim.sendmsg", body).await.ok();
        Sent { seq, random, time: sent["MsgTime"].as_u64().unwrap() }
    }

    /// Waits for the push of a text from a user (or from oneself on another device), and takes it.
    pub async fn expect_message_from(&self, from: &str, text: &str) -> Value {
        let is_it = |event: &Event| {
            let item = &event.value["C2cMsgArray"][0];
            item["From_Account"] == *from && text_of(item) == Some(text)
        };
        let event = self.expect_event(&format!("{text:?} from {from}"), is_it).await;
        event["C2cMsgArray"][0].clone()
    }

    /// The texts with a peer, oldest first.
    pub async fn history_with(&self, peer: &str) -> Vec<String> {
        let body =
            json!({"Peer_Account": peer, "MaxCnt": 100, "LastMsgTime": 0, "MsgKey": "", "GetDirection": 0});
        let answer = self.call("openim.getroammsg", body).await.ok();
        let texts = answer["MsgList"].as_array().unwrap().iter().filter_map(text_of);
        texts.map(str::to_owned).collect()
    }

    /// The list of conversations, page by page as the SDKs read it.
    pub async fn conversations(&self) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), json!({}));
        for _ in 0..10_000 {
            let number = |name: &str| cursor[name].as_u64().unwrap_or(0);
            let body = json!({
                "From_Account": self.name, "TimeStamp": number("TimeStamp"), "StartIndex": number("StartIndex"),
                "TopTimeStamp": number("TopTimeStamp"), "TopStartIndex": number("TopStartIndex"),
                "OrderType": 1, "MsgAssistFlags": 15, "AssistFlags": 31,
            });
            cursor = self.call("recentcontact.page_get", body).await.ok();
            items.extend(cursor["SessionItem"].as_array().unwrap().iter().cloned());
            if cursor["CompleteFlag"] == 1 {
                return items;
            }
        }
        panic!("the list of conversations has no end");
    }

    /// Waits for a notice about a group (event 5) of a kind, and takes it.
    pub async fn expect_notice(&self, group: &Group, report_type: u64) -> Value {
        let what = format!("notice {report_type} about {}", group.id);
        let event = self
            .expect_event(&what, |event| {
                let item = &event.value["GroupTips"][0];
                event.value["Event"] == 5
                    && item["ToGroupId"] == *group.id
                    && item["MsgBody"]["ReportType"] == report_type
            })
            .await;
        event["GroupTips"][0].clone()
    }

    /// Waits for a tip in a group (event 4) of a kind, and takes it.
    pub async fn expect_tip(&self, group: &Group, op_type: u64) -> Value {
        let what = format!("tip {op_type} in {}", group.id);
        let event = self
            .expect_event(&what, |event| {
                let item = &event.value["GroupTips"][0];
                event.value["Event"] == 4
                    && item["ToGroupId"] == *group.id
                    && item["MsgBody"]["OpType"] == op_type
            })
            .await;
        event["GroupTips"][0].clone()
    }

    /// Waits for what all members of a group are told and what no history has (event 6), and takes it.
    pub async fn expect_passing(&self, group: &Group, op_type: u64) -> Value {
        let what = format!("a passing {op_type} in {}", group.id);
        let event = self
            .expect_event(&what, |event| {
                let item = &event.value["GroupTips"][0];
                event.value["Event"] == 6
                    && item["ToGroupId"] == *group.id
                    && item["MsgBody"]["OpType"] == op_type
            })
            .await;
        event["GroupTips"][0].clone()
    }
}

impl User {
    /// Waits for the push that another device of the same user has read a group up to a number, and takes it.
    pub async fn expect_notice_of_reading(&self, group: &str, seq: u64) -> Value {
        self.expect_event(&format!("reading of {group}"), |event| {
            let read = &event.value["GroupTips"][0]["MsgBody"]["GroupReadInfoArray"][0];
            read["GroupId"] == *group && read["LastReadMsgSeq"] == seq
        })
        .await
    }
}
