//! Who may do what in a group: every kind, every role, every command, called.
//!
//! What must come of it stands here, cell by cell, as the vendor's pages have it ("Group System" 269/1502, "Group Overview"
//! 269/75697, "Group Management" 269/3661, and the pages of the single commands). The page shows what was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use futures_util::{StreamExt, stream};
use gateway::commands::{Surface, table};
use gateway::services::group::Rules;
use gateway::services::rates::Rates;
use protocol::group::GroupKind;
use serde_json::{Value, json};
use tests::{Admin, Group, TestGateway, User};

use crate::bless::compare;

/// The kinds, in the order of the columns below.
const KINDS: [(GroupKind, &str, &str); 5] = [
    (GroupKind::Work, "Work", "Private"),
    (GroupKind::Public, "Public", "Public"),
    (GroupKind::Meeting, "Meeting", "ChatRoom"),
    (GroupKind::Live, "AVChatRoom", "AVChatRoom"),
    (GroupKind::Community, "Community", "Community"),
];

/// Who calls, by the letter that stands for them below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Caller {
    Stranger,
    Member,
    Admin,
    Owner,
    /// Of the application, by REST, without being a member.
    Administrator,
}

impl Caller {
    const ALL: [(Caller, char, &str); 5] = [
        (Caller::Stranger, 'S', "no member"),
        (Caller::Member, 'M', "member"),
        (Caller::Admin, 'A', "admin"),
        (Caller::Owner, 'O', "owner"),
        (Caller::Administrator, 'R', "administrator, by REST"),
    ];
}

/// What there is before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Nothing,
    /// Another admin: kinds without admins have no such row.
    AnAdmin,
    /// Nobody but the owner and admins may speak.
    MutedAll,
    /// Members may bring others in.
    Invitations,
    /// The group's members talk in topics, of which there is one: other kinds have no such row.
    Topics,
    /// The guest waits to be let in.
    Applied,
    /// An attribute `a`.
    Attribute,
    /// A message of a plain member.
    Message,
    /// A message of the caller.
    OwnMessage,
    /// A message of a plain member that is pinned.
    Pinned,
}

/// What a call may speak of.
struct Cell<'a> {
    group: Group,
    caller: &'a str,
    /// A plain member; not the one who calls.
    target: &'a str,
    /// An admin; not the one who calls. The member `target` where the kind has no admins.
    admin: &'a str,
    /// Not in the group.
    guest: &'a str,
    /// The number of the message that is given.
    seq: u64,
    /// The application that is given, from the list of those that wait.
    application: Value,
}

