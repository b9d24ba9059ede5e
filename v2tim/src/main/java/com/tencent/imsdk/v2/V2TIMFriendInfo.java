package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** A friend. */
public class V2TIMFriendInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    /** In the user's list only. */
    public static final int V2TIM_FRIEND_TYPE_SINGLE = 1;

    /** In both lists. */
    public static final int V2TIM_FRIEND_TYPE_BOTH = 2;

    String userID;
    String friendRemark;
    HashMap<String, byte[]> friendCustomInfo = new HashMap<String, byte[]>();
    List<String> friendGroups = new ArrayList<String>();
    V2TIMUserFullInfo userProfile = new V2TIMUserFullInfo();
    /** The fields whose setters were called: a change tells the gateway these only. */
    final HashSet<String> changed = new HashSet<String>();

    public V2TIMFriendInfo() {
    }

    public String getUserID() {
        return userID;
    }

    public void setUserID(String userID) {
        this.userID = userID;
        changed.add("UserID");
    }

    public String getFriendRemark() {
        return friendRemark;
    }

    public void setFriendRemark(String friendRemark) {
        this.friendRemark = friendRemark;
        changed.add("FriendRemark");
    }

    public HashMap<String, byte[]> getFriendCustomInfo() {
        return friendCustomInfo;
    }

    public void setFriendCustomInfo(HashMap<String, byte[]> friendCustomInfo) {
        this.friendCustomInfo = friendCustomInfo;
        changed.add("FriendCustomInfo");
    }

    /** The same for any map: a copy of it is kept. */
    public void setFriendCustomInfo(Map<String, byte[]> friendCustomInfo) {
        setFriendCustomInfo(friendCustomInfo == null ? null : new HashMap<String, byte[]>(friendCustomInfo));
    }

    public List<String> getFriendGroups() {
        return friendGroups;
    }

    public V2TIMUserFullInfo getUserProfile() {
        return userProfile;
    }

    @Override
    public String toString() {
        return "V2TIMFriendInfo{userID=" + userID + "}";
    }
}
