package com.tencent.imsdk.v2;

import java.util.List;
import org.json.JSONObject;
import timgate.wire.Json;

/**
 * Finds the newest message of a group that was said at a second or before.
 *
 * <p>The gateway finds messages of a group by their numbers alone. Their times grow with the numbers, so that halving the
 * range leads there in a few steps.
 */
abstract class Moment {
    private final HistoryOfGroup history;
    private final long second;
    /** Whatever has this number or a lower one was said in time. */
    private long low;
    /** Whatever has a higher one was said later. */
    private long high;

    Moment(HistoryOfGroup history, long second) {
        this.history = history;
        this.second = second;
    }

    /** Its number; 0 when there is none. */
    abstract void found(long seq);

    final void look() {
        look(0, Long.MAX_VALUE);
    }

    private void halve() {
        if (low >= high) {
            found(low);
        } else {
            long middle = high - (high - low) / 2;
            look(middle, middle);
        }
    }

    /** Looks at what is at a number and below. Between it and `top` there is nothing. */
    private void look(final long at, final long top) {
        history.ask(HistoryOfGroup.page(history.groupID, at, History.PAGE), new Step(history.reply()) {
            @Override
            void next(JSONObject body) {
                List<JSONObject> items = Json.objects(body, "RspMsgList");
                long oldest = 0;
                boolean isNewest = true;
                for (JSONObject item : items) {
                    long seq = Json.number(item, "MsgSeq");
                    long time = Json.number(item, "MsgTimeStamp");
                    oldest = seq;
                    if (time == 0) {
                        // It holds the place of one that is gone.
                        continue;
                    }
                    if (time <= second) {
                        if (isNewest && top != Long.MAX_VALUE) {
                            low = top;
                            halve();
                        } else {
                            found(seq);
                        }
                        return;
                    }
                    isNewest = false;
                }
                long next = Json.number(body, "NextReqMsgSeq");
                long below = oldest > 0 ? oldest - 1 : next;
                if (!isNewest) {
                    high = below;
                    halve();
                } else if (below < 1) {
                    // Nothing is left that low.
                    low = top == Long.MAX_VALUE ? 0 : top;
                    high = top == Long.MAX_VALUE ? 0 : high;
                    halve();
                } else {
                    look(below, top);
                }
            }
        });
    }
}
