package androidx.test.runner.lifecycle;

import android.app.Activity;

/** Named by Robolectric, and not in Maven Central: a shape of it. */
public interface ActivityLifecycleCallback {
    void onActivityLifecycleChanged(Activity activity, Stage stage);
}
