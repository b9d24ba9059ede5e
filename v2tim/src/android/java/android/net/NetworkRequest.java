package android.net;

/** Android's own class in shape only, so that the library compiles without Android. Not shipped. */
public class NetworkRequest {
    public static class Builder {
        public Builder addCapability(int capability) {
            return this;
        }

        public NetworkRequest build() {
            return new NetworkRequest();
        }
    }
}
