package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;

/** A group. */
public class V2TIMGroupInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Nobody may join by themselves. */
    public static final int V2TIM_GROUP_ADD_FORBID = 0;

    /** Those who run the group decide. */
    public static final int V2TIM_GROUP_ADD_AUTH = 1;

    /** Everybody may join. */
    public static final int V2TIM_GROUP_ADD_ANY = 2;

    String groupID;
    String groupType;
    String groupName;
    String notification;
    String introduction;
    String faceUrl;
    boolean allMuted;
    int groupAddOpt;
    int groupApproveOpt;
    boolean supportTopic;
    Map<String, byte[]> customInfo = new HashMap<String, byte[]>();
    String owner;
    long createTime;
    long lastInfoTime;
    long lastMessageTime;
    int memberCount;
    int onlineCount;
    long memberMaxCount;
    int role;
    int recvOpt;
    long joinTime;
    /** The fields whose setters were called: a change tells the gateway these only. */
    final HashSet<String> changed = new HashSet<String>();

    public V2TIMGroupInfo() {
    }

    public String getGroupID() {
        return groupID;
    }

    public void setGroupID(String groupID) {
        this.groupID = groupID;
        changed.add("GroupID");
    }

    public String getGroupType() {
        return groupType;
    }

    public void setGroupType(String groupType) {
        this.groupType = groupType;
        changed.add("GroupType");
    }

    public String getGroupName() {
        return groupName;
    }

    public void setGroupName(String groupName) {
        this.groupName = groupName;
        changed.add("GroupName");
    }

    public String getNotification() {
        return notification;
    }

    public void setNotification(String notification) {
        this.notification = notification;
        changed.add("Notification");
    }

    public String getIntroduction() {
        return introduction;
    }

    public void setIntroduction(String introduction) {
        this.introduction = introduction;
        changed.add("Introduction");
    }

    public String getFaceUrl() {
        return faceUrl;
    }

    public void setFaceUrl(String faceUrl) {
        this.faceUrl = faceUrl;
        changed.add("FaceUrl");
    }

    public boolean isAllMuted() {
        return allMuted;
    }

    public void setAllMuted(boolean allMuted) {
        this.allMuted = allMuted;
        changed.add("AllMuted");
    }

    public int getGroupAddOpt() {
        return groupAddOpt;
    }

    public void setGroupAddOpt(int groupAddOpt) {
        this.groupAddOpt = groupAddOpt;
        changed.add("GroupAddOpt");
    }

    public int getGroupApproveOpt() {
        return groupApproveOpt;
    }

    public void setGroupApproveOpt(int groupApproveOpt) {
        this.groupApproveOpt = groupApproveOpt;
        changed.add("GroupApproveOpt");
    }

    public boolean isSupportTopic() {
        return supportTopic;
    }

    public void setSupportTopic(boolean supportTopic) {
        this.supportTopic = supportTopic;
        changed.add("SupportTopic");
    }

    public Map<String, byte[]> getCustomInfo() {
        return customInfo;
    }

    public void setCustomInfo(Map<String, byte[]> customInfo) {
        this.customInfo = customInfo;
        changed.add("CustomInfo");
    }

    public String getOwner() {
        return owner;
    }

    /** Seconds. */
    public long getCreateTime() {
        return createTime;
    }

    /** Seconds. */
    public long getLastInfoTime() {
        return lastInfoTime;
    }

    /** Seconds. */
    public long getLastMessageTime() {
        return lastMessageTime;
    }

    public int getMemberCount() {
        return memberCount;
    }

    public int getOnlineCount() {
        return onlineCount;
    }

    public long getMemberMaxCount() {
        return memberMaxCount;
    }

    /** The user's own role. */
    public int getRole() {
        return role;
    }

    public int getRecvOpt() {
        return recvOpt;
    }

    /** Seconds. */
    public long getJoinTime() {
        return joinTime;
    }

    @Override
    public String toString() {
        return "V2TIMGroupInfo{groupID=" + groupID
            + ", groupType=" + groupType
            + ", allMuted=" + allMuted
            + ", groupAddOpt=" + groupAddOpt
            + ", owner=" + owner
            + ", memberCount=" + memberCount
            + ", role=" + role
            + ", recvOpt=" + recvOpt
            + "}";
    }
}
