package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import timgate.session.Refusal;

/** Reads what is in memory, without asking the gateway. It may be nothing. */
final class LocalHistory {
    private LocalHistory() {
    }

    static void read(Managers all, History.Wanted wanted, Reply<List<V2TIMMessage>> reply) {
        try {
            Client client = all.loggedIn("the local history");
            if (Check.isEmpty(wanted.groupID) && Check.isEmpty(wanted.userID)) {
                throw Check.wrong("the local history: userID and groupID", "are both empty; give one");
            }
            List<V2TIMMessage> known = client.recent.of(wanted.userID, Check.isEmpty(wanted.groupID) ? null : wanted.groupID);
            if (wanted.isNewer) {
                Collections.reverse(known);
            }
            long now = client.session("the local history").seconds();
            List<V2TIMMessage> found = new ArrayList<V2TIMMessage>();
            boolean isBehind = wanted.last == null;
            for (V2TIMMessage message : known) {
                boolean isWanted = wanted.hasType(message) && wanted.hasTime(message, now);
                if (isBehind && isWanted && found.size() < wanted.count) {
                    found.add(message);
                }
                isBehind |= wanted.last != null && message.msgID.equals(wanted.last.msgID);
            }
            reply.succeed(found);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }
}
