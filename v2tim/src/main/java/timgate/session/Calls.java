package timgate.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.json.JSONObject;
import timgate.Codes;
import timgate.loop.Loop;
import timgate.loop.Timer;
import timgate.wire.Frame;
import timgate.wire.Json;

/**
 * Requests that wait for their answers.
 *
 * One that was not answered when the connection broke is asked again on the next, with the same number and the same body:
 * the gateway knows by them what it has done, and does it once. Each ends in time, whatever the line does.
 */
final class Calls {
    static final long ANSWER_WITHIN_MS = 15_000;
    /** Apps that ask more than this at once ask in a loop. */
    private static final int MOST = 1_000;

    /** Writes a request to the connection that was first asked at `askedAt`; `isAgain` when it was written to another before. */
    interface Writer {
        void write(long seq, Request request, long askedAt, boolean isAgain);
    }

    private static final class Call {
        final long seq;
        final Request request;
        final Answer answer;
        /** In Unix seconds. */
        final long askedAt = System.currentTimeMillis() / 1000;
        Timer timer;
        /** Whether it was written to the connection that there is. */
        boolean isWritten;
        boolean wasWritten;

        Call(long seq, Request request, Answer answer) {
            this.seq = seq;
            this.request = request;
            this.answer = answer;
        }
    }

    private final Loop loop;
    private final Writer writer;
    /** In the order in which they were asked. */
    private final Map<Long, Call> waiting = new LinkedHashMap<Long, Call>();
    private long lastSeq;

    Calls(Loop loop, Writer writer, Random random) {
        this.loop = loop;
        this.writer = writer;
        // As web clients begin: two connections of a device are then told apart in a capture.
        lastSeq = random.nextInt(100_000_000);
    }

    /** Asks now when `isReady`, else as soon as the calls are told to go on. */
    void ask(Request request, long withinMs, boolean isReady, Answer answer) {
        if (waiting.size() >= MOST) {
            answer.refused(new Refusal(Codes.TOO_MANY_CALLS, request.command + ": " + MOST
                + " calls wait for the gateway already; wait for callbacks before you make more"));
            return;
        }
        final Call call = new Call(nextSeq(), request, answer);
        waiting.put(call.seq, call);
        call.timer = loop.after(withinMs, new Runnable() {
            @Override
            public void run() {
                late(call);
            }
        });
        if (isReady) {
            write(call);
        }
    }

    /** Asks what was not asked on this connection. */
    void goOn() {
        for (Call call : new ArrayList<Call>(waiting.values())) {
            if (!call.isWritten && waiting.containsKey(call.seq)) {
                write(call);
            }
        }
    }

    /** The connection is gone. */
    void lost() {
        for (Call call : waiting.values()) {
            call.isWritten = false;
        }
    }

    /** Gives the answer to whoever waits for it; false when it answers nothing. */
    boolean answered(Frame frame) {
        Call call = waiting.get(frame.seq);
        if (call == null || !call.request.command.equals(frame.command)) {
            return false;
        }
        end(call);
        int code = codeOf(frame.body);
        if (code == Codes.OK) {
            call.answer.done(frame.body);
        } else {
            call.answer.refused(new Refusal(code, textOf(frame, code), frame.body));
        }
        return true;
    }

    /** Ends all of them. */
    void refuseAll(int code, String text) {
        List<Call> all = new ArrayList<Call>(waiting.values());
        for (Call call : all) {
            end(call);
        }
        for (Call call : all) {
            call.answer.refused(new Refusal(code, call.request.command + ": " + text));
        }
    }

    private void late(Call call) {
        end(call);
        call.answer.refused(call.wasWritten
            ? new Refusal(Codes.REQUEST_TIMEOUT, call.request.command + ": the gateway did not answer in time; "
                + "whether it was done is not known")
            : new Refusal(Codes.NO_CONNECTION, call.request.command + ": there is no connection to the gateway; "
                + "nothing was sent, try again when onConnectSuccess was called"));
    }

    private void end(Call call) {
        waiting.remove(call.seq);
        call.timer.cancel();
    }

    private void write(Call call) {
        boolean isAgain = call.wasWritten;
        call.isWritten = true;
        call.wasWritten = true;
        writer.write(call.seq, call.request, call.askedAt, isAgain);
    }

    private long nextSeq() {
        lastSeq = (lastSeq + 1) & 0xffffffffL;
        return lastSeq;
    }

    private static int codeOf(JSONObject body) {
        int code = Json.integer(body, "ErrorCode");
        return code == Codes.OK ? Json.integer(body, "int32_error_code") : code;
    }

    private static String textOf(Frame frame, int code) {
        String text = Json.text(frame.body, "ErrorInfo");
        return text.isEmpty() ? frame.command + " was refused with " + code : text;
    }
}
