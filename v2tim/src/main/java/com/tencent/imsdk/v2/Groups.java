package com.tencent.imsdk.v2;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What {@link V2TIMGroupManager} does. */
final class Groups extends V2TIMGroupManager {
    @Override
    public void createGroup(V2TIMGroupInfo info, List<V2TIMCreateGroupMemberInfo> memberList,
            V2TIMValueCallback<String> callback) {
        NotServed.GROUP_CREATE_GROUP.answer(callback);
    }

    @Override
    public void getJoinedGroupList(V2TIMValueCallback<List<V2TIMGroupInfo>> callback) {
        NotServed.GROUP_GET_JOINED_GROUP_LIST.answer(callback);
    }

    @Override
    public void getGroupsInfo(List<String> groupIDList,
            V2TIMValueCallback<List<V2TIMGroupInfoResult>> callback) {
        NotServed.GROUP_GET_GROUPS_INFO.answer(callback);
    }

    @Override
    public void setGroupInfo(V2TIMGroupInfo info, V2TIMCallback callback) {
        NotServed.GROUP_SET_GROUP_INFO.answer(callback);
    }

    @Override
    public void searchGroups(V2TIMGroupSearchParam searchParam,
            V2TIMValueCallback<List<V2TIMGroupInfo>> callback) {
        NotServed.GROUP_SEARCH_GROUPS.answer(callback);
    }

    @Override
    public void initGroupAttributes(String groupID, Map<String, String> attributes, V2TIMCallback callback) {
        NotServed.GROUP_INIT_GROUP_ATTRIBUTES.answer(callback);
    }

    @Override
    public void setGroupAttributes(String groupID, Map<String, String> attributes, V2TIMCallback callback) {
        NotServed.GROUP_SET_GROUP_ATTRIBUTES.answer(callback);
    }

    @Override
    public void deleteGroupAttributes(String groupID, List<String> keys, V2TIMCallback callback) {
        NotServed.GROUP_DELETE_GROUP_ATTRIBUTES.answer(callback);
    }

    @Override
    public void getGroupAttributes(String groupID, List<String> keys,
            V2TIMValueCallback<Map<String, String>> callback) {
        NotServed.GROUP_GET_GROUP_ATTRIBUTES.answer(callback);
    }

    @Override
    public void getGroupOnlineMemberCount(String groupID, V2TIMValueCallback<Integer> callback) {
        NotServed.GROUP_GET_GROUP_ONLINE_MEMBER_COUNT.answer(callback);
    }

    @Override
    public void getGroupMemberList(String groupID, int filter, long nextSeq,
            V2TIMValueCallback<V2TIMGroupMemberInfoResult> callback) {
        NotServed.GROUP_GET_GROUP_MEMBER_LIST.answer(callback);
    }

    @Override
    public void getGroupMembersInfo(String groupID, List<String> memberList,
            V2TIMValueCallback<List<V2TIMGroupMemberFullInfo>> callback) {
        NotServed.GROUP_GET_GROUP_MEMBERS_INFO.answer(callback);
    }

    @Override
    public void searchGroupMembers(V2TIMGroupMemberSearchParam searchParam,
            V2TIMValueCallback<HashMap<String, List<V2TIMGroupMemberFullInfo>>> callback) {
        NotServed.GROUP_SEARCH_GROUP_MEMBERS.answer(callback);
    }

    @Override
    public void setGroupMemberInfo(String groupID, V2TIMGroupMemberFullInfo info, V2TIMCallback callback) {
        NotServed.GROUP_SET_GROUP_MEMBER_INFO.answer(callback);
    }

    @Override
    public void muteGroupMember(String groupID, String userID, int seconds, V2TIMCallback callback) {
        NotServed.GROUP_MUTE_GROUP_MEMBER.answer(callback);
    }

    @Override
    public void muteAllGroupMembers(String groupID, boolean isMute, V2TIMCallback callback) {
        NotServed.GROUP_MUTE_ALL_GROUP_MEMBERS.answer(callback);
    }

    @Override
    public void inviteUserToGroup(String groupID, List<String> userList,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        NotServed.GROUP_INVITE_USER_TO_GROUP.answer(callback);
    }

    @Override
    public void kickGroupMember(String groupID, List<String> memberList, String reason,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        NotServed.GROUP_KICK_GROUP_MEMBER.answer(callback);
    }

    @Override
    public void kickGroupMember(String groupID, List<String> memberList, String reason, int duration,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        NotServed.GROUP_KICK_GROUP_MEMBER_5.answer(callback);
    }

    @Override
    public void setGroupMemberRole(String groupID, String userID, int role, V2TIMCallback callback) {
        NotServed.GROUP_SET_GROUP_MEMBER_ROLE.answer(callback);
    }

    @Override
    public void transferGroupOwner(String groupID, String userID, V2TIMCallback callback) {
        NotServed.GROUP_TRANSFER_GROUP_OWNER.answer(callback);
    }

    @Override
    public void getGroupApplicationList(V2TIMValueCallback<V2TIMGroupApplicationResult> callback) {
        NotServed.GROUP_GET_GROUP_APPLICATION_LIST.answer(callback);
    }

    @Override
    public void acceptGroupApplication(V2TIMGroupApplication application, String reason,
            V2TIMCallback callback) {
        NotServed.GROUP_ACCEPT_GROUP_APPLICATION.answer(callback);
    }

    @Override
    public void refuseGroupApplication(V2TIMGroupApplication application, String reason,
            V2TIMCallback callback) {
        NotServed.GROUP_REFUSE_GROUP_APPLICATION.answer(callback);
    }

    @Override
    public void setGroupApplicationRead(V2TIMCallback callback) {
        NotServed.GROUP_SET_GROUP_APPLICATION_READ.answer(callback);
    }
}
