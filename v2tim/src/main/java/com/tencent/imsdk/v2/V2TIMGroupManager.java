package com.tencent.imsdk.v2;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Groups and their members. */
public abstract class V2TIMGroupManager {
    /** Creates a group with its first members. The answer is its ID. */
    public abstract void createGroup(V2TIMGroupInfo info, List<V2TIMCreateGroupMemberInfo> memberList,
            V2TIMValueCallback<String> callback);

    /** The user's groups, without those for broadcasts. */
    public abstract void getJoinedGroupList(V2TIMValueCallback<List<V2TIMGroupInfo>> callback);

    /** What is known of these groups. */
    public abstract void getGroupsInfo(List<String> groupIDList,
            V2TIMValueCallback<List<V2TIMGroupInfoResult>> callback);

    /** Changes a group: the fields whose setters were called. */
    public abstract void setGroupInfo(V2TIMGroupInfo info, V2TIMCallback callback);

    /** Searches the user's groups. */
    public abstract void searchGroups(V2TIMGroupSearchParam searchParam,
            V2TIMValueCallback<List<V2TIMGroupInfo>> callback);

    /** Replaces the attributes of a group. */
    public abstract void initGroupAttributes(String groupID, Map<String, String> attributes,
            V2TIMCallback callback);

    /** Adds and changes attributes of a group. */
    public abstract void setGroupAttributes(String groupID, Map<String, String> attributes,
            V2TIMCallback callback);

    /** Deletes attributes of a group; null means all. */
    public abstract void deleteGroupAttributes(String groupID, List<String> keys, V2TIMCallback callback);

    /** Attributes of a group; null means all. */
    public abstract void getGroupAttributes(String groupID, List<String> keys,
            V2TIMValueCallback<Map<String, String>> callback);

    /** How many members are on line. */
    public abstract void getGroupOnlineMemberCount(String groupID, V2TIMValueCallback<Integer> callback);

    /** A page of the members; 0 is both the beginning and the end. */
    public abstract void getGroupMemberList(String groupID, int filter, long nextSeq,
            V2TIMValueCallback<V2TIMGroupMemberInfoResult> callback);

    /** What is known of these members. */
    public abstract void getGroupMembersInfo(String groupID, List<String> memberList,
            V2TIMValueCallback<List<V2TIMGroupMemberFullInfo>> callback);

    /** Searches members; the answer is by group. */
    public abstract void searchGroupMembers(V2TIMGroupMemberSearchParam searchParam,
            V2TIMValueCallback<HashMap<String, List<V2TIMGroupMemberFullInfo>>> callback);

    /** Changes a member's name card and custom fields: those whose setters were called. */
    public abstract void setGroupMemberInfo(String groupID, V2TIMGroupMemberFullInfo info,
            V2TIMCallback callback);

    /** Mutes a member; 0 lets them speak. */
    public abstract void muteGroupMember(String groupID, String userID, int seconds, V2TIMCallback callback);

    /** Mutes a group or lets it speak. */
    public abstract void muteAllGroupMembers(String groupID, boolean isMute, V2TIMCallback callback);

    /** Brings users in. */
    public abstract void inviteUserToGroup(String groupID, List<String> userList,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback);

    /** Removes members. */
    public abstract void kickGroupMember(String groupID, List<String> memberList, String reason,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback);

    /** Removes members and keeps them out for {@code duration} seconds. */
    public abstract void kickGroupMember(String groupID, List<String> memberList, String reason, int duration,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback);

    /** Makes a member an administrator, or one no longer. */
    public abstract void setGroupMemberRole(String groupID, String userID, int role, V2TIMCallback callback);

    /** Hands the group over. */
    public abstract void transferGroupOwner(String groupID, String userID, V2TIMCallback callback);

    /** Requests and invitations. */
    public abstract void getGroupApplicationList(V2TIMValueCallback<V2TIMGroupApplicationResult> callback);

    /** Agrees to one. */
    public abstract void acceptGroupApplication(V2TIMGroupApplication application, String reason,
            V2TIMCallback callback);

    /** Refuses one. */
    public abstract void refuseGroupApplication(V2TIMGroupApplication application, String reason,
            V2TIMCallback callback);

    /** Sets their unread count to 0, on this device. */
    public abstract void setGroupApplicationRead(V2TIMCallback callback);
}
