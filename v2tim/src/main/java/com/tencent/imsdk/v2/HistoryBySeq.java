package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.json.JSONObject;
import timgate.session.Session;
import timgate.wire.Json;

/** Messages of a group that are named by their numbers, in the order of reading. Those that are gone are left out. */
final class HistoryBySeq extends HistoryOfGroup {
    private final List<Long> left;
    private final boolean isNewer;

    HistoryBySeq(Client client, Session session, Wanted wanted, Reply<List<V2TIMMessage>> reply) {
        super(client, session, wanted, reply);
        isNewer = wanted.isNewer;
        left = new ArrayList<Long>(wanted.seqs);
        Collections.sort(left);
        if (!isNewer) {
            Collections.reverse(left);
        }
    }

    @Override
    void next() {
        if (left.isEmpty()) {
            finish();
            return;
        }
        List<Long> some = left.subList(0, Math.min(PAGE, left.size()));
        List<Long> asked = new ArrayList<Long>(some);
        some.clear();
        ask(exactly(groupID, asked), new Step(reply()) {
            @Override
            void next(JSONObject body) {
                List<JSONObject> items = Json.objects(body, "RspMsgList");
                if (isNewer) {
                    Collections.reverse(items);
                }
                for (JSONObject item : items) {
                    V2TIMMessage message = message(item);
                    if (message != null) {
                        keep(message);
                    }
                }
                HistoryBySeq.this.next();
            }
        });
    }
}
