package com.tencent.imsdk.v2;

import java.io.Serializable;

/** What became of one user in a call for several. */
public class V2TIMFriendOperationResult implements Serializable {
    private static final long serialVersionUID = 1L;

    String userID;
    int resultCode;
    String resultInfo;

    public V2TIMFriendOperationResult() {
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

    @Override
    public String toString() {
        return "V2TIMFriendOperationResult{userID=" + userID + ", resultCode=" + resultCode + "}";
    }
}
