package com.tencent.imsdk.v2;

import java.util.ArrayList;
import org.json.JSONObject;
import timgate.session.Session;
import timgate.wire.Json;

/** What is kept of one conversation. Apps get copies, so that what they hold does not change under them. */
final class Talk {
    private static final int USER = 1;
    private static final int RECALLED_OF_USER = 8;
    private static final int RECALLED_OF_GROUP = 2;

    final String id;
    /** The newest number of a group that is known. */
    long lastSeq;
    private final V2TIMConversation state = new V2TIMConversation();
    private String remark = "";
    private String name = "";
    /** Whether it is being asked what group it is. */
    boolean isAsked;

    Talk(String id) {
        this.id = id;
        state.conversationID = id;
        state.userID = ConversationId.user(id);
        state.groupID = ConversationId.group(id);
        state.type = state.groupID != null ? V2TIMConversation.V2TIM_GROUP : V2TIMConversation.V2TIM_C2C;
        show();
    }

    /** The conversation that an item of the gateway's list is of; null when it is none. */
    static String idOf(JSONObject item) {
        boolean isOfUser = Json.integer(item, "Type") == USER;
        String peer = Json.text(item, isOfUser || !item.has("ToAccount") ? "To_Account" : "ToAccount");
        if (peer.isEmpty() || peer.startsWith("@TLS#") || LiveRooms.isType(Json.text(item, "GroupType"))) {
            return null;
        }
        return isOfUser ? ConversationId.ofUser(peer) : ConversationId.ofGroup(peer);
    }

    boolean isOfGroup() {
        return state.groupID != null;
    }

    /** Of a group in which nobody else has spoken yet nothing is known but its ID. */
    boolean isDescribed() {
        return !isOfGroup() || !Check.isEmpty(state.groupType);
    }

    String peer() {
        return isOfGroup() ? state.groupID : state.userID;
    }

    V2TIMMessage last() {
        return state.lastMessage;
    }

    /** The Unix second of the last message; 0 when there is none. */
    long lastTime() {
        return state.lastMessage == null ? 0 : state.lastMessage.timestamp;
    }

    int unread() {
        return state.unreadCount;
    }

    /** What counts in the sum over all conversations. */
    int loudUnread() {
        return state.recvOpt == V2TIMMessage.V2TIM_RECEIVE_MESSAGE ? state.unreadCount : 0;
    }

    long order() {
        return state.orderKey;
    }

    void setOrder(long order) {
        state.orderKey = order;
    }

    void setUnread(int count) {
        state.unreadCount = Math.max(0, count);
        if (state.unreadCount == 0) {
            state.groupAtInfoList = new ArrayList<V2TIMGroupAtInfo>();
        }
    }

    void setPinned(boolean isPinned) {
        state.pinned = isPinned;
    }

    void setOption(int option) {
        state.recvOpt = option;
    }

    void setDraft(String text, long seconds) {
        state.draftText = text;
        state.draftTimestamp = text == null ? 0 : seconds;
    }

    void setLast(V2TIMMessage message) {
        state.lastMessage = message;
        if (isOfGroup()) {
            lastSeq = Math.max(lastSeq, message.seq);
        }
    }

    /** Whether a message stands behind the last one. */
    boolean isNewer(V2TIMMessage message) {
        V2TIMMessage last = state.lastMessage;
        if (last == null || message.msgID.equals(last.msgID)) {
            return true;
        }
        if (isOfGroup() && message.seq != 0 && last.seq != 0) {
            return message.seq >= last.seq;
        }
        return message.timestamp >= last.timestamp;
    }

    void mark(long seq, int type) {
        V2TIMGroupAtInfo mark = new V2TIMGroupAtInfo();
        mark.seq = seq;
        mark.atType = type;
        for (V2TIMGroupAtInfo known : state.groupAtInfoList) {
            if (known.seq == seq) {
                return;
            }
        }
        // A copy: an app may hold the list of the conversation as it was.
        state.groupAtInfoList = new ArrayList<V2TIMGroupAtInfo>(state.groupAtInfoList);
        state.groupAtInfoList.add(mark);
    }

    void setGroup(String type, String groupName, String faceUrl) {
        state.groupType = type.isEmpty() ? state.groupType : GroupWire.typeOfWire(type);
        name = groupName.isEmpty() ? name : groupName;
        state.faceUrl = faceUrl.isEmpty() ? state.faceUrl : faceUrl;
        show();
    }

    void setUser(String nickName, String faceUrl) {
        name = nickName == null || nickName.isEmpty() ? name : nickName;
        state.faceUrl = faceUrl == null || faceUrl.isEmpty() ? state.faceUrl : faceUrl;
        show();
    }

    private void show() {
        state.showName = !remark.isEmpty() ? remark : !name.isEmpty() ? name : peer();
    }

