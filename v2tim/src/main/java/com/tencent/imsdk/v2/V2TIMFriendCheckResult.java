package com.tencent.imsdk.v2;

import java.io.Serializable;

/** Whose friend somebody is. */
public class V2TIMFriendCheckResult implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Neither has the other. */
    public static final int V2TIM_FRIEND_RELATION_TYPE_NONE = 0;

    /** The user has them. */
    public static final int V2TIM_FRIEND_RELATION_TYPE_IN_MY_FRIEND_LIST = 1;

    /** They have the user. */
    public static final int V2TIM_FRIEND_RELATION_TYPE_IN_OTHER_FRIEND_LIST = 2;

    /** Both have each other. */
    public static final int V2TIM_FRIEND_RELATION_TYPE_BOTH_WAY = 3;

    String userID;
    int resultCode;
    String resultInfo;
    int resultType;

    public V2TIMFriendCheckResult() {
    }

    public String getUserID() {
        return userID;
    }

    public int getResultCode() {
        return resultCode;
    }

    public String getResultInfo() {
        return resultInfo;
    }

    public int getResultType() {
        return resultType;
    }

    @Override
    public String toString() {
        return "V2TIMFriendCheckResult{userID=" + userID
            + ", resultCode=" + resultCode
            + ", resultType=" + resultType + "}";
    }
}
