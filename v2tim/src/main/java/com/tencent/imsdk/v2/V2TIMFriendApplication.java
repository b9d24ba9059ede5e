package com.tencent.imsdk.v2;

import java.io.Serializable;

/** A request of somebody to become friends. */
public class V2TIMFriendApplication implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Made to the user. */
    public static final int V2TIM_FRIEND_APPLICATION_COME_IN = 1;

    /** Made by the user. */
    public static final int V2TIM_FRIEND_APPLICATION_SEND_OUT = 2;

    /** Made by both. */
    public static final int V2TIM_FRIEND_APPLICATION_BOTH = 3;

    /** Let them have the user as a friend. */
    public static final int V2TIM_FRIEND_ACCEPT_AGREE = 0;

    /** And have them as a friend too. */
    public static final int V2TIM_FRIEND_ACCEPT_AGREE_AND_ADD = 1;

    String userID;
    String nickname;
    String faceUrl;
    long addTime;
    String addSource;
    String addWording;
    int type;

    public V2TIMFriendApplication() {
    }

    public String getUserID() {
        return userID;
    }

    /** The small n is the API's. */
    public String getNickname() {
        return nickname;
    }

    public String getFaceUrl() {
        return faceUrl;
    }

    /** Seconds. */
    public long getAddTime() {
        return addTime;
    }

    public String getAddSource() {
        return addSource;
    }

    public String getAddWording() {
        return addWording;
    }

    public int getType() {
        return type;
    }

    @Override
    public String toString() {
        return "V2TIMFriendApplication{userID=" + userID
            + ", addTime=" + addTime
            + ", addSource=" + addSource
            + ", type=" + type
            + "}";
    }
}
