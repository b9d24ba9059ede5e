package com.tencent.imsdk.v2;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.json.JSONObject;
import timgate.Log;
import timgate.session.Request;
import timgate.session.Session;
import timgate.wire.Frame;
import timgate.wire.Json;

/** What the gateway tells by itself: to whom each kind of news goes. Kinds of a later version are nobody's. */
final class Pushes {
    private static final int TIP = 4;
    private static final int NOTICE = 5;
    private static final int PASSING = 6;
    private static final int MARK = 12;

    private final Client client;

    Pushes(Client client) {
        this.client = client;
    }

    void take(Frame frame) {
        if (!frame.command.equals("im_open_push.msg_push") && !frame.command.equals("im_open_push.multi_msg_push_ws")) {
            Log.debug("a push of an unknown kind: " + frame.command);
            return;
        }
        take(Json.objects(frame.body, "EventArray"));
        if (Json.flag(frame.body, "NeedAck")) {
            client.sessions.tell(Request.of("openim.ws_msg_push_ack", "SessionData", Json.text(frame.body, "SessionData")));
        }
    }

    void take(List<JSONObject> events) {
        for (JSONObject event : events) {
            Session session = client.sessions.session();
            if (session == null) {
                return;
            }
            try {
                take(event, session);
            } catch (RuntimeException fault) {
                // One event that is made of nonsense is not to hold up those behind it.
                Log.error("an event of the gateway was dropped", fault);
            }
        }
        client.conversing.tellChanges();
    }

    /** By the name of what it holds, as clients of this protocol do; the number only where names are shared. */
    private void take(JSONObject event, Session session) {
        if (event.has("GroupMsgArray")) {
            List<JSONObject> items = Json.objects(event, "GroupMsgArray");
            Collections.sort(items, BY_SEQ);
            for (JSONObject item : items) {
                V2TIMMessage message = Received.ofGroup(item, session);
                if (message != null) {
                    received(message, Json.object(item, "GroupInfo"));
                }
            }
        } else if (event.has("C2cMsgArray")) {
            for (JSONObject item : Json.objects(event, "C2cMsgArray")) {
                received(Received.ofUser(item, session), null);
            }
        } else if (event.has("C2cNotifyMsgArray")) {
            for (JSONObject notice : Json.objects(event, "C2cNotifyMsgArray")) {
                ofUsers(notice);
            }
        } else if (event.has("GroupTips")) {
            ofGroups(event, session);
        } else if (event.has("RecentContactMod")) {
            for (JSONObject change : Json.objects(event, "RecentContactMod")) {
                client.conversing.changedElsewhere(change);
            }
        } else if (event.has("C2CReadAllMsg")) {
            client.conversing.readAllElsewhere(Json.flag(event, "C2CReadAllMsg"), Json.objects(event, "GroupReadInfoArray"));
        } else if (event.has("ProfileDataMod")) {
            for (JSONObject change : Json.objects(event, "ProfileDataMod")) {
                Users.changed(client, session, change);
            }
        } else if (event.has("FriendListMod")) {
            for (JSONObject change : Json.objects(event, "FriendListMod")) {
                client.all.friendships.changed(client, change);
            }
        }
    }

    private static final Comparator<JSONObject> BY_SEQ = new Comparator<JSONObject>() {
        @Override
        public int compare(JSONObject one, JSONObject other) {
            return Long.signum(Json.number(one, "MsgSeq") - Json.number(other, "MsgSeq"));
        }
    };

    // ---- messages

    private void received(V2TIMMessage message, JSONObject group) {
        if (!client.seen.add(message.msgID)) {
            return;
        }
        if (group != null) {
            client.live.note(message.groupID, Json.text(group, "GroupType"));
        }
        if (!message.onlineUserOnly && !client.live.has(message.groupID)) {
            client.recent.add(message);
            client.conversing.heard(message, group);
        }
        // A signal that is sent in passing is for the signalling listeners alone.
        if (!message.onlineUserOnly || Signal.in(message) == null) {
            client.all.messages.received(message);
        }
        client.inviting.received(message);
    }

    private void recalled(String id, String userID, String groupID, long seq, JSONObject revoker) {
        if (!client.seen.add("recall " + id)) {
            return;
        }
        V2TIMMessage message = client.recent.get(id);
        if (message != null) {
            Received.recalled(message, revoker);
        }
        client.conversing.recalled(id, userID, groupID, seq, revoker);
        client.all.messages.recalled(id, revoker);
    }

    // ---- what happened between users

