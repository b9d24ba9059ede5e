package com.tencent.imsdk.v2;

import java.io.Serializable;

/** What a peer or a group has read. */
public class V2TIMMessageReceipt implements Serializable {
    private static final long serialVersionUID = 1L;

    String userID;
    long timestamp;
    String groupID;
    String msgID;
    long readCount;
    long unreadCount;
    boolean peerRead;

    public V2TIMMessageReceipt() {
    }

    /** The reader, in a one-to-one conversation. */
    public String getUserID() {
        return userID;
    }

    /** Everything up to this second is read. */
    public long getTimestamp() {
        return timestamp;
    }

    public String getGroupID() {
        return groupID;
    }

    public String getMsgID() {
        return msgID;
    }

    public long getReadCount() {
        return readCount;
    }

    public long getUnreadCount() {
        return unreadCount;
    }

    public boolean isPeerRead() {
        return peerRead;
    }

    @Override
    public String toString() {
        return "V2TIMMessageReceipt{userID=" + userID
            + ", timestamp=" + timestamp
            + ", groupID=" + groupID
            + ", msgID=" + msgID
            + ", readCount=" + readCount
            + ", unreadCount=" + unreadCount
            + ", peerRead=" + peerRead
            + "}";
    }
}
