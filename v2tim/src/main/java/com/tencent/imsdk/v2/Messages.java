package com.tencent.imsdk.v2;

import java.util.List;

/** What {@link V2TIMMessageManager} does. */
final class Messages extends V2TIMMessageManager {
    final Listeners<V2TIMAdvancedMsgListener> listeners = new Listeners<V2TIMAdvancedMsgListener>();

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
        NotServed.MESSAGE_SEND_MESSAGE.answer(callback);
        return null;
    }

    @Override
    public void setC2CReceiveMessageOpt(List<String> userIDList, int opt, V2TIMCallback callback) {
        NotServed.MESSAGE_SET_C2C_RECEIVE_MESSAGE_OPT.answer(callback);
    }

    @Override
    public void getC2CReceiveMessageOpt(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMReceiveMessageOptInfo>> callback) {
        NotServed.MESSAGE_GET_C2C_RECEIVE_MESSAGE_OPT.answer(callback);
    }

    @Override
    public void setGroupReceiveMessageOpt(String groupID, int opt, V2TIMCallback callback) {
        NotServed.MESSAGE_SET_GROUP_RECEIVE_MESSAGE_OPT.answer(callback);
    }

    @Override
    public void getC2CHistoryMessageList(String userID, int count, V2TIMMessage lastMsg,
            V2TIMValueCallback<List<V2TIMMessage>> callback) {
        NotServed.MESSAGE_GET_C2C_HISTORY_MESSAGE_LIST.answer(callback);
    }

    @Override
    public void getGroupHistoryMessageList(String groupID, int count, V2TIMMessage lastMsg,
            V2TIMValueCallback<List<V2TIMMessage>> callback) {
        NotServed.MESSAGE_GET_GROUP_HISTORY_MESSAGE_LIST.answer(callback);
    }

    @Override
    public void getHistoryMessageList(V2TIMMessageListGetOption option,
            V2TIMValueCallback<List<V2TIMMessage>> callback) {
        NotServed.MESSAGE_GET_HISTORY_MESSAGE_LIST.answer(callback);
    }

    @Override
    public void revokeMessage(V2TIMMessage msg, V2TIMCallback callback) {
        NotServed.MESSAGE_REVOKE_MESSAGE.answer(callback);
    }

    @Override
    public void modifyMessage(V2TIMMessage msg, V2TIMCompleteCallback<V2TIMMessage> callback) {
        NotServed.MESSAGE_MODIFY_MESSAGE.answer(callback);
    }

    @Override
    public void markC2CMessageAsRead(String userID, V2TIMCallback callback) {
        NotServed.MESSAGE_MARK_C2C_MESSAGE_AS_READ.answer(callback);
    }

    @Override
    public void markGroupMessageAsRead(String groupID, V2TIMCallback callback) {
        NotServed.MESSAGE_MARK_GROUP_MESSAGE_AS_READ.answer(callback);
    }

    @Override
    public void markAllMessageAsRead(V2TIMCallback callback) {
        NotServed.MESSAGE_MARK_ALL_MESSAGE_AS_READ.answer(callback);
    }

    @Override
    public void deleteMessageFromLocalStorage(V2TIMMessage msg, V2TIMCallback callback) {
        NotServed.MESSAGE_DELETE_MESSAGE_FROM_LOCAL_STORAGE.answer(callback);
    }

    @Override
    public void deleteMessages(List<V2TIMMessage> msgs, V2TIMCallback callback) {
        NotServed.MESSAGE_DELETE_MESSAGES.answer(callback);
    }

    @Override
    public void clearC2CHistoryMessage(String userID, V2TIMCallback callback) {
        NotServed.MESSAGE_CLEAR_C2C_HISTORY_MESSAGE.answer(callback);
    }

    @Override
    public void clearGroupHistoryMessage(String groupID, V2TIMCallback callback) {
        NotServed.MESSAGE_CLEAR_GROUP_HISTORY_MESSAGE.answer(callback);
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
        NotServed.MESSAGE_FIND_MESSAGES.answer(callback);
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
        NotServed.MESSAGE_PIN_GROUP_MESSAGE.answer(callback);
    }

    @Override
    public void getPinnedGroupMessageList(String groupID, V2TIMValueCallback<List<V2TIMMessage>> callback) {
        NotServed.MESSAGE_GET_PINNED_GROUP_MESSAGE_LIST.answer(callback);
    }
}
