package com.tencent.imsdk.v2;

import java.io.Serializable;

/** How messages of one user are received. */
public class V2TIMReceiveMessageOptInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    String userID;
    int c2cReceiveMessageOpt;

    public V2TIMReceiveMessageOptInfo() {
    }

    public String getUserID() {
        return userID;
    }

    public int getC2CReceiveMessageOpt() {
        return c2cReceiveMessageOpt;
    }

    @Override
    public String toString() {
        return "V2TIMReceiveMessageOptInfo{userID=" + userID
            + ", c2cReceiveMessageOpt=" + c2cReceiveMessageOpt + "}";
    }
}
