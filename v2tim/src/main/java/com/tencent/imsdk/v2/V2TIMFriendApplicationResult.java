package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** The friend requests. */
public class V2TIMFriendApplicationResult implements Serializable {
    private static final long serialVersionUID = 1L;

    int unreadCount;
    List<V2TIMFriendApplication> friendApplicationList = new ArrayList<V2TIMFriendApplication>();

    public V2TIMFriendApplicationResult() {
    }

    public int getUnreadCount() {
        return unreadCount;
    }

    public List<V2TIMFriendApplication> getFriendApplicationList() {
        return friendApplicationList;
    }

    @Override
    public String toString() {
        return "V2TIMFriendApplicationResult{unreadCount=" + unreadCount
            + ", friendApplicationList=" + Shown.size(friendApplicationList) + "}";
    }
}
