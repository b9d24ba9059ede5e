package android.net;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public class ConnectivityManager {
    public static class NetworkCallback {
        public void onAvailable(Network network) {
        }
    }

    public void registerNetworkCallback(NetworkRequest request, NetworkCallback callback) {
    }
}
