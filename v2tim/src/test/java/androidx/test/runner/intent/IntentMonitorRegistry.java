package androidx.test.runner.intent;

/** Named by Robolectric, and not in Maven Central: a shape of it. */
public final class IntentMonitorRegistry {
    private IntentMonitorRegistry() {
    }

    public static void registerInstance(IntentMonitor monitor) {
    }
}