/// A thing to do: its command, and who may, kind by kind: Work, Public, Meeting, AVChatRoom, Community.
struct Right {
    what: &'static str,
    command: &'static str,
    given: Given,
    body: fn(&Cell) -> Value,
    may: [&'static str; 5],
}

const fn right(
    what: &'static str,
    command: &'static str,
    may: [&'static str; 5],
    body: fn(&Cell) -> Value,
) -> Right {
    Right { what, command, given: Given::Nothing, body, may }
}

const fn given(given: Given, right: Right) -> Right {
    Right { given, ..right }
}

fn of_group(cell: &Cell, more: Value) -> Value {
    let mut body = json!({"GroupId": cell.group.id});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn of_member(cell: &Cell, user: &str, more: Value) -> Value {
    let mut body = of_group(cell, more);
    body["Member_Account"] = user.into();
    body
}

fn text(cell: &Cell) -> Value {
    of_group(
        cell,
        json!({
            "From_Account": cell.caller, "Random": rand::random::<u32>(),
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}],
        }),
    )
}

fn topic(group: &Group) -> String {
    format!("{}@TOPIC#_talk", group.id)
}

const JOIN: &str = "group_open_http_svc.apply_join_group";
const QUIT: &str = "group_open_http_svc.quit_group";
const ADD: &str = "group_open_http_svc.add_group_member";
const KICK: &str = "group_open_http_svc.delete_group_member";
const EDIT: &str = "group_open_http_svc.modify_group_base_info";
const EDIT_MEMBER: &str = "group_open_http_svc.modify_group_member_info";
const SEND: &str = "group_open_http_svc.send_group_msg";
const RECALL: &str = "group_open_http_svc.group_msg_recall";
const BAN: &str = "group_open_http_svc.ban_group_member";
const PIN: &str = "group_open_http_svc.pin_message";
const SET_ATTRIBUTES: &str = "group_open_http_svc.set_group_attr";

/// The table. A command that is not on REST has no cell for an administrator, whatever stands here.
fn rights() -> Vec<Right> {
    let all = |may: &'static str| [may; 5];
    vec![
        right("come in by oneself", JOIN, ["", "S", "S", "S", "S"], |cell| {
            of_group(cell, json!({"ApplyMsg": ""}))
        }),
        right("leave", QUIT, ["MAO", "MA", "MA", "MA", "MA"], |cell| of_group(cell, json!({}))),
        right("bring others in", ADD, ["MAOR", "R", "R", "", "MAOR"], |cell| {
            of_group(cell, json!({"MemberList": [{"Member_Account": cell.guest}]}))
        }),
        given(
            Given::Invitations,
            right(
                "bring others in where that is allowed",
                ADD,
                ["MAOR", "MAOR", "MAOR", "", "MAOR"],
                |cell| of_group(cell, json!({"MemberList": [{"Member_Account": cell.guest}]})),
            ),
        ),
        given(
            Given::Applied,
            right(
                "decide who comes in",
                "group_open_http_svc.handle_apply_join_group",
                ["", "AO", "", "", ""],
                |cell| {
                    of_group(
                        cell,
                        json!({
                            "Applicant_Account": cell.guest, "HandleMsg": "Agree", "ApprovalMsg": "",
                            "Authentication": cell.application["Authentication"],
                            "MsgKey": cell.application["AddTime"],
                        }),
                    )
                },
            ),
        ),
        right("dismiss", "group_open_http_svc.destroy_group", ["R", "OR", "OR", "OR", "OR"], |cell| {
            of_group(cell, json!({}))
        }),
        right("hand over", "group_open_http_svc.change_group_owner", ["OR", "OR", "OR", "", "OR"], |cell| {
            of_group(cell, json!({"NewOwner_Account": cell.target}))
        }),
        right("make somebody an admin", EDIT_MEMBER, ["", "OR", "OR", "R", "OR"], |cell| {
            of_member(cell, cell.target, json!({"Role": "Admin"}))
        }),
        right("change the name", EDIT, ["MOR", "AOR", "AOR", "OR", "AOR"], |cell| {
            of_group(cell, json!({"Name": "another"}))
        }),
        right("change how one comes in", EDIT, ["", "AOR", "AOR", "", "AOR"], |cell| {
            of_group(cell, json!({"ApplyJoinOption": "NeedPermission"}))
        }),
        right("mute all", EDIT, ["", "AOR", "AOR", "OR", "AOR"], |cell| {
            of_group(cell, json!({"ShutUpAllMember": "On"}))
        }),
        right("mute a member", EDIT_MEMBER, ["", "AOR", "AOR", "AOR", "AOR"], |cell| {
            of_member(cell, cell.target, json!({"ShutUpTime": 60}))
        }),
        given(
            Given::AnAdmin,
            right("mute an admin", EDIT_MEMBER, ["", "OR", "OR", "OR", "OR"], |cell| {
                of_member(cell, cell.admin, json!({"ShutUpTime": 60}))
            }),
        ),
        right("put a member out", KICK, ["OR", "AOR", "AOR", "", "AOR"], |cell| {
            of_group(cell, json!({"MemberToDel_Account": [cell.target]}))
        }),
        given(
            Given::AnAdmin,
            right("put an admin out", KICK, ["OR", "OR", "OR", "", "OR"], |cell| {
                of_group(cell, json!({"MemberToDel_Account": [cell.admin]}))
            }),
        ),
        right("change another's name card", EDIT_MEMBER, ["OR", "AOR", "AOR", "", "AOR"], |cell| {
            of_member(cell, cell.target, json!({"NameCard": "a card"}))
        }),
        right("change one's own name card", EDIT_MEMBER, ["MAO", "MAO", "MAO", "", "MAO"], |cell| {
            of_member(cell, cell.caller, json!({"NameCard": "a card"}))
        }),
        right("choose how one is told", EDIT_MEMBER, ["MAO", "MAO", "MAO", "", "MAO"], |cell| {
            of_member(cell, cell.caller, json!({"MsgFlag": "Discard"}))
        }),
        right("say something", SEND, all("MAOR"), text),
        // Of a Work group nobody can mute all.
        given(
            Given::MutedAll,
            right("say something while all are muted", SEND, ["MOR", "AOR", "AOR", "AOR", "AOR"], text),
        ),
        given(
            Given::OwnMessage,
            right("take back what one said", RECALL, all("MAO"), |cell| {
                of_group(cell, json!({"MsgSeqList": [{"MsgSeq": cell.seq}]}))
            }),
        ),
        given(
            Given::Message,
            right("take back what another said", RECALL, ["OR", "AOR", "AOR", "AOR", "AOR"], |cell| {
                of_group(cell, json!({"MsgSeqList": [{"MsgSeq": cell.seq}]}))
            }),
        ),
        given(
            Given::Message,
            right(
                "read what was said",
                "group_open_http_svc.group_msg_get",
                ["MAO", "MAO", "MAO", "", "MAO"],
                |cell| of_group(cell, json!({"ReqMsgNumber": 20, "WithRecalledMsg": 1})),
            ),
        ),
        right(
            "read what was said",
            "group_open_http_svc.group_msg_get_simple",
            ["R", "R", "R", "", "R"],
            |cell| of_group(cell, json!({"ReqMsgNumber": 20})),
        ),
        given(
            Given::Message,
            right(
                "hide a message from oneself",
                "group_open_http_svc.delete_group_ramble_msg_by_seq",
                ["MAO", "MAO", "MAO", "", "MAO"],
                |cell| {
                    of_group(cell, json!({"Deleter_Account": cell.caller, "Seqs": [cell.seq.to_string()]}))
                },
            ),
        ),
        given(
            Given::Message,
            right("say how far one has read", "group_open_http_svc.msg_read_report", all("MAO"), |cell| {
                of_group(cell, json!({"MsgReadedSeq": cell.seq}))
            }),
        ),
        right("keep a member out", BAN, ["OR", "AOR", "AOR", "OR", "AOR"], |cell| {
            of_group(cell, json!({"Members_Account": [cell.target], "Duration": 60}))
        }),
        given(
            Given::AnAdmin,
            right("keep an admin out", BAN, ["OR", "OR", "OR", "OR", "OR"], |cell| {
                of_group(cell, json!({"Members_Account": [cell.admin], "Duration": 60}))
            }),
        ),
        right("let in again", "group_open_http_svc.unban_group_member", all("R"), |cell| {
            of_group(cell, json!({"Members_Account": [cell.target]}))
        }),
        right("see who is kept out", "group_open_http_svc.get_group_ban_member", all("R"), |cell| {
            of_group(cell, json!({"Limit": 20, "Offset": 0}))
        }),
        right(
            "see who is there",
            "group_open_avchatroom_http_svc.get_members",
            ["", "", "", "MAOR", ""],
            |cell| of_group(cell, json!({"Timestamp": 0})),
        ),
        right(
            "mark members",
            "group_open_avchatroom_http_svc.modify_user_info",
            ["", "", "", "OR", ""],
            |cell| {
                let member = json!({"Member_Account": cell.target, "Marks": [1000]});
                of_group(cell, json!({"CommandType": 1, "MemberList": [member]}))
            },
        ),
        // Of these the vendor's pages say that admins and the owner may, and any member of a Work group.
        given(
            Given::Message,
            right("pin a message", PIN, ["MO", "AO", "AO", "", "AO"], |cell| {
                of_group(cell, json!({"MsgSeq": cell.seq, "Pinner_Account": cell.caller}))
            }),
        ),
        given(
            Given::Pinned,
            right(
                "unpin a message",
                "group_open_http_svc.unpin_message",
                ["MO", "AO", "AO", "", "AO"],
                |cell| of_group(cell, json!({"MsgSeq": cell.seq, "UnPinner_Account": cell.caller})),
            ),
        ),
        right(
            "see what is pinned",
            "group_open_http_svc.get_pinned_messages",
            ["MAO", "MAO", "MAO", "MAO", "MAO"],
            |cell| of_group(cell, json!({})),
        ),
        given(
            Given::Topics,
            right("make a topic", "million_group_open_http_svc.create_topic", all("AOR"), |cell| {
                of_group(cell, json!({"TopicName": "another"}))
            }),
        ),
        given(
            Given::Topics,
            right("read the topics", "million_group_open_http_svc.get_topic", all("MAOR"), |cell| {
                of_group(cell, json!({"TopicIdList": []}))
            }),
        ),
        given(
            Given::Topics,
            right("change a topic", "million_group_open_http_svc.modify_topic", all("AOR"), |cell| {
                of_group(cell, json!({"TopicId": topic(&cell.group), "TopicName": "another"}))
            }),
        ),
        given(
            Given::Topics,
            right("delete a topic", "million_group_open_http_svc.destroy_topic", all("AOR"), |cell| {
                of_group(cell, json!({"TopicIdList": [topic(&cell.group)]}))
            }),
        ),
        given(
            Given::Topics,
            right("say something in a topic", SEND, all("MAOR"), |cell| {
                let mut message = text(cell);
                message["TopicId"] = topic(&cell.group).into();
                message
            }),
        ),
        // Who may is on no page of the vendor's.
        right("replace the attributes", SET_ATTRIBUTES, all("MAOR"), |cell| {
            of_group(cell, json!({"GroupAttr": [{"key": "a", "value": "1"}]}))
        }),
        right("change an attribute", "group_open_http_svc.modify_group_attr", all("MAOR"), |cell| {
            of_group(cell, json!({"GroupAttr": [{"key": "a", "value": "1"}]}))
        }),
        given(
            Given::Attribute,
            right("delete an attribute", "group_open_http_svc.delete_group_attr", all("MAOR"), |cell| {
                of_group(cell, json!({"GroupAttr": [{"key": "a"}]}))
            }),
        ),
        right("delete all attributes", "group_open_http_svc.clear_group_attr", all("MAOR"), |cell| {
            of_group(cell, json!({}))
        }),
        right("read the attributes", "group_open_attr_http_svc.get_group_attr", all("MAOR"), |cell| {
            of_group(cell, json!({}))
        }),
        right("count", "group_open_http_svc.update_group_counter", all("MAOR"), |cell| {
            of_group(cell, json!({"GroupCounter": [{"Key": "a", "Value": 1}], "Mode": "Increase"}))
        }),
        right("read the counters", "group_open_http_svc.get_group_counter", all("MAOR"), |cell| {
            of_group(cell, json!({"GroupCounterKeys": []}))
        }),
        right("delete counters", "group_open_http_svc.delete_group_counter", all("R"), |cell| {
            of_group(cell, json!({"GroupCounterKeys": []}))
        }),
        right("list the members", "group_open_http_svc.get_group_member_info", all("MAOR"), |cell| {
            of_group(cell, json!({"Limit": 20, "Offset": 0}))
        }),
        right("look at members", "group_open_http_svc.get_specified_group_member_info", all("MAO"), |cell| {
            of_group(cell, json!({"Member_List_Account": [cell.target]}))
        }),
        right("count who is online", "group_open_http_svc.get_online_member_num", all("MAOR"), |cell| {
            of_group(cell, json!({}))
        }),
        right(
            "find it by its id",
            "group_open_http_svc.get_group_public_info",
            ["MAO", "SMAO", "SMAO", "SMAO", "SMAO"],
            |cell| json!({"GroupIdList": [cell.group.id]}),
        ),
        right(
            "read all of it",
            "group_open_http_svc.get_group_info",
            all("R"),
            |cell| json!({"GroupIdList": [cell.group.id]}),
        ),
    ]
}

/// The people of one kind of group.
struct Cast {
    member: User,
    admin: User,
    owner: User,
    target: User,
    other_admin: User,
    stranger: User,
    guest: User,
}

struct Stage {
    gateway: TestGateway,
    casts: BTreeMap<usize, Cast>,
}

impl Stage {
    async fn set() -> Self {
        // The same few join one live room after another.
        let gateway =
            TestGateway::start_with(|config| config.apps.set(|settings| settings.rates = Rates::off())).await;
        let mut casts = BTreeMap::new();
        for (index, (_, name, _)) in KINDS.into_iter().enumerate() {
            let user = |role: &str| {
                let name = format!("{role}-{name}");
                let gateway = &gateway;
                async move { gateway.user(&name).await }
            };
            let cast = Cast {
                member: user("member").await,
                admin: user("admin").await,
                owner: user("owner").await,
                target: user("target").await,
                other_admin: user("other-admin").await,
                stranger: user("stranger").await,
                guest: user("guest").await,
            };
            casts.insert(index, cast);
        }
        Self { gateway, casts }
    }

