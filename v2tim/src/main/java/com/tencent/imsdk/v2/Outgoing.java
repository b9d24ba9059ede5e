package com.tencent.imsdk.v2;

import java.util.Calendar;
import java.util.List;
import java.util.Random;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.Codes;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.session.Session;
import timgate.wire.Json;
import timgate.wire.Utf8;

/** Sends messages. Their identity is made before {@code sendMessage} returns, and stays. */
final class Outgoing {
    private static final int MOST_BYTES = 12 << 10;
    private static final int MOST_TARGETS = 50;
    /** The gateway's codes for a text that it refuses. */
    private static final int SENSITIVE_TEXT = 80001;
    private static final int SENSITIVE_MEDIA = 80004;

    private static final Random RANDOM = new Random();
    private static int count;

    private Outgoing() {
    }

    /** Gives the message's ID; null when nothing is sent, and the reply says why. */
    static String send(Managers all, final V2TIMMessage message, String receiver, String groupID, int priority, boolean onlineUserOnly,
            V2TIMOfflinePushInfo push, final Reply<V2TIMMessage> reply) {
        try {
            final Client client = all.loggedIn("sendMessage");
            Check.given("sendMessage: the message", message);
            boolean hasReceiver = !Check.isEmpty(receiver);
            boolean hasGroup = !Check.isEmpty(groupID);
            if (!hasReceiver && !hasGroup) {
                throw Check.wrong("sendMessage: receiver and groupID", "are both empty; give one");
            }
            final JSONArray body = Elements.write(message);
            if (Utf8.bytes(body.toString()).length > MOST_BYTES) {
                throw new Refusal(Codes.MESSAGE_TOO_LARGE, "sendMessage: the message is larger than 12 KB; nothing was sent");
            }
            identify(message, client.session("sendMessage"), hasGroup ? null : receiver, hasGroup ? groupID : null);
            message.priority = priority == V2TIMMessage.V2TIM_PRIORITY_DEFAULT ? V2TIMMessage.V2TIM_PRIORITY_NORMAL : priority;
            message.onlineUserOnly = onlineUserOnly;
            message.offlinePushInfo = push == null ? new V2TIMOfflinePushInfo() : push;
            message.cloudCustomData = message.cloudCustomData == null ? "" : message.cloudCustomData;
            final Request request = hasGroup
                ? toGroup(message, body, hasReceiver ? receiver : null) : toUser(message, body);
            client.run(new Client.Work(reply) {
                @Override
                void work() {
                    client.seen.add(message.msgID);
                    if (isKept(client, message)) {
                        client.recent.add(message);
                        client.conversing.said(message);
                    }
                    client.sessions.ask(request, new Sent(client, message, reply));
                }
            });
            return message.msgID;
        } catch (Refusal refusal) {
            if (message != null && message.msgID == null) {
                message.status = V2TIMMessage.V2TIM_MSG_STATUS_SEND_FAIL;
            }
            reply.fail(refusal);
            return null;
        }
    }

    /** A message that failed keeps its identity when it is sent again: had it arrived after all, it is there once. */
    private static void identify(V2TIMMessage message, Session session, String userID, String groupID) throws Refusal {
        boolean isAgain = message.msgID != null;
        if (isAgain && message.status != V2TIMMessage.V2TIM_MSG_STATUS_SEND_FAIL) {
            throw Check.wrong("sendMessage: the message", "was sent already; make another one with createForwardMessage");
        }
        boolean isSamePlace = isAgain && session.user.equals(message.sender)
            && (groupID == null ? userID.equals(message.userID) : groupID.equals(message.groupID));
        if (!isSamePlace) {
            long now = session.seconds();
            synchronized (RANDOM) {
                message.random = RANDOM.nextInt() & 0xffffffffL;
                message.seq = groupID == null ? nextSeq() : 0;
            }
            message.timestamp = now;
            message.msgID = Identity.of(session.tinyId, now, message.random);
        }
        message.sender = session.user;
        message.self = true;
        message.read = true;
        message.userID = userID;
        message.groupID = groupID;
        message.status = V2TIMMessage.V2TIM_MSG_STATUS_SENDING;
    }

    /** Hour, minute and second, and a number of four digits: as the web SDKs number what they say to a user. */
    private static long nextSeq() {
        Calendar now = Calendar.getInstance();
        long time = now.get(Calendar.HOUR_OF_DAY) * 10_000L + now.get(Calendar.MINUTE) * 100 + now.get(Calendar.SECOND);
        count = (count + 1) % 10_000;
        return time * 10_000 + count;
    }

