package com.tencent.imsdk.v2;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;

/** A member. */
public class V2TIMGroupMemberFullInfo extends V2TIMGroupMemberInfo {
    private static final long serialVersionUID = 1L;

    /** No member. */
    public static final int V2TIM_GROUP_MEMBER_UNDEFINED = 0;

    /** A member. */
    public static final int V2TIM_GROUP_MEMBER_ROLE_MEMBER = 200;

    /** An administrator. */
    public static final int V2TIM_GROUP_MEMBER_ROLE_ADMIN = 300;

    /** The owner. */
    public static final int V2TIM_GROUP_MEMBER_ROLE_OWNER = 400;

    /** Everybody. */
    public static final int V2TIM_GROUP_MEMBER_FILTER_ALL = 0;

    /** The owner. */
    public static final int V2TIM_GROUP_MEMBER_FILTER_OWNER = 1;

    /** Administrators. */
    public static final int V2TIM_GROUP_MEMBER_FILTER_ADMIN = 2;

    /** Those without a role. */
    public static final int V2TIM_GROUP_MEMBER_FILTER_COMMON = 4;

    Map<String, byte[]> customInfo = new HashMap<String, byte[]>();
    int role;
    long muteUntil;
    long joinTime;
    /** The fields whose setters were called: a change tells the gateway these only. */
    final HashSet<String> changed = new HashSet<String>();

    public V2TIMGroupMemberFullInfo() {
    }

    public void setUserID(String userID) {
        this.userID = userID;
        changed.add("UserID");
    }

    public void setNameCard(String nameCard) {
        this.nameCard = nameCard;
        changed.add("NameCard");
    }

    public Map<String, byte[]> getCustomInfo() {
        return customInfo;
    }

    public void setCustomInfo(Map<String, byte[]> customInfo) {
        this.customInfo = customInfo;
        changed.add("CustomInfo");
    }

    public int getRole() {
        return role;
    }

    /** Seconds since 1970; 0 when not muted. */
    public long getMuteUntil() {
        return muteUntil;
    }

    /** Seconds. */
    public long getJoinTime() {
        return joinTime;
    }

    @Override
    public String toString() {
        return "V2TIMGroupMemberFullInfo{role=" + role + ", muteUntil=" + muteUntil + "}";
    }
}
