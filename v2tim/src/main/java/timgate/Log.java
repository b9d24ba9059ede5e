package timgate;

/**
 * What the library says of itself.
 *
 * Never tokens, signatures or what people wrote. The app chooses by its configuration what it is told.
 */
public final class Log {
    /** Where lines go. */
    public interface Sink {
        void line(int level, String text);
    }

    /** The levels of the API. */
    public static final int DEBUG = 3;
    public static final int INFO = 4;
    public static final int WARN = 5;
    public static final int ERROR = 6;

    private static volatile Sink sink;

    private Log() {}

    public static void to(Sink chosen) {
        sink = chosen;
    }

    public static void debug(String text) {
        say(DEBUG, text);
    }

    public static void info(String text) {
        say(INFO, text);
    }

    public static void warn(String text) {
        say(WARN, text);
    }

    public static void error(String text) {
        say(ERROR, text);
    }

    public static void error(String text, Throwable cause) {
        say(ERROR, text + ": " + describe(cause));
    }

    private static void say(int level, String text) {
        Sink chosen = sink;
        if (chosen != null) {
            chosen.line(level, text);
        } else if (level >= ERROR) {
            System.err.println("timgate: " + text);
        }
    }

    private static String describe(Throwable cause) {
        StringBuilder text = new StringBuilder(String.valueOf(cause));
        StackTraceElement[] places = cause.getStackTrace();
        for (int index = 0; index < Math.min(places.length, 6); index += 1) {
            text.append("\n    at ").append(places[index]);
        }
        return text.toString();
    }
}
