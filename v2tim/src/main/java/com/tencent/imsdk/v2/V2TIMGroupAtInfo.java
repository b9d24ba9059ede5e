package com.tencent.imsdk.v2;

import java.io.Serializable;

/** That a message of the group names the user. */
public class V2TIMGroupAtInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Stands for everybody in a list of named users. */
    public static final String AT_ALL_TAG = "__kImSDK_MesssageAtALL__";

    /** Nobody. */
    public static final int TIM_AT_UNKNOWN = 0;

    /** The user. */
    public static final int TIM_AT_ME = 1;

    /** Everybody. */
    public static final int TIM_AT_ALL = 2;

    /** Everybody, and the user by name. */
    public static final int TIM_AT_ALL_AT_ME = 3;

    long seq;
    int atType;

    public V2TIMGroupAtInfo() {
    }

    public long getSeq() {
        return seq;
    }

    public int getAtType() {
        return atType;
    }

    @Override
    public String toString() {
        return "V2TIMGroupAtInfo{seq=" + seq + ", atType=" + atType + "}";
    }
}
