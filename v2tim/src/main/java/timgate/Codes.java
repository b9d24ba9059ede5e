package timgate;

/** Errors that arise in this library, as apps know them. What the gateway refuses with comes unchanged. */
public final class Codes {
    public static final int OK = 0;
    /** The gateway did not answer in time. */
    public static final int REQUEST_TIMEOUT = 6012;
    public static final int NOT_INITIALIZED = 6013;
    /** Also: the log-in ended while the call was under way. */
    public static final int NOT_LOGGED_IN = 6014;
    public static final int INVALID_PARAMETERS = 6017;
    public static final int LOGGED_OUT_BEFORE_LOGIN_FINISHED = 6023;
    public static final int USER_SIG_EXPIRED = 6206;
    /** Too many calls are waiting. */
    public static final int TOO_MANY_CALLS = 7008;
    public static final int NOT_SUPPORTED = 7013;
    public static final int INVALID_OPERATION = 7014;
    public static final int LOGIN_IN_PROCESS = 7501;
    public static final int LOGOUT_IN_PROCESS = 7502;
    public static final int MESSAGE_TOO_LARGE = 8001;
    public static final int SIGNAL_UNKNOWN = 8010;
    public static final int SIGNAL_OF_OTHERS = 8011;
    public static final int SIGNAL_EXISTS = 8012;
    /** There was no connection over which the call could be made. */
    public static final int NO_CONNECTION = 9508;
    /** No connection came about in time. */
    public static final int CONNECT_TIMEOUT = 9510;

    /** The gateway's: the session was ended by another. */
    static final int GATEWAY_KICKED = 1002;
    /** The gateway's: the UserSig or the session has expired. */
    static final int GATEWAY_EXPIRED = 70001;
    static final int GATEWAY_EXPIRED_TOKEN = 20002;

    private Codes() {}

    /** The session is over when the gateway answers so. */
    public static boolean isExpired(int code) {
        return code == GATEWAY_EXPIRED || code == GATEWAY_EXPIRED_TOKEN;
    }

    public static boolean isKicked(int code) {
        return code == GATEWAY_KICKED;
    }

    /** What an app is told of a log-in that was refused with this. */
    public static int ofLogin(int code) {
        return isExpired(code) ? USER_SIG_EXPIRED : code;
    }
}
