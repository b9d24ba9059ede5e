package androidx.test.platform.app;

import android.app.Instrumentation;
import android.os.Bundle;

/** Named by Robolectric, and not in Maven Central: a shape of it. */
public final class InstrumentationRegistry {
    private static volatile Instrumentation instance;

    private InstrumentationRegistry() {
    }

    public static void registerInstance(Instrumentation instrumentation, Bundle arguments) {
        instance = instrumentation;
    }

    public static Instrumentation getInstrumentation() {
        return instance;
    }
}
