package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.session.Answer;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/** Those who are in a group: lists of them, roles, cards, who comes in and who is put out. */
final class GroupMembers {
    private static final String[] MEMBER = {"Role", "JoinTime", "NameCard", "ShutUpUntil", "AppMemberDefinedData"};
    static final int MEMBERS_PAGE = 100;
    private static final int MOST_MEMBERS = 50;
    private static final int MOST_INVITED = 300;
    private static final int MOST_KICKED = 100;

    private final Managers all;

    GroupMembers(Managers all) {
        this.all = all;
    }

    void getGroupMemberList(String groupID, int filter, final long nextSeq,
            V2TIMValueCallback<V2TIMGroupMemberInfoResult> callback) {
        final Reply<V2TIMGroupMemberInfoResult> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getGroupMemberList");
            Check.text("getGroupMemberList: groupID", groupID);
            if (nextSeq < 0) {
                throw Check.wrong("getGroupMemberList: nextSeq", "is below 0; give 0, or what the page before said");
            }
            client.ask(page(groupID, nextSeq, roles(filter)), new Step(reply) {
                @Override
                void next(JSONObject body) throws Refusal {
                    final V2TIMGroupMemberInfoResult result = new V2TIMGroupMemberInfoResult();
                    List<JSONObject> items = Json.objects(body, "MemberList");
                    result.nextSeq = items.size() < MEMBERS_PAGE ? 0 : nextSeq + MEMBERS_PAGE;
                    result.memberInfoList = members(items);
                    named(client, result.memberInfoList, new Step(reply) {
                        @Override
                        void next(JSONObject nothing) {
                            reply.succeed(result);
                        }
                    });
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void getGroupMembersInfo(String groupID, List<String> memberList,
            V2TIMValueCallback<List<V2TIMGroupMemberFullInfo>> callback) {
        final Reply<List<V2TIMGroupMemberFullInfo>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getGroupMembersInfo");
            Check.text("getGroupMembersInfo: groupID", groupID);
            List<String> users = Check.list("getGroupMembersInfo: memberList", memberList, MOST_MEMBERS);
            client.ask(Request.of(GroupWire.command(groupID, "get_specified_group_member_info"), "GroupId", groupID,
                "Member_List_Account", Json.listOf(users), "MemberInfoFilter", Json.list((Object[]) MEMBER)), new Step(reply) {
                    @Override
                    void next(JSONObject body) throws Refusal {
                        final List<V2TIMGroupMemberFullInfo> members = members(Json.objects(body, "MemberList"));
                        named(client, members, new Step(reply) {
                            @Override
                            void next(JSONObject nothing) {
                                reply.succeed(members);
                            }
                        });
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void setGroupMemberInfo(String groupID, V2TIMGroupMemberFullInfo info, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("setGroupMemberInfo");
            Check.text("setGroupMemberInfo: groupID", groupID);
            Check.given("setGroupMemberInfo: the info", info);
            JSONObject asked = member(groupID, Check.text("setGroupMemberInfo: the user's ID", info.userID));
            if (info.changed.contains("NameCard")) {
                Json.put(asked, "NameCard", info.nameCard == null ? "" : info.nameCard);
            }
            if (info.changed.contains("CustomInfo") && info.customInfo != null) {
                Json.put(asked, "AppMemberDefinedData", GroupWire.custom("setGroupMemberInfo", info.customInfo));
            }
            if (asked.length() == 2) {
                throw Check.wrong("setGroupMemberInfo: the info", "has no field that was set");
            }
            client.ask(modify(asked), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void muteGroupMember(String groupID, String userID, int seconds, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("muteGroupMember");
            JSONObject asked = member(Check.text("muteGroupMember: groupID", groupID), Check.text("muteGroupMember: userID", userID));
            client.ask(modify(Json.put(asked, "ShutUpTime", Math.max(0, seconds))), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void inviteUserToGroup(String groupID, List<String> userList,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        final Reply<List<V2TIMGroupMemberOperationResult>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("inviteUserToGroup");
            Check.text("inviteUserToGroup: groupID", groupID);
            JSONArray members = new JSONArray();
            for (String user : Check.list("inviteUserToGroup: userList", userList, MOST_INVITED)) {
                members.put(Json.object("Member_Account", user));
            }
            client.ask(Request.of(GroupWire.command(groupID, "add_group_member"), "GroupId", groupID, "MemberList", members),
                new Ask<List<V2TIMGroupMemberOperationResult>>(reply) {
                    @Override
                    List<V2TIMGroupMemberOperationResult> value(JSONObject body) {
                        List<V2TIMGroupMemberOperationResult> results = new ArrayList<V2TIMGroupMemberOperationResult>();
                        for (JSONObject item : Json.objects(body, "MemberList")) {
                            results.add(result(Json.text(item, "Member_Account"), Json.integer(item, "Result")));
                        }
                        return results;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    /** Who is put out for so many seconds does not come in again before. An AVChatRoom puts nobody out otherwise. */
    void kickGroupMember(String groupID, List<String> memberList, String reason, int duration,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        final Reply<List<V2TIMGroupMemberOperationResult>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("kickGroupMember");
            Check.text("kickGroupMember: groupID", groupID);
            final List<String> users = Check.list("kickGroupMember: memberList", memberList, MOST_KICKED);
            String said = reason == null ? "" : reason;
            client.ask(duration > 0
                ? Request.of(GroupWire.command(groupID, "ban_group_member"), "GroupId", groupID, "Members_Account", Json.listOf(users),
                    "Duration", duration, "Description", said)
                : Request.of(GroupWire.command(groupID, "delete_group_member"), "GroupId", groupID, "MemberToDel_Account", Json.listOf(users),
                    "Reason", said), new Ask<List<V2TIMGroupMemberOperationResult>>(reply) {
                    @Override
                    List<V2TIMGroupMemberOperationResult> value(JSONObject body) {
                        List<V2TIMGroupMemberOperationResult> results = new ArrayList<V2TIMGroupMemberOperationResult>();
                        for (String user : users) {
                            results.add(result(user, V2TIMGroupMemberOperationResult.OPERATION_RESULT_SUCC));
                        }
                        return results;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void setGroupMemberRole(String groupID, String userID, int role, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("setGroupMemberRole");
            JSONObject asked = member(Check.text("setGroupMemberRole: groupID", groupID), Check.text("setGroupMemberRole: userID", userID));
            client.ask(modify(Json.put(asked, "Role", GroupWire.roleWord("setGroupMemberRole", role))), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    private static JSONObject member(String groupID, String userID) {
        return Json.object("GroupId", groupID, "Member_Account", userID);
    }

    private static Request modify(JSONObject asked) {
        return Request.with(GroupWire.command(Json.text(asked, "GroupId"), "modify_group_member_info"), asked);
    }

    private static V2TIMGroupMemberOperationResult result(String user, int code) {
        V2TIMGroupMemberOperationResult result = new V2TIMGroupMemberOperationResult();
        result.memberID = user;
        result.result = code;
        return result;
    }

    /** Null for all of them. */
    private static JSONArray roles(int filter) throws Refusal {
        switch (filter) {
            case V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_FILTER_ALL:
                return null;
            case V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_FILTER_OWNER:
                return Json.list("Owner");
            case V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_FILTER_ADMIN:
                return Json.list("Admin");
            case V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_FILTER_COMMON:
                return Json.list("Member");
            default:
                throw Check.wrong("getGroupMemberList: the filter", filter + " is none; give one of V2TIM_GROUP_MEMBER_FILTER_*");
        }
    }

    /** Of all roles when none are named. */
    static Request page(String groupID, long offset, JSONArray roles) {
        return Request.of(GroupWire.command(groupID, "get_group_member_info"), "GroupId", groupID, "Limit", MEMBERS_PAGE, "Offset", offset,
            "MemberInfoFilter", Json.list((Object[]) MEMBER), "MemberRoleFilter", roles);
    }

    static List<V2TIMGroupMemberFullInfo> members(List<JSONObject> items) {
        List<V2TIMGroupMemberFullInfo> members = new ArrayList<V2TIMGroupMemberFullInfo>();
        for (JSONObject item : items) {
            members.add(GroupWire.member(item));
        }
        return members;
    }

    /** Gives members their nicks and faces, which are no part of a group. */
    static void named(Client client, final List<V2TIMGroupMemberFullInfo> members, final Step then) throws Refusal {
        if (members.isEmpty()) {
            then.done(new JSONObject());
            return;
        }
        List<String> users = new ArrayList<String>();
        for (V2TIMGroupMemberFullInfo member : members) {
            users.add(member.userID);
        }
        client.ask(Users.request(client.session("the members").user, users), new Answer() {
            @Override
            public void done(JSONObject body) {
                Map<String, V2TIMUserFullInfo> profiles = Users.read(body);
                for (V2TIMGroupMemberFullInfo member : members) {
                    V2TIMUserFullInfo profile = profiles.get(member.userID);
                    member.nickName = profile == null ? null : profile.nickName;
                    member.faceUrl = profile == null ? null : profile.faceUrl;
                }
                then.done(body);
            }

            @Override
            public void refused(Refusal refusal) {
                then.refused(refusal);
            }
        });
    }
}
