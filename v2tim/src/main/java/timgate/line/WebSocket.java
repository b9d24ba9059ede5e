package timgate.line;

import java.io.IOException;
import java.net.SocketException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.util.Collections;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLParameters;
import org.java_websocket.client.WebSocketClient;
import org.java_websocket.drafts.Draft_6455;
import org.java_websocket.exceptions.WebsocketNotConnectedException;
import org.java_websocket.extensions.IExtension;
import org.java_websocket.framing.CloseFrame;
import org.java_websocket.handshake.ServerHandshake;
import org.java_websocket.protocols.IProtocol;
import org.java_websocket.protocols.Protocol;
import timgate.Log;

/**
 * A connection by Java-WebSocket.
 *
 * The library was chosen because it is kept up, needs nothing beyond Java 7 and so runs on Android 21, and weighs 140 kB
 * (its logging interface 68 kB). OkHttp's versions that are kept up bring Kotlin's library and Okio, 2 MB.
 */
final class WebSocket implements Socket {
    /** More than a gateway sends in one message, which is a page of history. */
    private static final int MAX_MESSAGE_BYTES = 16 << 20;
    private static final int CONNECT_WITHIN_MS = 10_000;
    private static final int HANDSHAKE_WITHIN_MS = 10_000;
    private static final Charset UTF_8 = Charset.forName("UTF-8");

    private final Events events;
    private final AtomicBoolean isOver = new AtomicBoolean();
    private final Client client;

    WebSocket(URI address, Events events) {
        this.events = events;
        client = new Client(address);
    }

    @Override
    public void open() {
        client.connect();
    }

    @Override
    public void send(String text) {
        try {
            client.send(text.getBytes(UTF_8));
        } catch (WebsocketNotConnectedException closing) {
            Log.debug("a request was not sent: the connection is about to end");
        }
    }

    @Override
    public void abandon() {
        if (isOver.compareAndSet(false, true)) {
            abort();
        }
    }

    /** Closing the TCP socket is the only way to end a dial, a handshake or a write to a line that is dead at once. */
    private void abort() {
        final java.net.Socket socket = client.getSocket();
        if (socket == null) {
            return;
        }
        // On Android nothing that touches the network may be done on the main thread, and closing may; with TLS it may wait.
        Thread closing = new Thread("timgate-close") {
            @Override
            public void run() {
                try {
                    socket.close();
                } catch (IOException gone) {
                    Log.debug("a connection that is given up was closed already");
                }
            }
        };
        closing.setDaemon(true);
        closing.start();
    }

    private void end(String why) {
        if (isOver.compareAndSet(false, true)) {
            abort();
            events.ended(why);
        }
    }

    private final class Client extends WebSocketClient {
        private boolean verifiesHost;
        private volatile String lastError = "";

        Client(URI address) {
            super(
                address,
                new Draft_6455(
                    Collections.<IExtension>emptyList(),
                    Collections.<IProtocol>singletonList(new Protocol("")),
                    MAX_MESSAGE_BYTES),
                null,
                CONNECT_WITHIN_MS);
            // No socket factory: with one the library leaves TLS to it, and says everything in the clear where it has none.
            setTcpNoDelay(true);
            setDaemon(true);
            // The protocol has heartbeats of its own.
            setConnectionLostTimeout(0);
        }

        @Override
        protected void onSetSSLParameters(SSLParameters parameters) {
            try {
                super.onSetSSLParameters(parameters);
            } catch (NoSuchMethodError beforeAndroid24) {
                // There the platform does not compare the certificate's name with the host's by itself.
                verifiesHost = true;
            }
            limitHandshake(HANDSHAKE_WITHIN_MS);
        }

        /** A handshake with a line that is dead ends in time: closing the socket of one may wait for it. 0 is no limit. */
        private void limitHandshake(int milliseconds) {
            try {
                getSocket().setSoTimeout(milliseconds);
            } catch (SocketException gone) {
                Log.debug("a connection ended at once");
            }
        }

        @Override
        public void onOpen(ServerHandshake handshake) {
            String host = uri.getHost();
            if (verifiesHost && !HttpsURLConnection.getDefaultHostnameVerifier().verify(host, getSSLSession())) {
                end("the certificate is not that of " + host);
                return;
            }
            if (isOver.get()) {
                // It was given up before there was a socket to close.
                abort();
                return;
            }
            limitHandshake(0);
            events.opened();
        }

        @Override
        public void onMessage(ByteBuffer bytes) {
            onMessage(new String(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining(), UTF_8));
        }

        @Override
        public void onMessage(String text) {
            try {
                if (!isOver.get()) {
                    events.received(text);
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void onClose(int code, String reason, boolean byGateway) {
            String why = reason == null || reason.isEmpty() ? lastError : reason;
            if (!why.isEmpty()) {
                end(why);
            } else if (code == CloseFrame.NEVER_CONNECTED && uri.getScheme().equals("wss")) {
                // Of two threads that see a handshake fail the one that knows no reason may be the first.
                end("the TLS handshake failed: the certificate of " + uri.getHost() + " may be another host's, or nobody's that is trusted");
            } else {
                end("the connection was closed (" + code + ")");
            }
        }

        @Override
        public void onError(Exception error) {
            // The end of the connection follows; this is why.
            lastError = error instanceof IOException || error.getCause() == null
                ? String.valueOf(error.getMessage() == null ? error : error.getMessage())
                : String.valueOf(error.getCause().getMessage());
        }
    }
}
