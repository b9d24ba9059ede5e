package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/** Tells the gateway what was read. */
final class Reading {
    private Reading() {
    }

    /** All that this user said; all that all users said when none is named. */
    static void ofUser(Managers all, final String userID, final Reply<Void> reply) {
        if (Check.isEmpty(userID)) {
            ofAll(all, true, false, reply);
            return;
        }
        withClient(all, "markC2CMessageAsRead", reply, new Part() {
            @Override
            void with(final Client client) {
                final String id = ConversationId.ofUser(userID);
                Talk talk = client.conversing.find(id);
                long time = talk == null ? 0 : talk.lastTime();
                if (time == 0) {
                    // Nothing was said that is known here: up to now is all of it.
                    time = client.sessions.session().seconds();
                }
                JSONObject item = Json.object("To_Account", userID, "LastedMsgTime", time, "Receipt", 1);
                client.sessions.ask(Request.of("openim.msgreaded",
                    "C2CMsgReaded", Json.object("Cookie", "", "C2CMsgReadedItem", Json.list(item))), read(client, reply, id));
            }
        });
    }

    /** All of a group; all of all groups when none is named. */
    static void ofGroup(Managers all, final String groupID, final Reply<Void> reply) {
        if (Check.isEmpty(groupID)) {
            ofAll(all, false, true, reply);
            return;
        }
        withClient(all, "markGroupMessageAsRead", reply, new Part() {
            @Override
            void with(final Client client) {
                if (client.live.has(groupID)) {
                    // Nothing is unread where nothing is kept.
                    reply.succeed(null);
                    return;
                }
                Talk talk = client.conversing.find(ConversationId.ofGroup(groupID));
                if (talk != null && talk.lastSeq > 0) {
                    report(client, talk.lastSeq);
                    return;
                }
                client.sessions.ask(Request.of(GroupWire.command(groupID, "get_group_self_member_info"), "GroupIdList", Json.list(groupID),
                    "ResponseFilter", Json.object("GroupBaseInfoFilter", Json.list("NextMsgSeq"))), new Step(reply) {
                        @Override
                        void next(JSONObject body) throws Refusal {
                            for (JSONObject item : Json.objects(body, "GroupInfo")) {
                                int code = Json.integer(item, "ErrorCode");
                                if (code != 0) {
                                    throw new Refusal(code, "markGroupMessageAsRead: " + Json.text(item, "ErrorInfo"));
                                }
                                report(client, Json.number(item, "NextMsgSeq") - 1);
                                return;
                            }
                            throw new Refusal(10010, "markGroupMessageAsRead: there is no group " + groupID);
                        }
                    });
            }

            private void report(Client client, long seq) {
                client.sessions.ask(Request.of(GroupWire.command(groupID, "msg_read_report"), "GroupId", groupID, "MsgReadedSeq", seq),
                    read(client, reply, ConversationId.ofGroup(groupID)));
            }
        });
    }

    /** Everything of users, of groups, or of both. */
    static void ofAll(Managers all, final boolean users, final boolean groups, final Reply<Void> reply) {
        withClient(all, "marking as read", reply, new Part() {
            @Override
            void with(final Client client) {
                JSONArray read = new JSONArray();
                final List<String> ids = new ArrayList<String>();
                for (Talk talk : client.conversing.all()) {
                    if (talk.isOfGroup() ? groups : users) {
                        ids.add(talk.id);
                        if (talk.isOfGroup() && talk.unread() > 0) {
                            read.put(Json.object("GroupId", talk.peer(), "MsgSeq", talk.lastSeq));
                        }
                    }
                }
                client.sessions.ask(Request.of("openim.read_all_unread_msg", "C2CReadAllMsg", users ? 1 : 0, "GroupReadInfo", read),
                    new Ask<Void>(reply) {
                        @Override
                        Void value(JSONObject body) {
                            for (String id : ids) {
                                client.conversing.read(id);
                            }
                            return null;
                        }
                    });
            }
        });
    }

    private abstract static class Part {
        /** On the loop. */
        abstract void with(Client client);
    }

    private static void withClient(Managers all, String call, Reply<Void> reply, final Part part) {
        try {
            final Client client = all.loggedIn(call);
            client.run(new Client.Work(reply) {
                @Override
                void work() throws Refusal {
                    client.session("marking as read");
                    part.with(client);
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    private static Ask<Void> read(final Client client, Reply<Void> reply, final String id) {
        return new Ask<Void>(reply) {
            @Override
            Void value(JSONObject body) {
                client.conversing.read(id);
                return null;
            }
        };
    }
}
