package com.tencent.imsdk.v2;

import java.io.Serializable;

/** A member that a new group begins with. */
public class V2TIMCreateGroupMemberInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    String userID;
    int role = V2TIMGroupMemberFullInfo.V2TIM_GROUP_MEMBER_ROLE_MEMBER;

    public V2TIMCreateGroupMemberInfo() {
    }

    public String getUserID() {
        return userID;
    }

    public void setUserID(String userID) {
        this.userID = userID;
    }

    public int getRole() {
        return role;
    }

    public void setRole(int role) {
        this.role = role;
    }

    @Override
    public String toString() {
        return "V2TIMCreateGroupMemberInfo{userID=" + userID + ", role=" + role + "}";
    }
}
