package com.tencent.imsdk.v2;

import java.util.HashMap;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.session.Refusal;
import timgate.wire.Json;
import timgate.wire.Utf8;

/** Groups and members in the words of the wire. */
final class GroupWire {
    /** The service of groups. */
    static final String GROUPS = "group_open_http_svc.";
    /** That of communities, which has the same commands. */
    static final String COMMUNITIES = "million_group_open_http_svc.";
    /** All communities' IDs begin so, and nothing else's; those of topics, which are no groups, go on with the second mark. */
    private static final String OF_COMMUNITY = "@TGS#_";
    private static final String OF_TOPIC = "@TOPIC#_";

    private static final String[][] TYPES = {
        {V2TIMManager.GROUP_TYPE_WORK, "Private"},
        {V2TIMManager.GROUP_TYPE_PUBLIC, "Public"},
        {V2TIMManager.GROUP_TYPE_MEETING, "ChatRoom"},
        {V2TIMManager.GROUP_TYPE_AVCHATROOM, "AVChatRoom"},
        {V2TIMManager.GROUP_TYPE_COMMUNITY, "Community"},
    };
    private static final String[] ADD_OPTIONS = {"DisableApply", "NeedPermission", "FreeAccess"};
    private static final String[] INVITE_OPTIONS = {"DisableInvite", "NeedPermission", "FreeAccess"};
    private static final String[] RECEIVE_OPTIONS = {"AcceptAndNotify", "Discard", "AcceptNotNotify"};

    private GroupWire() {
    }

    static boolean isOfCommunity(String groupID) {
        return groupID.startsWith(OF_COMMUNITY) && !groupID.contains(OF_TOPIC);
    }

    /** What a command about this group is called. */
    static String command(String groupID, String name) {
        return (isOfCommunity(groupID) ? COMMUNITIES : GROUPS) + name;
    }

    /** The wire's name of a type, of which apps know two spellings. */
    static String typeToWire(String type) {
        for (String[] names : TYPES) {
            if (names[0].equalsIgnoreCase(type)) {
                return names[1];
            }
        }
        return type;
    }

    static String typeOfWire(String type) {
        for (String[] names : TYPES) {
            if (names[1].equals(type)) {
                return names[0];
            }
        }
        return type;
    }

    /** How those come in who want to. */
    static String addOption(int option) throws Refusal {
        return option("add", ADD_OPTIONS, option);
    }

    static int addOpt(String word) {
        return option(ADD_OPTIONS, word);
    }

    /** How those come in whom a member brings. */
    static String approveOption(int option) throws Refusal {
        return option("approve", INVITE_OPTIONS, option);
    }

    static int approveOpt(String word) {
        return option(INVITE_OPTIONS, word);
    }

    private static String option(String what, String[] words, int option) throws Refusal {
        if (option < 0 || option >= words.length) {
            throw Check.wrong("the group's " + what + " option", option + " is none; give one of V2TIM_GROUP_ADD_*");
        }
        return words[option];
    }

    private static int option(String[] words, String word) {
        for (int option = 0; option < words.length; option += 1) {
            if (words[option].equals(word)) {
                return option;
            }
        }
        return V2TIMGroupInfo.V2TIM_GROUP_ADD_ANY;
    }

    static String receiveWord(String call, int option) throws Refusal {
        if (option < 0 || option >= RECEIVE_OPTIONS.length) {
            throw Check.wrong(call + ": the option", option + " is not known to the gateway; give 0, 1 or 2");
        }
        return RECEIVE_OPTIONS[option];
    }

    static int receiveOption(String word) {
        for (int option = 0; option < RECEIVE_OPTIONS.length; option += 1) {
            if (RECEIVE_OPTIONS[option].equals(word)) {
                return option;
            }
        }
        return V2TIMMessage.V2TIM_RECEIVE_MESSAGE;
    }

    static int role(String word) {
        if (word.equals("Owner")) {
            return V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_ROLE_OWNER;
        }
        if (word.equals("Admin")) {
            return V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_ROLE_ADMIN;
        }
        return word.equals("Member")
            ? V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_ROLE_MEMBER : V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_UNDEFINED;
    }

    /** A role that a member can be given. */
    static String roleWord(String call, int role) throws Refusal {
        if (role == V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_ROLE_ADMIN) {
            return "Admin";
        }
        if (role == V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_ROLE_MEMBER) {
            return "Member";
        }
        throw Check.wrong(call + ": the role", role + " cannot be given; give 200 (member) or 300 (admin),"
            + " and transferGroupOwner makes an owner");
    }

    static V2TIMGroupInfo info(JSONObject item, JSONObject self) {
        V2TIMGroupInfo info = new V2TIMGroupInfo();
        info.groupID = Json.text(item, "GroupId");
        info.groupType = typeOfWire(Json.text(item, "Type"));
        info.groupName = Json.text(item, "Name");
        info.introduction = Json.text(item, "Introduction");
        info.notification = Json.text(item, "Notification");
        info.faceUrl = Json.text(item, "FaceUrl");
        info.owner = Json.text(item, "Owner_Account");
        info.createTime = Json.number(item, "CreateTime");
        info.lastInfoTime = Json.number(item, "LastInfoTime");
        info.lastMessageTime = Json.number(item, "LastMsgTime");
        info.memberCount = Json.integer(item, "MemberNum");
        info.memberMaxCount = Json.number(item, "MaxMemberNum");
        info.supportTopic = Json.flag(item, "SupportTopic");
        info.groupAddOpt = addOpt(Json.text(item, "ApplyJoinOption"));
        info.groupApproveOpt = approveOpt(Json.text(item, "InviteJoinOption"));
        info.allMuted = Json.text(item, item.has("MuteAllMember") ? "MuteAllMember" : "ShutUpAllMember").equals("On");
        info.customInfo = custom(item, "AppDefinedData");
        info.role = role(Json.text(self, "Role"));
        info.joinTime = Json.number(self, "JoinTime");
        info.recvOpt = receiveOption(Json.text(self, "MsgFlag"));
        return info;
    }

    static V2TIMGroupMemberFullInfo member(JSONObject item) {
        V2TIMGroupMemberFullInfo member = new V2TIMGroupMemberFullInfo();
        member.userID = Json.text(item, "Member_Account");
        member.nameCard = Json.text(item, "NameCard");
        member.role = role(Json.text(item, "Role"));
        member.joinTime = Json.number(item, "JoinTime");
        member.muteUntil = Json.number(item, item.has("ShutUpUntil") ? "ShutUpUntil" : "MuteUntil");
        member.customInfo = custom(item, "AppMemberDefinedData");
        return member;
    }

    private static Map<String, byte[]> custom(JSONObject item, String name) {
        Map<String, byte[]> fields = new HashMap<String, byte[]>();
        for (JSONObject field : Json.objects(item, name)) {
            fields.put(Json.text(field, "Key"), Utf8.bytes(Json.text(field, "Value")));
        }
        return fields;
    }

    static JSONArray custom(String call, Map<String, byte[]> fields) throws Refusal {
        JSONArray list = new JSONArray();
        for (Map.Entry<String, byte[]> field : fields.entrySet()) {
            String value = Utf8.text(field.getValue());
            if (value == null) {
                throw Check.wrong(call + ": the custom field " + field.getKey(), "is no UTF-8");
            }
            list.put(Json.object("Key", field.getKey(), "Value", value));
        }
        return list;
    }
}
