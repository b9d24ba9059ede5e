package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
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

/** Reads the list of conversations from the gateway, at each log-in and after each return. Everything happens on the loop. */
final class TalkSync {
    private static final int SYNC_DONE = 2;
    /** More pages than any list has; it ends a gateway that says for ever that there is one more. */
    private static final int MOST_PAGES = 1000;

    private final Client client;
    private final Talks talks;
    private final List<Client.Work> waiting = new ArrayList<Client.Work>();
    private boolean isRead;
    /** Which reading of the list is under way; an older one that is answered late is nobody's. */
    private int syncs;
    private String cookie = "";

    TalkSync(Client client, Talks talks) {
        this.client = client;
        this.talks = talks;
    }

    void clear() {
        syncs += 1;
        isRead = false;
        cookie = "";
        goOn();
    }

    void start() {
        syncs += 1;
        talks.tell(new Tell<V2TIMConversationListener>() {
            @Override
            void to(V2TIMConversationListener listener) {
                listener.onSyncServerStart();
            }
        });
        // What has changed so far is told before, so that what changes from here on is the reading's.
        talks.tellChanges();
        new Pass(syncs).page(Json.object(
            "TimeStamp", 0, "StartIndex", 0, "TopTimeStamp", 0, "TopStartIndex", 0));
    }

    /** One reading of the list. */
    private final class Pass {
        private final int number;
        /** Those that were there before and were not in the list so far. */
        private final Set<String> missing;
        /** How they looked before, to tell those alone that look otherwise now. */
        private final Map<String, String> looks = new HashMap<String, String>();
        private int pages;

        Pass(int number) {
            this.number = number;
            this.missing = new HashSet<String>();
            for (Talk talk : talks.all()) {
                missing.add(talk.id);
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
                            Talk talk = talks.obtain(id);
                            talk.read(item, session, client.recent);
                            talks.order(talk, Math.max(talk.lastTime(), Json.number(item, "MsgTimeStamp")) * 1000);
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
            for (Talk talk : talks.all()) {
                if (!talk.isOfGroup()) {
                    Integer count = counts.get(talk.id);
                    talk.setUnread(count == null ? 0 : count);
                }
            }
        }

        private void finished() {
            for (String id : missing) {
                talks.forget(id);
            }
            isRead = true;
            for (Talk talk : talks.all()) {
                if (!talk.look().equals(looks.get(talk.id))) {
                    talks.change(talk.id);
                }
            }
            talks.tellChanges();
            talks.tell(new Tell<V2TIMConversationListener>() {
                @Override
                void to(V2TIMConversationListener listener) {
                    listener.onSyncServerFinish();
                }
            });
            goOn();
        }

        private void failed(String why) {
            Log.warn("the list of conversations was not read: " + why);
            talks.tell(new Tell<V2TIMConversationListener>() {
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
}
