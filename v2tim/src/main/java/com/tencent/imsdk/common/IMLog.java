package com.tencent.imsdk.common;

import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A log that UI code written for this API uses. The lines go where the platform keeps them: Android's log, or
 * the handlers of {@code java.util.logging} elsewhere.
 */
public class IMLog {
    /** One logger for all tags: a logger for each would let an app that makes up tags grow without end. */
    private static final Logger LOGGER = Logger.getLogger("imsdk");

    public static void v(String tag, String msg) {
        log(Level.FINER, tag, msg);
    }

    public static void d(String tag, String msg) {
        log(Level.FINE, tag, msg);
    }

    public static void i(String tag, String msg) {
        log(Level.INFO, tag, msg);
    }

    public static void w(String tag, String msg) {
        log(Level.WARNING, tag, msg);
    }

    public static void e(String tag, String msg) {
        log(Level.SEVERE, tag, msg);
    }

    private static void log(Level level, String tag, String msg) {
        if (LOGGER.isLoggable(level)) {
            LOGGER.logp(level, tag, "", tag + ": " + msg);
        }
    }
}
