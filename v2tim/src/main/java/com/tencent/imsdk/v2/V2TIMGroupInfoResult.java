package com.tencent.imsdk.v2;

import java.io.Serializable;

/** What became of one group in a call for several. */
public class V2TIMGroupInfoResult implements Serializable {
    private static final long serialVersionUID = 1L;

    int resultCode;
    String resultMessage;
    V2TIMGroupInfo groupInfo;

    public V2TIMGroupInfoResult() {
    }

    public int getResultCode() {
        return resultCode;
    }

    public String getResultMessage() {
        return resultMessage;
    }

    public V2TIMGroupInfo getGroupInfo() {
        return groupInfo;
    }

    @Override
    public String toString() {
        return "V2TIMGroupInfoResult{resultCode=" + resultCode + ", groupInfo=" + groupInfo + "}";
    }
}
