package com.tencent.imsdk.v2;

import java.io.Serializable;

/** What became of one user in a call for several. */
public class V2TIMGroupMemberOperationResult implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Not done. */
    public static final int OPERATION_RESULT_FAIL = 0;

    /** Done. */
    public static final int OPERATION_RESULT_SUCC = 1;

    /** Nothing to do: already a member, or none. */
    public static final int OPERATION_RESULT_INVALID = 2;

    /** The user is asked. */
    public static final int OPERATION_RESULT_PENDING = 3;

    /** The user is in too many groups. */
    public static final int OPERATION_RESULT_OVERLIMIT = 4;

    String memberID;
    int result;

    public V2TIMGroupMemberOperationResult() {
    }

    public String getMemberID() {
        return memberID;
    }

    public int getResult() {
        return result;
    }

    @Override
    public String toString() {
        return "V2TIMGroupMemberOperationResult{memberID=" + memberID + ", result=" + result + "}";
    }
}
