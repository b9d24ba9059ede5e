package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** The requests and invitations that wait or waited for the user. */
public class V2TIMGroupApplicationResult implements Serializable {
    private static final long serialVersionUID = 1L;

    int unreadCount;
    List<V2TIMGroupApplication> groupApplicationList = new ArrayList<V2TIMGroupApplication>();

    public V2TIMGroupApplicationResult() {
    }

    public int getUnreadCount() {
        return unreadCount;
    }

    public List<V2TIMGroupApplication> getGroupApplicationList() {
        return groupApplicationList;
    }

    @Override
    public String toString() {
        return "V2TIMGroupApplicationResult{unreadCount=" + unreadCount
            + ", groupApplicationList=" + Shown.size(groupApplicationList) + "}";
    }
}
