package android.content;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public abstract class Context {
    public abstract Context getApplicationContext();
}
