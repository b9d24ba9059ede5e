package com.tencent.imsdk.v2;

import java.io.Serializable;

/** What became of one conversation in a call for several. */
public class V2TIMConversationOperationResult implements Serializable {
    private static final long serialVersionUID = 1L;

    String conversationID;
    int resultCode;
    String resultInfo;

    public V2TIMConversationOperationResult() {
    }

    public String getConversationID() {
        return conversationID;
    }

    public int getResultCode() {
        return resultCode;
    }

    public String getResultInfo() {
        return resultInfo;
    }

    @Override
    public String toString() {
        return "V2TIMConversationOperationResult{conversationID=" + conversationID
            + ", resultCode=" + resultCode + "}";
    }
}
