package com.tencent.imsdk.v2;

import java.util.List;

/** What {@link V2TIMConversationManager} does. */
final class Conversations extends V2TIMConversationManager {
    final Listeners<V2TIMConversationListener> listeners = new Listeners<V2TIMConversationListener>();

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
        NotServed.CONVERSATION_GET_CONVERSATION_LIST.answer(callback);
    }

    @Override
    public void getConversationList(List<String> conversationIDList,
            V2TIMValueCallback<List<V2TIMConversation>> callback) {
        NotServed.CONVERSATION_GET_CONVERSATION_LIST_2.answer(callback);
    }

    @Override
    public void getConversationListByFilter(V2TIMConversationListFilter filter, long nextSeq, int count,
            V2TIMValueCallback<V2TIMConversationResult> callback) {
        NotServed.CONVERSATION_GET_CONVERSATION_LIST_BY_FILTER.answer(callback);
    }

    @Override
    public void getConversation(String conversationID, V2TIMValueCallback<V2TIMConversation> callback) {
        NotServed.CONVERSATION_GET_CONVERSATION.answer(callback);
    }

    @Override
    public void deleteConversation(String conversationID, V2TIMCallback callback) {
        NotServed.CONVERSATION_DELETE_CONVERSATION.answer(callback);
    }

    @Override
    public void deleteConversationList(List<String> conversationIDList, boolean clearMessage,
            V2TIMValueCallback<List<V2TIMConversationOperationResult>> callback) {
        NotServed.CONVERSATION_DELETE_CONVERSATION_LIST.answer(callback);
    }

    @Override
    public void setConversationDraft(String conversationID, String draftText, V2TIMCallback callback) {
        NotServed.CONVERSATION_SET_CONVERSATION_DRAFT.answer(callback);
    }

    @Override
    public void pinConversation(String conversationID, boolean isPinned, V2TIMCallback callback) {
        NotServed.CONVERSATION_PIN_CONVERSATION.answer(callback);
    }

    @Override
    public void getTotalUnreadMessageCount(V2TIMValueCallback<Long> callback) {
        NotServed.CONVERSATION_GET_TOTAL_UNREAD_MESSAGE_COUNT.answer(callback);
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
        NotServed.CONVERSATION_CLEAN_CONVERSATION_UNREAD_MESSAGE_COUNT.answer(callback);
    }
}
