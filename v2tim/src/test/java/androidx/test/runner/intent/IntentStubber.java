package androidx.test.runner.intent;

import android.app.Instrumentation;
import android.content.Intent;

/** Named by Robolectric, and not in Maven Central: a shape of it. */
public interface IntentStubber {
    Instrumentation.ActivityResult getActivityResultForIntent(Intent intent);
}
