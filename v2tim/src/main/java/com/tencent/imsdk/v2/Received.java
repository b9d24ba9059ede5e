package com.tencent.imsdk.v2;

import org.json.JSONObject;
import timgate.session.Session;
import timgate.wire.Json;

/** Makes messages of what the gateway sends: pushes, pages of history, last messages. */
final class Received {
    private static final String SYSTEM = "@TIM#SYSTEM";
    private static final int TIP = 4;
    private static final int PLACEHOLDER = 1;
    private static final int RECALLED = 2;
    private static final int RECALLED_FLAG = 8;

    private Received() {
    }

    /** A message of a group, or a tip; null when the item only holds the place of one that is gone. */
    static V2TIMMessage ofGroup(JSONObject item, Session session) {
        int place = Json.integer(item, "IsPlaceMsg");
        if (place == PLACEHOLDER) {
            return null;
        }
        JSONObject group = Json.object(item, "GroupInfo");
        V2TIMMessage message = common(item, session);
        String groupID = Json.text(item, "ToGroupId");
        message.groupID = groupID.isEmpty() ? Json.text(group, "GroupId") : groupID;
        message.nickName = Json.text(group, "From_AccountNick");
        message.faceUrl = Json.text(group, "From_AccountHeadurl");
        message.nameCard = Json.text(Json.object(group, "MsgFrom_AccountExtraInfo"), "NameCard");
        message.priority = Priority.ofWire(item.opt("MsgPriority"));
        message.needReadReceipt = Json.flag(item, "NeedReadReceipt");
        message.onlineUserOnly = Json.flag(item, "OnlineOnlyFlag");
        for (JSONObject mark : Json.objects(item, "GroupAtInfo")) {
            message.groupAtUserList.add(Json.flag(mark, "GroupAtAllFlag")
                ? V2TIMGroupAtInfo.AT_ALL_TAG : Json.text(mark, "GroupAt_Account"));
        }
        if (isTip(item)) {
            message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_GROUP_TIPS;
            message.groupTipsElem = Tips.elem(message.groupID, Json.object(item, "MsgBody"));
        }
        if (place == RECALLED) {
            recalled(message, Json.object(item, "RevokerInfo"));
        }
        return message;
    }

    static boolean isTip(JSONObject item) {
        return Json.integer(item, "Event") == TIP || item.optJSONObject("MsgBody") != null;
    }

    /** A message between two users. */
    static V2TIMMessage ofUser(JSONObject item, Session session) {
        V2TIMMessage message = common(item, session);
        boolean isSwapped = Json.flag(item, "IsSyncMsg");
        String from = Json.text(item, isSwapped ? "To_Account" : "From_Account");
        String to = Json.text(item, isSwapped ? "From_Account" : "To_Account");
        message.sender = from;
        message.self = from.equals(session.user);
        message.read = message.self;
        message.userID = message.self ? to : from;
        message.nickName = Json.text(item, "From_AccountNick");
        message.faceUrl = Json.text(item, "From_AccountHeadurl");
        message.priority = V2TIMMessage.V2TIM_PRIORITY_NORMAL;
        message.needReadReceipt = Json.flag(item, "IsNeedReadReceipt");
        message.onlineUserOnly = item.has("MsgLifeTime") && Json.number(item, "MsgLifeTime") == 0;
        message.peerRead = Json.flag(item, "IsPeerRead");
        if (Json.integer(item, "MsgFlagBits") == RECALLED_FLAG) {
            recalled(message, Json.object(item, "RevokerInfo"));
        }
        return message;
    }

    private static V2TIMMessage common(JSONObject item, Session session) {
        V2TIMMessage message = new V2TIMMessage();
        message.sender = Json.text(item, "From_Account");
        message.self = message.sender.equals(session.user);
        message.read = message.self;
        message.seq = Json.number(item, "MsgSeq");
        message.random = Json.number(item, item.has("MsgRandom") ? "MsgRandom" : "Random");
        message.timestamp = Json.number(item, item.has("MsgTimeStamp") ? "MsgTimeStamp" : "MsgTime");
        String tinyId = Json.text(item, "TinyId");
        long clientTime = Json.number(item, "MsgClientTime", message.timestamp);
        message.msgID = Identity.of(tinyId.isEmpty() && message.sender.equals(SYSTEM) ? SYSTEM : tinyId, clientTime, message.random);
        message.status = V2TIMMessage.V2TIM_MSG_STATUS_SEND_SUCC;
        message.cloudCustomData = Json.text(item, "CloudCustomData");
        JSONObject control = Json.object(item, "SendMsgControl");
        message.excludedFromUnreadCount = Json.flag(control, "NoUnread");
        message.excludedFromLastMessage = Json.flag(control, "NoLastMsg");
        message.supportMessageExtension = Json.flag(item, "SupportMessageExtension");
        Elements.read(message, Json.objects(item, "MsgBody"));
        return message;
    }

    static void recalled(V2TIMMessage message, JSONObject revoker) {
        message.status = V2TIMMessage.V2TIM_MSG_STATUS_LOCAL_REVOKED;
        String user = Json.text(revoker, "Revoker_Account");
        if (!user.isEmpty()) {
            message.revokerInfo = new V2TIMUserFullInfo();
            message.revokerInfo.userID = user;
        }
        message.revokeReason = Json.text(revoker, "Reason");
    }
}
