package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.json.JSONObject;
import timgate.Codes;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.session.Session;
import timgate.wire.Json;

/**
 * Reads what was said: older messages newest first, newer ones oldest first. The end is an empty list.
 *
 * <p>The gateway gives pages as it likes; the app gets as many as it asked for, unless there are no more.
 */
abstract class History {
    private static final int PAGE = 20;
    private static final int MOST = 100;
    /** A gateway whose pages never end is not asked for ever. */
    private static final int MOST_PAGES = 200;

    final Client client;
    final Session session;
    final int count;
    final List<V2TIMMessage> found = new ArrayList<V2TIMMessage>();
    private final List<Integer> types;
    private final Reply<List<V2TIMMessage>> reply;
    private int pages;

    private History(Client client, Session session, Wanted wanted, Reply<List<V2TIMMessage>> reply) {
        this.client = client;
        this.session = session;
        this.count = wanted.count;
        this.types = wanted.types;
        this.reply = reply;
    }

    /** What an app asks for. */
    static final class Wanted {
        String userID;
        String groupID;
        int count;
        V2TIMMessage last;
        /** A message that is wanted too, where no {@link #last} is given. */
        long lastSeq;
        long begin;
        long period;
        List<Integer> types;
        List<Long> seqs;
        boolean isNewer;
    }

