package android.os;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public class Bundle {
    public String getString(String key) {
        return null;
    }
}
