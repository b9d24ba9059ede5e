package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** A page of the members who have read a message, or have not. */
public class V2TIMGroupMessageReadMemberList implements Serializable {
    private static final long serialVersionUID = 1L;

    long nextSeq;
    boolean finished;
    List<V2TIMGroupMemberInfo> memberInfoList = new ArrayList<V2TIMGroupMemberInfo>();

    public V2TIMGroupMessageReadMemberList() {
    }

    public long getNextSeq() {
        return nextSeq;
    }

    public boolean isFinished() {
        return finished;
    }

    public List<V2TIMGroupMemberInfo> getMemberInfoList() {
        return memberInfoList;
    }

    @Override
    public String toString() {
        return "V2TIMGroupMessageReadMemberList{nextSeq=" + nextSeq
            + ", finished=" + finished
            + ", memberInfoList=" + Shown.size(memberInfoList) + "}";
    }
}
