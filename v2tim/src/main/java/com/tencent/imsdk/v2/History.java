package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;
import org.json.JSONObject;
import timgate.session.Answer;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.session.Session;

/**
 * Reads what was said: older messages newest first, newer ones oldest first. The end is an empty list.
 *
 * <p>The gateway gives pages as it likes; the app gets as many as it asked for, unless there are no more.
 */
abstract class History {
    /** What the gateway gives at most. */
    static final int PAGE = 20;
    private static final int MOST = 100;
    /** A gateway whose pages never end is not asked for ever. */
    private static final int MOST_PAGES = 200;
    /** The gateway's code for groups of which nothing is kept. */
    private static final int NO_HISTORY = 10044;

    final Client client;
    final Session session;
    final int count;
    final List<V2TIMMessage> found = new ArrayList<V2TIMMessage>();
    private final Wanted wanted;
    /** The second behind which nothing is wanted, in the direction of reading; 0 for none. */
    private final long end;
    private final Reply<List<V2TIMMessage>> reply;
    private int pages;

    History(Client client, Session session, Wanted wanted, Reply<List<V2TIMMessage>> reply) {
        this.client = client;
        this.session = session;
        this.count = wanted.count;
        this.wanted = wanted;
        this.end = wanted.end(session.seconds());
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

        boolean isOfGroup() {
            return !Check.isEmpty(groupID);
        }

        /** Exactly these messages of a group, whatever else is asked for. */
        boolean isExact() {
            return isOfGroup() && seqs != null && !seqs.isEmpty();
        }

        /** Where reading begins at a time. A message that is named says it better. */
        boolean isFromTime() {
            return begin > 0 && last == null && lastSeq == 0;
        }

        /** The window goes from where it begins in the direction of reading; without a begin older ones are read from now. */
        long end(long now) {
            if (period <= 0 || isNewer && begin <= 0) {
                return 0;
            }
            return isNewer ? begin + period : Math.max(1, (begin > 0 ? begin : now) - period);
        }

        boolean hasTime(V2TIMMessage message, long now) {
            boolean isBefore = isFromTime() && (isNewer ? message.timestamp < begin : message.timestamp > begin);
            return !isBefore && !isBehind(message, end(now));
        }

        /** Whether it lies behind the end of what is wanted. */
        boolean isBehind(V2TIMMessage message, long end) {
            return end != 0 && (isNewer ? message.timestamp > end : message.timestamp < end);
        }

        boolean hasType(V2TIMMessage message) {
            return types == null || types.isEmpty() || types.contains(message.elemType);
        }

        private History of(Client client, Session session, Reply<List<V2TIMMessage>> reply) throws Refusal {
            if (!isOfGroup()) {
                return new HistoryOfUser(client, session, this, reply);
            }
            if (isExact()) {
                return new HistoryBySeq(client, session, this, reply);
            }
            return isNewer ? new HistoryOfGroup.Newer(client, session, this, reply) : new HistoryOfGroup.Older(client, session, this, reply);
        }
    }

    static void read(Managers all, final Wanted wanted, Reply<List<V2TIMMessage>> reply) {
        try {
            final Client client = all.loggedIn("the history");
            if (!wanted.isOfGroup() && Check.isEmpty(wanted.userID)) {
                throw Check.wrong("the history: userID and groupID", "are both empty; give one");
            }
            if (wanted.isExact()) {
                wanted.seqs = Check.list("the history: the numbers", wanted.seqs, MOST);
                wanted.count = wanted.seqs.size();
                wanted.period = 0;
            }
            if (wanted.count < 1 || wanted.count > MOST) {
                throw Check.wrong("the history: the count", wanted.count + " is not between 1 and " + MOST);
            }
            final History history = wanted.of(client, client.session("the history"), reply);
            client.run(new Client.Work(reply) {
                @Override
                void work() {
                    if (wanted.isOfGroup() && client.live.has(wanted.groupID)) {
                        history.finish();
                    } else {
                        history.next();
                    }
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    /** Asks for the next page. */
    abstract void next();

    /** Asks, unless that was done too often. */
    final void ask(Request request, final Step step) {
        pages += 1;
        if (pages > MOST_PAGES) {
            finish();
            return;
        }
        client.sessions.ask(request, new Answer() {
            @Override
            public void done(JSONObject body) {
                step.done(body);
            }

            @Override
            public void refused(Refusal refusal) {
                // An AVChatRoom, of which that was not known here.
                if (refusal.code == NO_HISTORY) {
                    finish();
                } else {
                    step.refused(refusal);
                }
            }
        });
    }

    /** Keeps a message that is wanted; true when there are enough, or it lies behind the end. */
    final boolean keep(V2TIMMessage message) {
        if (wanted.isBehind(message, end)) {
            return true;
        }
        boolean isWanted = wanted.hasType(message) && !client.recent.isHidden(message.msgID);
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
}
