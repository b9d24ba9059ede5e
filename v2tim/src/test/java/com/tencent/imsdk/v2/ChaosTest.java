package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.java_websocket.WebSocket;
import org.java_websocket.handshake.ClientHandshake;
import org.java_websocket.server.WebSocketServer;
import org.json.JSONObject;
import org.junit.jupiter.api.Test;

import timgate.line.Address;
import timgate.thread.CallbackThread;

/**
 * A gateway that does what it likes and an app that does too: each call has one callback, on the callback thread, after the
 * call has returned. {@code -DargLine=-Dchaos.seed=7} repeats a run.
 */
class ChaosTest {
    private static final int ROUNDS = 12;
    private static final int CALLS = 60;
    /** No call takes longer than the 15 s after which it is given up; a few more for a machine that is busy. */
    private static final long MOST_SECONDS = 40;

    private final long seed = Long.getLong("chaos.seed", System.nanoTime() % 1_000_000);

    /** One call's callback, of whatever kind. */
    private static final class Once implements V2TIMCallback {
        final AtomicInteger count = new AtomicInteger();
        final String what;
        volatile boolean hasReturned;
        volatile String wrong;

        Once(String what) {
            this.what = what;
        }

        @Override
        public void onSuccess() {
            told();
        }

        @Override
        public void onError(int code, String text) {
            if (code == 0 || text == null || text.isEmpty()) {
                wrong = "an error without a code or a text";
            }
            told();
        }

        void told() {
            count.incrementAndGet();
            if (!Thread.currentThread().getName().equals("timgate-callbacks")) {
                wrong = "on the thread " + Thread.currentThread().getName();
            }
        }

        <T> V2TIMSendCallback<T> sending() {
            return new V2TIMSendCallback<T>() {
                @Override
                public void onSuccess(T value) {
                    told();
                }

                @Override
                public void onError(int code, String text) {
                    Once.this.onError(code, text);
                }

                @Override
                public void onProgress(int progress) {
                }
            };
        }
    }

