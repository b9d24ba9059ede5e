package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONObject;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.session.Session;
import timgate.wire.Json;

/** Pinned messages of groups. */
final class Pins {
    static final int PINNED = 16;
    static final int UNPINNED = 17;

    private Pins() {
    }

    static void pin(Managers all, String groupID, V2TIMMessage message, boolean isPinned, Reply<Void> reply) {
        try {
            Client client = all.loggedIn("pinGroupMessage");
            Check.text("pinGroupMessage: groupID", groupID);
            Check.given("pinGroupMessage: the message", message);
            if (message.seq == 0) {
                throw Check.wrong("pinGroupMessage: the message", "was not sent");
            }
            client.ask(Request.of(GroupWire.command(groupID, isPinned ? "pin_message" : "unpin_message"), "GroupId", groupID, "MsgSeq", message.seq,
                isPinned ? "Pinner_Account" : "UnPinner_Account", client.session("pinGroupMessage").user), new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    /** In the order in which they were pinned. */
    static void list(Managers all, final String groupID, final Reply<List<V2TIMMessage>> reply) {
        try {
            final Client client = all.loggedIn("getPinnedGroupMessageList");
            final Session session = client.session("getPinnedGroupMessageList");
            Check.text("getPinnedGroupMessageList: groupID", groupID);
            client.ask(Request.of(GroupWire.command(groupID, "get_pinned_messages"), "GroupId", groupID), new Step(reply) {
                @Override
                void next(JSONObject body) {
                    final List<Long> seqs = new ArrayList<Long>();
                    for (JSONObject item : Json.objects(body, "PinnedMsgList")) {
                        seqs.add(Json.number(item, "MsgSeq"));
                    }
                    if (seqs.isEmpty()) {
                        reply.succeed((List<V2TIMMessage>) new ArrayList<V2TIMMessage>());
                        return;
                    }
                    client.ask(HistoryOfGroup.exactly(groupID, seqs), new Ask<List<V2TIMMessage>>(reply) {
                        @Override
                        List<V2TIMMessage> value(JSONObject body) {
                            return inOrder(seqs, body, groupID, session);
                        }
                    });
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    /** One that was taken back meanwhile is left out. */
    private static List<V2TIMMessage> inOrder(List<Long> seqs, JSONObject body, String groupID, Session session) {
        Map<Long, V2TIMMessage> found = new HashMap<Long, V2TIMMessage>();
        for (JSONObject item : Json.objects(body, "RspMsgList")) {
            V2TIMMessage message = Received.ofGroup(Json.put(item, "ToGroupId", groupID), session);
            if (message != null && message.status != V2TIMMessage.V2TIM_MSG_STATUS_LOCAL_REVOKED) {
                found.put(message.seq, message);
            }
        }
        List<V2TIMMessage> list = new ArrayList<V2TIMMessage>();
        for (Long seq : seqs) {
            if (found.containsKey(seq)) {
                list.add(found.get(seq));
            }
        }
        return list;
    }

    /** All members are told that a message is pinned, or is no more. */
    static void told(Client client, final String groupID, JSONObject body, Session session) {
        final boolean isPinned = Json.integer(body, "OpType") == PINNED;
        final V2TIMMessage message = isPinned
            ? Received.ofGroup(Json.object(body, "PinnedMsg"), session)
            : named(client, groupID, Json.object(body, "SdkGroupMessageId"));
        final V2TIMGroupMemberInfo operator = Tips.operator(body);
        if (message == null) {
            return;
        }
        client.all.messages.listeners.tell(new Tell<V2TIMAdvancedMsgListener>() {
            @Override
            void to(V2TIMAdvancedMsgListener listener) {
                listener.onGroupMessagePinned(groupID, message, isPinned, operator);
            }
        });
    }

    /** The message of this name; where it is not known, one that has nothing but the name. */
    private static V2TIMMessage named(Client client, String groupID, JSONObject id) {
        String msgID = Identity.of(Json.text(id, "SenderTinyId"), Json.number(id, "ClientTime"), Json.number(id, "Random"));
        V2TIMMessage known = client.recent.get(msgID);
        if (known != null) {
            return known;
        }
        V2TIMMessage message = new V2TIMMessage();
        message.msgID = msgID;
        message.groupID = groupID;
        message.seq = Json.number(id, "MsgSeq");
        message.random = Json.number(id, "Random");
        message.timestamp = Json.number(id, "ServerTime");
        message.status = V2TIMMessage.V2TIM_MSG_STATUS_SEND_SUCC;
        return message;
    }
}
