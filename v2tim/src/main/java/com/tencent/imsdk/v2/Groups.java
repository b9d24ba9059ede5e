package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.Codes;
import timgate.session.Answer;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/** What {@link V2TIMGroupManager} does. */
final class Groups extends V2TIMGroupManager {
    static final String GROUP = "group_open_http_svc.";

    private static final String[] BASE = {"Type", "Name", "Introduction", "Notification", "FaceUrl", "Owner_Account", "CreateTime",
        "LastInfoTime", "LastMsgTime", "MemberNum", "MaxMemberNum", "ApplyJoinOption", "ShutUpAllMember"};
    private static final String[] SELF = {"Role", "JoinTime", "MsgFlag"};
    private static final String[] MEMBER = {"Role", "JoinTime", "NameCard", "ShutUpUntil", "AppMemberDefinedData"};
    private static final int GROUPS_PAGE = 100;
    private static final int MEMBERS_PAGE = 100;
    private static final int MOST_GROUPS = 50;
    private static final int MOST_MEMBERS = 50;
    private static final int MOST_INVITED = 300;
    private static final int MOST_KICKED = 100;
    private static final int MOST_KEYWORDS = 5;

    private final Managers all;

    Groups(Managers all) {
        this.all = all;
    }

    @Override
    public void createGroup(V2TIMGroupInfo info, List<V2TIMCreateGroupMemberInfo> memberList,
            V2TIMValueCallback<String> callback) {
        final Reply<String> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("createGroup");
            Check.given("createGroup: the info", info);
            JSONObject asked = Json.object(
                "Type", GroupWire.typeToWire(Check.text("createGroup: the type", info.groupType)),
                "Name", Check.isEmpty(info.groupName) ? "" : info.groupName,
                "GroupId", Check.isEmpty(info.groupID) ? null : info.groupID,
                "Owner_Account", client.session("createGroup").user,
                "FaceUrl", info.faceUrl == null ? "" : info.faceUrl,
                "Introduction", info.introduction,
                "Notification", info.notification,
                "WebPushFlag", 1);
            if (info.changed.contains("GroupAddOpt")) {
                Json.put(asked, "ApplyJoinOption", GroupWire.addOption(info.groupAddOpt));
            }
            if (info.changed.contains("CustomInfo") && info.customInfo != null) {
                Json.put(asked, "AppDefinedData", GroupWire.custom("createGroup", info.customInfo));
            }
            JSONArray members = new JSONArray();
            if (memberList != null) {
                for (V2TIMCreateGroupMemberInfo member : memberList) {
                    // Apps list the owner too; they are in the group anyhow.
                    if (member != null && !Check.isEmpty(member.userID) && !member.userID.equals(client.session("createGroup").user)) {
                        members.put(Json.object("Member_Account", member.userID,
                            "Role", member.role == V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_ROLE_ADMIN ? "Admin" : null));
                    }
                }
            }
            if (members.length() > 0) {
                Json.put(asked, "MemberList", members);
            }
            client.ask(Request.with(GROUP + "create_group", asked), new Ask<String>(reply) {
                @Override
                String value(JSONObject body) {
                    return Json.text(body, "GroupId");
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getJoinedGroupList(V2TIMValueCallback<List<V2TIMGroupInfo>> callback) {
        final Reply<List<V2TIMGroupInfo>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getJoinedGroupList");
            final List<V2TIMGroupInfo> found = new ArrayList<V2TIMGroupInfo>();
            joined(client, client.session("getJoinedGroupList").user, 0, found, reply, new Step(reply) {
                @Override
                void next(JSONObject body) {
                    reply.succeed(found);
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getGroupsInfo(List<String> groupIDList,
            V2TIMValueCallback<List<V2TIMGroupInfoResult>> callback) {
        final Reply<List<V2TIMGroupInfoResult>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getGroupsInfo");
            final List<String> ids = Check.list("getGroupsInfo: groupIDList", groupIDList, MOST_GROUPS);
            final Map<String, V2TIMGroupInfoResult> results = new LinkedHashMap<String, V2TIMGroupInfoResult>();
            client.ask(Request.of(GROUP + "get_group_self_member_info", "GroupIdList", Json.listOf(ids), "ResponseFilter", Json.object(
                "GroupBaseInfoFilter", Json.list((Object[]) BASE), "MemberInfoFilter", Json.list((Object[]) SELF))), new Step(reply) {
                    @Override
                    void next(JSONObject body) {
                        List<String> others = new ArrayList<String>();
                        for (JSONObject item : Json.objects(body, "GroupInfo")) {
                            List<JSONObject> self = Json.objects(item, "MemberList");
                            V2TIMGroupInfoResult result = result(item, self.isEmpty() ? new JSONObject() : self.get(0));
                            results.put(Json.text(item, "GroupId"), result);
                            if (result.resultCode != Codes.OK || self.isEmpty()) {
                                others.add(Json.text(item, "GroupId"));
                            }
                        }
                        if (others.isEmpty()) {
                            reply.succeed((List<V2TIMGroupInfoResult>) new ArrayList<V2TIMGroupInfoResult>(results.values()));
                        } else {
                            publicInfo(client, others, results, reply);
                        }
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void setGroupInfo(V2TIMGroupInfo info, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("setGroupInfo");
            Check.given("setGroupInfo: the info", info);
            JSONObject asked = Json.object("GroupId", Check.text("setGroupInfo: the group's ID", info.groupID));
            put(asked, info, "GroupName", "Name", info.groupName);
            put(asked, info, "Introduction", "Introduction", info.introduction);
            put(asked, info, "Notification", "Notification", info.notification);
            put(asked, info, "FaceUrl", "FaceUrl", info.faceUrl);
            put(asked, info, "AllMuted", "ShutUpAllMember", info.allMuted ? "On" : "Off");
            put(asked, info, "GroupAddOpt", "ApplyJoinOption", GroupWire.addOption(info.groupAddOpt));
            if (info.changed.contains("CustomInfo") && info.customInfo != null) {
                Json.put(asked, "AppDefinedData", GroupWire.custom("setGroupInfo", info.customInfo));
            }
            if (asked.length() == 1) {
                throw Check.wrong("setGroupInfo: the info", "has no field that was set");
            }
            client.ask(Request.with(GROUP + "modify_group_base_info", asked), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void searchGroups(V2TIMGroupSearchParam searchParam,
            V2TIMValueCallback<List<V2TIMGroupInfo>> callback) {
        final Reply<List<V2TIMGroupInfo>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("searchGroups");
            Check.given("searchGroups: the parameters", searchParam);
            final List<String> keywords = Check.list("searchGroups: the keywords", searchParam.keywordList, MOST_KEYWORDS);
            final boolean ofIds = searchParam.searchGroupID;
            final boolean ofNames = searchParam.searchGroupName;
            final List<V2TIMGroupInfo> found = new ArrayList<V2TIMGroupInfo>();
            joined(client, client.session("searchGroups").user, 0, found, reply, new Step(reply) {
                @Override
                void next(JSONObject body) {
                    List<V2TIMGroupInfo> matching = new ArrayList<V2TIMGroupInfo>();
                    for (V2TIMGroupInfo group : found) {
                        if (ofIds && Search.hasAny(group.groupID, keywords) || ofNames && Search.hasAny(group.groupName, keywords)) {
                            matching.add(group);
                        }
                    }
                    reply.succeed(matching);
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void initGroupAttributes(String groupID, Map<String, String> attributes, V2TIMCallback callback) {
        NotServed.GROUP_INIT_GROUP_ATTRIBUTES.answer(callback);
    }

    @Override
    public void setGroupAttributes(String groupID, Map<String, String> attributes, V2TIMCallback callback) {
        NotServed.GROUP_SET_GROUP_ATTRIBUTES.answer(callback);
    }

    @Override
    public void deleteGroupAttributes(String groupID, List<String> keys, V2TIMCallback callback) {
        NotServed.GROUP_DELETE_GROUP_ATTRIBUTES.answer(callback);
    }

    @Override
    public void getGroupAttributes(String groupID, List<String> keys,
            V2TIMValueCallback<Map<String, String>> callback) {
        NotServed.GROUP_GET_GROUP_ATTRIBUTES.answer(callback);
    }

    @Override
    public void getGroupOnlineMemberCount(String groupID, V2TIMValueCallback<Integer> callback) {
        final Reply<Integer> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getGroupOnlineMemberCount");
            Check.text("getGroupOnlineMemberCount: groupID", groupID);
            client.ask(Request.of(GROUP + "get_online_member_num", "GroupId", groupID), new Ask<Integer>(reply) {
                @Override
                Integer value(JSONObject body) {
                    return Json.integer(body, "OnlineMemberNum");
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getGroupMemberList(String groupID, int filter, final long nextSeq,
            V2TIMValueCallback<V2TIMGroupMemberInfoResult> callback) {
        final Reply<V2TIMGroupMemberInfoResult> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getGroupMemberList");
            Check.text("getGroupMemberList: groupID", groupID);
            if (nextSeq < 0) {
                throw Check.wrong("getGroupMemberList: nextSeq", "is below 0; give 0, or what the page before said");
            }
            JSONObject asked = Json.object("GroupId", groupID, "Limit", MEMBERS_PAGE, "Offset", nextSeq,
                "MemberInfoFilter", Json.list((Object[]) MEMBER), "MemberRoleFilter", roles(filter));
            client.ask(Request.with(GROUP + "get_group_member_info", asked), new Step(reply) {
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

    @Override
    public void getGroupMembersInfo(String groupID, List<String> memberList,
            V2TIMValueCallback<List<V2TIMGroupMemberFullInfo>> callback) {
        final Reply<List<V2TIMGroupMemberFullInfo>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getGroupMembersInfo");
            Check.text("getGroupMembersInfo: groupID", groupID);
            List<String> users = Check.list("getGroupMembersInfo: memberList", memberList, MOST_MEMBERS);
            client.ask(Request.of(GROUP + "get_specified_group_member_info", "GroupId", groupID, "Member_List_Account", Json.listOf(users),
                "MemberInfoFilter", Json.list((Object[]) MEMBER)), new Step(reply) {
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

    @Override
    public void searchGroupMembers(V2TIMGroupMemberSearchParam searchParam,
            V2TIMValueCallback<HashMap<String, List<V2TIMGroupMemberFullInfo>>> callback) {
        NotServed.GROUP_SEARCH_GROUP_MEMBERS.answer(callback);
    }

    @Override
    public void setGroupMemberInfo(String groupID, V2TIMGroupMemberFullInfo info, V2TIMCallback callback) {
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
            client.ask(Request.with(GROUP + "modify_group_member_info", asked), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void muteGroupMember(String groupID, String userID, int seconds, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("muteGroupMember");
            JSONObject asked = member(Check.text("muteGroupMember: groupID", groupID), Check.text("muteGroupMember: userID", userID));
            client.ask(Request.with(GROUP + "modify_group_member_info", Json.put(asked, "ShutUpTime", Math.max(0, seconds))), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void muteAllGroupMembers(String groupID, boolean isMute, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("muteAllGroupMembers");
            client.ask(Request.of(GROUP + "modify_group_base_info", "GroupId", Check.text("muteAllGroupMembers: groupID", groupID),
                "ShutUpAllMember", isMute ? "On" : "Off"), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void inviteUserToGroup(String groupID, List<String> userList,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        final Reply<List<V2TIMGroupMemberOperationResult>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("inviteUserToGroup");
            Check.text("inviteUserToGroup: groupID", groupID);
            JSONArray members = new JSONArray();
            for (String user : Check.list("inviteUserToGroup: userList", userList, MOST_INVITED)) {
                members.put(Json.object("Member_Account", user));
            }
            client.ask(Request.of(GROUP + "add_group_member", "GroupId", groupID, "MemberList", members),
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

    @Override
    public void kickGroupMember(String groupID, List<String> memberList, String reason,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        final Reply<List<V2TIMGroupMemberOperationResult>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("kickGroupMember");
            Check.text("kickGroupMember: groupID", groupID);
            final List<String> users = Check.list("kickGroupMember: memberList", memberList, MOST_KICKED);
            client.ask(Request.of(GROUP + "delete_group_member", "GroupId", groupID, "MemberToDel_Account", Json.listOf(users),
                "Reason", reason == null ? "" : reason), new Ask<List<V2TIMGroupMemberOperationResult>>(reply) {
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

    @Override
    public void kickGroupMember(String groupID, List<String> memberList, String reason, int duration,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        if (duration > 0) {
            Reply.of(callback).fail(Codes.NOT_SUPPORTED, "kickGroupMember: the gateway keeps nobody out for a time; give the duration 0");
        } else {
            kickGroupMember(groupID, memberList, reason, callback);
        }
    }

    @Override
    public void setGroupMemberRole(String groupID, String userID, int role, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("setGroupMemberRole");
            JSONObject asked = member(Check.text("setGroupMemberRole: groupID", groupID), Check.text("setGroupMemberRole: userID", userID));
            client.ask(Request.with(GROUP + "modify_group_member_info", Json.put(asked, "Role", GroupWire.roleWord("setGroupMemberRole", role))),
                new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void transferGroupOwner(String groupID, String userID, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("transferGroupOwner");
            client.ask(Request.of(GROUP + "change_group_owner", "GroupId", Check.text("transferGroupOwner: groupID", groupID),
                "NewOwner_Account", Check.text("transferGroupOwner: userID", userID)), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getGroupApplicationList(V2TIMValueCallback<V2TIMGroupApplicationResult> callback) {
        final Reply<V2TIMGroupApplicationResult> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getGroupApplicationList");
            client.ask(Request.of(GROUP + "get_pendency", "StartTime", 0, "Limit", 20, "Handle_Account", client.session("getGroupApplicationList").user),
                new Ask<V2TIMGroupApplicationResult>(reply) {
                    @Override
                    V2TIMGroupApplicationResult value(JSONObject body) {
                        // The gateway has no groups that need an approval: it answers that nobody waits.
                        V2TIMGroupApplicationResult result = new V2TIMGroupApplicationResult();
                        result.unreadCount = Json.integer(body, "UnreadCount");
                        return result;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void acceptGroupApplication(V2TIMGroupApplication application, String reason,
            V2TIMCallback callback) {
        NotServed.GROUP_ACCEPT_GROUP_APPLICATION.answer(callback);
    }

    @Override
    public void refuseGroupApplication(V2TIMGroupApplication application, String reason,
            V2TIMCallback callback) {
        NotServed.GROUP_REFUSE_GROUP_APPLICATION.answer(callback);
    }

    @Override
    public void setGroupApplicationRead(V2TIMCallback callback) {
        NotServed.GROUP_SET_GROUP_APPLICATION_READ.answer(callback);
    }

    private static JSONObject member(String groupID, String userID) {
        return Json.object("GroupId", groupID, "Member_Account", userID);
    }

    private static void put(JSONObject asked, V2TIMGroupInfo info, String field, String name, String value) {
        if (info.changed.contains(field)) {
            Json.put(asked, name, value == null ? "" : value);
        }
    }

    /** All groups of the user, page by page, and then what follows. */
    private static void joined(final Client client, final String self, final int offset, final List<V2TIMGroupInfo> found,
            final Reply<?> reply, final Step then) {
        client.ask(Request.of(GROUP + "get_joined_group_list", "Member_Account", self, "Limit", GROUPS_PAGE, "Offset", offset,
            "ResponseFilter", Json.object("GroupBaseInfoFilter", Json.list((Object[]) BASE), "SelfInfoFilter", Json.list((Object[]) SELF)),
            "SupportTopic", 0, "NeedAppDefineData", 1), new Step(reply) {
                @Override
                void next(JSONObject body) {
                    List<JSONObject> items = Json.objects(body, "GroupIdList");
                    for (JSONObject item : items) {
                        found.add(GroupWire.info(item, Json.object(item, "SelfInfo")));
                    }
                    if (items.isEmpty() || offset + GROUPS_PAGE >= Json.integer(body, "TotalCount")) {
                        then.done(body);
                    } else {
                        joined(client, self, offset + GROUPS_PAGE, found, reply, then);
                    }
                }
            });
    }

    /** What may be known of groups in which the user is not. */
    private static void publicInfo(Client client, List<String> ids, final Map<String, V2TIMGroupInfoResult> results,
            final Reply<List<V2TIMGroupInfoResult>> reply) {
        client.ask(Request.of(GROUP + "get_group_public_info", "GroupIdList", Json.listOf(ids),
            "ResponseFilter", Json.object("GroupBasePublicInfoFilter", Json.list((Object[]) BASE))), new Step(reply) {
                @Override
                void next(JSONObject body) {
                    for (JSONObject item : Json.objects(body, "GroupInfo")) {
                        results.put(Json.text(item, "GroupId"), result(item, new JSONObject()));
                    }
                    reply.succeed((List<V2TIMGroupInfoResult>) new ArrayList<V2TIMGroupInfoResult>(results.values()));
                }
            });
    }

    private static V2TIMGroupInfoResult result(JSONObject item, JSONObject self) {
        V2TIMGroupInfoResult result = new V2TIMGroupInfoResult();
        result.resultCode = Json.integer(item, "ErrorCode");
        result.resultMessage = Json.text(item, "ErrorInfo");
        result.groupInfo = GroupWire.info(item, self);
        return result;
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

    private static List<V2TIMGroupMemberFullInfo> members(List<JSONObject> items) {
        List<V2TIMGroupMemberFullInfo> members = new ArrayList<V2TIMGroupMemberFullInfo>();
        for (JSONObject item : items) {
            members.add(GroupWire.member(item));
        }
        return members;
    }

    /** Gives members their nicks and faces, which are no part of a group. */
    private static void named(Client client, final List<V2TIMGroupMemberFullInfo> members, final Step then) throws Refusal {
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
