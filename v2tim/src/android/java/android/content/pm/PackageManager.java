package android.content.pm;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public abstract class PackageManager {
    public static final int GET_META_DATA = 128;

    public static class NameNotFoundException extends Exception {
        private static final long serialVersionUID = 1L;
    }

    public abstract ApplicationInfo getApplicationInfo(String packageName, int flags) throws NameNotFoundException;
}
