package timgate.wire;

import org.json.JSONObject;

/** One message of the socket: `{"head": {…}, "body": {…}}`. */
public final class Frame {
    public final String command;
    public final long seq;
    public final JSONObject body;

    private Frame(String command, long seq, JSONObject body) {
        this.command = command;
        this.seq = seq;
        this.body = body;
    }

    /** Null when the text is no frame. */
    public static Frame parse(String text) {
        JSONObject whole = Json.parse(text);
        if (whole == null) {
            return null;
        }
        JSONObject head = Json.object(whole, "head");
        String command = Json.text(head, "servcmd");
        return command.isEmpty() ? null : new Frame(command, Json.number(head, "seq"), Json.object(whole, "body"));
    }

    /** The text of a request. */
    public static String text(JSONObject head, JSONObject body) {
        // By hand: the two objects are whole already, and need no third that holds them.
        return "{\"head\":" + head + ",\"body\":" + body + '}';
    }
}