    private static Request toUser(V2TIMMessage message, JSONArray body) {
        JSONObject asked = common(message, body);
        Json.put(asked, "To_Account", message.userID);
        Json.put(asked, "MsgSeq", message.seq);
        Json.put(asked, "MsgRandom", message.random);
        Json.put(asked, "IsNeedReadReceipt", message.needReadReceipt ? 1 : 0);
        if (message.onlineUserOnly) {
            Json.put(asked, "MsgLifeTime", 0);
        }
        return Request.with("openim.sendmsg", asked);
    }

    private static Request toGroup(V2TIMMessage message, JSONArray body, String onlyTo) throws Refusal {
        JSONObject asked = common(message, body);
        Json.put(asked, "GroupId", message.groupID);
        Json.put(asked, "Random", message.random);
        synchronized (RANDOM) {
            Json.put(asked, "ClientSeq", nextSeq());
        }
        Json.put(asked, "MsgPriority", Priority.word(message.priority));
        Json.put(asked, "OnlineOnlyFlag", message.onlineUserOnly ? 1 : 0);
        Json.put(asked, "NeedReadReceipt", message.needReadReceipt ? 1 : 0);
        JSONArray marks = new JSONArray();
        for (String user : message.groupAtUserList) {
            marks.put(V2TIMGroupAtInfo.AT_ALL_TAG.equals(user)
                ? Json.object("GroupAtAllFlag", 1) : Json.object("GroupAtAllFlag", 0, "GroupAt_Account", user));
        }
        Json.put(asked, "GroupAtInfo", marks);
        List<String> targets = message.targetMembers;
        if (targets != null && targets.size() > MOST_TARGETS) {
            throw Check.wrong("sendMessage: the list of receivers", "has more than " + MOST_TARGETS + " members");
        }
        if (onlyTo != null) {
            Json.put(asked, "To_Account", Json.list(onlyTo));
        } else if (targets != null && !targets.isEmpty()) {
            Json.put(asked, "To_Account", Json.listOf(targets));
        }
        return Request.with(GroupWire.command(message.groupID, "send_group_msg"), asked);
    }

    private static JSONObject common(V2TIMMessage message, JSONArray body) {
        JSONObject asked = Json.object(
            "From_Account", message.sender,
            "MsgBody", body,
            "CloudCustomData", message.cloudCustomData,
            "OfflinePushInfo", push(message.offlinePushInfo),
            "MsgClientTime", Identity.clientTime(message.msgID),
            "SupportMessageExtension", message.supportMessageExtension ? 1 : 0,
            "IsRelayMsg", message.forwarded ? 1 : 0);
        if (!message.onlineUserOnly) {
            JSONArray control = new JSONArray();
            if (message.excludedFromUnreadCount) {
                control.put("NoUnread");
            }
            if (message.excludedFromLastMessage) {
                control.put("NoLastMsg");
            }
            if (message.excludedFromContentModeration) {
                control.put("NoMsgCheck");
            }
            Json.put(asked, "SendMsgControl", control);
        }
        return asked;
    }

    private static JSONObject push(V2TIMOfflinePushInfo push) {
        String extension = Utf8.text(push.ext);
        return Json.object(
            "PushFlag", push.disablePush ? 1 : 0,
            "Title", push.title == null ? "" : push.title,
            "Desc", push.desc == null ? "" : push.desc,
            "Ext", extension == null ? "" : extension);
    }

    /** Whether it is to be found again: in the history and as the last of its conversation. On the loop. */
    private static boolean isKept(Client client, V2TIMMessage message) {
        return !message.onlineUserOnly && !client.live.has(message.groupID);
    }

    /** What becomes of a message that was sent. */
    private static final class Sent extends Ask<V2TIMMessage> {
        private final Client client;
        private final V2TIMMessage message;

        Sent(Client client, V2TIMMessage message, Reply<V2TIMMessage> reply) {
            super(reply);
            this.client = client;
            this.message = message;
        }

        @Override
        V2TIMMessage value(JSONObject body) {
            message.timestamp = Json.number(body, "MsgTime", message.timestamp);
            if (message.groupID != null) {
                message.seq = Json.number(body, "MsgSeq", message.seq);
            }
            message.status = V2TIMMessage.V2TIM_MSG_STATUS_SEND_SUCC;
            if (isKept(client, message)) {
                client.conversing.said(message);
                client.conversing.describe(message.groupID);
            }
            return message;
        }

        @Override
        public void refused(Refusal refusal) {
            message.status = V2TIMMessage.V2TIM_MSG_STATUS_SEND_FAIL;
            message.riskContent = refusal.code == SENSITIVE_TEXT || refusal.code == SENSITIVE_MEDIA;
            if (isKept(client, message) && client.sessions.session() != null) {
                client.conversing.said(message);
                client.conversing.describe(message.groupID);
            }
            super.refused(refusal);
        }
    }
}