    @Test
    void eachCallHasOneCallbackWhateverTheLineDoes() throws Exception {
        System.out.println("chaos.seed=" + seed);
        List<Once> calls = Collections.synchronizedList(new ArrayList<>());
        List<Thread> apps = new ArrayList<>();
        Chaos chaos = new Chaos(new Random(seed));
        chaos.start();
        chaos.isUp.await(10, TimeUnit.SECONDS);
        for (int round = 0; round < ROUNDS; round += 1) {
            Random random = new Random(seed * 31 + round);
            Thread app = new Thread(() -> play(random, chaos.getPort(), calls));
            app.start();
            apps.add(app);
        }
        for (Thread app : apps) {
            app.join();
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(MOST_SECONDS);
        while (calls.stream().anyMatch(call -> call.count.get() == 0) && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        CountDownLatch all = new CountDownLatch(1);
        CallbackThread.post(all::countDown);
        all.await(10, TimeUnit.SECONDS);
        chaos.stop(1_000);
        List<String> wrong = new ArrayList<>();
        for (Once call : calls) {
            if (call.count.get() != 1) {
                wrong.add(call.what + ": " + call.count.get() + " callbacks");
            }
            if (call.wrong != null) {
                wrong.add(call.what + ": " + call.wrong);
            }
        }
        assertEquals(List.of(), wrong, "chaos.seed=" + seed);
    }

    /** What one app does. */
    private static void play(Random random, int port, List<Once> calls) {
        Managers managers = new Managers();
        for (int index = 0; index < CALLS; index += 1) {
            int kind = random.nextInt(14);
            Once once = new Once("call " + index + " of kind " + kind);
            boolean hasCallback = true;
            switch (kind) {
                case 0:
                    managers.start(1 + random.nextInt(2), Address.parse("ws://127.0.0.1:" + port));
                    hasCallback = false;
                    break;
                case 1:
                    if (random.nextInt(3) == 0) {
                        managers.stop();
                    }
                    hasCallback = false;
                    break;
                case 2:
                case 3:
                case 4:
                    managers.sdk.login("user" + random.nextInt(2), "sig", once);
                    break;
                case 5:
                    managers.sdk.logout(once);
                    break;
                case 6:
                    managers.messages.sendMessage(managers.messages.createTextMessage("x"), null, "g", 1, false, null, once.sending());
                    break;
                case 7:
                    managers.messages.sendMessage(managers.messages.createCustomMessage(new byte[] {(byte) random.nextInt()}), "u", null, 0,
                        random.nextBoolean(), null, once.sending());
                    break;
                case 8:
                    managers.messages.getGroupHistoryMessageList("g", 50, null, once.sending());
                    break;
                case 9:
                    managers.messages.getC2CHistoryMessageList("u", 50, null, once.sending());
                    break;
                case 10:
                    managers.conversations.getConversationList(0, 10, once.sending());
                    break;
                case 11:
                    managers.groups.getGroupMemberList("g", 0, 0, once.sending());
                    break;
                case 12:
                    managers.messages.markGroupMessageAsRead("g", once);
                    break;
                default:
                    managers.signals.invite("u", "d", false, null, 1, once);
                    break;
            }
            if (hasCallback) {
                calls.add(once);
            }
            try {
                Thread.sleep(random.nextInt(25));
            } catch (InterruptedException ended) {
                return;
            }
        }
    }

    /** Answers, refuses, is silent, talks nonsense, says things twice, or hangs up. */
    private static final class Chaos extends WebSocketServer {
        final CountDownLatch isUp = new CountDownLatch(1);
        private final Random random;

        Chaos(Random random) {
            super(new InetSocketAddress("127.0.0.1", 0), 1);
            this.random = random;
        }

        @Override
        public void onMessage(WebSocket socket, ByteBuffer bytes) {
            JSONObject head;
            try {
                head = new JSONObject(StandardCharsets.UTF_8.decode(bytes).toString()).getJSONObject("head");
            } catch (Exception wrong) {
                throw new IllegalStateException(wrong);
            }
            String start = "{\"head\":{\"servcmd\":\"" + head.optString("servcmd") + "\",\"seq\":" + head.optLong("seq") + "},\"body\":";
            switch (random.nextInt(12)) {
                case 0:
                    return;
                case 1:
                    socket.closeConnection(1006, "");
                    return;
                case 2:
                    socket.close();
                    return;
                case 3:
                    socket.send("[[[{\"head\":");
                    break;
                case 4:
                    socket.send(start + "{\"ErrorCode\":10007,\"ErrorInfo\":\"no\"}}");
                    return;
                case 5:
                    socket.send(start + "{\"ErrorCode\":" + (random.nextBoolean() ? 1002 : 70001) + ",\"KickType\":1}}");
                    return;
                case 6:
                    socket.send("{\"head\":{\"servcmd\":\"im_open_status.stat_forceoffline\",\"seq\":1},\"body\":{\"EventArray\":[{\"Event\":10,"
                        + "\"C2cNotifyMsgArray\":[{\"KickoutMsgNotify\":{\"KickType\":" + random.nextInt(4) + "}}]}]}}");
                    break;
                default:
                    break;
            }
            String answer = start + "{\"ErrorCode\":0,\"A2Key\":\"a\",\"TinyId\":\"1\",\"InstId\":1,\"CompleteFlag\":1,\"Cookie\":\"c\",\"SyncFlag\":2,"
                + "\"MsgSeq\":1,\"MsgTime\":2,\"NextReqMsgSeq\":" + random.nextInt(3) + ",\"Complete\":" + random.nextInt(2) + ",\"MsgKey\":\"k\","
                + "\"GroupInfo\":[{\"GroupId\":\"g\",\"NextMsgSeq\":4}],\"MemberList\":[{\"Member_Account\":\"u\"}],"
                + "\"MsgList\":[{\"From_Account\":\"u\",\"MsgSeq\":1}],\"RspMsgList\":[{\"MsgSeq\":1}]}}";
            socket.send(answer);
            if (random.nextInt(4) == 0) {
                socket.send(answer);
            }
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
