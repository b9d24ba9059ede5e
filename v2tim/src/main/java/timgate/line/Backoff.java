package timgate.line;

import java.util.Random;

/**
 * How long to wait before the next attempt: longer after each failure, and for nobody the same.
 *
 * When a gateway restarts all its clients are cut off in the same moment; the jitter keeps them from coming back in one.
 */
final class Backoff {
    private static final long FIRST_MS = 1_000;

    private final Random random;
    private int failures;

    Backoff(Random random) {
        this.random = random;
    }

    void succeeded() {
        failures = 0;
    }

    /**
     * A connection was of use, whatever becomes of it: what waits to be said has no time for what failed before. It is no
     * success, since a gateway that lets its clients in and drops them is not to have all of them back at once.
     */
    void eased() {
        failures = Math.min(failures, 1);
    }

    /** The wait before the next attempt, between a half and the whole of what it has grown to, at most `mostMs`. */
    long nextMs(long mostMs) {
        long wait = Math.min(mostMs, FIRST_MS << Math.min(failures, 16));
        failures += 1;
        return wait / 2 + (long) (random.nextDouble() * wait / 2);
    }
}
