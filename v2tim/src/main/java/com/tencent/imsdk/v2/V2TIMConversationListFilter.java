package com.tencent.imsdk.v2;

import java.io.Serializable;

/** Which conversations are wanted. */
public class V2TIMConversationListFilter implements Serializable {
    private static final long serialVersionUID = 1L;

    int conversationType;
    String conversationGroup;
    long markType;
    boolean hasUnreadCount;
    boolean hasGroupAtInfo;

    public V2TIMConversationListFilter() {
    }

    public int getConversationType() {
        return conversationType;
    }

    public void setConversationType(int conversationType) {
        this.conversationType = conversationType;
    }

    public String getConversationGroup() {
        return conversationGroup;
    }

    public void setConversationGroup(String conversationGroup) {
        this.conversationGroup = conversationGroup;
    }

    public long getMarkType() {
        return markType;
    }

    public void setMarkType(long markType) {
        this.markType = markType;
    }

    public void setHasUnreadCount(boolean hasUnreadCount) {
        this.hasUnreadCount = hasUnreadCount;
    }

    public boolean hasUnreadCount() {
        return hasUnreadCount;
    }

    public void setHasGroupAtInfo(boolean hasGroupAtInfo) {
        this.hasGroupAtInfo = hasGroupAtInfo;
    }

    public boolean hasGroupAtInfo() {
        return hasGroupAtInfo;
    }

    @Override
    public String toString() {
        return "V2TIMConversationListFilter{conversationType=" + conversationType
            + ", conversationGroup=" + conversationGroup
            + ", markType=" + markType + "}";
    }
}
