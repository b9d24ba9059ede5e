package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;

/** A line of a group's history about the group itself. */
public class V2TIMGroupTipsElem extends V2TIMElem {
    private static final long serialVersionUID = 1L;

    /** Not known to this library. */
    public static final int GROUP_TIPS_TYPE_INVALID = 0;

    /** Users joined. */
    public static final int V2TIM_GROUP_TIPS_TYPE_JOIN = 1;

    /** Users were brought in. */
    public static final int V2TIM_GROUP_TIPS_TYPE_INVITE = 2;

    /** A member left. */
    public static final int V2TIM_GROUP_TIPS_TYPE_QUIT = 3;

    /** Members were removed. */
    public static final int V2TIM_GROUP_TIPS_TYPE_KICKED = 4;

    /** Members became administrators. */
    public static final int V2TIM_GROUP_TIPS_TYPE_SET_ADMIN = 5;

    /** Members are administrators no longer. */
    public static final int V2TIM_GROUP_TIPS_TYPE_CANCEL_ADMIN = 6;

    /** Fields of the group changed. */
    public static final int V2TIM_GROUP_TIPS_TYPE_GROUP_INFO_CHANGE = 7;

    /** Members were muted or may speak again. */
    public static final int V2TIM_GROUP_TIPS_TYPE_MEMBER_INFO_CHANGE = 8;

    /** Fields of a topic changed. */
    public static final int V2TIM_GROUP_TIPS_TYPE_TOPIC_INFO_CHANGE = 9;

    /** A message was pinned. */
    public static final int V2TIM_GROUP_TIPS_TYPE_PINNED_MESSAGE_ADDED = 10;

    /** A message was unpinned. */
    public static final int V2TIM_GROUP_TIPS_TYPE_PINNED_MESSAGE_DELETED = 11;

    String groupID;
    int type;
    V2TIMGroupMemberInfo opMember;
    List<V2TIMGroupMemberInfo> memberList = new ArrayList<V2TIMGroupMemberInfo>();
    List<V2TIMGroupChangeInfo> groupChangeInfoList = new ArrayList<V2TIMGroupChangeInfo>();
    List<V2TIMGroupMemberChangeInfo> memberChangeInfoList = new ArrayList<V2TIMGroupMemberChangeInfo>();
    int memberCount;

    public V2TIMGroupTipsElem() {
    }

    public String getGroupID() {
        return groupID;
    }

    public int getType() {
        return type;
    }

    /** Who did it. */
    public V2TIMGroupMemberInfo getOpMember() {
        return opMember;
    }

    /** To whom it was done. */
    public List<V2TIMGroupMemberInfo> getMemberList() {
        return memberList;
    }

    public List<V2TIMGroupChangeInfo> getGroupChangeInfoList() {
        return groupChangeInfoList;
    }

    public List<V2TIMGroupMemberChangeInfo> getMemberChangeInfoList() {
        return memberChangeInfoList;
    }

    /** Members after it, 0 when not told. */
    public int getMemberCount() {
        return memberCount;
    }

    @Override
    public String toString() {
        return "V2TIMGroupTipsElem{groupID=" + groupID
            + ", type=" + type
            + ", opMember=" + opMember
            + ", memberList=" + Shown.size(memberList)
            + ", groupChangeInfoList=" + Shown.size(groupChangeInfoList)
            + ", memberChangeInfoList=" + Shown.size(memberChangeInfoList)
            + ", memberCount=" + memberCount
            + "}";
    }
}