    static void read(Managers all, Wanted wanted, Reply<List<V2TIMMessage>> reply) {
        try {
            final Client client = all.loggedIn("the history");
            boolean isOfGroup = !Check.isEmpty(wanted.groupID);
            if (!isOfGroup && Check.isEmpty(wanted.userID)) {
                throw Check.wrong("the history: userID and groupID", "are both empty; give one");
            }
            if (wanted.seqs != null && !wanted.seqs.isEmpty()) {
                wanted.count = wanted.seqs.size();
            }
            if (wanted.count < 1 || wanted.count > MOST) {
                throw Check.wrong("the history: the count", wanted.count + " is not between 1 and " + MOST);
            }
            if (wanted.begin > 0 && isOfGroup) {
                throw new Refusal(Codes.NOT_SUPPORTED, "the history: the gateway finds messages of a group by their numbers,"
                    + " not by their times; give lastMsg or lastMsgSeq");
            }
            Session session = client.session("the history");
            final History history = isOfGroup
                ? wanted.isNewer ? new NewerOfGroup(client, session, wanted, reply) : new OlderOfGroup(client, session, wanted, reply)
                : new OfUser(client, session, wanted, reply);
            client.run(new Client.Work(reply) {
                @Override
                void work() {
                    history.next();
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    /** Asks for the next page. */
    abstract void next();

    final void ask(Request request, Step step) {
        pages += 1;
        if (pages > MOST_PAGES) {
            finish();
        } else {
            client.sessions.ask(request, step);
        }
    }

    /** Keeps a message that is wanted; true when there are enough. */
    final boolean keep(V2TIMMessage message) {
        boolean isWanted = (types == null || types.isEmpty() || types.contains(message.elemType))
            && !client.recent.isHidden(message.msgID);
        if (isWanted && found.size() < count) {
            found.add(known(message));
        }
        return found.size() >= count;
    }

    /** The object of a message that the app knows, brought up to date: it may have set something on it. */
    private V2TIMMessage known(V2TIMMessage read) {
        Talk talk = client.conversing.find(ConversationId.of(read));
        read.read |= talk != null && talk.unread() == 0;
        V2TIMMessage known = client.recent.get(read.msgID);
        if (known == null) {
            client.recent.add(read);
            return read;
        }
        known.timestamp = read.timestamp;
        known.seq = read.seq;
        known.read |= read.read;
        known.peerRead |= read.peerRead;
        if (known.status != V2TIMMessage.V2TIM_MSG_STATUS_LOCAL_REVOKED) {
            known.status = read.status;
            known.revokerInfo = read.revokerInfo;
            known.revokeReason = read.revokeReason;
        }
        return known;
    }

    final void finish() {
        reply.succeed(found);
    }

    final Reply<List<V2TIMMessage>> reply() {
        return reply;
    }

    private static final String GROUP = "group_open_http_svc.group_msg_get";

    private static final class OlderOfGroup extends History {
        private final String groupID;
        private final List<Long> seqs;
        /** The newest number wanted; 0 for the last. */
        private long newest;

        OlderOfGroup(Client client, Session session, Wanted wanted, Reply<List<V2TIMMessage>> reply) throws Refusal {
            super(client, session, wanted, reply);
            groupID = wanted.groupID;
            seqs = wanted.seqs;
            if (wanted.last != null) {
                if (wanted.last.seq <= 0) {
                    throw Check.wrong("the history: lastMsg", "is no message that was sent to the group");
                }
                newest = wanted.last.seq - 1;
                isAtEnd = newest == 0;
            } else {
                newest = wanted.lastSeq;
            }
        }

        private boolean isAtEnd;

        @Override
        void next() {
            if (isAtEnd) {
                finish();
                return;
            }
            boolean isExact = seqs != null && !seqs.isEmpty();
            Request request = isExact
                ? Request.of(GROUP, "GroupId", groupID, "GetType", 3, "ReqMsgSeqList", Json.listOf(seqs), "WithRecalledMsg", 1)
                : Request.of(GROUP, "GroupId", groupID, "ReqMsgNumber", PAGE, "ReqMsgSeq", newest, "WithRecalledMsg", 1);
            final boolean isOnlyPage = isExact;
            ask(request, new Step(reply()) {
                @Override
                void next(JSONObject body) {
                    boolean isFull = false;
                    for (JSONObject item : Json.objects(body, "RspMsgList")) {
                        V2TIMMessage message = Received.ofGroup(Json.put(item, "ToGroupId", groupID), session);
                        isFull |= message != null && keep(message);
                    }
                    long next = Json.number(body, "NextReqMsgSeq");
                    if (isFull || isOnlyPage || next < 1 || newest != 0 && next >= newest) {
                        finish();
                    } else {
                        newest = next;
                        OlderOfGroup.this.next();
                    }
                }
            });
        }
    }

    private static final class NewerOfGroup extends History {
        private final String groupID;
        /** The number after which the next page begins. */
        private long after;
        /** The newest there is; 0 until it is known. */
        private long end;

        NewerOfGroup(Client client, Session session, Wanted wanted, Reply<List<V2TIMMessage>> reply) {
            super(client, session, wanted, reply);
            groupID = wanted.groupID;
            after = wanted.last != null ? wanted.last.seq : Math.max(0, wanted.lastSeq - 1);
        }

        @Override
        void next() {
            if (end == 0) {
                findEnd();
            } else if (after >= end) {
                finish();
            } else {
                page(Math.min(end, after + PAGE));
            }
        }

        private void findEnd() {
            ask(Request.of(GROUP, "GroupId", groupID, "ReqMsgNumber", PAGE, "ReqMsgSeq", 0, "WithRecalledMsg", 1), new Step(reply()) {
                @Override
                void next(JSONObject body) {
                    for (JSONObject item : Json.objects(body, "RspMsgList")) {
                        end = Math.max(end, Json.number(item, "MsgSeq"));
                    }
                    if (end == 0) {
                        finish();
                    } else {
                        NewerOfGroup.this.next();
                    }
                }
            });
        }

        private void page(final long newest) {
            Request request = Request.of(GROUP, "GroupId", groupID, "ReqMsgNumber", newest - after, "ReqMsgSeq", newest, "WithRecalledMsg", 1);
            ask(request, new Step(reply()) {
                @Override
                void next(JSONObject body) {
                    List<JSONObject> items = Json.objects(body, "RspMsgList");
                    Collections.reverse(items);
                    boolean isFull = false;
                    for (JSONObject item : items) {
                        V2TIMMessage message = Received.ofGroup(Json.put(item, "ToGroupId", groupID), session);
                        boolean isInPage = message != null && message.seq > after && message.seq <= newest;
                        isFull |= isInPage && keep(message);
                    }
                    after = newest;
                    if (isFull) {
                        finish();
                    } else {
                        NewerOfGroup.this.next();
                    }
                }
            });
        }
    }

    private static final class OfUser extends History {
        private final String userID;
        private final boolean isNewer;
        private final V2TIMMessage last;
        private final long begin;
        private final long end;
        private long time;
        private String key = "";

        OfUser(Client client, Session session, Wanted wanted, Reply<List<V2TIMMessage>> reply) {
            super(client, session, wanted, reply);
            userID = wanted.userID;
            isNewer = wanted.isNewer;
            last = wanted.last;
            // The window goes from where one begins in the direction in which one reads.
            begin = wanted.begin;
            end = wanted.begin == 0 || wanted.period == 0 ? 0 : isNewer ? begin + wanted.period : begin - wanted.period;
            if (last != null) {
                time = last.timestamp;
                // One that is known from the list of conversations only may lack its number: then its time must do.
                key = last.random == 0 ? "" : Identity.key(last);
            } else {
                time = begin;
            }
        }

        @Override
        void next() {
            Request request = Request.of("openim.getroammsg", "Peer_Account", userID, "MaxCnt", PAGE, "LastMsgTime", time,
                "MsgKey", key, "WithRecalledMsg", 1, "GetDirection", isNewer ? 1 : 0);
            ask(request, new Step(reply()) {
                @Override
                void next(JSONObject body) {
                    List<JSONObject> items = Json.objects(body, "MsgList");
                    if (!isNewer) {
                        Collections.reverse(items);
                    }
                    boolean isFull = false;
                    boolean isBehind = false;
                    for (JSONObject item : items) {
                        V2TIMMessage message = Received.ofUser(item, session);
                        isBehind |= end != 0 && (isNewer ? message.timestamp > end : message.timestamp < end);
                        isFull |= !isBehind && !isLast(message) && keep(message);
                    }
                    String nextKey = Json.text(body, "MsgKey");
                    boolean isOver = Json.integer(body, "Complete") == 1 || items.isEmpty() || nextKey.isEmpty() || nextKey.equals(key);
                    if (isFull || isBehind || isOver) {
                        finish();
                    } else {
                        key = nextKey;
                        time = Json.number(body, "LastMsgTime");
                        OfUser.this.next();
                    }
                }
            });
        }

        private boolean isLast(V2TIMMessage message) {
            return last != null && message.seq == last.seq && message.timestamp == last.timestamp
                && (last.random == 0 || message.random == last.random);
        }
    }
}
