package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.json.JSONObject;
import timgate.Log;
import timgate.session.Answer;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.session.Session;
import timgate.wire.Json;

/**
 * The list of conversations: read from the gateway at each log-in and after each return, and kept up by what is said.
 *
 * <p>Everything happens on the loop.
 */
final class Conversing {
    private static final int PIN = 2;
    private static final int DELETED = 1;
    private static final int UNPIN = 3;
    private static final int SYNC_DONE = 2;
    /** More pages than any list has; it ends a gateway that says for ever that there is one more. */
    private static final int MOST_PAGES = 1000;

    private final Client client;
    private final Map<String, Talk> talks = new LinkedHashMap<String, Talk>();
    private final Set<Long> orders = new HashSet<Long>();
    /** Those that apps were told of. */
    private final Set<String> told = new HashSet<String>();
    private final Set<String> changed = new LinkedHashSet<String>();
    private final List<String> deleted = new ArrayList<String>();
    private final List<Client.Work> waiting = new ArrayList<Client.Work>();
    private long toldUnread;
    private boolean isRead;
    /** Which reading of the list is under way; an older one that is answered late is nobody's. */
    private int syncs;
    private String cookie = "";

    Conversing(Client client) {
        this.client = client;
    }

    void clear() {
        syncs += 1;
        talks.clear();
        orders.clear();
        told.clear();
        changed.clear();
        deleted.clear();
        toldUnread = 0;
        isRead = false;
        cookie = "";
        goOn();
    }

    // ---- reading the list

    void sync(boolean isBack) {
        syncs += 1;
        tell(new Tell<V2TIMConversationListener>() {
            @Override
            void to(V2TIMConversationListener listener) {
                listener.onSyncServerStart();
            }
        });
        // What has changed so far is told before, so that what changes from here on is the reading's.
        tellChanges();
        new Sync(syncs).page(Json.object(
            "TimeStamp", 0, "StartIndex", 0, "TopTimeStamp", 0, "TopStartIndex", 0));
    }

    /** One reading of the list. */
    private final class Sync {
        private final int number;
        /** Those that were there before and were not in the list so far. */
        private final Set<String> missing;
        /** How they looked before, to tell those alone that look otherwise now. */
        private final Map<String, String> looks = new HashMap<String, String>();
        private int pages;

        Sync(int number) {
            this.number = number;
            this.missing = new HashSet<String>(talks.keySet());
            for (Talk talk : talks.values()) {
                looks.put(talk.id, talk.look());
            }
        }

        private abstract class Part implements Answer {
            abstract void next(JSONObject body);

            @Override
            public final void done(JSONObject body) {
                if (number != syncs) {
                    return;
                }
                try {
                    next(body);
                } catch (RuntimeException fault) {
                    Log.error("a fault in the library", fault);
                    failed("the gateway's list of conversations cannot be read");
                }
            }

            @Override
            public final void refused(Refusal refusal) {
                if (number == syncs) {
                    failed(refusal.text);
                }
            }
        }

        private void page(JSONObject cursor) {
            final Session session = client.sessions.session();
            JSONObject asked = Json.object("From_Account", session.user, "OrderType", 1, "MsgAssistFlags", 15, "AssistFlags", 31,
                "TimeStamp", cursor.opt("TimeStamp"), "StartIndex", cursor.opt("StartIndex"),
                "TopTimeStamp", cursor.opt("TopTimeStamp"), "TopStartIndex", cursor.opt("TopStartIndex"));
            client.sessions.ask(Request.with("recentcontact.page_get", asked), new Part() {
                @Override
                void next(JSONObject body) {
                    for (JSONObject item : Json.objects(body, "SessionItem")) {
                        String id = Talk.idOf(item);
                        if (id != null) {
                            missing.remove(id);
                            Talk talk = obtain(id);
                            talk.read(item, session, client.recent);
                            order(talk, Math.max(talk.lastTime(), Json.number(item, "MsgTimeStamp")) * 1000);
                        }
                    }
                    pages += 1;
                    if (Json.integer(body, "CompleteFlag") == 1 || pages == MOST_PAGES) {
                        unread(0, 0);
                    } else {
                        page(body);
                    }
                }
            });
        }

