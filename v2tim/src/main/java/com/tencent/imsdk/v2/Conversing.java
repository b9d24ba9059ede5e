package com.tencent.imsdk.v2;

import java.util.List;
import org.json.JSONObject;
import timgate.Log;
import timgate.session.Answer;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/**
 * The conversations of the user: read from the gateway, and kept up by what is said, read and changed, here and on the
 * user's other devices.
 *
 * <p>Everything happens on the loop.
 */
final class Conversing {
    private static final int PIN = 2;
    private static final int DELETED = 1;
    private static final int UNPIN = 3;

    private final Client client;
    private final Talks talks;
    private final TalkSync sync;

    Conversing(Client client) {
        this.client = client;
        talks = new Talks(client);
        sync = new TalkSync(client, talks);
    }

    void clear() {
        talks.clear();
        sync.clear();
    }

    void sync() {
        sync.start();
    }

    /** Does it when the list was read, at once when it was already; also when that failed, with what there is. */
    void whenRead(Client.Work work) {
        sync.whenRead(work);
    }

    Talk find(String id) {
        return talks.find(id);
    }

    /** The most recently used first. */
    List<Talk> all() {
        return talks.all();
    }

    long unread() {
        return talks.unread();
    }

    void tellChanges() {
        talks.tellChanges();
    }

    // ---- what is said

    /** A message of this device, as it is now: on its way, sent, or not. */
    void said(V2TIMMessage message) {
        if (!message.excludedFromLastMessage) {
            Talk talk = talks.change(ConversationId.of(message));
            if (talk.isNewer(message)) {
                talk.setLast(message);
                talks.touch(talk);
            }
        }
        talks.tellChanges();
    }

    /** Asks what group it is, where that is not known: what it is called, and whether it is one of which anything is kept. */
    void describe(final String groupID) {
        final Talk talk = groupID == null ? null : talks.find(ConversationId.ofGroup(groupID));
        if (talk == null || talk.isDescribed() || talk.isAsked || !client.sessions.isAttached()) {
            return;
        }
        talk.isAsked = true;
        client.sessions.ask(Request.of(GroupWire.command(groupID, "get_group_self_member_info"), "GroupIdList", Json.list(groupID),
            "ResponseFilter", Json.object("GroupBaseInfoFilter", Json.list("Type", "Name", "FaceUrl"))), new Answer() {
                @Override
                public void done(JSONObject body) {
                    talk.isAsked = false;
                    for (JSONObject item : Json.objects(body, "GroupInfo")) {
                        String type = Json.text(item, "Type");
                        client.live.note(groupID, type);
                        if (talks.find(talk.id) == talk) {
                            talk.setGroup(type, Json.text(item, "Name"), Json.text(item, "FaceUrl"));
                            talks.change(talk.id);
                        }
                    }
                    talks.tellChanges();
                }

                @Override
                public void refused(Refusal refusal) {
                    talk.isAsked = false;
                    Log.debug("what a group is was not told: " + refusal.text);
                }
            });
    }

    /** A message that came. `group` is what was told of the group. */
    void heard(V2TIMMessage message, JSONObject group) {
        Talk talk = talks.change(ConversationId.of(message));
        if (group != null) {
            talk.setGroup(Json.text(group, "GroupType"), Json.text(group, "GroupName"), "");
            talk.lastSeq = Math.max(talk.lastSeq, message.seq);
        } else if (!message.self) {
            talk.setUser(message.nickName, message.faceUrl);
        }
        if (!message.excludedFromLastMessage && talk.isNewer(message)) {
            talk.setLast(message);
            talks.touch(talk);
        }
        if (!message.self && !message.excludedFromUnreadCount) {
            talk.setUnread(talk.unread() + 1);
        }
    }

    void recalled(String id, String userID, String groupID, long seq, JSONObject revoker) {
        Talk talk = talks.find(groupID != null ? ConversationId.ofGroup(groupID) : ConversationId.ofUser(userID));
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
        talks.change(talk.id);
    }

    void marked(String groupID, long seq, boolean me, boolean all, JSONObject item) {
        if (me || all) {
            talks.change(ConversationId.ofGroup(groupID)).mark(seq, me && all ? V2TIMGroupAtInfo.TIM_AT_ALL_AT_ME
                : me ? V2TIMGroupAtInfo.TIM_AT_ME : V2TIMGroupAtInfo.TIM_AT_ALL);
        }
    }

    // ---- what this device changed

    void read(String id) {
        Talk talk = talks.find(id);
        if (talk != null) {
            talk.setUnread(0);
            talks.change(id);
            for (V2TIMMessage message : client.recent.of(ConversationId.user(id), ConversationId.group(id))) {
                message.read = true;
            }
            talks.tellChanges();
        }
    }

    void pin(String id, boolean isPinned) {
        talks.change(id).setPinned(isPinned);
        talks.tellChanges();
    }

    void draft(String id, String text, long seconds) {
        Talk talk = talks.change(id);
        talk.setDraft(text, seconds);
        if (talk.order() == 0) {
            talks.touch(talk);
        }
        talks.tellChanges();
    }

    void muted(String id, int option) {
        Talk talk = talks.find(id);
        if (talk != null) {
            talk.setOption(option);
            talks.change(id);
        }
        talks.tellChanges();
    }

    /** The conversation is no more on the list. */
    void gone(String id) {
        talks.forget(id);
        talks.tellChanges();
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
                talks.forget(id);
            } else if (kind == PIN || kind == UNPIN) {
                talks.change(id).setPinned(kind == PIN);
            }
        }
    }

    /** What came after that time is unread still. */
    void readElsewhere(String userID, long time) {
        Talk talk = talks.find(ConversationId.ofUser(userID));
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
        talks.change(talk.id);
    }

    void readGroupElsewhere(String groupID, long seq) {
        Talk talk = talks.find(ConversationId.ofGroup(groupID));
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
        talks.change(talk.id);
    }

    void readAllElsewhere(boolean ofUsers, List<JSONObject> groups) {
        if (ofUsers) {
            for (Talk talk : talks.all()) {
                if (!talk.isOfGroup()) {
                    talk.setUnread(0);
                    talks.change(talk.id);
                }
            }
        }
        for (JSONObject group : groups) {
            readGroupElsewhere(Json.text(group, "GroupId"), Json.number(group, "LastReadMsgSeq"));
        }
    }

    void groupChanged(String groupID, JSONObject news) {
        Talk talk = talks.find(ConversationId.ofGroup(groupID));
        if (talk != null) {
            talk.setGroup("", Json.text(news, "GroupName"), Json.text(news, "GroupFaceUrl"));
            talks.change(talk.id);
        }
    }

    void userChanged(String userID, String nickName, String faceUrl) {
        Talk talk = talks.find(ConversationId.ofUser(userID));
        if (talk != null) {
            talk.setUser(nickName, faceUrl);
            talks.change(talk.id);
        }
    }
}
