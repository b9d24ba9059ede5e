package com.tencent.imsdk.v2;

import java.util.List;

/** The conversation list. */
public abstract class V2TIMConversationManager {
    /**
     * Sets the one listener of this method, in place of the one it set before. {@link
     * #addConversationListener} keeps several.
     */
    public abstract void setConversationListener(V2TIMConversationListener listener);

    /** Adds a listener; the same object is kept once. */
    public abstract void addConversationListener(V2TIMConversationListener listener);

    /** Removes a listener. */
    public abstract void removeConversationListener(V2TIMConversationListener listener);

    /** A page of the list, latest first; 0 is the beginning. */
    public abstract void getConversationList(long nextSeq, int count,
            V2TIMValueCallback<V2TIMConversationResult> callback);

    /** These conversations. */
    public abstract void getConversationList(List<String> conversationIDList,
            V2TIMValueCallback<List<V2TIMConversation>> callback);

    /** A page of those that pass the filter. */
    public abstract void getConversationListByFilter(V2TIMConversationListFilter filter, long nextSeq,
            int count, V2TIMValueCallback<V2TIMConversationResult> callback);

    /** One conversation; an empty one when there is none yet. */
    public abstract void getConversation(String conversationID,
            V2TIMValueCallback<V2TIMConversation> callback);

    /** Deletes a conversation and its history, for this user. */
    public abstract void deleteConversation(String conversationID, V2TIMCallback callback);

    /** Deletes several. */
    public abstract void deleteConversationList(List<String> conversationIDList, boolean clearMessage,
            V2TIMValueCallback<List<V2TIMConversationOperationResult>> callback);

    /** Keeps a draft on this device; null or "" drops it. */
    public abstract void setConversationDraft(String conversationID, String draftText,
            V2TIMCallback callback);

    /** Pins or unpins a conversation. */
    public abstract void pinConversation(String conversationID, boolean isPinned, V2TIMCallback callback);

    /** The sum of all unread counts; muted conversations do not count. */
    public abstract void getTotalUnreadMessageCount(V2TIMValueCallback<Long> callback);

    /** Marks or unmarks conversations. */
    public abstract void markConversation(List<String> conversationIDList, long markType, boolean enableMark,
            V2TIMValueCallback<List<V2TIMConversationOperationResult>> callback);

    /** Keeps text of the app with conversations. */
    public abstract void setConversationCustomData(List<String> conversationIDList, String customData,
            V2TIMValueCallback<List<V2TIMConversationOperationResult>> callback);

    /** Marks as read; "" means everything, "c2c" all users, "group" all groups. */
    public abstract void cleanConversationUnreadMessageCount(String conversationID, long cleanTimestamp,
            long cleanSequence, V2TIMCallback callback);
}
