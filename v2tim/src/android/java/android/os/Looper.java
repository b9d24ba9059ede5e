package android.os;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public final class Looper {
    private Looper() {
    }

    /** There is no main looper off Android. */
    public static Looper getMainLooper() {
        return null;
    }
}
