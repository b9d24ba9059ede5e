package com.tencent.imsdk.v2;

import org.json.JSONObject;
import timgate.session.Answer;
import timgate.session.Refusal;

/** A question to the gateway whose answer is the answer to the app. */
abstract class Ask<T> implements Answer {
    final Reply<T> reply;

    Ask(Reply<T> reply) {
        this.reply = reply;
    }

    /** For commands of which only the success is of interest. */
    static final class Done extends Ask<Void> {
        Done(Reply<Void> reply) {
            super(reply);
        }

        @Override
        Void value(JSONObject body) {
            return null;
        }
    }

    /** What the app is told; on the loop. */
    abstract T value(JSONObject body) throws Refusal;

    @Override
    public final void done(JSONObject body) {
        try {
            reply.succeed(value(body));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        } catch (RuntimeException fault) {
            reply.fail(fault);
        }
    }

    @Override
    public void refused(Refusal refusal) {
        reply.fail(refusal);
    }
}
