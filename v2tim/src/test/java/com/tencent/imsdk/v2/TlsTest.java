package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.TrustManagerFactory;

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
    }

    @AfterAll
    static void stop() throws Exception {
        trusted.stop();
        unknown.stop();
    }

    @Test
    void aTrustedGatewayIsTalkedTo() throws Exception {
        assertEquals("connected", outcome("wss://localhost:" + trusted.port()));
    }

    @Test
    void oneUnderAnotherNameIsNot() throws Exception {
        assertRefused(outcome("wss://127.0.0.1:" + trusted.port()));
    }

    @Test
    void oneThatNobodyVouchesForIsNot() throws Exception {
        assertRefused(outcome("wss://localhost:" + unknown.port()));
    }

    private static void assertRefused(String outcome) {
        assertTrue(outcome.startsWith("9508 "), outcome);
        assertTrue(outcome.matches("(?i).*(cert|alternative name).*"), outcome);
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

    /** Takes connections with TLS and upgrades them; nothing is said on them. */
    private static final class Server implements Runnable {
        private final SSLServerSocket listener;

        Server(SSLContext context) throws IOException {
            listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 10, InetAddress.getByName("127.0.0.1"));
            Thread thread = new Thread(this);
            thread.setDaemon(true);
            thread.start();
        }

        int port() {
            return listener.getLocalPort();
        }

        void stop() throws IOException {
            listener.close();
        }

        @Override
        public void run() {
            while (!listener.isClosed()) {
                try {
                    upgrade(listener.accept());
                } catch (Exception refused) {
                    // The client hung up, as it should where it does not trust.
                    continue;
                }
            }
        }

        private static void upgrade(Socket socket) throws Exception {
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            String key = "";
            for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                if (line.toLowerCase().startsWith("sec-websocket-key:")) {
                    key = line.substring(line.indexOf(':') + 1).trim();
                }
            }
            byte[] digest = MessageDigest.getInstance("SHA-1")
                .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: " + Base64.getEncoder().encodeToString(digest) + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        }
    }
}