    fn administrator(&self) -> Admin {
        self.gateway.admin()
    }

    /// Makes a group for one cell, with everybody in it.
    async fn group(&self, kind: usize, given: Given, tag: &str) -> Group {
        let (row, _, wire) = KINDS[kind];
        let (rules, cast) = (Rules::of(row), &self.casts[&kind]);
        let mark = if row == GroupKind::Community { "@TGS#_" } else { "" };
        let group = Group { id: format!("{mark}{tag}") };
        let role = |user: &User, is_admin: bool| {
            if is_admin && rules.has_admins {
                json!({"Member_Account": user.name, "Role": "Admin"})
            } else {
                json!({"Member_Account": user.name})
            }
        };
        let members = json!([
            role(&cast.member, false),
            role(&cast.target, false),
            role(&cast.admin, true),
            role(&cast.other_admin, true),
        ]);
        let mut body = json!({
            "Type": wire, "GroupId": group.id, "Name": "n", "Owner_Account": cast.owner.name,
        });
        if given == Given::Invitations {
            body["InviteJoinOption"] = "FreeAccess".into();
        }
        if given == Given::Topics {
            body["SupportTopic"] = 1.into();
        }
        if row != GroupKind::Live {
            body["MemberList"] = members;
        }
        self.administrator().call("group_open_http_svc.create_group", body).await.ok();
        if row == GroupKind::Live {
            // Nobody is brought into such a room, and back ends name its admins.
            for user in [&cast.owner, &cast.member, &cast.target, &cast.admin, &cast.other_admin] {
                user.join(&group).await;
            }
            for user in [&cast.admin, &cast.other_admin] {
                let admin = json!({"GroupId": group.id, "Member_Account": user.name, "Role": "Admin"});
                self.administrator().call(EDIT_MEMBER, admin).await.ok();
            }
        }
        group
    }

