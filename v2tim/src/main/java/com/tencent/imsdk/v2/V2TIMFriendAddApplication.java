package com.tencent.imsdk.v2;

import java.io.Serializable;

/** A request to become friends. */
public class V2TIMFriendAddApplication implements Serializable {
    private static final long serialVersionUID = 1L;

    String userID;
    String friendRemark;
    String friendGroup;
    String addWording;
    String addSource;
    int addType = V2TIMFriendInfo.V2TIM_FRIEND_TYPE_BOTH;

    public V2TIMFriendAddApplication(String userID) {
        this.userID = userID;
    }

    public String getUserID() {
        return userID;
    }

    public void setUserID(String userID) {
        this.userID = userID;
    }

    public String getFriendRemark() {
        return friendRemark;
    }

    public void setFriendRemark(String friendRemark) {
        this.friendRemark = friendRemark;
    }

    public String getFriendGroup() {
        return friendGroup;
    }

    public void setFriendGroup(String friendGroup) {
        this.friendGroup = friendGroup;
    }

    public String getAddWording() {
        return addWording;
    }

    public void setAddWording(String addWording) {
        this.addWording = addWording;
    }

    public String getAddSource() {
        return addSource;
    }

    public void setAddSource(String addSource) {
        this.addSource = addSource;
    }

    public int getAddType() {
        return addType;
    }

    public void setAddType(int addType) {
        this.addType = addType;
    }

    @Override
    public String toString() {
        return "V2TIMFriendAddApplication{userID=" + userID + ", addType=" + addType + "}";
    }
}
