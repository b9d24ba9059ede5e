package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.Codes;
import timgate.session.Answer;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/** What {@link V2TIMConversationManager} does. */
final class Conversations extends V2TIMConversationManager {
    private static final int MOST_DELETED = 100;

    final Listeners<V2TIMConversationListener> listeners = new Listeners<V2TIMConversationListener>();
    private final Managers all;

    Conversations(Managers all) {
        this.all = all;
    }

    @Override
    public void setConversationListener(V2TIMConversationListener listener) {
        listeners.set(listener);
    }

    @Override
    public void addConversationListener(V2TIMConversationListener listener) {
        listeners.add(listener);
    }

    @Override
    public void removeConversationListener(V2TIMConversationListener listener) {
        listeners.remove(listener);
    }

    @Override
    public void getConversationList(long nextSeq, int count,
            V2TIMValueCallback<V2TIMConversationResult> callback) {
        page("getConversationList", nextSeq, count, null, Reply.of(callback));
    }

    @Override
    public void getConversationList(List<String> conversationIDList,
            V2TIMValueCallback<List<V2TIMConversation>> callback) {
        final Reply<List<V2TIMConversation>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getConversationList");
            final List<String> ids = Check.list("getConversationList: conversationIDList", conversationIDList, Integer.MAX_VALUE);
            whenRead(client, new Client.Work(reply) {
                @Override
                void work() throws Refusal {
                    client.session("getConversationList");
                    List<V2TIMConversation> found = new ArrayList<V2TIMConversation>();
                    for (String id : ids) {
                        Talk talk = client.conversing.find(id);
                        if (talk != null) {
                            found.add(talk.copy());
                        }
                    }
                    reply.succeed(found);
                }
            }, reply);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getConversationListByFilter(V2TIMConversationListFilter filter, long nextSeq, int count,
            V2TIMValueCallback<V2TIMConversationResult> callback) {
        Reply<V2TIMConversationResult> reply = Reply.of(callback);
        if (filter == null) {
            reply.fail(Check.wrong("getConversationListByFilter: the filter", "is null"));
        } else if (filter.markType != 0 || !Check.isEmpty(filter.conversationGroup)) {
            reply.fail(Codes.NOT_SUPPORTED, "getConversationListByFilter: the gateway has no marks and no groups of conversations;"
                + " filter by type, unread count or mentions");
        } else {
            page("getConversationListByFilter", nextSeq, count, filter, reply);
        }
    }

    @Override
    public void getConversation(String conversationID, V2TIMValueCallback<V2TIMConversation> callback) {
        final Reply<V2TIMConversation> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getConversation");
            final String id = named("getConversation", conversationID);
            whenRead(client, new Client.Work(reply) {
                @Override
                void work() throws Refusal {
                    client.session("getConversation");
                    Talk talk = client.conversing.find(id);
                    // Apps open a conversation before its first message: it is empty then, and no error.
                    reply.succeed((talk == null ? new Talk(id) : talk).copy());
                }
            }, reply);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void deleteConversation(String conversationID, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("deleteConversation");
            final String id = named("deleteConversation", conversationID);
            delete(client, Collections.singletonList(id), true, new Ask<Void>(reply) {
                @Override
                Void value(JSONObject body) throws Refusal {
                    for (JSONObject item : Json.objects(body, "ResultItem")) {
                        int code = Json.integer(item, "ResultCode");
                        if (code != Codes.OK) {
                            throw new Refusal(code, "deleteConversation: " + Json.text(item, "ResultInfo"));
                        }
                    }
                    client.conversing.gone(id);
                    return null;
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void deleteConversationList(List<String> conversationIDList, boolean clearMessage,
            V2TIMValueCallback<List<V2TIMConversationOperationResult>> callback) {
        final Reply<List<V2TIMConversationOperationResult>> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("deleteConversationList");
            final List<String> ids = Check.list("deleteConversationList: conversationIDList", conversationIDList, MOST_DELETED);
            for (String id : ids) {
                named("deleteConversationList", id);
            }
            delete(client, ids, clearMessage, new Ask<List<V2TIMConversationOperationResult>>(reply) {
                @Override
                List<V2TIMConversationOperationResult> value(JSONObject body) {
                    List<V2TIMConversationOperationResult> results = new ArrayList<V2TIMConversationOperationResult>();
                    List<JSONObject> items = Json.objects(body, "ResultItem");
                    for (int index = 0; index < ids.size(); index += 1) {
                        JSONObject item = index < items.size() ? items.get(index) : new JSONObject();
                        V2TIMConversationOperationResult result = new V2TIMConversationOperationResult();
                        result.conversationID = ids.get(index);
                        result.resultCode = Json.integer(item, "ResultCode");
                        result.resultInfo = Json.text(item, "ResultInfo");
                        results.add(result);
                        if (result.resultCode == Codes.OK) {
                            client.conversing.gone(result.conversationID);
                        }
                    }
                    return results;
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void setConversationDraft(String conversationID, final String draftText, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("setConversationDraft");
            final String id = named("setConversationDraft", conversationID);
            client.run(new Client.Work(reply) {
                @Override
                void work() throws Refusal {
                    String text = Check.isEmpty(draftText) ? null : draftText;
                    client.conversing.draft(id, text, client.session("setConversationDraft").seconds());
                    reply.succeed(null);
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void pinConversation(String conversationID, final boolean isPinned, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("pinConversation");
            final String id = named("pinConversation", conversationID);
            client.ask(Request.of("recentcontact.top", "From_Account", client.session("pinConversation").user, "OperationType", isPinned ? 1 : 2,
                "RecentContactItem", Json.list(contact(id))), new Ask<Void>(reply) {
                    @Override
                    Void value(JSONObject body) {
                        client.conversing.pin(id, isPinned);
                        return null;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getTotalUnreadMessageCount(V2TIMValueCallback<Long> callback) {
        final Reply<Long> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("getTotalUnreadMessageCount");
            whenRead(client, new Client.Work(reply) {
                @Override
                void work() throws Refusal {
                    client.session("getTotalUnreadMessageCount");
                    reply.succeed(client.conversing.unread());
                }
            }, reply);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void markConversation(List<String> conversationIDList, long markType, boolean enableMark,
            V2TIMValueCallback<List<V2TIMConversationOperationResult>> callback) {
        NotServed.CONVERSATION_MARK_CONVERSATION.answer(callback);
    }

    @Override
    public void setConversationCustomData(List<String> conversationIDList, String customData,
            V2TIMValueCallback<List<V2TIMConversationOperationResult>> callback) {
        NotServed.CONVERSATION_SET_CONVERSATION_CUSTOM_DATA.answer(callback);
    }

    @Override
    public void cleanConversationUnreadMessageCount(String conversationID, long cleanTimestamp,
            long cleanSequence, V2TIMCallback callback) {
        Reply<Void> reply = Reply.of(callback);
        String user = ConversationId.user(conversationID);
        String group = ConversationId.group(conversationID);
        if (Check.isEmpty(conversationID)) {
            Reading.ofAll(all, true, true, reply);
        } else if (conversationID.equals("c2c")) {
            Reading.ofAll(all, true, false, reply);
        } else if (conversationID.equals("group")) {
            Reading.ofAll(all, false, true, reply);
        } else if (user != null) {
            Reading.ofUser(all, user, reply);
        } else if (group != null) {
            Reading.ofGroup(all, group, reply);
        } else {
            reply.fail(Check.wrong("cleanConversationUnreadMessageCount: the ID \"" + conversationID + "\"", "begins with neither c2c_ nor group_"));
        }
    }

    private static String named(String call, String id) throws Refusal {
        if (ConversationId.user(id) == null && ConversationId.group(id) == null) {
            throw Check.wrong(call + ": the ID \"" + id + "\"", "begins with neither c2c_ nor group_");
        }
        return id;
    }

    private static JSONObject contact(String id) {
        String user = ConversationId.user(id);
        return user != null ? Json.object("Type", 1, "To_Account", user) : Json.object("Type", 2, "ToGroupid", ConversationId.group(id));
    }

    private static void delete(Client client, List<String> ids, boolean withHistory, Answer answer) throws Refusal {
        JSONArray items = new JSONArray();
        for (String id : ids) {
            items.put(contact(id));
        }
        client.ask(Request.of("recentcontact.batch_delete", "From_Account", client.session("deleteConversation").user,
            "ContactItem", items, "ClearRamble", withHistory ? 1 : 0), answer);
    }

    private static void whenRead(final Client client, final Client.Work work, Reply<?> reply) {
        client.run(new Client.Work(reply) {
            @Override
            void work() {
                client.conversing.whenRead(work);
            }
        });
    }

    /** `filter` may be null. */
    private void page(final String call, final long nextSeq, final int count, final V2TIMConversationListFilter filter,
            final Reply<V2TIMConversationResult> reply) {
        try {
            final Client client = all.loggedIn(call);
            if (count < 1) {
                throw Check.wrong(call + ": the count", "is below 1");
            }
            whenRead(client, new Client.Work(reply) {
                @Override
                void work() throws Refusal {
                    client.session(call);
                    V2TIMConversationResult result = new V2TIMConversationResult();
                    result.finished = true;
                    for (Talk talk : client.conversing.all()) {
                        boolean isBehind = nextSeq <= 0 || talk.order() < nextSeq;
                        if (!isBehind || filter != null && !fits(talk.copy(), filter)) {
                            continue;
                        }
                        if (result.conversationList.size() == count) {
                            result.finished = false;
                            break;
                        }
                        result.conversationList.add(talk.copy());
                        result.nextSeq = talk.order();
                    }
                    result.nextSeq = result.finished ? 0 : result.nextSeq;
                    reply.succeed(result);
                }
            }, reply);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    private static boolean fits(V2TIMConversation talk, V2TIMConversationListFilter filter) {
        return (filter.conversationType == V2TIMConversation.CONVERSATION_TYPE_INVALID || filter.conversationType == talk.type)
            && (!filter.hasUnreadCount || talk.unreadCount > 0)
            && (!filter.hasGroupAtInfo || !talk.groupAtInfoList.isEmpty());
    }
}
