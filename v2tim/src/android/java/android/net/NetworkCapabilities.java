package android.net;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public final class NetworkCapabilities {
    public static final int NET_CAPABILITY_INTERNET = 12;
}
