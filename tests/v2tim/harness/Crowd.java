package com.tencent.imsdk.v2;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.line.Address;

/**
 * Hundreds of phones in one process, in groups of which the first member speaks. Lines in: the setting, then `down` before the
 * gateway goes, `up` when it is there again, then `end`. Lines out: `ready`, `back` with the milliseconds, and the report.
 */
public final class Crowd {
    private static final long SAY_EVERY_MS = 250;
    private static final int AT_ONCE = 16;
    private static final long HEARD_WITHIN_NS = TimeUnit.SECONDS.toNanos(20);

    private static final class Phone {
        final Managers managers = new Managers();
        final String user;
        final String group;
        /** How often each message was told. */
        final Map<String, Integer> heard = new ConcurrentHashMap<>();
        volatile long syncedAt;

        Phone(String user, String group) {
            this.user = user;
            this.group = group;
            managers.messages.addAdvancedMsgListener(new V2TIMAdvancedMsgListener() {
                @Override
                public void onRecvNewMessage(V2TIMMessage message) {
                    heard.merge(message.getMsgID(), 1, Integer::sum);
                }
            });
            managers.conversations.addConversationListener(new V2TIMConversationListener() {
                @Override
                public void onSyncServerFinish() {
                    syncedAt = System.nanoTime();
                }
            });
        }
    }

    /** Waits for one call. */
    private static final class Done implements V2TIMCallback {
        final CountDownLatch done = new CountDownLatch(1);
        volatile String error;

        @Override
        public void onSuccess() {
            done.countDown();
        }

        @Override
        public void onError(int code, String text) {
            error = code + " " + text;
            done.countDown();
        }

        void await(String what) throws InterruptedException {
            if (!done.await(30, TimeUnit.SECONDS) || error != null) {
                throw new IllegalStateException(what + ": " + error);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        JSONObject setting = new JSONObject(in.readLine());
        List<Phone> phones = enter(setting);
        System.out.println("ready");

        Map<String, List<String>> said = new ConcurrentHashMap<>();
        AtomicInteger open = new AtomicInteger();
        AtomicInteger failed = new AtomicInteger();
        ScheduledExecutorService speaking = Executors.newScheduledThreadPool(2);
        Map<String, Phone> speakers = new HashMap<>();
        for (Phone phone : phones) {
            speakers.putIfAbsent(phone.group, phone);
        }
        for (Phone speaker : speakers.values()) {
            said.put(speaker.group, java.util.Collections.synchronizedList(new ArrayList<>()));
            speaking.scheduleAtFixedRate(() -> say(speaker, said.get(speaker.group), open, failed), 0, SAY_EVERY_MS, TimeUnit.MILLISECONDS);
        }

        in.readLine();
        long down = System.nanoTime();
        in.readLine();
        long up = System.nanoTime();
        long back = 0;
        for (Phone phone : phones) {
            // The first are back before it is noticed here that the gateway is.
            while (phone.syncedAt < down && System.nanoTime() - up < TimeUnit.SECONDS.toNanos(60)) {
                Thread.sleep(5);
            }
            back = Math.max(back, phone.syncedAt < down ? Long.MAX_VALUE : phone.syncedAt - up);
        }
        System.out.println("back " + back / 1_000_000);

        in.readLine();
        speaking.shutdown();
        speaking.awaitTermination(5, TimeUnit.SECONDS);
        while (open.get() > 0) {
            Thread.sleep(20);
        }
        JSONObject report = report(phones, speakers, said, failed.get());
        for (long end = System.nanoTime() + HEARD_WITHIN_NS; report.getInt("missed") > 0 && System.nanoTime() < end;) {
            Thread.sleep(100);
            report = report(phones, speakers, said, failed.get());
        }
        // What is told twice is told soon after.
        Thread.sleep(1_000);
        System.out.println(report(phones, speakers, said, failed.get()));
        System.exit(0);
    }

    private static List<Phone> enter(JSONObject setting) throws Exception {
        int app = setting.getInt("app");
        JSONArray users = setting.getJSONArray("users");
        ExecutorService entering = Executors.newFixedThreadPool(AT_ONCE);
        List<Future<Phone>> opened = new ArrayList<>();
        Set<String> groups = new HashSet<>();
        for (int index = 0; index < users.length(); index += 1) {
            JSONObject user = users.getJSONObject(index);
            boolean isFirst = groups.add(user.getString("group"));
            Future<Phone> phone = entering.submit(() -> enter(app, user, isFirst));
            if (isFirst) {
                // The others find the group there.
                phone.get();
            }
            opened.add(phone);
        }
        entering.shutdown();
        List<Phone> phones = new ArrayList<>();
        for (Future<Phone> phone : opened) {
            phones.add(phone.get());
        }
        return phones;
    }

    private static Phone enter(int app, JSONObject user, boolean isFirst) throws Exception {
        Phone phone = new Phone(user.getString("user"), user.getString("group"));
        Done login = new Done();
        phone.managers.start(app, Address.parse(user.getString("url")));
        phone.managers.sdk.login(phone.user, user.getString("sig"), login);
        login.await("the log-in of " + phone.user);
        Done entered = new Done();
        if (isFirst) {
            phone.managers.sdk.createGroup("Meeting", phone.group, phone.group, new V2TIMValueCallback<String>() {
                @Override
                public void onSuccess(String id) {
                    entered.onSuccess();
                }

                @Override
                public void onError(int code, String text) {
                    entered.onError(code, text);
                }
            });
        } else {
            phone.managers.sdk.joinGroup(phone.group, "", entered);
        }
        entered.await(phone.user + " enters " + phone.group);
        return phone;
    }

    private static void say(Phone speaker, List<String> said, AtomicInteger open, AtomicInteger failed) {
        open.incrementAndGet();
        speaker.managers.sdk.sendGroupTextMessage("line " + said.size(), speaker.group, 1, new V2TIMValueCallback<V2TIMMessage>() {
            @Override
            public void onSuccess(V2TIMMessage message) {
                said.add(message.getMsgID());
                open.decrementAndGet();
            }

            @Override
            public void onError(int code, String text) {
                failed.incrementAndGet();
                open.decrementAndGet();
            }
        });
    }

    private static JSONObject report(List<Phone> phones, Map<String, Phone> speakers, Map<String, List<String>> said, int failed) throws Exception {
        int missed = 0;
        int doubled = 0;
        int heard = 0;
        for (Phone phone : phones) {
            if (speakers.get(phone.group) == phone) {
                continue;
            }
            for (String id : said.get(phone.group)) {
                missed += phone.heard.containsKey(id) ? 0 : 1;
            }
            for (int count : phone.heard.values()) {
                heard += 1;
                doubled += count > 1 ? 1 : 0;
            }
        }
        int all = said.values().stream().mapToInt(List::size).sum();
        return new JSONObject().put("said", all).put("failed", failed).put("heard", heard).put("missed", missed).put("doubled", doubled);
    }
}
