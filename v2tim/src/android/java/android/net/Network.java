package android.net;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public class Network {
}
