package com.tencent.imsdk.v2;

import java.io.Serializable;

/** A member who was muted or may speak again. */
public class V2TIMGroupMemberChangeInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    String userID;
    long muteTime;

    public V2TIMGroupMemberChangeInfo() {
    }

    public String getUserID() {
        return userID;
    }

    /** Seconds left; 0 when they may speak. */
    public long getMuteTime() {
        return muteTime;
    }

    @Override
    public String toString() {
        return "V2TIMGroupMemberChangeInfo{userID=" + userID + ", muteTime=" + muteTime + "}";
    }
}