        /** How much of each user's messages is unread, and what the user missed of groups. */
        private void unread(int flag, final int asked) {
            final JSONObject body = Json.object("Cookie", cookie, "SyncFlag", flag, "NeedAbstract", 1, "IsOnlineSync", 0,
                "NeedSignaling", 1, "NeedCachedMsg", 1);
            client.sessions.ask(Request.with("openim.getmsg", body), new Part() {
                @Override
                void next(JSONObject body) {
                    String next = Json.text(body, "Cookie");
                    cookie = next;
                    client.take(Json.objects(body, "MsgList"), Json.objects(body, "EventArray"));
                    int flag = Json.integer(body, "SyncFlag");
                    if (flag != SYNC_DONE && !next.isEmpty() && asked < MOST_PAGES) {
                        unread(flag, asked + 1);
                        return;
                    }
                    counts(Json.objects(body, "C2CPairUnreadCount"));
                    finished();
                }
            });
        }

        private void counts(List<JSONObject> items) {
            Map<String, Integer> counts = new HashMap<String, Integer>();
            for (JSONObject item : items) {
                counts.put(ConversationId.ofUser(Json.text(item, "From_Account")), Json.integer(item, "UnreadCount"));
            }
            for (Talk talk : talks.values()) {
                if (!talk.isOfGroup()) {
                    Integer count = counts.get(talk.id);
                    talk.setUnread(count == null ? 0 : count);
                }
            }
        }

        private void finished() {
            for (String id : missing) {
                forget(id);
            }
            isRead = true;
            for (Talk talk : talks.values()) {
                if (!talk.look().equals(looks.get(talk.id))) {
                    changed.add(talk.id);
                }
            }
            tellChanges();
            tell(new Tell<V2TIMConversationListener>() {
                @Override
                void to(V2TIMConversationListener listener) {
                    listener.onSyncServerFinish();
                }
            });
            goOn();
        }

        private void failed(String why) {
            Log.warn("the list of conversations was not read: " + why);
            tell(new Tell<V2TIMConversationListener>() {
                @Override
                void to(V2TIMConversationListener listener) {
                    listener.onSyncServerFailed();
                }
            });
            goOn();
        }
    }

    /** Does it when the list was read, at once when it was already; also when that failed, with what there is. */
    void whenRead(Client.Work work) {
        if (isRead || client.sessions.session() == null) {
            work.run();
        } else {
            waiting.add(work);
        }
    }

    private void goOn() {
        List<Client.Work> works = new ArrayList<Client.Work>(waiting);
        waiting.clear();
        for (Client.Work work : works) {
            work.run();
        }
    }

    // ---- what is asked of it

    Talk find(String id) {
        return talks.get(id);
    }

    private Talk obtain(String id) {
        Talk talk = talks.get(id);
        if (talk == null) {
            talk = new Talk(id);
            talks.put(id, talk);
        }
        return talk;
    }

    /** One that is about to be changed. */
    private Talk talk(String id) {
        changed.add(id);
        return obtain(id);
    }

    /** The most recently used first. */
    List<Talk> all() {
        List<Talk> all = new ArrayList<Talk>(talks.values());
        Collections.sort(all, NEWEST_FIRST);
        return all;
    }

    private static final Comparator<Talk> NEWEST_FIRST = new Comparator<Talk>() {
        @Override
        public int compare(Talk one, Talk other) {
            return Long.signum(other.order() - one.order());
        }
    };

    long unread() {
        long sum = 0;
        for (Talk talk : talks.values()) {
            sum += talk.loudUnread();
        }
        return sum;
    }

    // ---- what is said

    /** A message of this device, as it is now: on its way, sent, or not. */
    void said(V2TIMMessage message) {
        if (!message.excludedFromLastMessage) {
            Talk talk = talk(ConversationId.of(message));
            if (talk.isNewer(message)) {
                talk.setLast(message);
                touch(talk);
            }
        }
        tellChanges();
    }

