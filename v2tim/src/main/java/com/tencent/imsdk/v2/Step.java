package com.tencent.imsdk.v2;

import org.json.JSONObject;
import timgate.session.Answer;
import timgate.session.Refusal;

/** One of several questions to the gateway that make one answer to the app: a refusal of any is the app's. */
abstract class Step implements Answer {
    private final Reply<?> reply;

    Step(Reply<?> reply) {
        this.reply = reply;
    }

    /** Goes on with the answer; on the loop. */
    abstract void next(JSONObject body) throws Refusal;

    @Override
    public final void done(JSONObject body) {
        try {
            next(body);
        } catch (Refusal refusal) {
            refused(refusal);
        } catch (RuntimeException fault) {
            reply.fail(fault);
        }
    }

    @Override
    public void refused(Refusal refusal) {
        reply.fail(refusal);
    }
}
