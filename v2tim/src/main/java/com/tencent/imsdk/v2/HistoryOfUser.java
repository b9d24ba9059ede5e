package com.tencent.imsdk.v2;

import java.util.Collections;
import java.util.List;
import org.json.JSONObject;
import timgate.session.Request;
import timgate.session.Session;
import timgate.wire.Json;

/** The history between two users, whose messages have times and keys. */
final class HistoryOfUser extends History {
    private final String userID;
    private final boolean isNewer;
    private final V2TIMMessage last;
    private long time;
    private String key = "";

    HistoryOfUser(Client client, Session session, Wanted wanted, Reply<List<V2TIMMessage>> reply) {
        super(client, session, wanted, reply);
        userID = wanted.userID;
        isNewer = wanted.isNewer;
        last = wanted.last;
        if (last != null) {
            time = last.timestamp;
            // One that is known from the list of conversations only may lack its number: then its time must do.
            key = last.random == 0 ? "" : Identity.key(last);
        } else {
            time = wanted.begin;
        }
    }

    @Override
    void next() {
        Request request = Request.of("openim.getroammsg", "Peer_Account", userID, "MaxCnt", PAGE, "LastMsgTime", time,
            "MsgKey", key, "WithRecalledMsg", 1, "GetDirection", isNewer ? 1 : 0);
        ask(request, new Step(reply()) {
            @Override
            void next(JSONObject body) {
                List<JSONObject> items = Json.objects(body, "MsgList");
                if (!isNewer) {
                    Collections.reverse(items);
                }
                boolean isFull = false;
                for (JSONObject item : items) {
                    V2TIMMessage message = Received.ofUser(item, session);
                    isFull |= !isLast(message) && keep(message);
                }
                String nextKey = Json.text(body, "MsgKey");
                boolean isOver = Json.integer(body, "Complete") == 1 || items.isEmpty() || nextKey.isEmpty() || nextKey.equals(key);
                if (isFull || isOver) {
                    finish();
                } else {
                    key = nextKey;
                    time = Json.number(body, "LastMsgTime");
                    HistoryOfUser.this.next();
                }
            }
        });
    }

    private boolean isLast(V2TIMMessage message) {
        return last != null && message.seq == last.seq && message.timestamp == last.timestamp
            && (last.random == 0 || message.random == last.random);
    }
}
