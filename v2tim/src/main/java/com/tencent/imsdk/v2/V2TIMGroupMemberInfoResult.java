package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** A page of a group's members. */
public class V2TIMGroupMemberInfoResult implements Serializable {
    private static final long serialVersionUID = 1L;

    long nextSeq;
    List<V2TIMGroupMemberFullInfo> memberInfoList = new ArrayList<V2TIMGroupMemberFullInfo>();

    public V2TIMGroupMemberInfoResult() {
    }

    public long getNextSeq() {
        return nextSeq;
    }

    public List<V2TIMGroupMemberFullInfo> getMemberInfoList() {
        return memberInfoList;
    }

    @Override
    public String toString() {
        return "V2TIMGroupMemberInfoResult{nextSeq=" + nextSeq
            + ", memberInfoList=" + Shown.size(memberInfoList) + "}";
    }
}
