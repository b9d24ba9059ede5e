package timgate.session;

import org.json.JSONObject;
import timgate.wire.Json;

/** What is asked of the gateway: a command and its body. */
public final class Request {
    public final String command;
    public final JSONObject body;

    private Request(String command, JSONObject body) {
        this.command = command;
        this.body = body;
    }

    /** `pairs` are the names and values of the body; a null value leaves its name out. */
    public static Request of(String command, Object... pairs) {
        return new Request(command, Json.object(pairs));
    }

    public static Request with(String command, JSONObject body) {
        return new Request(command, body);
    }
}
