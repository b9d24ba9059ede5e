package timgate.loop;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import timgate.Log;

/**
 * The thread on which everything happens that changes a state: what is written in one place needs no locks.
 *
 * It never waits for the network, nor for an app's callback.
 */
public final class Loop {
    private static final long IDLE_SECONDS = 5;

    private final ScheduledThreadPoolExecutor executor;

    public Loop(final String name) {
        executor = new ScheduledThreadPoolExecutor(1, new ThreadFactory() {
            @Override
            public Thread newThread(Runnable work) {
                Thread thread = new Thread(work, name);
                thread.setDaemon(true);
                return thread;
            }
        });
        // A time-out that was called off is to leave nothing behind: most of them are.
        executor.setRemoveOnCancelPolicy(true);
        // It is never shut down, because what an app calls at that moment would then have no answer: the thread goes by itself
        // when there is nothing to do.
        executor.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        executor.allowCoreThreadTimeOut(true);
    }

    /** Runs it after all that was given before. */
    public void run(Runnable work) {
        after(0, work);
    }

    /** Runs it later. */
    public Timer after(long milliseconds, Runnable work) {
        return new Timer(executor.schedule(guarded(work), milliseconds, TimeUnit.MILLISECONDS));
    }

    /** A fault in one piece of work is not to end those that follow. */
    private static Runnable guarded(final Runnable work) {
        return new Runnable() {
            @Override
            public void run() {
                try {
                    work.run();
                } catch (RuntimeException fault) {
                    Log.error("a fault in the library", fault);
                }
            }
        };
    }
}
