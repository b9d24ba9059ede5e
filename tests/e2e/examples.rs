//! One valid call of every command of the table, and the scene in which it succeeds.
//!
//! In every example the caller's own name stands only where the request says in whose name it acts, and the other's name
//! wherever somebody else is meant: tests derive from it who may act for whom, and what malformed requests look like.

use gateway::services::group::{Overrides, RuleBook};
use protocol::group::GroupKind;
use protocol::id::GroupId;
use serde_json::{Value, json};
use tests::{Group, Sent, TestGateway, User};

use crate::source::requests;

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
    /// Owned by the caller, who decides who comes in.
    club: Group,
    /// Owned by the other, who has invited the caller.
    party: Group,
    /// A live room, owned by the caller. Both are in it.
    live: Group,
    /// What the caller asks with for what is told there, and what somebody asks with who is not logged in.
    polling: [String; 2],
    /// A community of the caller, with a topic.
    forum: Group,
    /// The applications about which the caller decides: of the third, of the other for somebody, and for themselves.
    applications: [String; 3],
}

/// A gateway in which all examples succeed.
pub(crate) async fn gateway() -> TestGateway {
    TestGateway::start_with(|config| {
        config.apps.set(|settings| {
            settings.live.long_polling = true;
            settings.rules = RuleBook::new(|kind| Overrides {
                asks_invited: Some(kind == GroupKind::Public),
                ..Overrides::default()
            });
        });
    })
    .await
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
        let attributes = json!([{"key": "stage", "value": SECRETS[0]}]);
        let body = json!({"GroupId": group.id, "GroupAttr": attributes});
        user.call("group_open_http_svc.set_group_attr", body).await.ok();
        let counters = json!([{"Key": "likes", "Value": 1}]);
        let body = json!({"GroupId": group.id, "GroupCounter": counters, "Mode": "Set"});
        user.call("group_open_http_svc.update_group_counter", body).await.ok();
        let (club, party) = (Group { id: format!("club{tag}") }, Group { id: format!("party{tag}") });
        let forum = Group { id: format!("@TGS#_forum{tag}") };
        let body = json!({"Type": "Community", "Name": "n", "GroupId": forum.id, "SupportTopic": 1});
        user.call("million_group_open_http_svc.create_group", body).await.ok();
        let body =
            json!({"GroupId": forum.id, "TopicName": "n", "TopicId": format!("{}@TOPIC#_talk", forum.id)});
        user.call("million_group_open_http_svc.create_topic", body).await.ok();
        let applications = applied(gateway, (&user, &friend, &third), (&club, &party)).await;
        let live = user.create_group_of("AVChatRoom", &format!("live{tag}")).await;
        let polling = polling(gateway, &user, &friend, &live).await;
        let scene =
            Self { caller, other, third, group, said, told, club, party, live, polling, forum, applications };
        (scene, user, friend)
    }

    /// The groups that an example may speak of.
    pub(crate) fn groups(&self) -> [&Group; 5] {
        [&self.group, &self.club, &self.party, &self.live, &self.forum]
    }

    /// A valid body of the command, from the doc comment of its request; `None` for a command without an example.
    pub(crate) fn example(&self, command: &str) -> Option<Value> {
        let request = requests().iter().find(|request| request.command == command)?;
        let Sent { seq, random, time, .. } = &self.told;
        let stands_for = [
            ("{caller}", self.caller.clone()),
            ("{other}", self.other.clone()),
            ("{third}", self.third.clone()),
            ("{group}", self.group.id.clone()),
            ("{seq}", self.said.seq.to_string()),
            ("{told.seq}", seq.to_string()),
            ("{told.random}", random.to_string()),
            ("{told.time}", time.to_string()),
            ("{club}", self.club.id.clone()),
            ("{party}", self.party.id.clone()),
            ("{live}", self.live.id.clone()),
            ("{polling}", self.polling[0].clone()),
            ("{reading}", self.polling[1].clone()),
            ("{forum}", self.forum.id.clone()),
            ("{topic}", format!("{}@TOPIC#_talk", self.forum.id)),
            ("{applied}", self.applications[0].clone()),
            ("{proposed}", self.applications[1].clone()),
            ("{invited}", self.applications[2].clone()),
        ];
        let fill = |text: String, (word, value): &(&str, String)| text.replace(word, value);
        let text = stands_for.iter().fold(request.example.clone()?, fill);
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{command}: {error}: {text}")))
    }
}

/// Brings both into a live room. Gives what the user asks with for what is told there, and what a stranger does.
async fn polling(gateway: &TestGateway, user: &User, friend: &User, live: &Group) -> [String; 2] {
    friend.join(live).await;
    let key = |joined: Value| joined["LongPollingKey"].as_str().unwrap().to_owned();
    let own = key(user.try_join(live).await.ok());
    let stranger = gateway.anonymous().await;
    let body = json!({"GroupId": live.id});
    let reading = key(stranger.call("group_open_http_noauth_svc.apply_join_group", body).await.ok());
    user.send_text(live, "something to hear").await;
    [own, reading]
}

/// Has the third apply to the club of the user, the friend propose somebody for it, and invite the user to their party.
async fn applied(
    gateway: &TestGateway,
    (user, friend, third): (&User, &User, &str),
    (club, party): (&Group, &Group),
) -> [String; 3] {
    let create = |id: &str, option: &str, members: Value| {
        json!({
            "Type": "Public", "Name": "n", "GroupId": id, "InviteJoinOption": option, "MemberList": members,
        })
    };
    let add = "group_open_http_svc.add_group_member";
    let members = json!([{"Member_Account": friend.name}]);
    let body = create(&club.id, "NeedPermission", members);
    user.call("group_open_http_svc.create_group", body).await.ok();
    let body = create(&party.id, "FreeAccess", json!([]));
    friend.call("group_open_http_svc.create_group", body).await.ok();
    let guest =
        json!({"GroupId": club.id, "MemberList": [{"Member_Account": format!("guest-{}", user.name)}]});
    friend.call(add, guest).await.ok();
    let invitation = json!({"GroupId": party.id, "MemberList": [{"Member_Account": user.name}]});
    friend.call(add, invitation).await.ok();
    let applicant = gateway.user(third).await;
    applicant.call("group_open_http_svc.apply_join_group", json!({"GroupId": club.id})).await.ok();
    let page = user.call("group_open_http_svc.get_pendency", json!({"StartTime": 0, "Limit": 20})).await.ok();
    let token = |kind: u8| {
        let mut waiting = page["PendencyList"].as_array().unwrap().iter();
        let one = waiting.find(|one| one["PendencyType"] == kind).unwrap();
        one["Authentication"].as_str().unwrap().to_owned()
    };
    [token(0), token(2), token(1)]
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
