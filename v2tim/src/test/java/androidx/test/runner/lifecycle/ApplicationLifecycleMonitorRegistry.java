package androidx.test.runner.lifecycle;

/** Named by Robolectric, and not in Maven Central: a shape of it. */
public final class ApplicationLifecycleMonitorRegistry {
    private ApplicationLifecycleMonitorRegistry() {
    }

    public static void registerInstance(ApplicationLifecycleMonitor monitor) {
    }
}
