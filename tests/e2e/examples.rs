//! One valid call of every command of the table, and the scene in which it succeeds.
//!
//! In every example the caller's own name stands only where the request says in whose name it acts, and the other's name
//! wherever somebody else is meant: tests derive from it who may act for whom, and what malformed requests look like.

use protocol::id::GroupId;
use serde_json::{Value, json};
use tests::{Group, Sent, TestGateway, User};

/// What must not reach one who is not a member: the text of a message, a name card, a custom field of a member.
pub(crate) const SECRETS: [&str; 3] = ["the-secret-text", "the-secret-card", "the-secret-reason"];

/// Two users who talk, and a group of the first.
pub(crate) struct Scene {
    /// Owns the group.
    pub(crate) caller: String,
    /// A member of it.
    pub(crate) other: String,
    /// Not a member, with an account.
    pub(crate) third: String,
    pub(crate) group: Group,
    /// Of the caller, in the group.
    pub(crate) said: Sent,
    /// Of the caller, to the other.
    pub(crate) told: Sent,
}

impl Scene {
    /// Sets the scene under names that end with `tag`. The two users' connections come with it.
    pub(crate) async fn set(gateway: &TestGateway, tag: &str) -> (Self, User, User) {
        let (caller, other, third) = (format!("caller{tag}"), format!("other{tag}"), format!("third{tag}"));
        let [user, friend] = gateway.users([&caller, &other]).await;
        gateway.admin().import(&third).await;
        let group = user.create_group(&format!("group{tag}")).await;
        friend.join(&group).await;
        // So that a member may bring somebody in: a Meeting does not allow it by default.
        let open = json!({"GroupId": group.id, "InviteJoinOption": "FreeAccess"});
        user.call("group_open_http_svc.modify_group_base_info", open).await.ok();
        let card = json!({"GroupId": group.id, "Member_Account": caller, "NameCard": SECRETS[1]});
        user.call("group_open_http_svc.modify_group_member_info", card).await.ok();
        let slip = user.send_text(&group, SECRETS[0]).await;
        let recall = json!({"GroupId": group.id, "MsgSeqList": [{"MsgSeq": slip.seq}], "Reason": SECRETS[2]});
        user.call("group_open_http_svc.group_msg_recall", recall).await.ok();
        let said = user.send_text(&group, SECRETS[0]).await;
        let told = user.send_to(&other, SECRETS[0]).await;
        (Self { caller, other, third, group, said, told }, user, friend)
    }

