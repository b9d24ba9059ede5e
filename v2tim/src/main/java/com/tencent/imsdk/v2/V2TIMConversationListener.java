package com.tencent.imsdk.v2;

import java.util.List;

/** Told of the conversation list. Subclasses override what they need. */
public abstract class V2TIMConversationListener {
    /** The list is being fetched from the gateway. */
    public void onSyncServerStart() {
    }

    /** The list is as the gateway has it. */
    public void onSyncServerFinish() {
    }

    /** The list could not be fetched; it is fetched again after the next reconnect. */
    public void onSyncServerFailed() {
    }

    /** Conversations that were not in the list before. */
    public void onNewConversation(List<V2TIMConversation> conversationList) {
    }

    /** Conversations with a new last message, unread count, pin, draft or the like. */
    public void onConversationChanged(List<V2TIMConversation> conversationList) {
    }

    /** Conversations left the list. */
    public void onConversationDeleted(List<String> conversationIDList) {
    }

    /** The sum of all unread counts has changed; muted conversations do not count. */
    public void onTotalUnreadMessageCountChanged(long totalUnreadCount) {
    }

    /** The sum over the conversations of a subscribed filter has changed. */
    public void onUnreadMessageCountChangedByFilter(V2TIMConversationListFilter filter,
            long totalUnreadCount) {
    }

    /** A group of conversations was made. */
    public void onConversationGroupCreated(String groupName, List<V2TIMConversation> conversationList) {
    }

    /** A group of conversations was deleted. */
    public void onConversationGroupDeleted(String groupName) {
    }

    /** A group of conversations was renamed. */
    public void onConversationGroupNameChanged(String oldName, String newName) {
    }

    /** Conversations were put into a group of conversations. */
    public void onConversationsAddedToGroup(String groupName, List<V2TIMConversation> conversationList) {
    }

    /** Conversations were taken out of a group of conversations. */
    public void onConversationsDeletedFromGroup(String groupName, List<V2TIMConversation> conversationList) {
    }
}
