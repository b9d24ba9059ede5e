package timgate.loop;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The one thread on which the app is called back, in the order of what happened.
 *
 * A callback is always given to it, also from a call on that very thread: an app is never to see `onError` before the
 * call that fails has returned.
 */
public abstract class Callbacks {
    /** So much may wait for an app that is busy before nothing more is read from the gateway. */
    private static final int MOST = 2048;

    private final Deque<Runnable> waiting = new ArrayDeque<Runnable>();
    private boolean isScheduled;

    private final Runnable next = new Runnable() {
        @Override
        public void run() {
            Runnable callback;
            boolean hasMore;
            synchronized (waiting) {
                callback = waiting.pollFirst();
                hasMore = !waiting.isEmpty();
                isScheduled = hasMore;
                waiting.notifyAll();
            }
            // One at a time, so that a burst does not hold up what else a main thread has to draw; and before the app is
            // called, because an exception of the app ends nothing but that call.
            if (hasMore) {
                schedule(this);
            }
            if (callback != null) {
                callback.run();
            }
        }
    };

    public final void post(Runnable callback) {
        boolean isFirst;
        synchronized (waiting) {
            waiting.addLast(callback);
            isFirst = !isScheduled;
            isScheduled = true;
        }
        if (isFirst) {
            schedule(next);
        }
    }

    /**
     * Waits while too much waits for the app: the thread that reads from the gateway does so, and what an app does not take
     * stays there. Never called on the callback thread itself.
     */
    public final void awaitRoom() throws InterruptedException {
        synchronized (waiting) {
            while (waiting.size() >= MOST) {
                waiting.wait();
            }
        }
    }

    /** Runs it on the thread, after what was given before. */
    protected abstract void schedule(Runnable work);
}
