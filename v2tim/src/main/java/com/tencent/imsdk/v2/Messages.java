package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.Codes;
import timgate.session.Refusal;
import timgate.session.Request;
import timgate.wire.Json;

/** What {@link V2TIMMessageManager} does. */
final class Messages extends V2TIMMessageManager {
    private static final int MOST_DELETED = 30;

    final Listeners<V2TIMAdvancedMsgListener> listeners = new Listeners<V2TIMAdvancedMsgListener>();
    private final Managers all;

    Messages(Managers all) {
        this.all = all;
    }

    @Override
    public void addAdvancedMsgListener(V2TIMAdvancedMsgListener listener) {
        listeners.add(listener);
    }

    @Override
    public void removeAdvancedMsgListener(V2TIMAdvancedMsgListener listener) {
        listeners.remove(listener);
    }

    @Override
    public V2TIMMessage createTextMessage(String text) {
        return NewMessage.text(text);
    }

    @Override
    public V2TIMMessage createTextAtMessage(String text, List<String> atUserList) {
        return NewMessage.textAt(text, atUserList);
    }

    @Override
    public V2TIMMessage createCustomMessage(byte[] data) {
        return NewMessage.custom(data);
    }

    @Override
    public V2TIMMessage createCustomMessage(byte[] data, String description, byte[] extension) {
        return NewMessage.custom(data, description, extension);
    }

    @Override
    public V2TIMMessage createImageMessage(String imagePath) {
        return NewMessage.image(imagePath);
    }

    @Override
    public V2TIMMessage createSoundMessage(String soundPath, int duration) {
        return NewMessage.sound(soundPath, duration);
    }

    @Override
    public V2TIMMessage createVideoMessage(String videoFilePath, String type, int duration,
            String snapshotPath) {
        return NewMessage.video(videoFilePath, type, duration, snapshotPath);
    }

    @Override
    public V2TIMMessage createFileMessage(String filePath, String fileName) {
        return NewMessage.file(filePath, fileName);
    }

    @Override
    public V2TIMMessage createLocationMessage(String desc, double longitude, double latitude) {
        return NewMessage.location(desc, longitude, latitude);
    }

    @Override
    public V2TIMMessage createFaceMessage(int index, byte[] data) {
        return NewMessage.face(index, data);
    }

    @Override
    public V2TIMMessage createMergerMessage(List<V2TIMMessage> messageList, String title,
            List<String> abstractList, String compatibleText) {
        return NewMessage.merger(messageList, title, abstractList, compatibleText);
    }

    @Override
    public V2TIMMessage createForwardMessage(V2TIMMessage message) {
        return NewMessage.forward(message);
    }

    @Override
    public V2TIMMessage createTargetedGroupMessage(V2TIMMessage message, List<String> receiverList) {
        return NewMessage.targeted(message, receiverList);
    }

    @Override
    public V2TIMMessage createAtSignedGroupMessage(V2TIMMessage message, List<String> atUserList) {
        return NewMessage.atSigned(message, atUserList);
    }

    @Override
    public String sendMessage(V2TIMMessage message, String receiver, String groupID, int priority,
            boolean onlineUserOnly, V2TIMOfflinePushInfo offlinePushInfo,
            V2TIMSendCallback<V2TIMMessage> callback) {
        return Outgoing.send(all, message, receiver, groupID, priority, onlineUserOnly, offlinePushInfo, Reply.of(callback));
    }

