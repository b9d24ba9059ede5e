import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;

/** The old chat's clients against a real gateway. Ends with `N passed, N failed`. */
public final class LegacyTest {
    private static final long DEADLINE_SECONDS = 30;
    private static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneOffset.ofHours(8));

    /** What a client reads. */
    static final class Message {
        String message;
        String fundName;
        String imgUrl;
        String time;
    }

    /** What a client writes. */
    static final class Said {
        final String funderAccount;
        final String message;
        final String time = TIME.format(Instant.now());

        Said(String funderAccount, String message) {
            this.funderAccount = funderAccount;
            this.message = message;
        }
    }

    static final class ChatList {
        List<Message> chatList;
    }

    interface Case {
        void run() throws Exception;
    }

    private final HttpUrl base;
    private final OkHttpClient http = new OkHttpClient();
    private final Gson gson = new GsonBuilder().setLenient().create();
    private int passed;
    private int failed;

    private LegacyTest(HttpUrl base) {
        this.base = base;
    }

    public static void main(String[] arguments) throws Exception {
        int failed;
        try (Gateway gateway = new Gateway(arguments[0])) {
            LegacyTest test = new LegacyTest(gateway.base);
            test.all();
            failed = test.failed;
            System.out.println(test.passed + " passed, " + failed + " failed");
        }
        // OkHttp's threads would keep the process for a minute.
        System.exit(failed == 0 ? 0 : 1);
    }

    private void all() {
        check("what is said reaches everybody, the speaker too", this::talk);
        check("a page of the history is read by a lenient Gson", this::page);
        check("the history is walked to its end, each message once", this::walk);
        check("a bare signature is a text to a lenient Gson", this::signature);
        check("ok is a text to a lenient Gson, and all have heard", this::push);
        check("a refusal is a status and a line", this::refusals);
        check("OkHttp's pings are answered while nothing is said", this::keepAlive);
        check("a ping of the JDK's client is answered by its pong", this::pong);
        check("a farewell is answered, and the same user dials again", this::reconnect);
        check("a second connection ends the first as a farewell does", this::second);
    }

    private void check(String name, Case each) {
        try {
            each.run();
            passed++;
            System.out.println("ok      " + name);
        } catch (Exception | AssertionError error) {
            failed++;
            System.out.println("FAILED  " + name);
            error.printStackTrace(System.out);
        }
    }

    private void talk() throws Exception {
        try (Client ann = connect("ann"); Client bob = connect("鲍勃")) {
            ann.say("你好 \"everybody\" \uD83D\uDE00");
            for (Client client : List.of(ann, bob)) {
                Message heard = client.heard();
                equal("你好 \"everybody\" \uD83D\uDE00", heard.message);
                equal("ann", heard.fundName);
                equal("", heard.imgUrl);
                // It is a time of the clients' own format, and that of now.
                long apart = Math.abs(Instant.from(TIME.parse(heard.time)).getEpochSecond()
                    - Instant.now().getEpochSecond());
                isTrue(apart < 60, heard.time);
            }
            bob.say("bis bald");
            equal("鲍勃", ann.heard().fundName);
        }
    }

    private void page() throws Exception {
        try (Client ann = connect("ann")) {
            ann.say("for the page");
            String time = ann.heard().time;
            ChatList list = get(ChatList.class, "chat", "refreshes", TIME.format(Instant.now()), "20");
            isTrue(list.chatList.size() >= 1, "the page has the message of this very second");
            Message newest = list.chatList.get(0);
            equal("for the page", newest.message);
            equal("ann", newest.fundName);
            equal(time, newest.time);
        }
        equal(0, get(ChatList.class, "chat", "refreshes", "2001-01-01 00:00:00", "20").chatList.size());
    }

    private void walk() throws Exception {
        Set<String> expected = new HashSet<>();
        try (Client ann = connect("ann")) {
            // Faster than seconds pass, so many share one.
            for (int n = 0; n < 200; n++) {
                ann.say("walk " + n);
                expected.add("walk " + n);
            }
            for (int n = 0; n < 200; n++) {
                equal("walk " + n, ann.heard().message);
            }
        }
        for (int size : new int[] {1, 7, 50, 1000}) {
            List<String> found = new ArrayList<>();
            String time = TIME.format(Instant.now());
            while (true) {
                ChatList list = get(ChatList.class, "chat", "refreshes", time, String.valueOf(size));
                if (list.chatList.isEmpty()) {
                    break;
                }
                for (Message message : list.chatList) {
                    if (message.message.startsWith("walk ")) {
                        found.add(message.message);
                    }
                }
                time = list.chatList.get(list.chatList.size() - 1).time;
            }
            equal(expected.size(), found.size());
            equal(expected, new HashSet<>(found));
        }
    }

    private void signature() throws Exception {
        String signature = get(String.class, "imSig", "小明", "86400");
        isTrue(signature.matches("[A-Za-z0-9*_-]{100,}"), signature);
        try (Response response = http.newCall(new Request.Builder().url(url("imSig", "ann", "86400")).build()).execute()) {
            String body = response.body().string();
            equal(body.trim(), body);
        }
    }

    private void push() throws Exception {
        try (Client ann = connect("ann"); Client bob = connect("bob")) {
            equal("ok", post(String.class, "sendAll", "a/b 100% 大家好?"));
            equal("a/b 100% 大家好?", ann.heard().message);
            equal("a/b 100% 大家好?", bob.heard().message);
            equal("ok", post(String.class, "sendC2C", "bob", "for you"));
            equal("for you", bob.heard().message);
        }
    }

    private void refusals() throws Exception {
        String[][] paths = {
            {"chat", "refreshes", "yesterday", "20"}, {"chat", "refreshes", "2026-01-01 12:00:00", "0"},
            {"imSig", "ann", "0"}, {"imSig", "ann", "for ever"},
        };
        for (String[] path : paths) {
            try (Response response = http.newCall(new Request.Builder().url(url(path)).build()).execute()) {
                equal(400, response.code());
                equal(1L, response.body().string().lines().count());
            }
        }
    }

    private void keepAlive() throws Exception {
        OkHttpClient pinging = http.newBuilder().pingInterval(50, TimeUnit.MILLISECONDS).build();
        try (Client ann = new Client(pinging, url("imserver", "ann"), "ann"); Client bob = connect("bob")) {
            // OkHttp fails a connection whose ping was not answered when the next one is due: she would hear it.
            Object ended = ann.inbox.poll(1, TimeUnit.SECONDS);
            isTrue(ended == null, "the connection ended: " + ended);
            bob.say("still there?");
            equal("still there?", ann.heard().message);
        }
    }

    private void pong() throws Exception {
        LinkedBlockingQueue<String> pongs = new LinkedBlockingQueue<>();
        java.net.http.WebSocket.Listener listener = new java.net.http.WebSocket.Listener() {
            @Override
            public CompletionStage<?> onPong(java.net.http.WebSocket socket, ByteBuffer payload) {
                byte[] bytes = new byte[payload.remaining()];
                payload.get(bytes);
                pongs.add(new String(bytes, java.nio.charset.StandardCharsets.UTF_8));
                socket.request(1);
                return null;
            }
        };
        java.net.URI uri = java.net.URI.create(url("imserver", "jdk").toString().replaceFirst("^http", "ws"));
        java.net.http.WebSocket socket = java.net.http.HttpClient.newHttpClient().newWebSocketBuilder()
            .buildAsync(uri, listener).get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        socket.sendPing(ByteBuffer.wrap("there?".getBytes(java.nio.charset.StandardCharsets.UTF_8))).get();
        equal("there?", pongs.poll(DEADLINE_SECONDS, TimeUnit.SECONDS));
        socket.abort();
    }

    private void reconnect() throws Exception {
        for (int n = 0; n < 5; n++) {
            Client ann = connect("ann");
            ann.say("round " + n);
            equal("round " + n, ann.heard().message);
            // As Java-WebSocket's reconnect(): the old connection is closed on both sides before the new one is made.
            ann.close();
            equal(1000, ann.closed());
        }
    }

    private void second() throws Exception {
        try (Client first = connect("twice"); Client second = connect("twice")) {
            equal(1000, first.closed());
            second.say("I am the one");
            equal("I am the one", second.heard().message);
        }
    }

    private HttpUrl url(String... words) {
        HttpUrl.Builder url = base.newBuilder();
        for (String word : words) {
            url.addPathSegment(word);
        }
        return url.build();
    }

    private Client connect(String user) throws Exception {
        return new Client(http, url("imserver", user), user);
    }

    private <T> T get(Class<T> type, String... words) throws IOException {
        return read(type, new Request.Builder().url(url(words)).build());
    }

    private <T> T post(Class<T> type, String... words) throws IOException {
        RequestBody nothing = RequestBody.create(null, new byte[0]);
        return read(type, new Request.Builder().url(url(words)).post(nothing).build());
    }

    /** As Retrofit's Gson converter does it: one value, and nothing behind it. */
    private <T> T read(Class<T> type, Request request) throws IOException {
        try (Response response = http.newCall(request).execute(); ResponseBody body = response.body()) {
            equal(200, response.code());
            JsonReader reader = gson.newJsonReader(body.charStream());
            T value = gson.getAdapter(type).read(reader);
            equal(JsonToken.END_DOCUMENT, reader.peek());
            return value;
        }
    }

    private static void equal(Object expected, Object found) {
        if (!expected.equals(found)) {
            throw new AssertionError("expected " + expected + ", found " + found);
        }
    }

    private static void isTrue(boolean value, String what) {
        if (!value) {
            throw new AssertionError(what);
        }
    }

    /** One connection of a user. */
    final class Client extends WebSocketListener implements AutoCloseable {
        final LinkedBlockingQueue<Object> inbox = new LinkedBlockingQueue<>();
        private final LinkedBlockingQueue<Integer> codes = new LinkedBlockingQueue<>();
        private final LinkedBlockingQueue<Boolean> opened = new LinkedBlockingQueue<>();
        private final String user;
        private final WebSocket socket;

        Client(OkHttpClient http, HttpUrl url, String user) throws InterruptedException {
            this.user = user;
            socket = http.newWebSocket(new Request.Builder().url(url).build(), this);
            equal(true, opened.poll(DEADLINE_SECONDS, TimeUnit.SECONDS));
        }

        void say(String message) {
            socket.send(gson.toJson(new Said(user, message)));
        }

        Message heard() throws InterruptedException {
            Object text = inbox.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
            isTrue(text instanceof String, user + " heard " + text);
            return gson.fromJson((String) text, Message.class);
        }

        /** The code with which both sides have closed. */
        int closed() throws InterruptedException {
            Integer code = codes.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
            isTrue(code != null, user + ": the connection is not closed");
            return code;
        }

        @Override
        public void close() {
            socket.close(1000, null);
        }

        @Override
        public void onOpen(WebSocket socket, Response response) {
            opened.add(true);
        }

        @Override
        public void onMessage(WebSocket socket, String text) {
            inbox.add(text);
        }

        @Override
        public void onClosing(WebSocket socket, int code, String reason) {
            socket.close(code, null);
        }

        @Override
        public void onClosed(WebSocket socket, int code, String reason) {
            codes.add(code);
        }

        @Override
        public void onFailure(WebSocket socket, Throwable error, Response response) {
            opened.add(false);
            inbox.add(error);
            codes.add(1006);
        }
    }
}