    /// What the owner, or whoever can, does before the call. Gives the number of a message, and an application.
    async fn prepare(&self, kind: usize, group: &Group, given: Given, caller: Caller) -> (u64, Value) {
        let cast = &self.casts[&kind];
        match given {
            Given::Nothing | Given::AnAdmin | Given::Invitations => {}
            Given::MutedAll => {
                let body = json!({"GroupId": group.id, "ShutUpAllMember": "On"});
                cast.owner.call(EDIT, body).await;
            }
            Given::Applied => {
                cast.guest.try_join(group).await;
                let body = json!({"StartTime": 0, "Limit": 100, "Handle_Account": cast.owner.name});
                let waiting = cast.owner.call("group_open_http_svc.get_pendency", body).await.ok();
                let all = waiting["PendencyList"].as_array().unwrap();
                let found = all.iter().find(|one| one["GroupId"] == *group.id);
                return (0, found.cloned().unwrap_or_default());
            }
            Given::Topics => {
                let body = json!({"GroupId": group.id, "TopicId": topic(group), "TopicName": "talk"});
                cast.owner.call("million_group_open_http_svc.create_topic", body).await.ok();
            }
            Given::Attribute => {
                let attribute = json!({"GroupId": group.id, "GroupAttr": [{"key": "a", "value": "1"}]});
                self.administrator().call(SET_ATTRIBUTES, attribute).await.ok();
            }
            Given::Message => return (cast.target.send_text(group, "of a member").await.seq, Value::Null),
            Given::Pinned => {
                let seq = cast.target.send_text(group, "of a member").await.seq;
                let pin = json!({"GroupId": group.id, "MsgSeq": seq, "Pinner_Account": cast.owner.name});
                cast.owner.call(PIN, pin).await;
                return (seq, Value::Null);
            }
            Given::OwnMessage => {
                let (_, speaker) = self.caller(kind, caller);
                let sent = match speaker {
                    Some(user) => user.try_send_text(group, "one's own").await,
                    None => return (0, Value::Null),
                };
                return (sent.body["MsgSeq"].as_u64().unwrap_or(1), Value::Null);
            }
        }
        (0, Value::Null)
    }

