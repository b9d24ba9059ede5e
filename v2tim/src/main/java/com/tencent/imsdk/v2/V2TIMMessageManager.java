package com.tencent.imsdk.v2;

import java.util.List;

/** Messages: making, sending, the history, and what becomes of them. */
public abstract class V2TIMMessageManager {
    /** Adds a listener; the same object is kept once. */
    public abstract void addAdvancedMsgListener(V2TIMAdvancedMsgListener listener);

    /** Removes a listener. */
    public abstract void removeAdvancedMsgListener(V2TIMAdvancedMsgListener listener);

    /** A message with a text. */
    public abstract V2TIMMessage createTextMessage(String text);

    /** A message with a text that names users; {@link V2TIMGroupAtInfo#AT_ALL_TAG} stands for everybody. */
    public abstract V2TIMMessage createTextAtMessage(String text, List<String> atUserList);

    /** A message with bytes of the app. */
    public abstract V2TIMMessage createCustomMessage(byte[] data);

    /** A message with bytes of the app, the line that a push shows, and more bytes. */
    public abstract V2TIMMessage createCustomMessage(byte[] data, String description, byte[] extension);

    /** A message with a picture, uploaded when it is sent. */
    public abstract V2TIMMessage createImageMessage(String imagePath);

    /** A message with a recording, uploaded when it is sent; {@code duration} in seconds. */
    public abstract V2TIMMessage createSoundMessage(String soundPath, int duration);

    /** A message with a video, uploaded when it is sent; {@code duration} in seconds. */
    public abstract V2TIMMessage createVideoMessage(String videoFilePath, String type, int duration,
            String snapshotPath);

    /** A message with a file, uploaded when it is sent. */
    public abstract V2TIMMessage createFileMessage(String filePath, String fileName);

    /** A message with a place; the longitude comes first. */
    public abstract V2TIMMessage createLocationMessage(String desc, double longitude, double latitude);

    /** A message with a sticker. */
    public abstract V2TIMMessage createFaceMessage(int index, byte[] data);

    /** A message that bundles others. */
    public abstract V2TIMMessage createMergerMessage(List<V2TIMMessage> messageList, String title,
            List<String> abstractList, String compatibleText);

    /** A new message with the element of another one. */
    public abstract V2TIMMessage createForwardMessage(V2TIMMessage message);

    /** The message, for some members of a group only. */
    public abstract V2TIMMessage createTargetedGroupMessage(V2TIMMessage message, List<String> receiverList);

    /** The message, naming members of a group. */
    public abstract V2TIMMessage createAtSignedGroupMessage(V2TIMMessage message, List<String> atUserList);

    /**
     * Sends a message to {@code receiver} or into {@code groupID}, and returns its ID at once; "" stands for
     * null.
     */
    public abstract String sendMessage(V2TIMMessage message, String receiver, String groupID, int priority,
            boolean onlineUserOnly, V2TIMOfflinePushInfo offlinePushInfo,
            V2TIMSendCallback<V2TIMMessage> callback);

    /** How messages of up to 30 users are received. */
    public abstract void setC2CReceiveMessageOpt(List<String> userIDList, int opt, V2TIMCallback callback);

    /** How messages of these users are received. */
    public abstract void getC2CReceiveMessageOpt(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMReceiveMessageOptInfo>> callback);

    /** How messages of a group are received. */
    public abstract void setGroupReceiveMessageOpt(String groupID, int opt, V2TIMCallback callback);

    /** Messages with a user, newest first, older than {@code lastMsg}; an empty list is the end. */
    public abstract void getC2CHistoryMessageList(String userID, int count, V2TIMMessage lastMsg,
            V2TIMValueCallback<List<V2TIMMessage>> callback);

    /** Messages of a group, newest first, older than {@code lastMsg}; an empty list is the end. */
    public abstract void getGroupHistoryMessageList(String groupID, int count, V2TIMMessage lastMsg,
            V2TIMValueCallback<List<V2TIMMessage>> callback);

    /** Messages as the option says; the newer ones come oldest first. */
    public abstract void getHistoryMessageList(V2TIMMessageListGetOption option,
            V2TIMValueCallback<List<V2TIMMessage>> callback);

    /** Recalls a message. */
    public abstract void revokeMessage(V2TIMMessage msg, V2TIMCallback callback);

    /** Changes a message that was sent; 8006 when somebody else changed it meanwhile. */
    public abstract void modifyMessage(V2TIMMessage msg, V2TIMCompleteCallback<V2TIMMessage> callback);

    /** Marks what a user sent as read; null or "" means all users. */
    public abstract void markC2CMessageAsRead(String userID, V2TIMCallback callback);

    /** Marks the messages of a group as read; null or "" means all groups. */
    public abstract void markGroupMessageAsRead(String groupID, V2TIMCallback callback);

    /** Marks everything as read. */
    public abstract void markAllMessageAsRead(V2TIMCallback callback);

    /** Deletes a message from what this device keeps. */
    public abstract void deleteMessageFromLocalStorage(V2TIMMessage msg, V2TIMCallback callback);

    /** Deletes up to 30 messages of one conversation for this user. */
    public abstract void deleteMessages(List<V2TIMMessage> msgs, V2TIMCallback callback);

    /** Clears the history with a user, for this user. */
    public abstract void clearC2CHistoryMessage(String userID, V2TIMCallback callback);

    /** Clears the history of a group, for this user. */
    public abstract void clearGroupHistoryMessage(String groupID, V2TIMCallback callback);

    /** Puts a message into what this device keeps of a group and returns its ID at once. */
    public abstract String insertGroupMessageToLocalStorage(V2TIMMessage msg, String groupID, String sender,
            V2TIMValueCallback<V2TIMMessage> callback);

    /** Puts a message into what this device keeps of a conversation and returns its ID at once. */
    public abstract String insertC2CMessageToLocalStorage(V2TIMMessage msg, String userID, String sender,
            V2TIMValueCallback<V2TIMMessage> callback);

    /** Messages by their IDs, of what this device keeps. */
    public abstract void findMessages(List<String> messageIDList,
            V2TIMValueCallback<List<V2TIMMessage>> callback);

    /** Searches what this device keeps. */
    public abstract void searchLocalMessages(V2TIMMessageSearchParam searchParam,
            V2TIMValueCallback<V2TIMMessageSearchResult> callback);

    /** Tells the senders that their messages were read. */
    public abstract void sendMessageReadReceipts(List<V2TIMMessage> messageList, V2TIMCallback callback);

    /** Who has read the user's messages. */
    public abstract void getMessageReadReceipts(List<V2TIMMessage> messageList,
            V2TIMValueCallback<List<V2TIMMessageReceipt>> callback);

    /** A page of the members who have read a message, or have not. */
    public abstract void getGroupMessageReadMemberList(V2TIMMessage message, int filter, long nextSeq,
            int count, V2TIMValueCallback<V2TIMGroupMessageReadMemberList> callback);

    /** Pins or unpins a message of a group. */
    public abstract void pinGroupMessage(String groupID, V2TIMMessage message, boolean isPinned,
            V2TIMCallback callback);

    /** The pinned messages of a group. */
    public abstract void getPinnedGroupMessageList(String groupID,
            V2TIMValueCallback<List<V2TIMMessage>> callback);
}
