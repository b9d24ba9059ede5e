package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** What a search found in one conversation. */
public class V2TIMMessageSearchResultItem implements Serializable {
    private static final long serialVersionUID = 1L;

    String conversationID;
    int messageCount;
    List<V2TIMMessage> messageList = new ArrayList<V2TIMMessage>();

    public V2TIMMessageSearchResultItem() {
    }

    public String getConversationID() {
        return conversationID;
    }

    public int getMessageCount() {
        return messageCount;
    }

    public List<V2TIMMessage> getMessageList() {
        return messageList;
    }

    @Override
    public String toString() {
        return "V2TIMMessageSearchResultItem{conversationID=" + conversationID
            + ", messageCount=" + messageCount
            + ", messageList=" + Shown.size(messageList) + "}";
    }
}