    fn caller(&self, kind: usize, caller: Caller) -> (&str, Option<&User>) {
        let cast = &self.casts[&kind];
        let user = match caller {
            Caller::Stranger => &cast.stranger,
            Caller::Member => &cast.member,
            Caller::Admin => &cast.admin,
            Caller::Owner => &cast.owner,
            Caller::Administrator => return ("administrator", None),
        };
        (&user.name, Some(user))
    }

    /// Makes the call of a cell, and gives what came of it: 0 where it was done.
    async fn outcome(&self, right: &Right, kind: usize, caller: Caller, tag: &str) -> u64 {
        let cast = &self.casts[&kind];
        let group = self.group(kind, right.given, tag).await;
        let (seq, application) = self.prepare(kind, &group, right.given, caller).await;
        let (name, user) = self.caller(kind, caller);
        let cell = Cell {
            group,
            caller: name,
            target: &cast.target.name,
            admin: &cast.other_admin.name,
            guest: &cast.guest.name,
            seq,
            application,
        };
        let body = (right.body)(&cell);
        let answer = match user {
            Some(user) => user.call(right.command, body).await,
            None => self.administrator().call(right.command, body).await,
        };
        // What is left would be one group more for everybody.
        let gone = json!({"GroupId": cell.group.id});
        self.administrator().call("group_open_http_svc.destroy_group", gone).await;
        worst(&answer.body)
    }
}

/// The code of an answer, or that of the one thing that it was about.
fn worst(body: &Value) -> u64 {
    match body {
        Value::Object(members) => {
            let code = |(name, value): (&String, &Value)| match name.as_str() {
                "ErrorCode" | "RetCode" => value.as_u64().unwrap_or(0),
                _ => worst(value),
            };
            members.iter().map(code).max().unwrap_or(0)
        }
        Value::Array(items) => items.iter().map(worst).max().unwrap_or(0),
        _ => 0,
    }
}

/// Whether the cell makes sense: whether the kind has such a role, and the surface such a command.
fn exists(right: &Right, kind: GroupKind, caller: Caller) -> bool {
    let row = table().find(|row| row.name == right.command);
    let row = row.unwrap_or_else(|| panic!("{} is no command", right.command));
    let Rules { has_admins, has_topics, .. } = Rules::of(kind);
    let is_there = match caller {
        Caller::Administrator => row.is_on(Surface::Rest),
        Caller::Stranger => row.is_on(Surface::Socket),
        // Who is in does not come in.
        _ => row.is_on(Surface::Socket) && right.command != JOIN,
    };
    is_there
        && (has_admins || !(caller == Caller::Admin || right.given == Given::AnAdmin))
        && (has_topics || right.given != Given::Topics)
}

#[tokio::test]
async fn every_right_of_every_role_in_every_kind_of_group() {
    let (stage, rights) = (Stage::set().await, rights());
    let mut cells = Vec::new();
    for (row, right) in rights.iter().enumerate() {
        for (kind, (of, _, _)) in KINDS.into_iter().enumerate() {
            let callers = Caller::ALL.into_iter().map(|(caller, _, _)| caller);
            cells.extend(
                callers.filter(|caller| exists(right, of, *caller)).map(|caller| (row, kind, caller)),
            );
        }
    }
    let (stage, rights) = (&stage, &rights);
    let outcomes: BTreeMap<(usize, usize, Caller), u64> = stream::iter(cells)
        .map(|(row, kind, caller)| async move {
            let tag = format!("{row}-{kind}-{}", caller as usize);
            ((row, kind, caller), stage.outcome(&rights[row], kind, caller, &tag).await)
        })
        .buffer_unordered(8)
        .collect()
        .await;
    compare("gateway/RIGHTS.md", &page(rights, &outcomes));

    let mut wrong = Vec::new();
    for ((row, kind, caller), code) in &outcomes {
        let right = &rights[*row];
        let (_, letter, who) = Caller::ALL[*caller as usize];
        if right.may[*kind].contains(letter) != (*code == 0) {
            wrong.push(format!("{}: {} ({}), {who}: {code}", KINDS[*kind].1, right.what, right.command));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// So that a new command gets its row.
#[test]
fn every_command_about_a_group_has_its_row() {
    // These are about the caller's groups and not about what they may do in one, or have tests of their own.
    let apart: BTreeSet<&str> = [
        "group_open_http_svc.create_group",
        "group_open_http_svc.get_pendency",
        "group_open_http_svc.handle_invite_join_permission_group",
        "group_open_http_svc.handle_invite_join_group",
        "group_open_http_svc.get_joined_group_list",
        "group_open_http_svc.get_group_self_member_info",
        "group_open_http_svc.batch_get_group_notify",
        "group_open_http_svc.get_group_notify",
        "million_group_open_http_svc.get_pendency",
        "million_group_open_http_svc.get_joined_group_list",
        "group_open_http_noauth_svc.apply_join_group",
        "group_open_long_polling_http_svc.get_msg",
        "group_open_long_polling_http_noauth_svc.get_msg",
    ]
    .into();
    let here: BTreeSet<&str> = rights().iter().map(|right| right.command).collect();
    let of_groups = table().map(|row| row.name).filter(|name| name.contains("group_open"));
    let without: Vec<&str> = of_groups.filter(|name| !here.contains(name) && !apart.contains(name)).collect();
    assert_eq!(without, Vec::<&str>::new());
    assert_eq!(here.intersection(&apart).next(), None);
}

fn page(rights: &[Right], outcomes: &BTreeMap<(usize, usize, Caller), u64>) -> String {
    let mut page = String::from(
        "# Who may do what in a group\n\nMade by `tests/e2e/group/rights.rs`, which makes every call; do not edit.\n\n\
         *yes*: it was done; a number: it was refused with this code; empty: there is no such role, or the command is not \
         on that surface. Groups are as their kind is made; what an operator or an owner has changed stands in the row. \
         What is done to somebody is done to a plain member unless it says otherwise.\n",
    );
    for (kind, (_, name, _)) in KINDS.into_iter().enumerate() {
        let columns: Vec<&str> = Caller::ALL.into_iter().map(|(_, _, who)| who).collect();
        write!(page, "\n## {name}\n\n| what | command | {} |\n", columns.join(" | ")).unwrap();
        writeln!(page, "|---|---{}|", "|---".repeat(columns.len())).unwrap();
        for (row, right) in rights.iter().enumerate() {
            let cell = |(caller, _, _): (Caller, char, &str)| match outcomes.get(&(row, kind, caller)) {
                None => String::new(),
                Some(0) => "yes".to_owned(),
                Some(code) => code.to_string(),
            };
            let cells: Vec<String> = Caller::ALL.into_iter().map(cell).collect();
            if cells.iter().all(String::is_empty) {
                continue;
            }
            let (_, command) = right.command.split_once('.').unwrap();
            writeln!(page, "| {} | `{command}` | {} |", right.what, cells.join(" | ")).unwrap();
        }
    }
    page
}
