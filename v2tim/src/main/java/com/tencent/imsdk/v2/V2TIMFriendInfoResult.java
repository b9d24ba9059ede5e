package com.tencent.imsdk.v2;

import java.io.Serializable;

/** What is known of one user in a call for several. */
public class V2TIMFriendInfoResult implements Serializable {
    private static final long serialVersionUID = 1L;

    int resultCode;
    String resultInfo;
    int relation;
    V2TIMFriendInfo friendInfo;

    public V2TIMFriendInfoResult() {
    }

    public int getResultCode() {
        return resultCode;
    }

    public String getResultInfo() {
        return resultInfo;
    }

    public int getRelation() {
        return relation;
    }

    public V2TIMFriendInfo getFriendInfo() {
        return friendInfo;
    }

    @Override
    public String toString() {
        return "V2TIMFriendInfoResult{resultCode=" + resultCode + ", relation=" + relation + "}";
    }
}