    /** A message that came. `group` is what was told of the group. */
    void heard(V2TIMMessage message, JSONObject group) {
        Talk talk = talk(ConversationId.of(message));
        if (group != null) {
            talk.setGroup(Json.text(group, "GroupType"), Json.text(group, "GroupName"), "");
            talk.lastSeq = Math.max(talk.lastSeq, message.seq);
        } else if (!message.self) {
            talk.setUser(message.nickName, message.faceUrl);
        }
        if (!message.excludedFromLastMessage && talk.isNewer(message)) {
            talk.setLast(message);
            touch(talk);
        }
        if (!message.self && !message.excludedFromUnreadCount) {
            talk.setUnread(talk.unread() + 1);
        }
    }

    void recalled(String id, String userID, String groupID, long seq, JSONObject revoker) {
        Talk talk = talks.get(groupID != null ? ConversationId.ofGroup(groupID) : ConversationId.ofUser(userID));
        if (talk == null) {
            return;
        }
        V2TIMMessage last = talk.last();
        if (last != null && (id.equals(last.msgID) || last.seq == seq && groupID != null)) {
            Received.recalled(last, revoker);
        }
        V2TIMMessage known = client.recent.get(id);
        boolean wasCounted = known == null || !known.self && !known.excludedFromUnreadCount;
        if (talk.unread() > 0 && wasCounted) {
            talk.setUnread(talk.unread() - 1);
        }
        changed.add(talk.id);
    }

    void marked(String groupID, long seq, boolean me, boolean all, JSONObject item) {
        if (me || all) {
            talk(ConversationId.ofGroup(groupID)).mark(seq, me && all ? V2TIMGroupAtInfo.TIM_AT_ALL_AT_ME
                : me ? V2TIMGroupAtInfo.TIM_AT_ME : V2TIMGroupAtInfo.TIM_AT_ALL);
        }
    }

    // ---- what this device changed

    void read(String id) {
        Talk talk = talks.get(id);
        if (talk != null) {
            talk.setUnread(0);
            changed.add(id);
            for (V2TIMMessage message : client.recent.of(ConversationId.user(id), ConversationId.group(id))) {
                message.read = true;
            }
            tellChanges();
        }
    }

    void pin(String id, boolean isPinned) {
        talk(id).setPinned(isPinned);
        tellChanges();
    }

    void draft(String id, String text, long seconds) {
        Talk talk = talk(id);
        talk.setDraft(text, seconds);
        if (talk.order() == 0) {
            touch(talk);
        }
        tellChanges();
    }

    void muted(String id, int option) {
        Talk talk = talks.get(id);
        if (talk != null) {
            talk.setOption(option);
            changed.add(id);
        }
        tellChanges();
    }

    /** The conversation is no more on the list. */
    void gone(String id) {
        forget(id);
        tellChanges();
    }

    private void forget(String id) {
        Talk talk = talks.remove(id);
        if (talk != null) {
            orders.remove(talk.order());
            changed.remove(id);
            told.remove(id);
            deleted.add(id);
        }
    }

    // ---- what another device changed

    void changedElsewhere(JSONObject change) {
        int kind = Json.integer(change, "PushType");
        JSONObject items = Json.object(change, kind == DELETED ? "RecentContactDeleteItem" : "RecentContactTopItem");
        for (JSONObject item : Json.objects(items, "RecentContactList")) {
            String id = Json.integer(item, "Type") == 1
                ? ConversationId.ofUser(Json.text(item, "User_Account"))
                : ConversationId.ofGroup(Json.text(item, item.has("GroupId") ? "GroupId" : "ToGroupId"));
            if (kind == DELETED) {
                forget(id);
            } else if (kind == PIN || kind == UNPIN) {
                talk(id).setPinned(kind == PIN);
            }
        }
    }

