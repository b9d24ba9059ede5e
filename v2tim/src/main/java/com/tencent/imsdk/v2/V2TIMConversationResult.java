package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** A page of the conversation list. */
public class V2TIMConversationResult implements Serializable {
    private static final long serialVersionUID = 1L;

    long nextSeq;
    boolean finished;
    List<V2TIMConversation> conversationList = new ArrayList<V2TIMConversation>();

    public V2TIMConversationResult() {
    }

    public long getNextSeq() {
        return nextSeq;
    }

    public boolean isFinished() {
        return finished;
    }

    public List<V2TIMConversation> getConversationList() {
        return conversationList;
    }

    @Override
    public String toString() {
        return "V2TIMConversationResult{nextSeq=" + nextSeq
            + ", finished=" + finished
            + ", conversationList=" + Shown.size(conversationList) + "}";
    }
}
