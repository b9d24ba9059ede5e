package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;
import org.json.JSONObject;
import timgate.wire.Json;

/** What a group's tips say. */
final class Tips {
    static final int CAME_IN = 1;
    static final int LEFT = 2;
    static final int KICKED = 3;
    static final int ADMIN_SET = 4;
    static final int ADMIN_UNSET = 5;
    static final int PROFILE_CHANGED = 6;
    static final int MEMBERS_CHANGED = 7;
    /** Put out, and kept out for a time. */
    static final int BANNED = 10;

    private static final int BY_INVITATION = 2;

    private Tips() {
    }

    static V2TIMGroupTipsElem elem(String groupID, JSONObject body) {
        V2TIMGroupTipsElem elem = new V2TIMGroupTipsElem();
        elem.groupID = groupID;
        elem.type = type(body);
        elem.opMember = operator(body);
        elem.memberList = members(body);
        elem.memberCount = Json.integer(body, "MemberNum");
        elem.groupChangeInfoList = groupChanges(Json.object(body, "MsgGroupNewInfo"));
        elem.memberChangeInfoList = memberChanges(body);
        return elem;
    }

    private static int type(JSONObject body) {
        switch (Json.integer(body, "OpType")) {
            case CAME_IN:
                return isByInvitation(body)
                    ? V2TIMGroupTipsElem.V2TIM_GROUP_TIPS_TYPE_INVITE : V2TIMGroupTipsElem.V2TIM_GROUP_TIPS_TYPE_JOIN;
            case LEFT:
                return V2TIMGroupTipsElem.V2TIM_GROUP_TIPS_TYPE_QUIT;
            case KICKED:
            case BANNED:
                return V2TIMGroupTipsElem.V2TIM_GROUP_TIPS_TYPE_KICKED;
            case ADMIN_SET:
                return V2TIMGroupTipsElem.V2TIM_GROUP_TIPS_TYPE_SET_ADMIN;
            case ADMIN_UNSET:
                return V2TIMGroupTipsElem.V2TIM_GROUP_TIPS_TYPE_CANCEL_ADMIN;
            case PROFILE_CHANGED:
                return V2TIMGroupTipsElem.V2TIM_GROUP_TIPS_TYPE_GROUP_INFO_CHANGE;
            case MEMBERS_CHANGED:
                return V2TIMGroupTipsElem.V2TIM_GROUP_TIPS_TYPE_MEMBER_INFO_CHANGE;
            default:
                return V2TIMGroupTipsElem.GROUP_TIPS_TYPE_INVALID;
        }
    }

    static boolean isByInvitation(JSONObject body) {
        return Json.integer(body, "GroupJoinType") == BY_INVITATION;
    }

    static V2TIMGroupMemberInfo operator(JSONObject body) {
        return member(Json.text(body, "Operator_Account"), Json.object(body, "MsgOperatorMemberExtraInfo"));
    }

    /** Whom it is about; where nobody is named, who did it. */
    static List<V2TIMGroupMemberInfo> members(JSONObject body) {
        List<V2TIMGroupMemberInfo> members = new ArrayList<V2TIMGroupMemberInfo>();
        List<JSONObject> profiles = Json.objects(body, "MsgMemberExtraInfo");
        for (String user : Json.texts(body, "List_Account")) {
            JSONObject found = new JSONObject();
            for (JSONObject profile : profiles) {
                if (user.equals(Json.text(profile, "User_Account"))) {
                    found = profile;
                }
            }
            members.add(member(user, found));
        }
        if (members.isEmpty()) {
            for (JSONObject changed : Json.objects(body, "MsgMemberInfo")) {
                members.add(member(Json.text(changed, "User_Account"), new JSONObject()));
            }
        }
        if (members.isEmpty()) {
            members.add(operator(body));
        }
        return members;
    }

    private static V2TIMGroupMemberInfo member(String user, JSONObject profile) {
        V2TIMGroupMemberInfo member = new V2TIMGroupMemberInfo();
        member.userID = user;
        member.nickName = Json.text(profile, "NickName");
        member.faceUrl = Json.text(profile, "ImageUrl");
        member.nameCard = Json.text(profile, "NameCard");
        return member;
    }

    static List<V2TIMGroupMemberChangeInfo> memberChanges(JSONObject body) {
        List<V2TIMGroupMemberChangeInfo> changes = new ArrayList<V2TIMGroupMemberChangeInfo>();
        for (JSONObject item : Json.objects(body, "MsgMemberInfo")) {
            V2TIMGroupMemberChangeInfo change = new V2TIMGroupMemberChangeInfo();
            change.userID = Json.text(item, "User_Account");
            change.muteTime = Json.number(item, "ShutupTime");
            changes.add(change);
        }
        return changes;
    }

    static List<V2TIMGroupChangeInfo> groupChanges(JSONObject news) {
        List<V2TIMGroupChangeInfo> changes = new ArrayList<V2TIMGroupChangeInfo>();
        text(changes, news, "GroupName", V2TIMGroupChangeInfo.V2TIM_GROUP_INFO_CHANGE_TYPE_NAME);
        text(changes, news, "GroupIntroduction", V2TIMGroupChangeInfo.V2TIM_GROUP_INFO_CHANGE_TYPE_INTRODUCTION);
        text(changes, news, "GroupNotification", V2TIMGroupChangeInfo.V2TIM_GROUP_INFO_CHANGE_TYPE_NOTIFICATION);
        text(changes, news, "GroupFaceUrl", V2TIMGroupChangeInfo.V2TIM_GROUP_INFO_CHANGE_TYPE_FACE_URL);
        text(changes, news, "Owner_Account", V2TIMGroupChangeInfo.V2TIM_GROUP_INFO_CHANGE_TYPE_OWNER);
        if (news.has("GroupApplyJoinOption")) {
            V2TIMGroupChangeInfo change = text(changes, news, "GroupApplyJoinOption",
                V2TIMGroupChangeInfo.V2TIM_GROUP_INFO_CHANGE_TYPE_GROUP_ADD_OPT);
            change.intValue = GroupWire.addOpt(change.value);
        }
        if (news.has("InviteJoinOption")) {
            V2TIMGroupChangeInfo change = text(changes, news, "InviteJoinOption",
                V2TIMGroupChangeInfo.V2TIM_GROUP_INFO_CHANGE_TYPE_GROUP_APPROVE_OPT);
            change.intValue = GroupWire.approveOpt(change.value);
        }
        if (news.has("ShutupAll")) {
            V2TIMGroupChangeInfo change = new V2TIMGroupChangeInfo();
            change.type = V2TIMGroupChangeInfo.V2TIM_GROUP_INFO_CHANGE_TYPE_SHUT_UP_ALL;
            change.boolValue = Json.flag(news, "ShutupAll");
            change.value = String.valueOf(change.boolValue);
            changes.add(change);
        }
        for (JSONObject field : Json.objects(news, "MsgAppDefinedData")) {
            V2TIMGroupChangeInfo change = text(changes, field, "Value", V2TIMGroupChangeInfo.V2TIM_GROUP_INFO_CHANGE_TYPE_CUSTOM);
            if (change != null) {
                change.key = Json.text(field, "Key");
            }
        }
        return changes;
    }

    private static V2TIMGroupChangeInfo text(List<V2TIMGroupChangeInfo> changes, JSONObject news, String name, int type) {
        if (!news.has(name)) {
            return null;
        }
        V2TIMGroupChangeInfo change = new V2TIMGroupChangeInfo();
        change.type = type;
        change.value = Json.text(news, name);
        changes.add(change);
        return change;
    }
}
