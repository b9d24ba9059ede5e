package timgate.loop;

import java.util.concurrent.LinkedBlockingQueue;
import timgate.Log;

/** The callback thread where there is no Android: one of its own. It keeps no program alive. */
public final class CallbackThread extends Callbacks {
    private final LinkedBlockingQueue<Runnable> works = new LinkedBlockingQueue<Runnable>();

    public CallbackThread() {
        Thread thread = new Thread("timgate-callbacks") {
            @Override
            public void run() {
                runAll();
            }
        };
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    protected void schedule(Runnable work) {
        works.add(work);
    }

    private void runAll() {
        for (;;) {
            try {
                works.take().run();
            } catch (InterruptedException nobodysBusiness) {
                // The thread is ours, and has no end.
                continue;
            } catch (Throwable ofTheApp) {
                Log.error("an exception in a callback of the app", ofTheApp);
                Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
                if (handler != null) {
                    handler.uncaughtException(Thread.currentThread(), ofTheApp);
                }
            }
        }
    }
}
