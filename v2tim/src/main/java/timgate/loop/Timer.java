package timgate.loop;

import java.util.concurrent.Future;

/** Work that was set for later. */
public final class Timer {
    private final Future<?> work;

    Timer(Future<?> work) {
        this.work = work;
    }

    public void cancel() {
        work.cancel(false);
    }

    /** For a field that holds a timer, or none. */
    public static void cancel(Timer timer) {
        if (timer != null) {
            timer.cancel();
        }
    }
}