    private void ofUsers(JSONObject notice) {
        if (notice.has("C2cReadedReceipt")) {
            for (JSONObject read : Json.objects(Json.object(notice, "C2cReadedReceipt"), "UinPairReadArray")) {
                String reader = Json.text(read, "From_Account");
                long time = Json.number(read, "LastReadTime");
                for (V2TIMMessage message : client.recent.of(reader, null)) {
                    message.peerRead |= message.self && message.timestamp <= time;
                }
                client.all.messages.readByPeer(reader, time);
            }
        } else if (notice.has("ReadC2cMsgNotify")) {
            for (JSONObject read : Json.objects(Json.object(notice, "ReadC2cMsgNotify"), "UinPairReadArray")) {
                client.conversing.readElsewhere(Json.text(read, "From_Account"), Json.number(read, "LastReadTime"));
            }
        } else if (notice.has("WithdrawC2cMsgNotify")) {
            for (JSONObject item : Json.objects(Json.object(notice, "WithdrawC2cMsgNotify"), "C2cWithdrawInfoArray")) {
                long random = Json.number(item, item.has("MsgRand") ? "MsgRand" : "MsgRandom");
                String id = Identity.of(Json.text(item, "TinyId"), Json.number(item, "MsgClientTime"), random);
                String from = Json.text(item, "From_Account");
                Session session = client.sessions.session();
                String peer = session != null && from.equals(session.user) ? Json.text(item, "To_Account") : from;
                recalled(id, peer, null, Json.number(item, "MsgSeq"), Json.object(item, "RevokerInfo"));
            }
        } else if (notice.has("MuteNotificationsSync")) {
            JSONObject sync = Json.object(notice, "MuteNotificationsSync");
            for (String user : Json.texts(sync, "To_Account")) {
                client.conversing.muted(ConversationId.ofUser(user), Json.integer(sync, "MuteNotifications"));
            }
        }
    }

    // ---- what happened in groups

    private void ofGroups(JSONObject event, Session session) {
        int kind = Json.integer(event, "Event");
        for (JSONObject item : Json.objects(event, "GroupTips")) {
            JSONObject body = Json.object(item, "MsgBody");
            if (kind == MARK) {
                marked(item, body);
            } else if (kind == NOTICE) {
                noticed(item, body, session);
            } else if (kind == TIP) {
                V2TIMMessage tip = Received.ofGroup(item, session);
                if (tip != null && client.seen.add(tip.msgID)) {
                    JSONObject group = Json.object(item, "GroupInfo");
                    client.live.note(tip.groupID, Json.text(group, "GroupType"));
                    if (!client.live.has(tip.groupID)) {
                        client.recent.add(tip);
                        client.conversing.heard(tip, group);
                    }
                    client.groups.tip(tip.groupID, body);
                    client.all.messages.received(tip);
                }
            } else if (kind == PASSING) {
                passed(item, body, session);
            } else {
                Log.debug("an event of a group of a kind that is not known: " + kind);
            }
        }
    }

    /** What no history has. */
    private void passed(JSONObject item, JSONObject body, Session session) {
        String groupID = Json.text(item, "ToGroupId");
        int change = Json.integer(body, "OpType");
        JSONObject attributes = Json.object(Json.object(body, "MsgGroupNewInfo"), "GroupAttrOption");
        if (attributes.length() > 0) {
            client.attributes.changed(groupID, attributes);
        } else if (body.has("GroupCounterInfo")) {
            client.groups.counters(groupID, Json.objects(body, "GroupCounterInfo"));
        } else if (change == Pins.PINNED || change == Pins.UNPINNED) {
            Pins.told(client, groupID, body, session);
        } else {
            V2TIMMessage tip = Received.ofGroup(item, session);
            if (tip != null && client.seen.add(tip.msgID)) {
                tip.onlineUserOnly = true;
                client.groups.tip(groupID, body);
                client.all.messages.received(tip);
            }
        }
    }

    private void marked(JSONObject item, JSONObject body) {
        JSONObject mark = item.has("GroupAtTips") ? Json.object(item, "GroupAtTips") : body;
        boolean me = false;
        boolean all = false;
        for (String type : Json.texts(mark, "GroupAtType")) {
            me |= type.equals("1");
            all |= type.equals("2");
        }
        client.conversing.marked(Json.text(mark, "GroupId"), Json.number(mark, "MsgSeq"), me, all, item);
    }

    private void noticed(JSONObject item, JSONObject body, Session session) {
        if (body.has("GroupWithdrawInfoArray")) {
            for (JSONObject gone : Json.objects(body, "GroupWithdrawInfoArray")) {
                String groupID = Json.text(gone, "GroupId");
                long seq = Json.number(gone, "MsgSeq");
                recalled(groupMessageId(groupID, seq, gone), null, groupID, seq, Json.object(item, "RevokerInfo"));
            }
        } else if (body.has("GroupReadInfoArray")) {
            for (JSONObject read : Json.objects(body, "GroupReadInfoArray")) {
                client.conversing.readGroupElsewhere(Json.text(read, "GroupId"), Json.number(read, "LastReadMsgSeq"));
            }
        } else if (client.seen.add("notice " + Json.text(item, "ClientSeq") + ' ' + Json.text(item, "MsgRandom") + ' '
                + Json.text(item, "MsgTimeStamp"))) {
            client.groups.notice(item, body, session);
        }
    }

    private String groupMessageId(String groupID, long seq, JSONObject gone) {
        String tinyId = Json.text(gone, "TinyId");
        if (!tinyId.isEmpty()) {
            return Identity.of(tinyId, Json.number(gone, "MsgClientTime"), Json.number(gone, "MsgRandom"));
        }
        V2TIMMessage known = client.recent.ofGroup(groupID, seq);
        return known == null ? "" : known.msgID;
    }
}
