package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The conversations there are, in their order, and what apps were told of them. Everything happens on the loop. */
final class Talks {
    private final Client client;
    private final Map<String, Talk> talks = new LinkedHashMap<String, Talk>();
    private final Set<Long> orders = new HashSet<Long>();
    /** Those that apps were told of. */
    private final Set<String> told = new HashSet<String>();
    private final Set<String> changed = new LinkedHashSet<String>();
    private final List<String> deleted = new ArrayList<String>();
    private long toldUnread;
    private long newestOrder;

    Talks(Client client) {
        this.client = client;
    }

    void clear() {
        talks.clear();
        orders.clear();
        told.clear();
        changed.clear();
        deleted.clear();
        toldUnread = 0;
    }

    Talk find(String id) {
        return talks.get(id);
    }

    Talk obtain(String id) {
        Talk talk = talks.get(id);
        if (talk == null) {
            talk = new Talk(id);
            talks.put(id, talk);
        }
        return talk;
    }

    /** One that is about to be changed. */
    Talk change(String id) {
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

    /** It is on no list any more. */
    void forget(String id) {
        Talk talk = talks.remove(id);
        if (talk != null) {
            orders.remove(talk.order());
            changed.remove(id);
            told.remove(id);
            deleted.add(id);
        }
    }

    // ---- order, and telling

    /** It was used just now. */
    void touch(Talk talk) {
        order(talk, Math.max(System.currentTimeMillis(), newestOrder + 1));
    }

    /** No two have the same place: apps go on behind it when they page. */
    void order(Talk talk, long wanted) {
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

    void tell(Tell<V2TIMConversationListener> tell) {
        client.all.conversations.listeners.tell(tell);
    }
}
