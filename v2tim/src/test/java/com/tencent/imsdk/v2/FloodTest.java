package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.java_websocket.WebSocket;
import org.java_websocket.handshake.ClientHandshake;
import org.java_websocket.server.WebSocketServer;
import org.json.JSONObject;
import org.junit.jupiter.api.Test;

import timgate.line.Address;

/** What a flood of messages costs: processor time for each, and memory beyond what the app keeps. */
class FloodTest {
    private static final int WARM_UP = 30_000;
    private static final int MEASURED = 10_000;
    /** What the library may cost. It takes a third of that on a desk's machine; the rest is for machines that are busy. */
    private static final long MOST_MICROSECONDS = 30;
    private static final long MOST_GROWTH_BYTES = 2 << 20;

    @Test
    void tenThousandMessagesCostLittleAndLeaveNothingBehind() throws Exception {
        AtomicInteger heard = new AtomicInteger();
        Flood flood = new Flood();
        flood.start();
        flood.isUp.await(10, TimeUnit.SECONDS);
        Managers managers = new Managers();
        managers.messages.addAdvancedMsgListener(new V2TIMAdvancedMsgListener() {
            @Override
            public void onRecvNewMessage(V2TIMMessage message) {
                heard.incrementAndGet();
            }
        });
        managers.start(1, Address.parse("ws://127.0.0.1:" + flood.getPort()));
        CountDownLatch isIn = new CountDownLatch(1);
        managers.sdk.login("me", "sig", new V2TIMCallback() {
            @Override
            public void onSuccess() {
                isIn.countDown();
            }

            @Override
            public void onError(int code, String text) {
            }
        });
        assertTrue(isIn.await(10, TimeUnit.SECONDS), "logged in");

        flood.say(WARM_UP);
        await(heard, WARM_UP);
        long memory = usedMemory();
        long before = processorTime();
        flood.say(MEASURED);
        await(heard, WARM_UP + MEASURED);
        long each = (processorTime() - before) / MEASURED / 1_000;
        System.out.println("a message received costs " + each + " µs of processor time");
        flood.say(2 * WARM_UP);
        await(heard, WARM_UP + MEASURED + 2 * WARM_UP);
        long growth = usedMemory() - memory;
        System.out.println("memory grew by " + growth / 1024 + " kB over " + (MEASURED + 2 * WARM_UP) + " messages");
        managers.stop();
        flood.stop(1_000);
        assertTrue(each <= MOST_MICROSECONDS, each + " µs");
        assertTrue(growth <= MOST_GROWTH_BYTES, growth + " bytes");
    }

    private static void await(AtomicInteger heard, int count) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (heard.get() < count && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        assertEquals(count, heard.get());
    }

    /** Of the threads that are the library's, or run for it. */
    private static long processorTime() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (long id : threads.getAllThreadIds()) {
            String name = threads.getThreadInfo(id) == null ? "" : threads.getThreadInfo(id).getThreadName();
            if (name.startsWith("timgate") || name.startsWith("WebSocketConnectReadThread") || name.startsWith("WebSocketWriteThread")) {
                sum += Math.max(0, threads.getThreadCpuTime(id));
            }
        }
        return sum;
    }

    private static long usedMemory() throws InterruptedException {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 5; round += 1) {
            System.gc();
            Thread.sleep(50);
            least = Math.min(least, Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least;
    }

    /** A gateway that lets everybody in and has much to say. */
    private static final class Flood extends WebSocketServer {
        final CountDownLatch isUp = new CountDownLatch(1);
        private volatile WebSocket client;
        private int said;

        Flood() {
            super(new InetSocketAddress("127.0.0.1", 0), 1);
        }

        void say(int count) throws InterruptedException {
            for (int index = 0; index < count; index += 1) {
                said += 1;
                send("im_open_push.msg_push", said, "{\"EventArray\":[{\"Event\":3,\"GroupMsgArray\":[{\"From_Account\":\"alice\","
                    + "\"ToGroupId\":\"g" + said % 20 + "\",\"MsgSeq\":" + said + ",\"MsgRandom\":" + said + ",\"MsgTimeStamp\":1795368257,"
                    + "\"MsgClientTime\":1795368257,\"ClientSeq\":" + said + ",\"TinyId\":\"144115200000000001\",\"MsgPriority\":\"Normal\","
                    + "\"MsgBody\":[{\"MsgType\":\"TIMCustomElem\",\"MsgContent\":{\"Data\":\"{\\\"type\\\":\\\"chat\\\",\\\"text\\\":\\\"hello\\\"}\","
                    + "\"Desc\":\"\",\"Ext\":\"\"}}],\"CloudCustomData\":\"\",\"SendMsgControl\":{\"NoUnread\":1,\"NoLastMsg\":0},"
                    + "\"GroupInfo\":{\"GroupId\":\"g" + said % 20 + "\",\"GroupName\":\"Meeting One\",\"GroupType\":\"ChatRoom\","
                    + "\"From_AccountNick\":\"Alice\",\"From_AccountHeadurl\":\"http://faces/alice.png\","
                    + "\"MsgFrom_AccountExtraInfo\":{\"NameCard\":\"Boss\"}}}]}]}");
                while (index % 64 == 0 && client.hasBufferedData()) {
                    Thread.sleep(1);
                }
            }
        }

        private void send(String command, long seq, String body) {
            client.send(("{\"head\":{\"servcmd\":\"" + command + "\",\"seq\":" + seq + "},\"body\":" + body + "}").getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void onMessage(WebSocket socket, ByteBuffer bytes) {
            client = socket;
            try {
                JSONObject head = new JSONObject(StandardCharsets.UTF_8.decode(bytes).toString()).getJSONObject("head");
                send(head.getString("servcmd"), head.getLong("seq"), "{\"ErrorCode\":0,\"A2Key\":\"a\",\"TinyId\":\"1\",\"InstId\":1,"
                    + "\"CompleteFlag\":1,\"Cookie\":\"c\",\"SyncFlag\":2}");
            } catch (Exception wrong) {
                throw new IllegalStateException(wrong);
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
