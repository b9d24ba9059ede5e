package timgate.session;

import org.json.JSONObject;

/** Why something was not done: a code, a line for people, and what the gateway said beside it. */
public final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    public final int code;
    public final String text;
    /** Empty when the refusal is not the gateway's. */
    public final transient JSONObject body;

    public Refusal(int code, String text) {
        this(code, text, new JSONObject());
    }

    Refusal(int code, String text, JSONObject body) {
        super(text);
        this.code = code;
        this.text = text;
        this.body = body;
    }

    /** It is an answer, not a fault: where it was made is of no interest. */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
