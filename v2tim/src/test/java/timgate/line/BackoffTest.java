package timgate.line;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;

import org.junit.jupiter.api.Test;

/** How long a phone waits before it dials again. */
class BackoffTest {
    private static final long MOST = 10_000;

    private final Backoff backoff = new Backoff(new Random(1));

    private void fail(int times) {
        for (int index = 0; index < times; index++) {
            backoff.nextMs(MOST);
        }
    }

    private void assertWaits(long least, long most) {
        long wait = backoff.nextMs(MOST);
        assertTrue(least <= wait && wait <= most, wait + " is not between " + least + " and " + most);
    }

    @Test
    void itWaitsLongerAfterEachFailureUpToTheMost() {
        assertWaits(500, 1_000);
        assertWaits(1_000, 2_000);
        assertWaits(2_000, 4_000);
        fail(20);
        assertWaits(5_000, MOST);
    }

    @Test
    void afterASuccessItBeginsAnew() {
        fail(5);
        backoff.succeeded();
        assertWaits(500, 1_000);
    }

    @Test
    void afterAConnectionThatWasOfUseItWaitsShortlyHoweverMuchFailedBefore() {
        fail(5);
        backoff.eased();
        assertWaits(1_000, 2_000);
        backoff.eased();
        assertWaits(1_000, 2_000);
    }

    @Test
    void whatWasOfUseMakesNoWaitLonger() {
        backoff.eased();
        assertWaits(500, 1_000);
    }
}
