package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.List;

/** Which part of a history is wanted. */
public class V2TIMMessageListGetOption implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Older than {@code lastMsg}, from the gateway. */
    public static final int V2TIM_GET_CLOUD_OLDER_MSG = 1;

    /** Newer than {@code lastMsg}, from the gateway. */
    public static final int V2TIM_GET_CLOUD_NEWER_MSG = 2;

    /** Older than {@code lastMsg}, of what this device keeps. */
    public static final int V2TIM_GET_LOCAL_OLDER_MSG = 3;

    /** Newer than {@code lastMsg}, of what this device keeps. */
    public static final int V2TIM_GET_LOCAL_NEWER_MSG = 4;

    int getType = V2TIM_GET_CLOUD_OLDER_MSG;
    String userID;
    String groupID;
    int count = 20;
    V2TIMMessage lastMsg;
    long lastMsgSeq;
    long getTimeBegin;
    long getTimePeriod;
    List<Integer> messageTypeList;
    List<Long> messageSeqList;

    public V2TIMMessageListGetOption() {
    }

    public int getGetType() {
        return getType;
    }

    public void setGetType(int getType) {
        this.getType = getType;
    }

    public String getUserID() {
        return userID;
    }

    public void setUserID(String userID) {
        this.userID = userID;
    }

    public String getGroupID() {
        return groupID;
    }

    public void setGroupID(String groupID) {
        this.groupID = groupID;
    }

    public int getCount() {
        return count;
    }

    public void setCount(int count) {
        this.count = count;
    }

    /** Excluded from the answer; wins over {@code lastMsgSeq}. */
    public V2TIMMessage getLastMsg() {
        return lastMsg;
    }

    public void setLastMsg(V2TIMMessage lastMsg) {
        this.lastMsg = lastMsg;
    }

    /** Included in the answer. */
    public long getLastMsgSeq() {
        return lastMsgSeq;
    }

    public void setLastMsgSeq(long lastMsgSeq) {
        this.lastMsgSeq = lastMsgSeq;
    }

    /** Seconds. */
    public long getGetTimeBegin() {
        return getTimeBegin;
    }

    public void setGetTimeBegin(long getTimeBegin) {
        this.getTimeBegin = getTimeBegin;
    }

    /** Seconds. */
    public long getGetTimePeriod() {
        return getTimePeriod;
    }

    public void setGetTimePeriod(long getTimePeriod) {
        this.getTimePeriod = getTimePeriod;
    }

    public List<Integer> getMessageTypeList() {
        return messageTypeList;
    }

    public void setMessageTypeList(List<Integer> messageTypeList) {
        this.messageTypeList = messageTypeList;
    }

    public List<Long> getMessageSeqList() {
        return messageSeqList;
    }

    public void setMessageSeqList(List<Long> messageSeqList) {
        this.messageSeqList = messageSeqList;
    }

    @Override
    public String toString() {
        return "V2TIMMessageListGetOption{getType=" + getType
            + ", userID=" + userID
            + ", groupID=" + groupID
            + ", count=" + count
            + ", lastMsg=" + lastMsg
            + ", lastMsgSeq=" + lastMsgSeq
            + ", getTimeBegin=" + getTimeBegin
            + ", getTimePeriod=" + getTimePeriod
            + "}";
    }
}
