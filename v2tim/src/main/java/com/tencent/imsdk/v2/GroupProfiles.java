package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.Codes;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/** Groups as such: making, listing, finding and changing them. */
final class GroupProfiles {
    static final String[] BASE = {"Type", "Name", "Introduction", "Notification", "FaceUrl", "Owner_Account", "CreateTime",
        "LastInfoTime", "LastMsgTime", "MemberNum", "MaxMemberNum", "ApplyJoinOption", "InviteJoinOption", "ShutUpAllMember", "AppDefinedData"};
    static final String[] SELF = {"Role", "JoinTime", "MsgFlag"};
    private static final int MOST_GROUPS = 50;

    private final Managers all;

    GroupProfiles(Managers all) {
        this.all = all;
    }

    void createGroup(V2TIMGroupInfo info, List<V2TIMCreateGroupMemberInfo> memberList,
            V2TIMValueCallback<String> callback) {
        final Reply<String> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("createGroup");
            Check.given("createGroup: the info", info);
            final String type = GroupWire.typeToWire(Check.text("createGroup: the type", info.groupType));
            boolean isCommunity = type.equals(V2TIMManager.GROUP_TYPE_COMMUNITY);
            JSONObject asked = Json.object(
                "Type", type,
                "Name", Check.isEmpty(info.groupName) ? "" : info.groupName,
                "GroupId", Check.isEmpty(info.groupID) ? null : info.groupID,
                "Owner_Account", client.session("createGroup").user,
                "FaceUrl", info.faceUrl == null ? "" : info.faceUrl,
                "Introduction", info.introduction,
                "Notification", info.notification,
                "SupportTopic", !isCommunity ? null : info.supportTopic ? 1 : 0,
                "WebPushFlag", 1);
            if (info.changed.contains("GroupAddOpt")) {
                Json.put(asked, "ApplyJoinOption", GroupWire.addOption(info.groupAddOpt));
            }
            if (info.changed.contains("GroupApproveOpt")) {
                Json.put(asked, "InviteJoinOption", GroupWire.approveOption(info.groupApproveOpt));
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
            client.ask(Request.with((isCommunity ? GroupWire.COMMUNITIES : GroupWire.GROUPS) + "create_group", asked), new Step(reply) {
                @Override
                void next(JSONObject body) {
                    String groupID = Json.text(body, "GroupId");
                    client.live.note(groupID, type);
                    if (LiveRooms.isType(type)) {
                        enter(client, groupID, reply);
                    } else {
                        reply.succeed(groupID);
                    }
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    /** Who makes an AVChatRoom is in it, as apps expect it; for the gateway that is a step of its own. */
    private static void enter(final Client client, final String groupID, final Reply<String> reply) {
        client.ask(LiveRooms.join(groupID, ""), new Step(reply) {
            @Override
            void next(JSONObject body) {
                reply.succeed(groupID);
                client.live.entered(groupID, body);
            }
        });
    }

    void getJoinedGroupList(V2TIMValueCallback<List<V2TIMGroupInfo>> callback) {
        final Reply<List<V2TIMGroupInfo>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getJoinedGroupList");
            new JoinedGroups(client, client.session("getJoinedGroupList").user, reply) {
                @Override
                void read(List<V2TIMGroupInfo> groups) {
                    reply.succeed(groups);
                }
            }.start();
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void getGroupsInfo(List<String> groupIDList,
            V2TIMValueCallback<List<V2TIMGroupInfoResult>> callback) {
        final Reply<List<V2TIMGroupInfoResult>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getGroupsInfo");
            final List<String> ids = Check.list("getGroupsInfo: groupIDList", groupIDList, MOST_GROUPS);
            final Map<String, V2TIMGroupInfoResult> results = new LinkedHashMap<String, V2TIMGroupInfoResult>();
            client.ask(Request.of(GroupWire.GROUPS + "get_group_self_member_info", "GroupIdList", Json.listOf(ids), "ResponseFilter", Json.object(
                "GroupBaseInfoFilter", Json.list((Object[]) BASE), "MemberInfoFilter", Json.list((Object[]) SELF))), new Step(reply) {
                    @Override
                    void next(JSONObject body) {
                        List<String> others = new ArrayList<String>();
                        for (JSONObject item : Json.objects(body, "GroupInfo")) {
                            client.live.note(Json.text(item, "GroupId"), Json.text(item, "Type"));
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

    void setGroupInfo(V2TIMGroupInfo info, V2TIMCallback callback) {
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
            put(asked, info, "GroupApproveOpt", "InviteJoinOption", GroupWire.approveOption(info.groupApproveOpt));
            if (info.changed.contains("CustomInfo") && info.customInfo != null) {
                Json.put(asked, "AppDefinedData", GroupWire.custom("setGroupInfo", info.customInfo));
            }
            if (asked.length() == 1) {
                throw Check.wrong("setGroupInfo: the info", "has no field that was set");
            }
            client.ask(Request.with(GroupWire.command(info.groupID, "modify_group_base_info"), asked), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void searchGroups(V2TIMGroupSearchParam searchParam,
            V2TIMValueCallback<List<V2TIMGroupInfo>> callback) {
        final Reply<List<V2TIMGroupInfo>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("searchGroups");
            Check.given("searchGroups: the parameters", searchParam);
            final List<String> keywords = Search.words("searchGroups", searchParam.keywordList);
            final boolean any = !searchParam.searchGroupID && !searchParam.searchGroupName;
            final boolean ofIds = any || searchParam.searchGroupID;
            final boolean ofNames = any || searchParam.searchGroupName;
            new JoinedGroups(client, client.session("searchGroups").user, reply) {
                @Override
                void read(List<V2TIMGroupInfo> groups) {
                    List<V2TIMGroupInfo> matching = new ArrayList<V2TIMGroupInfo>();
                    for (V2TIMGroupInfo group : groups) {
                        if (ofIds && Search.hasAny(group.groupID, keywords) || ofNames && Search.hasAny(group.groupName, keywords)) {
                            matching.add(group);
                        }
                    }
                    reply.succeed(matching);
                }
            }.start();
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void getGroupOnlineMemberCount(String groupID, V2TIMValueCallback<Integer> callback) {
        final Reply<Integer> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getGroupOnlineMemberCount");
            Check.text("getGroupOnlineMemberCount: groupID", groupID);
            client.ask(Request.of(GroupWire.command(groupID, "get_online_member_num"), "GroupId", groupID), new Ask<Integer>(reply) {
                @Override
                Integer value(JSONObject body) {
                    return Json.integer(body, "OnlineMemberNum");
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void muteAllGroupMembers(String groupID, boolean isMute, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("muteAllGroupMembers");
            Check.text("muteAllGroupMembers: groupID", groupID);
            client.ask(Request.of(GroupWire.command(groupID, "modify_group_base_info"), "GroupId", groupID,
                "ShutUpAllMember", isMute ? "On" : "Off"), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    void transferGroupOwner(String groupID, String userID, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("transferGroupOwner");
            Check.text("transferGroupOwner: groupID", groupID);
            client.ask(Request.of(GroupWire.command(groupID, "change_group_owner"), "GroupId", groupID,
                "NewOwner_Account", Check.text("transferGroupOwner: userID", userID)), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    private static void put(JSONObject asked, V2TIMGroupInfo info, String field, String name, String value) {
        if (info.changed.contains(field)) {
            Json.put(asked, name, value == null ? "" : value);
        }
    }

    /** What may be known of groups in which the user is not. */
    private static void publicInfo(final Client client, List<String> ids, final Map<String, V2TIMGroupInfoResult> results,
            final Reply<List<V2TIMGroupInfoResult>> reply) {
        client.ask(Request.of(GroupWire.GROUPS + "get_group_public_info", "GroupIdList", Json.listOf(ids),
            "ResponseFilter", Json.object("GroupBasePublicInfoFilter", Json.list((Object[]) BASE))), new Step(reply) {
                @Override
                void next(JSONObject body) {
                    for (JSONObject item : Json.objects(body, "GroupInfo")) {
                        client.live.note(Json.text(item, "GroupId"), Json.text(item, "Type"));
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
}
