package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONObject;
import timgate.Log;
import timgate.loop.Timer;
import timgate.session.Answer;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/**
 * The AVChatRooms that this session has to do with: one is in them by being there, and what is said there is kept nowhere,
 * neither by the gateway nor here.
 *
 * <p>What is told there is pushed, or the gateway wants to be asked for it: its answer to a join says which. Everything
 * happens on the loop.
 */
final class LiveRooms {
    private static final String ASK = "group_open_long_polling_http_svc.get_msg";
    private static final int MESSAGE = 3;
    private static final int NOTICE = 5;
    private static final int RECALL = 20;
    /** More than anybody has to do with; of the one that was heard of least lately it is forgotten what it is. */
    private static final int MOST = 1000;
    /** Between an answer and the next question, as web clients do it: what is said meanwhile comes in one answer. */
    private static final long PAUSE_MS = 300;
    private static final long AGAIN_AFTER_MS = 2000;
    private static final int NOT_IN_IT = 10007;
    private static final int MISSING = 10010;

    private final Client client;
    private final Map<String, Boolean> known = new LinkedHashMap<String, Boolean>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST;
        }
    };
    private final Map<String, Asking> askings = new HashMap<String, Asking>();

    LiveRooms(Client client) {
        this.client = client;
    }

    void clear() {
        for (Asking asking : askings.values()) {
            Timer.cancel(asking.timer);
        }
        askings.clear();
        known.clear();
    }

    static boolean isType(String type) {
        // One of the few types of which the wire has the API's name.
        return V2TIMManager.GROUP_TYPE_AVCHATROOM.equals(type);
    }

    /** Of messages between users, which have no group, too. */
    boolean has(String groupID) {
        return groupID != null && known.get(groupID) != null;
    }

    /** What the gateway said of a group's type, in its words. */
    void note(String groupID, String type) {
        if (isType(type)) {
            learn(groupID);
        } else if (!type.isEmpty()) {
            known.remove(groupID);
        }
    }

    /** What was said before that was known is taken for a conversation. */
    private void learn(String groupID) {
        if (known.put(groupID, Boolean.TRUE) == null) {
            client.recent.forget(groupID);
            client.conversing.gone(ConversationId.ofGroup(groupID));
        }
    }

    static Request join(String groupID, String message) {
        return Request.of(GroupWire.command(groupID, "apply_join_group"), "GroupId", groupID, "ApplyMsg", message == null ? "" : message,
            "WebPushFlag", 1, "HugeGroupHistoryMsgFlag", 1);
    }

    /** This device has joined a group; the gateway's answer says whether it is such a room. */
    void entered(String groupID, JSONObject answer) {
        if (!Json.flag(answer, "HugeGroupFlag")) {
            ended(groupID);
            return;
        }
        learn(groupID);
        stop(groupID);
        String key = Json.text(answer, "LongPollingKey");
        if (!key.isEmpty()) {
            Asking asking = new Asking(groupID, key, Json.number(answer, "StartSeq"));
            askings.put(groupID, asking);
            asking.ask();
        }
        tell(events(Json.objects(answer, "RspMsgList"), MESSAGE));
    }

    /** This device is in the room no more. */
    void left(String groupID) {
        stop(groupID);
    }

    /** There is no such room any more, and may be another group of this ID. */
    void ended(String groupID) {
        stop(groupID);
        known.remove(groupID);
    }

    private void stop(String groupID) {
        Asking asking = askings.remove(groupID);
        if (asking != null) {
            Timer.cancel(asking.timer);
        }
    }

    private void tell(List<JSONObject> events) {
        if (!events.isEmpty()) {
            client.take(new ArrayList<JSONObject>(), events);
        }
    }

    /** What is told one by one, each saying itself which event it is, as it would be pushed. */
    static List<JSONObject> events(List<JSONObject> items, int otherwise) {
        List<JSONObject> events = new ArrayList<JSONObject>();
        for (JSONObject item : items) {
            int kind = item.has("Event") ? Json.integer(item, "Event") : otherwise;
            if (kind == MESSAGE) {
                events.add(Json.object("Event", MESSAGE, "GroupMsgArray", Json.list(item)));
            } else if (kind == RECALL) {
                List<JSONObject> recalled = Json.objects(Json.object(item, "MsgBody"), "RevokeMsgList");
                for (JSONObject message : recalled) {
                    Json.put(message, "GroupId", Json.text(item, "ToGroupId"));
                }
                JSONObject body = Json.object("GroupWithdrawInfoArray", Json.listOf(recalled));
                events.add(Json.object("Event", NOTICE, "GroupTips", Json.list(
                    Json.object("MsgBody", body, "RevokerInfo", Json.object(item, "RevokerInfo")))));
            } else {
                events.add(Json.object("Event", kind, "GroupTips", Json.list(item)));
            }
        }
        return events;
    }

    /** Asks for what is told in a room, as long as the device is in it; the gateway answers when there is something. */
    private final class Asking implements Answer {
        private final String groupID;
        private String key;
        private long next;
        private Timer timer;

        Asking(String groupID, String key, long next) {
            this.groupID = groupID;
            this.key = key;
            this.next = next;
        }

        void ask() {
            client.sessions.ask(Request.of(ASK, "USP", 1, "StartSeq", next, "StartBroadcastSeq", 1, "HoldTime", 90, "Key", key,
                "DownsizeFlag", 0), this);
        }

        private boolean isOver() {
            return askings.get(groupID) != this;
        }

        private void askAfter(long ms) {
            timer = client.loop().after(ms, new Runnable() {
                @Override
                public void run() {
                    if (!isOver()) {
                        ask();
                    }
                }
            });
        }

        @Override
        public void done(JSONObject body) {
            if (isOver()) {
                return;
            }
            key = Json.text(body, "Key").isEmpty() ? key : Json.text(body, "Key");
            next = Json.number(body, "NextSeq", next);
            askAfter(PAUSE_MS);
            tell(events(Json.objects(body, "RspMsgList"), 0));
        }

        @Override
        public void refused(Refusal refusal) {
            if (isOver()) {
                return;
            }
            if (refusal.code == MISSING) {
                // It ended between two questions.
                ended(groupID);
                client.groups.dismissed(groupID);
            } else if (refusal.code == NOT_IN_IT) {
                Log.debug("nothing more is heard of an AVChatRoom: " + refusal.text);
                askings.remove(groupID);
            } else {
                askAfter(AGAIN_AFTER_MS);
            }
        }
    }
}
