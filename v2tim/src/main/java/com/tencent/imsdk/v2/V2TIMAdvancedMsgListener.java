package com.tencent.imsdk.v2;

import java.util.List;

/** Receives messages of every kind and what becomes of them. Subclasses override what they need. */
public abstract class V2TIMAdvancedMsgListener {
    /** A new message; what this instance sent itself does not come here. */
    public void onRecvNewMessage(V2TIMMessage msg) {
    }

    /** Peers have read one-to-one messages up to a time. */
    public void onRecvC2CReadReceipt(List<V2TIMMessageReceipt> receiptList) {
    }

    /** Messages that asked for a receipt have been read. */
    public void onRecvMessageReadReceipts(List<V2TIMMessageReceipt> receiptList) {
    }

    /** A message was recalled. */
    public void onRecvMessageRevoked(String msgID) {
    }

    /** A message was recalled, with who did it and why; called beside the form with one parameter. */
    public void onRecvMessageRevoked(String msgID, V2TIMUserFullInfo operateUser, String reason) {
    }

    /** A message was changed after it had been sent. */
    public void onRecvMessageModified(V2TIMMessage msg) {
    }

    /** A group message was pinned or unpinned. */
    public void onGroupMessagePinned(String groupID, V2TIMMessage message, boolean isPinned,
            V2TIMGroupMemberInfo opUser) {
    }
}
