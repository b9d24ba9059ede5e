package com.tencent.imsdk.v2;

import java.io.Serializable;

/** A member, by the fields that listeners tell. */
public class V2TIMGroupMemberInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    String userID;
    String nickName;
    String friendRemark;
    String nameCard;
    String faceUrl;

    public V2TIMGroupMemberInfo() {
    }

    public String getUserID() {
        return userID;
    }

    public String getNickName() {
        return nickName;
    }

    public String getFriendRemark() {
        return friendRemark;
    }

    public String getNameCard() {
        return nameCard;
    }

    public String getFaceUrl() {
        return faceUrl;
    }

    @Override
    public String toString() {
        return "V2TIMGroupMemberInfo{userID=" + userID + "}";
    }
}
