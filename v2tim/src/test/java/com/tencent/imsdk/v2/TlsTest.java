package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

import org.java_websocket.WebSocket;
import org.java_websocket.handshake.ClientHandshake;
import org.java_websocket.server.DefaultSSLWebSocketServerFactory;
import org.java_websocket.server.WebSocketServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import timgate.line.Address;

/** A line with TLS: the certificate's name is compared with the host's, and who is not trusted hears nothing. */
class TlsTest {
    private static final char[] PASSWORD = "password".toCharArray();

    @TempDir
    static Path directory;

    private static Server trusted;
    private static Server unknown;

    @BeforeAll
    static void start() throws Exception {
        KeyStore ours = keys("ours");
        trusted = new Server(context(ours, null));
        unknown = new Server(context(keys("others"), null));
        // What the platform trusts: the library takes the platform's default.
        SSLContext.setDefault(context(null, ours));
        for (Server server : new Server[] {trusted, unknown}) {
            server.start();
            server.isUp.await(10, TimeUnit.SECONDS);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        trusted.stop(1_000);
        unknown.stop(1_000);
    }

    @Test
    void aTrustedGatewayIsTalkedTo() throws Exception {
        assertEquals("connected", outcome("wss://localhost:" + trusted.getPort()));
    }

    @Test
    void oneUnderAnotherNameIsNot() throws Exception {
        assertRefused(outcome("wss://127.0.0.1:" + trusted.getPort()));
    }

    @Test
    void oneThatNobodyVouchesForIsNot() throws Exception {
        assertRefused(outcome("wss://localhost:" + unknown.getPort()));
    }

    private static void assertRefused(String outcome) {
        assertTrue(outcome.startsWith("9508 "), outcome);
        assertTrue(outcome.toLowerCase().contains("cert"), outcome);
    }

    private static String outcome(String url) throws Exception {
        BlockingQueue<String> outcomes = new LinkedBlockingQueue<>();
        Managers managers = new Managers();
        managers.sdk.addIMSDKListener(new V2TIMSDKListener() {
            @Override
            public void onConnectSuccess() {
                outcomes.add("connected");
            }

            @Override
            public void onConnectFailed(int code, String error) {
                outcomes.add(code + " " + error);
            }
        });
        managers.start(1, Address.parse(url));
        String outcome = outcomes.poll(15, TimeUnit.SECONDS);
        managers.stop();
        return String.valueOf(outcome);
    }

    /** A key for `localhost`, made by the JDK's own tool. */
    private static KeyStore keys(String name) throws Exception {
        Path file = directory.resolve(name);
        Process made = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias", name,
            "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=localhost", "-ext", "san=dns:localhost", "-storetype", "PKCS12",
            "-storepass", "password", "-keystore", file.toString()).redirectErrorStream(true).start();
        String said = new String(made.getInputStream().readAllBytes());
        assertEquals(0, made.waitFor(), said);
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, PASSWORD);
        }
        return keys;
    }

    private static SSLContext context(KeyStore own, KeyStore trusted) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        if (own != null) {
            keys.init(own, PASSWORD);
        }
        if (trusted != null) {
            trust.init(trusted);
        }
        context.init(own == null ? null : keys.getKeyManagers(), trusted == null ? null : trust.getTrustManagers(), null);
        return context;
    }

    private static final class Server extends WebSocketServer {
        final CountDownLatch isUp = new CountDownLatch(1);

        Server(SSLContext context) {
            super(new InetSocketAddress("127.0.0.1", 0), 1);
            setWebSocketFactory(new DefaultSSLWebSocketServerFactory(context));
        }

        @Override
        public void onMessage(WebSocket socket, String text) {
        }

        @Override
        public void onOpen(WebSocket socket, ClientHandshake handshake) {
        }

        @Override
        public void onClose(WebSocket socket, int code, String reason, boolean remote) {
        }

        @Override
        public void onError(WebSocket socket, Exception error) {
        }

        @Override
        public void onStart() {
            isUp.countDown();
        }
    }
}
