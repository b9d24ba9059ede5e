package androidx.test.runner.lifecycle;

/** Named by Robolectric, and not in Maven Central: a shape of it. */
public enum Stage {
    PRE_ON_CREATE, CREATED, STARTED, RESUMED, PAUSED, STOPPED, RESTARTED, DESTROYED
}
