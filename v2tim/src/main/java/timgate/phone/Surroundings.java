package timgate.phone;

import android.app.Activity;
import android.app.Application;
import android.content.Context;
import android.net.ConnectivityManager;
import android.net.Network;
import android.net.NetworkCapabilities;
import android.net.NetworkRequest;
import android.os.Bundle;
import timgate.Log;

/**
 * What happens around the app on a phone: it comes to the front and goes to the back, the network changes.
 *
 * <p>An app in the back is asked less often whether its line is there, for the battery's sake; one that comes to the front,
 * or has another network, is asked at once.
 */
public final class Surroundings {
    /** Who wants to know. Called on the main thread, or on one of the system's. */
    public interface Observer {
        void inFront(boolean isInFront);

        void networkChanged();
    }

    private static boolean isWatched;

    private Surroundings() {}

    /** Tells the observer of everything from now on, for the life of the process. The first one stays. */
    public static synchronized void watch(Context application, Observer observer) {
        if (isWatched) {
            return;
        }
        isWatched = true;
        if (application instanceof Application) {
            ((Application) application).registerActivityLifecycleCallbacks(new Activities(observer));
        }
        watchNetwork(application, observer);
    }

    private static void watchNetwork(Context application, final Observer observer) {
        Object manager = application.getSystemService(Context.CONNECTIVITY_SERVICE);
        if (!(manager instanceof ConnectivityManager)) {
            return;
        }
        NetworkRequest request = new NetworkRequest.Builder().addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET).build();
        try {
            ((ConnectivityManager) manager).registerNetworkCallback(request, new ConnectivityManager.NetworkCallback() {
                @Override
                public void onAvailable(Network network) {
                    observer.networkChanged();
                }
            });
        } catch (RuntimeException notAllowed) {
            // Without the permission a change of the network is found a little later, by the heartbeat.
            Log.warn("changes of the network are not told: " + notAllowed.getMessage()
                + "; the app's manifest lacks the permission ACCESS_NETWORK_STATE");
        }
    }

    /** Counts the activities that can be seen. */
    private static final class Activities implements Application.ActivityLifecycleCallbacks {
        private final Observer observer;
        private int count;

        Activities(Observer observer) {
            this.observer = observer;
        }

        @Override
        public void onActivityStarted(Activity activity) {
            count += 1;
            if (count == 1) {
                observer.inFront(true);
            }
        }

        @Override
        public void onActivityStopped(Activity activity) {
            // Those that were started before the library was set up are not among them.
            count = Math.max(0, count - 1);
            if (count == 0) {
                observer.inFront(false);
            }
        }

        @Override
        public void onActivityCreated(Activity activity, Bundle state) {}

        @Override
        public void onActivityResumed(Activity activity) {}

        @Override
        public void onActivityPaused(Activity activity) {}

        @Override
        public void onActivitySaveInstanceState(Activity activity, Bundle state) {}

        @Override
        public void onActivityDestroyed(Activity activity) {}
    }
}