    /** Takes over what the gateway's list says. A message of it that is known already stays the object that it is. */
    void read(JSONObject item, Session session, Recent recent) {
        state.pinned = Json.integer(item, "TopFlags") == 1;
        state.recvOpt = Json.integer(item, "MsgRecvOption");
        long seq = Json.number(item, "MsgSeq");
        if (isOfGroup()) {
            lastSeq = Math.max(lastSeq, Math.max(seq, Json.number(item, "GroupNextMsgSeq") - 1));
            setGroup(Json.text(item, "GroupType"), Json.text(item, "GroupNick"), Json.text(item, "GroupImage"));
            setUnread(Json.integer(item, "UnreadMsgCount") - Json.integer(item, "GroupIgnoredUnreadSeqCount"));
            state.groupReadSequence = Json.number(item, "MsgGroupReadedSeq");
        } else {
            remark = Json.text(item, "C2cRemark");
            setUser(Json.text(item, "C2cNick"), Json.text(item, "C2cImage"));
            state.c2cReadTimestamp = Json.number(item, "C2cPeerReadTime");
        }
        JSONObject last = item.optJSONObject("LastMsg");
        long time = Json.number(item, "MsgTimeStamp");
        if (last == null || time == 0) {
            return;
        }
        V2TIMMessage message = last(item, last, session, recent);
        if (state.lastMessage == null || message.timestamp > lastTime() || message.timestamp == lastTime() && message.seq >= state.lastMessage.seq) {
            state.lastMessage = message;
        }
    }

    private V2TIMMessage last(JSONObject item, JSONObject last, Session session, Recent recent) {
        long seq = Json.number(item, "MsgSeq");
        long time = Json.number(item, "MsgTimeStamp");
        JSONObject tip = last.optJSONObject("GroupTips");
        if (tip != null) {
            V2TIMMessage message = Received.ofGroup(Json.put(tip, "ToGroupId", peer()), session);
            if (message != null) {
                return message;
            }
        }
        if (state.lastMessage != null && state.lastMessage.seq == seq && state.lastMessage.timestamp == time) {
            recallIfTold(state.lastMessage, item, last);
            return state.lastMessage;
        }
        for (V2TIMMessage known : recent.of(state.userID, state.groupID)) {
            if (known.seq == seq && known.timestamp == time) {
                recallIfTold(known, item, last);
                return known;
            }
        }
        JSONObject whole = Json.object(
            "MsgSeq", seq, "MsgTimeStamp", time,
            "From_Account", Json.text(item, isOfGroup() ? "MsgGroupFrom_Account" : "LastC2cMsgFrom_Account"),
            "MsgBody", last.opt("MsgBody"), "CloudCustomData", Json.text(last, "CloudCustomData"),
            "TinyId", Json.text(last, "TinyId"), "MsgClientTime", Json.number(last, "MsgClientTime"),
            "MsgRandom", Json.number(last, "MsgRandom"), "MsgPriority", last.opt("MsgPriority"));
        V2TIMMessage message;
        if (isOfGroup()) {
            message = Received.ofGroup(Json.put(whole, "ToGroupId", peer()), session);
            message.nickName = Json.text(item, "MsgGroupFromNickName");
            message.nameCard = Json.text(item, "MsgGroupFromCardName");
        } else {
            boolean isOwn = session.user.equals(Json.text(whole, "From_Account"));
            message = Received.ofUser(Json.put(whole, "To_Account", isOwn ? peer() : session.user), session);
            message.peerRead = message.self && time <= state.c2cReadTimestamp;
        }
        if (Json.text(last, "TinyId").isEmpty()) {
            // Such a gateway does not tell who it was in numbers; it is no ID then.
            message.msgID = "";
        }
        recallIfTold(message, item, last);
        return message;
    }

    private void recallIfTold(V2TIMMessage message, JSONObject item, JSONObject last) {
        if (Json.integer(item, "LastMsgFlags") == (isOfGroup() ? RECALLED_OF_GROUP : RECALLED_OF_USER)) {
            Received.recalled(message, Json.object(last, "RevokerInfo"));
        }
    }

    V2TIMConversation copy() {
        V2TIMConversation copy = new V2TIMConversation();
        copy.conversationID = state.conversationID;
        copy.type = state.type;
        copy.userID = state.userID;
        copy.groupID = state.groupID;
        copy.showName = state.showName;
        copy.faceUrl = state.faceUrl;
        copy.recvOpt = state.recvOpt;
        copy.groupType = state.groupType;
        copy.unreadCount = state.unreadCount;
        copy.lastMessage = state.lastMessage;
        copy.draftText = state.draftText;
        copy.draftTimestamp = state.draftTimestamp;
        copy.groupAtInfoList = state.groupAtInfoList;
        copy.pinned = state.pinned;
        copy.orderKey = state.orderKey;
        copy.customData = state.customData;
        copy.c2cReadTimestamp = state.c2cReadTimestamp;
        copy.groupReadSequence = state.groupReadSequence;
        return copy;
    }

    /** What an app can see of it, to know whether it has changed. */
    String look() {
        V2TIMMessage last = state.lastMessage;
        return state.showName + '|' + state.faceUrl + '|' + state.recvOpt + '|' + state.unreadCount + '|' + state.pinned + '|'
            + state.orderKey + '|' + state.draftText + '|' + state.groupAtInfoList.size() + '|'
            + (last == null ? "" : last.msgID + last.seq + '|' + last.status);
    }
}
