package com.tencent.imsdk.v2;

import java.util.List;

/** Told of friends, friend requests and the block list. Subclasses override what they need. */
public abstract class V2TIMFriendshipListener {
    /** New friend requests. */
    public void onFriendApplicationListAdded(List<V2TIMFriendApplication> applicationList) {
    }

    /** Friend requests were deleted. */
    public void onFriendApplicationListDeleted(List<String> userIDList) {
    }

    /** The friend requests were marked as read. */
    public void onFriendApplicationListRead() {
    }

    /** New friends. */
    public void onFriendListAdded(List<V2TIMFriendInfo> users) {
    }

    /** Friends were removed. */
    public void onFriendListDeleted(List<String> userList) {
    }

    /** Users were blocked. */
    public void onBlackListAdd(List<V2TIMFriendInfo> infoList) {
    }

    /** Users are blocked no longer. */
    public void onBlackListDeleted(List<String> userList) {
    }

    /** What is kept of friends has changed. */
    public void onFriendInfoChanged(List<V2TIMFriendInfo> infoList) {
    }
}
