package timgate.session;

import org.json.JSONObject;
import timgate.wire.Credentials;
import timgate.wire.Json;

/** A log-in that succeeded. It holds over reconnects, until it is ended by one side. */
public final class Session {
    public final String user;
    /** The user's number, the beginning of the IDs of all their messages. */
    public final String tinyId;
    final Credentials credentials;
    private final long clockDifferenceMs;

    private Session(String user, String tinyId, Credentials credentials, long clockDifferenceMs) {
        this.user = user;
        this.tinyId = tinyId;
        this.credentials = credentials;
        this.clockDifferenceMs = clockDifferenceMs;
    }

    /** Null when the answer lacks what a session needs. `askedAt` is the time of the device when it asked. */
    static Session of(String user, JSONObject answer, long askedAt) {
        String token = Json.text(answer, "A2Key");
        String tinyId = Json.text(answer, "TinyId");
        if (token.isEmpty() || tinyId.isEmpty()) {
            return null;
        }
        long now = System.currentTimeMillis();
        long time = Json.number(answer, "TimeStamp") * 1000;
        long difference = time == 0 ? 0 : time - (askedAt + now) / 2;
        return new Session(user, tinyId, Credentials.ofSession(token, tinyId, Json.number(answer, "InstId")), difference);
    }

    /** The gateway's Unix second. */
    public long seconds() {
        return (System.currentTimeMillis() + clockDifferenceMs) / 1000;
    }
}
