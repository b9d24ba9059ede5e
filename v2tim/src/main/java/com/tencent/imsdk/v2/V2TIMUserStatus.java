package com.tencent.imsdk.v2;

import java.io.Serializable;

/** Whether a user is on line. */
public class V2TIMUserStatus implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Not told. */
    public static final int V2TIM_USER_STATUS_UNKNOWN = 0;

    /** On line. */
    public static final int V2TIM_USER_STATUS_ONLINE = 1;

    /** Off line. */
    public static final int V2TIM_USER_STATUS_OFFLINE = 2;

    /** Logged out, or never logged in. */
    public static final int V2TIM_USER_STATUS_UNLOGINED = 3;

    String userID;
    int statusType;
    String customStatus;

    public V2TIMUserStatus() {
    }

    public String getUserID() {
        return userID;
    }

    public int getStatusType() {
        return statusType;
    }

    public String getCustomStatus() {
        return customStatus;
    }

    public void setCustomStatus(String customStatus) {
        this.customStatus = customStatus;
    }

    @Override
    public String toString() {
        return "V2TIMUserStatus{userID=" + userID + ", statusType=" + statusType + "}";
    }
}