    /** What came after that time is unread still. */
    void readElsewhere(String userID, long time) {
        Talk talk = talks.get(ConversationId.ofUser(userID));
        if (talk == null) {
            return;
        }
        int left = 0;
        for (V2TIMMessage message : client.recent.of(userID, null)) {
            boolean isLeft = message.timestamp > time;
            message.read |= !isLeft;
            if (!message.self && !message.excludedFromUnreadCount && isLeft) {
                left += 1;
            }
        }
        talk.setUnread(Math.min(left, talk.unread()));
        changed.add(talk.id);
    }

    void readGroupElsewhere(String groupID, long seq) {
        Talk talk = talks.get(ConversationId.ofGroup(groupID));
        if (talk == null) {
            return;
        }
        int left = 0;
        for (V2TIMMessage message : client.recent.of(null, groupID)) {
            boolean isLeft = message.seq > seq;
            message.read |= !isLeft;
            if (!message.self && !message.excludedFromUnreadCount && isLeft) {
                left += 1;
            }
        }
        talk.setUnread(Math.min(left, talk.unread()));
        changed.add(talk.id);
    }

    void readAllElsewhere(boolean ofUsers, List<JSONObject> groups) {
        if (ofUsers) {
            for (Talk talk : talks.values()) {
                if (!talk.isOfGroup()) {
                    talk.setUnread(0);
                    changed.add(talk.id);
                }
            }
        }
        for (JSONObject group : groups) {
            readGroupElsewhere(Json.text(group, "GroupId"), Json.number(group, "LastReadMsgSeq"));
        }
    }

    void groupChanged(String groupID, JSONObject news) {
        Talk talk = talks.get(ConversationId.ofGroup(groupID));
        if (talk != null) {
            talk.setGroup("", Json.text(news, "GroupName"), Json.text(news, "GroupFaceUrl"));
            changed.add(talk.id);
        }
    }

    void userChanged(String userID, String nickName, String faceUrl) {
        Talk talk = talks.get(ConversationId.ofUser(userID));
        if (talk != null) {
            talk.setUser(nickName, faceUrl);
            changed.add(talk.id);
        }
    }

    // ---- order, and telling

    private void touch(Talk talk) {
        order(talk, Math.max(System.currentTimeMillis(), newestOrder + 1));
    }

    private long newestOrder;

    /** No two have the same place: apps go on behind it when they page. */
    private void order(Talk talk, long wanted) {
        if (wanted == 0 || talk.order() >= wanted) {
            return;
        }
        orders.remove(talk.order());
        long order = wanted;
        while (!orders.add(order)) {
            order += 1;
        }
        newestOrder = Math.max(newestOrder, order);
        talk.setOrder(order);
    }

    /** Tells listeners what has changed since they were told last. */
    void tellChanges() {
        final List<V2TIMConversation> fresh = new ArrayList<V2TIMConversation>();
        final List<V2TIMConversation> other = new ArrayList<V2TIMConversation>();
        boolean isHeard = !client.all.conversations.listeners.isEmpty();
        for (String id : changed) {
            Talk talk = talks.get(id);
            boolean isFresh = talk != null && told.add(id);
            if (talk != null && isHeard) {
                (isFresh ? fresh : other).add(talk.copy());
            }
        }
        changed.clear();
        final List<String> gone = new ArrayList<String>(deleted);
        deleted.clear();
        if (!isHeard) {
            return;
        }
        final long unread = unread();
        final boolean isUnreadChanged = unread != toldUnread;
        toldUnread = unread;
        if (fresh.isEmpty() && other.isEmpty() && gone.isEmpty() && !isUnreadChanged) {
            return;
        }
        tell(new Tell<V2TIMConversationListener>() {
            @Override
            void to(V2TIMConversationListener listener) {
                if (!fresh.isEmpty()) {
                    listener.onNewConversation(fresh);
                }
                if (!other.isEmpty()) {
                    listener.onConversationChanged(other);
                }
                if (!gone.isEmpty()) {
                    listener.onConversationDeleted(gone);
                }
                if (isUnreadChanged) {
                    listener.onTotalUnreadMessageCountChanged(unread);
                }
            }
        });
    }

    private void tell(Tell<V2TIMConversationListener> tell) {
        client.all.conversations.listeners.tell(tell);
    }
}
