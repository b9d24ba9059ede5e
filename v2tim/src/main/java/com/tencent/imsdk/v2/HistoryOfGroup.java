package com.tencent.imsdk.v2;

import java.util.Collections;
import java.util.List;
import org.json.JSONObject;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.session.Session;
import timgate.wire.Json;

/** The history of a group, whose messages have numbers. */
abstract class HistoryOfGroup extends History {
    private static final String GET = "group_msg_get";

    final String groupID;

    HistoryOfGroup(Client client, Session session, Wanted wanted, Reply<List<V2TIMMessage>> reply) {
        super(client, session, wanted, reply);
        groupID = wanted.groupID;
    }

    /** At most so many numbers from `newest` downwards; 0 is the last. */
    static Request page(String groupID, long newest, long count) {
        return Request.of(GroupWire.command(groupID, GET), "GroupId", groupID, "ReqMsgNumber", count, "ReqMsgSeq", newest, "WithRecalledMsg", 1);
    }

    static Request exactly(String groupID, List<Long> seqs) {
        return Request.of(GroupWire.command(groupID, GET), "GroupId", groupID, "GetType", 3, "ReqMsgSeqList", Json.listOf(seqs),
            "WithRecalledMsg", 1);
    }

    /** Null when it only holds the place of one that is gone. */
    final V2TIMMessage message(JSONObject item) {
        return Received.ofGroup(Json.put(item, "ToGroupId", groupID), session);
    }

    /** Older ones, newest first. */
    static final class Older extends HistoryOfGroup {
        /** The newest number wanted; 0 for the last. */
        private long newest;
        private boolean isAtEnd;
        /** A time to begin at; 0 when it is known where. */
        private long second;

        Older(Client client, Session session, Wanted wanted, Reply<List<V2TIMMessage>> reply) throws Refusal {
            super(client, session, wanted, reply);
            if (wanted.last != null) {
                if (wanted.last.seq <= 0) {
                    throw Check.wrong("the history: lastMsg", "is no message that was sent to the group");
                }
                newest = wanted.last.seq - 1;
                isAtEnd = newest == 0;
            } else {
                newest = wanted.lastSeq;
                second = wanted.isFromTime() ? wanted.begin : 0;
            }
        }

        @Override
        void next() {
            if (isAtEnd) {
                finish();
            } else if (second != 0) {
                find();
            } else {
                page();
            }
        }

        private void find() {
            new Moment(this, second) {
                @Override
                void found(long seq) {
                    second = 0;
                    newest = seq;
                    isAtEnd = seq == 0;
                    Older.this.next();
                }
            }.look();
        }

        private void page() {
            ask(page(groupID, newest, PAGE), new Step(reply()) {
                @Override
                void next(JSONObject body) {
                    boolean isFull = false;
                    for (JSONObject item : Json.objects(body, "RspMsgList")) {
                        V2TIMMessage message = message(item);
                        isFull |= message != null && keep(message);
                    }
                    long next = Json.number(body, "NextReqMsgSeq");
                    if (isFull || next < 1 || newest != 0 && next >= newest) {
                        finish();
                    } else {
                        newest = next;
                        Older.this.next();
                    }
                }
            });
        }
    }

    /** Newer ones, oldest first. */
    static final class Newer extends HistoryOfGroup {
        /** The number after which the next page begins. */
        private long after;
        /** The newest there is; 0 until it is known. */
        private long newest;
        /** A time to begin at; 0 when it is known where. */
        private long second;

        Newer(Client client, Session session, Wanted wanted, Reply<List<V2TIMMessage>> reply) {
            super(client, session, wanted, reply);
            after = wanted.last != null ? wanted.last.seq : Math.max(0, wanted.lastSeq - 1);
            second = wanted.isFromTime() ? wanted.begin : 0;
        }

        @Override
        void next() {
            if (second != 0) {
                find();
            } else if (newest == 0) {
                findEnd();
            } else if (after >= newest) {
                finish();
            } else {
                page(Math.min(newest, after + PAGE));
            }
        }

        private void find() {
            new Moment(this, second - 1) {
                @Override
                void found(long seq) {
                    second = 0;
                    after = seq;
                    Newer.this.next();
                }
            }.look();
        }

        private void findEnd() {
            ask(page(groupID, 0, PAGE), new Step(reply()) {
                @Override
                void next(JSONObject body) {
                    for (JSONObject item : Json.objects(body, "RspMsgList")) {
                        newest = Math.max(newest, Json.number(item, "MsgSeq"));
                    }
                    if (newest == 0) {
                        finish();
                    } else {
                        Newer.this.next();
                    }
                }
            });
        }

        private void page(final long top) {
            ask(page(groupID, top, top - after), new Step(reply()) {
                @Override
                void next(JSONObject body) {
                    List<JSONObject> items = Json.objects(body, "RspMsgList");
                    Collections.reverse(items);
                    boolean isFull = false;
                    for (JSONObject item : items) {
                        V2TIMMessage message = message(item);
                        boolean isInPage = message != null && message.seq > after && message.seq <= top;
                        isFull |= isInPage && keep(message);
                    }
                    after = top;
                    if (isFull) {
                        finish();
                    } else {
                        Newer.this.next();
                    }
                }
            });
        }
    }
}
