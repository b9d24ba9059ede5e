package android.os;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public class Handler {
    public Handler(Looper looper) {
        throw new UnsupportedOperationException("there is no looper off Android");
    }

    public final boolean post(Runnable call) {
        return false;
    }
}
