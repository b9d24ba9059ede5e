package com.tencent.imsdk.v2;

import java.io.Serializable;

/** A user, by the fields that listeners tell. */
public class V2TIMUserInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    String userID;
    String nickName;
    String faceUrl;

    public V2TIMUserInfo() {
    }

    public String getUserID() {
        return userID;
    }

    public void setUserID(String userID) {
        this.userID = userID;
    }

    public String getNickName() {
        return nickName;
    }

    public void setNickName(String nickName) {
        this.nickName = nickName;
    }

    public String getFaceUrl() {
        return faceUrl;
    }

    public void setFaceUrl(String faceUrl) {
        this.faceUrl = faceUrl;
    }

    @Override
    public String toString() {
        return "V2TIMUserInfo{userID=" + userID + "}";
    }
}
