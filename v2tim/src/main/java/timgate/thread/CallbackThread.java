package timgate.thread;

import android.os.Handler;
import android.os.Looper;

import java.util.concurrent.LinkedBlockingQueue;

/**
 * The one thread on which apps are called back, in the order of the posts: the main looper on Android, a
 * thread of its own elsewhere.
 *
 * <p>Always posted, also from the thread itself: an app must never see the answer to a call before the call
 * has returned.
 */
public final class CallbackThread {
    private static final Poster POSTER = find();

    private interface Poster {
        void post(Runnable call);
    }

    private CallbackThread() {
    }

    public static void post(Runnable call) {
        POSTER.post(call);
    }

    private static Poster find() {
        try {
            Looper main = Looper.getMainLooper();
            if (main != null) {
                return new MainLooper(main);
            }
        } catch (LinkageError notAndroid) {
            return new OwnThread();
        } catch (RuntimeException notAndroid) {
            // The bodies of a compile-time android.jar throw this.
            return new OwnThread();
        }
        return new OwnThread();
    }

    private static final class MainLooper implements Poster {
        private final Handler handler;

        MainLooper(Looper main) {
            handler = new Handler(main);
        }

        @Override
        public void post(Runnable call) {
            handler.post(call);
        }
    }

    /** The queue has no bound: an answer may be late, but never lost. */
    private static final class OwnThread implements Poster, Runnable {
        private final LinkedBlockingQueue<Runnable> calls = new LinkedBlockingQueue<Runnable>();

        OwnThread() {
            Thread thread = new Thread(this, "timgate-callbacks");
            // A program ends when its own threads have ended, whatever is still connected.
            thread.setDaemon(true);
            thread.start();
        }

        @Override
        public void post(Runnable call) {
            calls.add(call);
        }

        @Override
        public void run() {
            while (true) {
                try {
                    calls.take().run();
                } catch (InterruptedException byAnApp) {
                    // A callback of the app interrupted its own thread; the next ones are still wanted.
                    continue;
                } catch (Throwable fromAnApp) {
                    Thread self = Thread.currentThread();
                    self.getUncaughtExceptionHandler().uncaughtException(self, fromAnApp);
                }
            }
        }
    }
}
