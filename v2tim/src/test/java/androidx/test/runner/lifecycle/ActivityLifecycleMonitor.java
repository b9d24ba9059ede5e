package androidx.test.runner.lifecycle;

import android.app.Activity;
import java.util.Collection;

/** Named by Robolectric, and not in Maven Central: a shape of it. */
public interface ActivityLifecycleMonitor {
    void addLifecycleCallback(ActivityLifecycleCallback callback);

    void removeLifecycleCallback(ActivityLifecycleCallback callback);

    Stage getLifecycleStageOf(Activity activity);

    Collection<Activity> getActivitiesInStage(Stage stage);
}