    /// A valid body of the command; `None` for a command without an example.
    pub(crate) fn example(&self, command: &str) -> Option<Value> {
        let (me, other, third) = (&self.caller, &self.other, &self.third);
        let (group, seq) = (&self.group.id, self.said.seq);
        let key = format!("{}_{}_{}", self.told.seq, self.told.random, self.told.time);
        let contact = json!({"Type": 1, "To_Account": other});
        let members = json!([{"Member_Account": third, "Role": "Member",
            "AppMemberDefinedData": [{"Key": "k", "Value": "v"}]}]);
        let text = json!([{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]);
        let recalls =
            json!({"GroupId": group, "BeginTime": 0, "EndTime": 4_000_000_000_000_000u64, "Limit": 20});
        let filter = json!({"GroupBaseInfoFilter": ["Name", "Owner_Account"], "MemberInfoFilter": ["NameCard"],
            "SelfInfoFilter": ["Role"], "AppDefinedDataFilter_Group": ["k"]});
        Some(match command {
            "heartbeat.alive" | "openim.authkey" => json!({}),
            "imopenstat.tim_web_report_v2" => {
                json!({"Header": {"platform": 7}, "Event": [{"event_type": 0}]})
            }
            "openim.ws_msg_push_ack" => json!({"SessionData": "sess-1"}),
            "im_open_status.wslogin" => {
                json!({"State": "Online", "is_web_uniapp": 0, "InstType": 0, "CustomInfo": ""})
            }
            "im_open_status.wshello" => json!({"is_web_uniapp": 0}),
            "im_open_status.wslogout" => json!({"wslogout_type": 0, "is_web_uniapp": 0}),
            "im_open_status.ws_stat_background" | "im_open_status.ws_stat_foreground" => json!({"State": 1}),
            "im_sdk_config_mgr.fetch_config" => {
                json!({"uint32_sdkappid": 1_400_000_001, "uint64_version": 0})
            }
            "im_sdk_config_mgr.fetch_imsdk_purchase_bitsv2" => json!({"uint32_sdkappid": 1_400_000_001}),

            "im_open_login_svc.account_import" => {
                json!({"UserID": me, "Nick": "nick", "FaceUrl": "https://example.com/f.png"})
            }
            "im_open_login_svc.account_check" => json!({"CheckItem": [{"UserID": other}]}),
            "im_open_login_svc.kick" => json!({"UserID": me}),
            "openim.query_online_status" => json!({"To_Account": [other], "IsNeedDetail": 1}),

            "profile.portrait_get_all" => json!({"From_Account": me,
                "UserItem": [{"To_Account": other, "StandardSequence": 0, "CustomSequence": 0}]}),
            "profile.portrait_set" => json!({"From_Account": me,
                "ProfileItem": [{"Tag": "Tag_Profile_IM_Nick", "Value": "n"}]}),

            "sns.black_list_get" => json!({"From_Account": me, "StartIndex": 0, "MaxLimited": 1000}),
            "sns.friend_get" => {
                json!({"From_Account": me, "StartIndex": 0, "StandardSequence": 0, "CustomSequence": 0})
            }
            "sns.group_get" => {
                json!({"From_Account": me, "LastSequence": 0, "NeedFriend": "Need_Friend_Type_Yes"})
            }
            "sns.pendency_get" => json!({"From_Account": me, "PendencyType": "Pendency_Type_Both",
                "StartTime": 0, "MaxLimited": 100, "LastSequence": 0}),

            "group_open_http_svc.create_group" => json!({"Type": "ChatRoom", "Name": "n",
                "GroupId": format!("new-{group}"), "Owner_Account": me, "Introduction": "i", "Notification": "n",
                "FaceUrl": "", "MaxMemberCount": 100, "ApplyJoinOption": "FreeAccess",
                "InviteJoinOption": "DisableInvite", "MemberList": members,
                "AppDefinedData": [{"Key": "k", "Value": "v"}]}),
            "group_open_http_svc.destroy_group" | "group_open_http_svc.get_online_member_num" => {
                json!({"GroupId": group})
            }
            "group_open_http_svc.apply_join_group" => {
                json!({"GroupId": group, "WebPushFlag": 1, "HugeGroupHistoryMsgFlag": 1})
            }
            "group_open_http_svc.quit_group" => json!({"GroupId": group}),
            "group_open_http_svc.change_group_owner" => json!({"GroupId": group, "NewOwner_Account": other}),
            "group_open_http_svc.get_pendency" => json!({"StartTime": 0, "Limit": 20, "Handle_Account": me}),
            "group_open_http_svc.get_joined_group_list" => json!({"Member_Account": me, "Limit": 200,
                "Offset": 0, "GroupType": "ChatRoom", "ResponseFilter": filter}),
            "million_group_open_http_svc.get_joined_group_list" => {
                json!({"Member_Account": me, "Limit": 200, "Offset": 0})
            }
            "group_open_http_svc.get_group_self_member_info"
            | "group_open_http_svc.get_group_public_info"
            | "group_open_http_svc.get_group_info" => {
                json!({"GroupIdList": [group], "ResponseFilter": filter})
            }
            "group_open_http_svc.modify_group_base_info" => json!({"GroupId": group, "Name": "n",
                "Introduction": "i", "Notification": "n", "FaceUrl": "", "MaxMemberNum": 100,
                "ApplyJoinOption": "FreeAccess", "InviteJoinOption": "DisableInvite", "ShutUpAllMember": "Off",
                "AppDefinedData": [{"Key": "k", "Value": "v"}]}),
            "group_open_http_svc.get_group_member_info" => json!({"GroupId": group, "Limit": 20, "Offset": 0,
                "MemberRoleFilter": ["Owner", "Member"], "MemberInfoFilter": ["Role", "NameCard"]}),
            "group_open_http_svc.get_specified_group_member_info" => json!({"GroupId": group,
                "Member_List_Account": [other], "MemberInfoFilter": ["Role", "NameCard"],
                "AppDefinedDataFilter_GroupMember": ["k"]}),
            "group_open_http_svc.add_group_member" => {
                json!({"GroupId": group, "MemberList": [{"Member_Account": third}], "Silence": 0})
            }
            "group_open_http_svc.delete_group_member" => {
                json!({"GroupId": group, "MemberToDel_Account": [other], "Reason": "r", "Silence": 0})
            }
            "group_open_http_svc.modify_group_member_info" => json!({"GroupId": group,
                "Member_Account": other, "Role": "Admin", "MuteTime": 0}),

            "group_open_http_svc.send_group_msg" => json!({"GroupId": group, "From_Account": me,
                "Random": 77, "ClientSeq": 78, "MsgPriority": "Normal", "MsgBody": text, "CloudCustomData": "",
                "MsgClientTime": 1_795_368_256, "OnlineOnlyFlag": 0, "NeedReadReceipt": 0,
                "SupportMessageExtension": 0, "IsRelayMsg": 0, "SendMsgControl": ["NoUnread"],
                "GroupAtInfo": [{"GroupAtAllFlag": 0, "GroupAt_Account": other}], "To_Account": []}),
            "group_open_http_svc.group_msg_get" => json!({"GroupId": group, "ReqMsgSeq": seq,
                "ReqMsgNumber": 20, "WithRecalledMsg": 1, "GetType": 0, "ReqMsgSeqList": [seq]}),
            "group_open_http_svc.group_msg_get_simple" => json!({"GroupId": group, "ReqMsgNumber": 20,
                "ReqMsgSeq": seq, "WithRecalledMsg": 1}),
            "group_open_http_svc.group_msg_recall" => {
                json!({"GroupId": group, "MsgSeqList": [{"MsgSeq": seq}], "Reason": ""})
            }
            "group_open_http_svc.msg_read_report" => json!({"GroupId": group, "MsgReadedSeq": seq}),
            "group_open_http_svc.delete_group_ramble_msg_by_seq" => {
                json!({"GroupId": group, "Deleter_Account": me, "Seqs": [seq.to_string()]})
            }
            "group_open_http_svc.batch_get_group_notify" => json!({"NotifyReqList": [recalls]}),
            "group_open_http_svc.get_group_notify" => recalls,

            "openim.sendmsg" => {
                json!({"From_Account": me, "To_Account": other, "MsgSeq": 79, "MsgRandom": 80,
                "MsgBody": text, "CloudCustomData": "", "MsgClientTime": 1_795_368_256,
                "MsgLifeTime": 604_800, "SendMsgControl": ["NoUnread"], "IsNeedReadReceipt": 0,
                "SupportMessageExtension": 0, "IsRelayMsg": 0})
            }
            "openim.getroammsg" => json!({"Peer_Account": other, "MaxCnt": 15, "LastMsgTime": self.told.time,
                "MsgKey": key, "GetDirection": 0}),
            "openim.msgreaded" => json!({"C2CMsgReaded": {"Cookie": "", "C2CMsgReadedItem":
                [{"To_Account": other, "LastedMsgTime": self.told.time, "Receipt": 1}]}}),
            "openim.get_peer_read_time" => json!({"To_Account": [other]}),
            "openim.msgwithdraw" => json!({"MsgInfo": {"From_Account": me, "To_Account": other,
                "MsgSeq": self.told.seq, "MsgRandom": self.told.random, "MsgTimeStamp": self.told.time}}),
            "openim.delete_c2c_msg_ramble" => {
                json!({"From_Account": me, "To_Account": other, "MsgKeyList": [key]})
            }
            "openim.getmsg" => json!({"Cookie": "n1", "SyncFlag": 0}),

            "recentcontact.page_get" => json!({"From_Account": me, "TimeStamp": 0, "StartIndex": 0,
                "TopTimeStamp": 0, "TopStartIndex": 0, "OrderType": 1, "MsgAssistFlags": 15, "AssistFlags": 31}),
            "recentcontact.batch_delete" => {
                json!({"From_Account": me, "ContactItem": [contact], "ClearRamble": 1})
            }
            "recentcontact.delete" => {
                json!({"From_Account": me, "Type": 1, "To_Account": other, "ClearRamble": 1})
            }
            "recentcontact.clear_msg" => json!({"From_Account": me, "Type": 2, "ToGroupid": group}),
            "recentcontact.top" => json!({"From_Account": me, "OperationType": 1,
                "RecentContactItem": [contact, {"Type": 2, "ToGroupid": group}]}),
            "recentcontact.get_contact_group" => json!({"From_Account": me, "StartIndex": 0}),
            "recentcontact.search_contact_group" => json!({"From_Account": me, "ContactItem": [contact]}),
            "openim.read_all_unread_msg" => {
                json!({"C2CReadAllMsg": 1, "GroupReadInfo": [{"GroupId": group, "MsgSeq": seq}]})
            }
            "openim.get_c2c_peer_mute_notifications" => json!({"Peer_Account": [other], "UpdateSeq": 0}),
            "openim.set_c2c_peer_mute_notifications" => {
                json!({"Peer_Account": [other], "Mute_Notifications": 2})
            }
            "openim.deletemsg" => json!({"DelMsgList": [{"From_Account": other, "To_Account": third,
                "MsgSeq": 1, "MsgRandom": 2, "GroupId": group}]}),
            _ => return None,
        })
    }
}

/// A copy in which every text that is exactly `from` is `to`; the number of those.
pub(crate) fn replaced(body: &Value, from: &str, to: &str) -> (Value, usize) {
    match body {
        Value::String(text) if text == from => (to.into(), 1),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| replaced(item, from, to)).collect();
            let count = items.iter().map(|(_, count)| count).sum();
            (items.into_iter().map(|(item, _)| item).collect(), count)
        }
        Value::Object(members) => {
            let mut count = 0;
            let member = |(name, value): (&String, &Value)| {
                let (value, found) = replaced(value, from, to);
                count += found;
                (name.clone(), value)
            };
            let object = members.iter().map(member).collect();
            (Value::Object(object), count)
        }
        other => (other.clone(), 0),
    }
}

/// A group that nobody has made.
pub(crate) fn nowhere() -> GroupId {
    GroupId::parse("nowhere").unwrap()
}
