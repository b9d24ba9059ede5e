package timgate.loop;

import java.util.concurrent.Semaphore;
import timgate.thread.CallbackThread;

/**
 * Gives callbacks to the app's thread and knows how many wait there.
 *
 * An app whose thread is busy takes nothing for a while. What the gateway sends meanwhile stays with the gateway, which has
 * a bound for it, and does not fill the phone's memory.
 */
public final class Callbacks {
    /** So many may wait before nothing more is read from the gateway. */
    private static final int MOST = 2048;

    private final Semaphore room = new Semaphore(MOST);

    /** Calls back on the thread, in the order of these calls. */
    public void post(final Runnable callback) {
        // More than the bound are posted when an app makes many calls: it made them, and each is answered.
        final boolean isCounted = room.tryAcquire();
        CallbackThread.post(new Runnable() {
            @Override
            public void run() {
                if (isCounted) {
                    room.release();
                }
                callback.run();
            }
        });
    }

    /** Waits until there is room. Never called on the callback thread itself. */
    public void awaitRoom() throws InterruptedException {
        room.acquire();
        room.release();
    }
}
