package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The messages that passed through lately, by their IDs: the library's local history, which has a bound and no disk.
 *
 * <p>Used from the loop and from app threads.
 */
final class Recent {
    private static final int MOST = 1000;

    private final Map<String, V2TIMMessage> messages = new LinkedHashMap<String, V2TIMMessage>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, V2TIMMessage> eldest) {
            return size() > MOST;
        }
    };

    /** Deleted on this device only; the gateway goes on to send them in its history. */
    private final Map<String, Boolean> hidden = new LinkedHashMap<String, Boolean>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST;
        }
    };

    /** Of two objects of one message the app is to see the later one's state in both: the earlier one is kept. */
    synchronized void add(V2TIMMessage message) {
        if (message.msgID != null) {
            messages.put(message.msgID, message);
        }
    }

    synchronized V2TIMMessage get(String id) {
        return messages.get(id);
    }

    synchronized V2TIMMessage ofGroup(String groupID, long seq) {
        for (V2TIMMessage message : messages.values()) {
            if (message.seq == seq && groupID.equals(message.groupID)) {
                return message;
            }
        }
        return null;
    }

    synchronized void hide(String id) {
        hidden.put(id, Boolean.TRUE);
        messages.remove(id);
    }

    /** All of a group. */
    synchronized void forget(String groupID) {
        for (V2TIMMessage message : of(null, groupID)) {
            messages.remove(message.msgID);
        }
    }

    synchronized boolean isHidden(String id) {
        return hidden.containsKey(id);
    }

    /** Those of one conversation, newest first. */
    synchronized List<V2TIMMessage> of(String userID, String groupID) {
        List<V2TIMMessage> found = new ArrayList<V2TIMMessage>();
        for (V2TIMMessage message : messages.values()) {
            if (groupID != null ? groupID.equals(message.groupID) : userID != null && userID.equals(message.userID)) {
                found.add(message);
            }
        }
        Collections.sort(found, NEWEST_FIRST);
        return found;
    }

    private static final Comparator<V2TIMMessage> NEWEST_FIRST = new Comparator<V2TIMMessage>() {
        @Override
        public int compare(V2TIMMessage one, V2TIMMessage other) {
            int byTime = Long.signum(other.timestamp - one.timestamp);
            return byTime != 0 ? byTime : Long.signum(other.seq - one.seq);
        }
    };

    synchronized void clear() {
        messages.clear();
        hidden.clear();
    }
}
