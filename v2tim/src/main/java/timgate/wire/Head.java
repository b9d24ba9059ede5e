package timgate.wire;

import org.json.JSONObject;

/** The heads of requests, as a web client of the same protocol writes them. */
public final class Head {
    /** The kind of terminal: Android, and the JVM. The gateway keeps one device of a user for each kind. */
    public static final int PLATFORM = 2;

    private static final String VERSION = "v4";
    private static final long PROTOCOL_ID = 537048168;
    private static final String PROTOCOL_VERSION = "1.7.3";
    /** What the client understands; the bits of a web client of version 3. */
    private static final long ABILITIES = 75689843;

    private Head() {}

    /**
     * Of a request that was first asked at `askedAt`, in Unix seconds. With `isAgain` that was on a connection that broke:
     * the gateway does it once.
     */
    public static JSONObject of(String command, long seq, long askedAt, boolean isAgain, int sdkAppId, Credentials credentials) {
        JSONObject head = Json.object(
            "ver", VERSION,
            "platform", PLATFORM,
            "websdkappid", PROTOCOL_ID,
            "websdkversion", PROTOCOL_VERSION,
            "servcmd", command,
            "seq", seq,
            "reqtime", askedAt,
            "sdkappid", sdkAppId,
            "contenttype", "json",
            "sdkability", ABILITIES);
        if (isAgain) {
            Json.put(head, "again", 1);
        }
        credentials.write(head);
        return head;
    }
}