    @Override
    public void setC2CReceiveMessageOpt(List<String> userIDList, final int opt, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("setC2CReceiveMessageOpt");
            final List<String> users = Check.list("setC2CReceiveMessageOpt: userIDList", userIDList, 30);
            GroupWire.receiveWord("setC2CReceiveMessageOpt", opt);
            client.ask(Request.of("openim.set_c2c_peer_mute_notifications", "Peer_Account", Json.listOf(users),
                "Mute_Notifications", opt), new Ask<Void>(reply) {
                    @Override
                    Void value(JSONObject body) {
                        for (String user : users) {
                            client.conversing.muted(ConversationId.ofUser(user), opt);
                        }
                        return null;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getC2CReceiveMessageOpt(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMReceiveMessageOptInfo>> callback) {
        Reply<List<V2TIMReceiveMessageOptInfo>> reply = Reply.of(callback);
        try {
            Client client = all.loggedIn("getC2CReceiveMessageOpt");
            List<String> users = Check.list("getC2CReceiveMessageOpt: userIDList", userIDList, 30);
            client.ask(Request.of("openim.get_c2c_peer_mute_notifications", "To_Account", client.session("getC2CReceiveMessageOpt").user,
                "Peer_Account", Json.listOf(users)), new Ask<List<V2TIMReceiveMessageOptInfo>>(reply) {
                    @Override
                    List<V2TIMReceiveMessageOptInfo> value(JSONObject body) {
                        List<V2TIMReceiveMessageOptInfo> list = new ArrayList<V2TIMReceiveMessageOptInfo>();
                        for (JSONObject item : Json.objects(body, "MuteNotificationsList")) {
                            V2TIMReceiveMessageOptInfo info = new V2TIMReceiveMessageOptInfo();
                            info.userID = Json.text(item, "Peer_Account");
                            info.c2cReceiveMessageOpt = Json.integer(item, "MuteNotifications");
                            list.add(info);
                        }
                        return list;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void setGroupReceiveMessageOpt(final String groupID, final int opt, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("setGroupReceiveMessageOpt");
            Check.text("setGroupReceiveMessageOpt: groupID", groupID);
            client.ask(Request.of(GroupWire.command(groupID, "modify_group_member_info"), "GroupId", groupID,
                "Member_Account", client.session("setGroupReceiveMessageOpt").user,
                "MsgFlag", GroupWire.receiveWord("setGroupReceiveMessageOpt", opt)), new Ask<Void>(reply) {
                    @Override
                    Void value(JSONObject body) {
                        client.conversing.muted(ConversationId.ofGroup(groupID), opt);
                        return null;
                    }
                });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getC2CHistoryMessageList(String userID, int count, V2TIMMessage lastMsg,
            V2TIMValueCallback<List<V2TIMMessage>> callback) {
        History.Wanted wanted = new History.Wanted();
        wanted.userID = userID;
        wanted.count = count;
        wanted.last = lastMsg;
        History.read(all, wanted, Reply.of(callback));
    }

    @Override
    public void getGroupHistoryMessageList(String groupID, int count, V2TIMMessage lastMsg,
            V2TIMValueCallback<List<V2TIMMessage>> callback) {
        History.Wanted wanted = new History.Wanted();
        wanted.groupID = groupID;
        wanted.count = count;
        wanted.last = lastMsg;
        if (Check.isEmpty(groupID)) {
            Reply.of(callback).fail(Check.wrong("getGroupHistoryMessageList: groupID", "is empty; give it"));
        } else {
            History.read(all, wanted, Reply.of(callback));
        }
    }

    @Override
    public void getHistoryMessageList(V2TIMMessageListGetOption option,
            V2TIMValueCallback<List<V2TIMMessage>> callback) {
        Reply<List<V2TIMMessage>> reply = Reply.of(callback);
        if (option == null) {
            reply.fail(Check.wrong("getHistoryMessageList: the option", "is null"));
            return;
        }
        History.Wanted wanted = new History.Wanted();
        wanted.groupID = option.groupID;
        wanted.userID = option.userID;
        wanted.count = option.count;
        wanted.last = option.lastMsg;
        wanted.lastSeq = option.lastMsgSeq;
        wanted.begin = option.getTimeBegin;
        wanted.period = option.getTimePeriod;
        // Copies: the app may change its lists while they are read.
        wanted.types = option.messageTypeList == null ? null : new ArrayList<Integer>(option.messageTypeList);
        wanted.seqs = option.messageSeqList == null ? null : new ArrayList<Long>(option.messageSeqList);
        switch (option.getType) {
            case V2TIMMessageListGetOption.V2TIM_GET_CLOUD_OLDER_MSG:
                History.read(all, wanted, reply);
                break;
            case V2TIMMessageListGetOption.V2TIM_GET_CLOUD_NEWER_MSG:
                wanted.isNewer = true;
                History.read(all, wanted, reply);
                break;
            case V2TIMMessageListGetOption.V2TIM_GET_LOCAL_OLDER_MSG:
                LocalHistory.read(all, wanted, reply);
                break;
            case V2TIMMessageListGetOption.V2TIM_GET_LOCAL_NEWER_MSG:
                wanted.isNewer = true;
                LocalHistory.read(all, wanted, reply);
                break;
            default:
                reply.fail(Check.wrong("getHistoryMessageList: the type", option.getType + " is none; give one of V2TIM_GET_*"));
                break;
        }
    }

    @Override
    public void revokeMessage(V2TIMMessage msg, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("revokeMessage");
            final V2TIMMessage message = Check.given("revokeMessage: the message", msg);
            final boolean isOfGroup = message.groupID != null;
            if (message.seq == 0) {
                throw Check.wrong("revokeMessage: the message", "was not sent");
            }
            Request request = isOfGroup
                ? Request.of(GroupWire.command(message.groupID, "group_msg_recall"), "GroupId", message.groupID,
                    "MsgSeqList", Json.list(Json.object("MsgSeq", message.seq)), "TopicId", "")
                : Request.of("openim.msgwithdraw", "MsgInfo", Json.object("From_Account", message.sender,
                    "To_Account", message.self ? message.userID : client.session("revokeMessage").user, "MsgSeq", message.seq,
                    "MsgRandom", message.random, "MsgTimeStamp", message.timestamp));
            client.ask(request, new Ask<Void>(reply) {
                @Override
                Void value(JSONObject body) throws Refusal {
                    for (JSONObject result : Json.objects(body, "RecallRetList")) {
                        int code = Json.integer(result, "RetCode");
                        if (code != Codes.OK) {
                            throw new Refusal(code, "revokeMessage: the gateway refused it with " + code);
                        }
                    }
                    JSONObject revoker = Json.object("Revoker_Account", client.session("revokeMessage").user);
                    client.seen.add("recall " + message.msgID);
                    Received.recalled(message, revoker);
                    V2TIMMessage known = client.recent.get(message.msgID);
                    if (known != null && known != message) {
                        Received.recalled(known, revoker);
                    }
                    client.conversing.recalled(message.msgID, message.userID, message.groupID, message.seq, revoker);
                    client.conversing.tellChanges();
                    return null;
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void modifyMessage(V2TIMMessage msg, V2TIMCompleteCallback<V2TIMMessage> callback) {
        NotServed.MESSAGE_MODIFY_MESSAGE.answer(callback);
    }

    @Override
    public void markC2CMessageAsRead(String userID, V2TIMCallback callback) {
        Reading.ofUser(all, userID, Reply.of(callback));
    }

    @Override
    public void markGroupMessageAsRead(String groupID, V2TIMCallback callback) {
        Reading.ofGroup(all, groupID, Reply.of(callback));
    }

    @Override
    public void markAllMessageAsRead(V2TIMCallback callback) {
        Reading.ofAll(all, true, true, Reply.of(callback));
    }

    @Override
    public void deleteMessageFromLocalStorage(V2TIMMessage msg, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            Client client = all.loggedIn("deleteMessageFromLocalStorage");
            Check.given("deleteMessageFromLocalStorage: the message", msg);
            client.recent.hide(Check.text("deleteMessageFromLocalStorage: the message's ID", msg.msgID));
            msg.status = V2TIMMessage.V2TIM_MSG_STATUS_HAS_DELETED;
            reply.succeed(null);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void deleteMessages(List<V2TIMMessage> msgs, V2TIMCallback callback) {
        final Reply<Void> reply = Reply.of(callback);
        try {
            final Client client = all.loggedIn("deleteMessages");
            final List<V2TIMMessage> list = Check.list("deleteMessages: the list", msgs, MOST_DELETED);
            V2TIMMessage first = list.get(0);
            JSONArray names = new JSONArray();
            for (V2TIMMessage message : list) {
                if (message.msgID == null || !ConversationId.of(message).equals(ConversationId.of(first))) {
                    throw Check.wrong("deleteMessages: the list", "has messages of several conversations, or one that was not sent");
                }
                names.put(message.groupID != null ? String.valueOf(message.seq) : Identity.key(message));
            }
            String self = client.session("deleteMessages").user;
            Request request = first.groupID != null
                ? Request.of(GroupWire.command(first.groupID, "delete_group_ramble_msg_by_seq"), "GroupId", first.groupID,
                    "Deleter_Account", self, "Seqs", names)
                : Request.of("openim.delete_c2c_msg_ramble", "From_Account", self, "To_Account", first.userID, "MsgKeyList", names);
            client.ask(request, new Ask<Void>(reply) {
                @Override
                Void value(JSONObject body) {
                    for (V2TIMMessage message : list) {
                        client.recent.hide(message.msgID);
                        message.status = V2TIMMessage.V2TIM_MSG_STATUS_HAS_DELETED;
                    }
                    return null;
                }
            });
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void clearC2CHistoryMessage(String userID, V2TIMCallback callback) {
        clear("clearC2CHistoryMessage", 1, "To_Account", userID, Reply.of(callback));
    }

    @Override
    public void clearGroupHistoryMessage(String groupID, V2TIMCallback callback) {
        clear("clearGroupHistoryMessage", 2, "ToGroupid", groupID, Reply.of(callback));
    }

    @Override
    public String insertGroupMessageToLocalStorage(V2TIMMessage msg, String groupID, String sender,
            V2TIMValueCallback<V2TIMMessage> callback) {
        NotServed.MESSAGE_INSERT_GROUP_MESSAGE_TO_LOCAL_STORAGE.answer(callback);
        return null;
    }

    @Override
    public String insertC2CMessageToLocalStorage(V2TIMMessage msg, String userID, String sender,
            V2TIMValueCallback<V2TIMMessage> callback) {
        NotServed.MESSAGE_INSERT_C2C_MESSAGE_TO_LOCAL_STORAGE.answer(callback);
        return null;
    }

    @Override
    public void findMessages(List<String> messageIDList, V2TIMValueCallback<List<V2TIMMessage>> callback) {
        Reply<List<V2TIMMessage>> reply = Reply.of(callback);
        try {
            Client client = all.loggedIn("findMessages");
            List<V2TIMMessage> found = new ArrayList<V2TIMMessage>();
            for (String id : Check.list("findMessages: messageIDList", messageIDList, Integer.MAX_VALUE)) {
                V2TIMMessage message = client.recent.get(id);
                if (message != null) {
                    found.add(message);
                }
            }
            reply.succeed(found);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void searchLocalMessages(V2TIMMessageSearchParam searchParam,
            V2TIMValueCallback<V2TIMMessageSearchResult> callback) {
        NotServed.MESSAGE_SEARCH_LOCAL_MESSAGES.answer(callback);
    }

    @Override
    public void sendMessageReadReceipts(List<V2TIMMessage> messageList, V2TIMCallback callback) {
        NotServed.MESSAGE_SEND_MESSAGE_READ_RECEIPTS.answer(callback);
    }

    @Override
    public void getMessageReadReceipts(List<V2TIMMessage> messageList,
            V2TIMValueCallback<List<V2TIMMessageReceipt>> callback) {
        NotServed.MESSAGE_GET_MESSAGE_READ_RECEIPTS.answer(callback);
    }

    @Override
    public void getGroupMessageReadMemberList(V2TIMMessage message, int filter, long nextSeq, int count,
            V2TIMValueCallback<V2TIMGroupMessageReadMemberList> callback) {
        NotServed.MESSAGE_GET_GROUP_MESSAGE_READ_MEMBER_LIST.answer(callback);
    }

    @Override
    public void pinGroupMessage(String groupID, V2TIMMessage message, boolean isPinned,
            V2TIMCallback callback) {
        Pins.pin(all, groupID, message, isPinned, Reply.of(callback));
    }

    @Override
    public void getPinnedGroupMessageList(String groupID, V2TIMValueCallback<List<V2TIMMessage>> callback) {
        Pins.list(all, groupID, Reply.of(callback));
    }

    private void clear(String call, int type, String field, final String peer, Reply<Void> reply) {
        try {
            final Client client = all.loggedIn(call);
            Check.text(call + ": the ID", peer);
            client.ask(Request.of("recentcontact.clear_msg", "From_Account", client.session(call).user, "Type", type, field, peer),
                new Ask.Done(reply));
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    // ---- what listeners are told

    void received(final V2TIMMessage message) {
        listeners.tell(new Tell<V2TIMAdvancedMsgListener>() {
            @Override
            void to(V2TIMAdvancedMsgListener listener) {
                listener.onRecvNewMessage(message);
            }
        });
        if (!all.sdk.simpleListeners.isEmpty()) {
            Simple.received(all.sdk.simpleListeners, message);
        }
    }

    /** Both callbacks of the API are called: apps of different ages override one or the other. */
    void recalled(final String id, JSONObject revoker) {
        final V2TIMUserFullInfo who = new V2TIMUserFullInfo();
        who.userID = Json.text(revoker, "Revoker_Account");
        final String reason = Json.text(revoker, "Reason");
        listeners.tell(new Tell<V2TIMAdvancedMsgListener>() {
            @Override
            void to(V2TIMAdvancedMsgListener listener) {
                listener.onRecvMessageRevoked(id);
                listener.onRecvMessageRevoked(id, who, reason);
            }
        });
    }

    void readByPeer(String reader, long time) {
        V2TIMMessageReceipt receipt = new V2TIMMessageReceipt();
        receipt.userID = reader;
        receipt.timestamp = time;
        receipt.peerRead = true;
        final List<V2TIMMessageReceipt> receipts = new ArrayList<V2TIMMessageReceipt>();
        receipts.add(receipt);
        listeners.tell(new Tell<V2TIMAdvancedMsgListener>() {
            @Override
            void to(V2TIMAdvancedMsgListener listener) {
                listener.onRecvC2CReadReceipt(receipts);
            }
        });
    }
}
