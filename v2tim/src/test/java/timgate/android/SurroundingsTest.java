package timgate.android;

import static org.junit.Assert.assertEquals;
import static org.robolectric.Shadows.shadowOf;

import android.app.Activity;
import android.app.Application;
import android.content.Context;
import android.net.ConnectivityManager;

import java.util.ArrayList;
import java.util.List;

import org.junit.Test;
import org.junit.runner.RunWith;
import org.robolectric.Robolectric;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.annotation.Config;

import timgate.phone.Surroundings;

/** An app in the back, in front, and on another network, as Android itself tells of it. */
@RunWith(RobolectricTestRunner.class)
@Config(sdk = 35, manifest = Config.NONE)
public class SurroundingsTest {
    @Test
    public void theObserverIsToldOnceForEachChange() {
        List<String> told = new ArrayList<>();
        Application application = RuntimeEnvironment.getApplication();
        Surroundings.watch(application, new Surroundings.Observer() {
            @Override
            public void inFront(boolean isInFront) {
                told.add(isInFront ? "front" : "back");
            }

            @Override
            public void networkChanged() {
                told.add("network");
            }
        });

        ActivityController<Activity> first = Robolectric.buildActivity(Activity.class).setup();
        ActivityController<Activity> second = Robolectric.buildActivity(Activity.class).setup();
        first.pause().stop();
        second.pause().stop();
        first.restart();
        assertEquals(List.of("front", "back", "front"), told);

        ConnectivityManager manager = (ConnectivityManager) application.getSystemService(Context.CONNECTIVITY_SERVICE);
        shadowOf(manager).getNetworkCallbacks().forEach(callback -> callback.onAvailable(null));
        assertEquals(List.of("front", "back", "front", "network"), told);
    }
}
