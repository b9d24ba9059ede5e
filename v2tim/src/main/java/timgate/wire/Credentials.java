package timgate.wire;

import org.json.JSONObject;

/** Who speaks, as the head of each request says. */
public final class Credentials {
    /** Shown before a log-in, by heartbeats. */
    public static final Credentials NOBODY = new Credentials("", "", "", "", 0);

    private final String user;
    private final String userSig;
    private final String token;
    private final String tinyId;
    private final long instance;

    private Credentials(String user, String userSig, String token, String tinyId, long instance) {
        this.user = user;
        this.userSig = userSig;
        this.token = token;
        this.tinyId = tinyId;
        this.instance = instance;
    }

    /** Before a log-in: a UserSig. */
    public static Credentials ofUserSig(String user, String userSig) {
        return new Credentials(user, userSig, "", "", 0);
    }

    /** After it: the session's token, which holds over reconnects. */
    public static Credentials ofSession(String token, String tinyId, long instance) {
        return new Credentials("", "", token, tinyId, instance);
    }

    void write(JSONObject head) {
        if (token.isEmpty()) {
            Json.put(head, "identifier", user);
            Json.put(head, "usersig", userSig);
        } else {
            Json.put(head, "a2", token);
            Json.put(head, "tinyid", tinyId);
        }
        Json.put(head, "status_instid", instance);
    }
}
