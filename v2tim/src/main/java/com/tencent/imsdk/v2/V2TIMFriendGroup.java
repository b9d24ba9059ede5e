package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** A named part of the friend list. */
public class V2TIMFriendGroup implements Serializable {
    private static final long serialVersionUID = 1L;

    String name;
    long friendCount;
    List<String> friendIDList = new ArrayList<String>();

    public V2TIMFriendGroup() {
    }

    public String getName() {
        return name;
    }

    public long getFriendCount() {
        return friendCount;
    }

    public List<String> getFriendIDList() {
        return friendIDList;
    }

    @Override
    public String toString() {
        return "V2TIMFriendGroup{name=" + name
            + ", friendCount=" + friendCount
            + ", friendIDList=" + Shown.size(friendIDList) + "}";
    }
}
