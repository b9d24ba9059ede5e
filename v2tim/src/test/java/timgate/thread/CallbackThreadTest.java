package timgate.thread;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.Test;

/** Off Android callbacks come on one thread, in order, whatever an app does in them. */
class CallbackThreadTest {
    @Test
    void callsComeInOrderOnOneThread() throws InterruptedException {
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 1000; i++) {
            int number = i;
            CallbackThread.post(() -> {
                order.add(number);
                threads.add(Thread.currentThread());
            });
        }
        await();
        for (int i = 0; i < 1000; i++) {
            assertEquals(i, order.get(i));
            assertEquals(threads.get(0), threads.get(i));
        }
        assertNotSame(Thread.currentThread(), threads.get(0));
        assertTrue(threads.get(0).isDaemon(), "a program ends although something is connected");
    }

    @Test
    void aPostFromACallbackRunsAfterIt() throws InterruptedException {
        AtomicBoolean ended = new AtomicBoolean();
        AtomicBoolean tooEarly = new AtomicBoolean();
        CallbackThread.post(() -> {
            CallbackThread.post(() -> tooEarly.set(!ended.get()));
            ended.set(true);
        });
        await();
        await();
        assertFalse(tooEarly.get());
    }

    @Test
    void anExceptionOfAnAppIsReportedAndEndsNothing() throws InterruptedException {
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        AtomicReference<Throwable> reported = new AtomicReference<>();
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> reported.set(error));
        try {
            CallbackThread.post(() -> {
                throw new IllegalStateException("of an app");
            });
            CallbackThread.post(() -> Thread.currentThread().interrupt());
            await();
            assertEquals("of an app", reported.get().getMessage());
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }

    private static void await() throws InterruptedException {
        CountDownLatch reached = new CountDownLatch(1);
        CallbackThread.post(reached::countDown);
        assertTrue(reached.await(5, TimeUnit.SECONDS));
    }
}
