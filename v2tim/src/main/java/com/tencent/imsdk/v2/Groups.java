package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import timgate.session.Refusal;

/** What {@link V2TIMGroupManager} does. */
final class Groups extends V2TIMGroupManager {
    private final Managers all;
    private final GroupProfiles profiles;
    private final GroupMembers members;
    private final GroupApplications applications;

    Groups(Managers all) {
        this.all = all;
        profiles = new GroupProfiles(all);
        members = new GroupMembers(all);
        applications = new GroupApplications(all);
    }

    @Override
    public void createGroup(V2TIMGroupInfo info, List<V2TIMCreateGroupMemberInfo> memberList,
            V2TIMValueCallback<String> callback) {
        profiles.createGroup(info, memberList, callback);
    }

    @Override
    public void getJoinedGroupList(V2TIMValueCallback<List<V2TIMGroupInfo>> callback) {
        profiles.getJoinedGroupList(callback);
    }

    @Override
    public void getGroupsInfo(List<String> groupIDList,
            V2TIMValueCallback<List<V2TIMGroupInfoResult>> callback) {
        profiles.getGroupsInfo(groupIDList, callback);
    }

    @Override
    public void setGroupInfo(V2TIMGroupInfo info, V2TIMCallback callback) {
        profiles.setGroupInfo(info, callback);
    }

    @Override
    public void searchGroups(V2TIMGroupSearchParam searchParam,
            V2TIMValueCallback<List<V2TIMGroupInfo>> callback) {
        profiles.searchGroups(searchParam, callback);
    }

    @Override
    public void initGroupAttributes(String groupID, Map<String, String> attributes, V2TIMCallback callback) {
        Reply<Void> reply = Reply.of(callback);
        try {
            Client client = all.loggedIn("initGroupAttributes");
            Check.given("initGroupAttributes: the attributes", attributes);
            client.attributes.init(Check.text("initGroupAttributes: groupID", groupID), attributes, reply);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void setGroupAttributes(String groupID, Map<String, String> attributes, V2TIMCallback callback) {
        Reply<Void> reply = Reply.of(callback);
        try {
            Client client = all.loggedIn("setGroupAttributes");
            Check.given("setGroupAttributes: the attributes", attributes);
            client.attributes.set(Check.text("setGroupAttributes: groupID", groupID), attributes, reply);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void deleteGroupAttributes(String groupID, List<String> keys, V2TIMCallback callback) {
        Reply<Void> reply = Reply.of(callback);
        try {
            Client client = all.loggedIn("deleteGroupAttributes");
            client.attributes.delete(Check.text("deleteGroupAttributes: groupID", groupID), keys, reply);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getGroupAttributes(String groupID, List<String> keys,
            V2TIMValueCallback<Map<String, String>> callback) {
        Reply<Map<String, String>> reply = Reply.of(callback);
        try {
            Client client = all.loggedIn("getGroupAttributes");
            // A copy: the app may change its list meanwhile.
            List<String> asked = keys == null ? null : new ArrayList<String>(keys);
            client.attributes.get(Check.text("getGroupAttributes: groupID", groupID), asked, reply);
        } catch (Refusal refusal) {
            reply.fail(refusal);
        }
    }

    @Override
    public void getGroupOnlineMemberCount(String groupID, V2TIMValueCallback<Integer> callback) {
        profiles.getGroupOnlineMemberCount(groupID, callback);
    }

    @Override
    public void getGroupMemberList(String groupID, int filter, long nextSeq,
            V2TIMValueCallback<V2TIMGroupMemberInfoResult> callback) {
        members.getGroupMemberList(groupID, filter, nextSeq, callback);
    }

    @Override
    public void getGroupMembersInfo(String groupID, List<String> memberList,
            V2TIMValueCallback<List<V2TIMGroupMemberFullInfo>> callback) {
        members.getGroupMembersInfo(groupID, memberList, callback);
    }

    @Override
    public void searchGroupMembers(V2TIMGroupMemberSearchParam searchParam,
            V2TIMValueCallback<HashMap<String, List<V2TIMGroupMemberFullInfo>>> callback) {
        MemberSearch.search(all, searchParam, Reply.of(callback));
    }

    @Override
    public void setGroupMemberInfo(String groupID, V2TIMGroupMemberFullInfo info, V2TIMCallback callback) {
        members.setGroupMemberInfo(groupID, info, callback);
    }

    @Override
    public void muteGroupMember(String groupID, String userID, int seconds, V2TIMCallback callback) {
        members.muteGroupMember(groupID, userID, seconds, callback);
    }

    @Override
    public void muteAllGroupMembers(String groupID, boolean isMute, V2TIMCallback callback) {
        profiles.muteAllGroupMembers(groupID, isMute, callback);
    }

    @Override
    public void inviteUserToGroup(String groupID, List<String> userList,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        members.inviteUserToGroup(groupID, userList, callback);
    }

    @Override
    public void kickGroupMember(String groupID, List<String> memberList, String reason,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        members.kickGroupMember(groupID, memberList, reason, 0, callback);
    }

    @Override
    public void kickGroupMember(String groupID, List<String> memberList, String reason, int duration,
            V2TIMValueCallback<List<V2TIMGroupMemberOperationResult>> callback) {
        members.kickGroupMember(groupID, memberList, reason, duration, callback);
    }

    @Override
    public void setGroupMemberRole(String groupID, String userID, int role, V2TIMCallback callback) {
        members.setGroupMemberRole(groupID, userID, role, callback);
    }

    @Override
    public void transferGroupOwner(String groupID, String userID, V2TIMCallback callback) {
        profiles.transferGroupOwner(groupID, userID, callback);
    }

    @Override
    public void getGroupApplicationList(V2TIMValueCallback<V2TIMGroupApplicationResult> callback) {
        applications.list(callback);
    }

    @Override
    public void acceptGroupApplication(V2TIMGroupApplication application, String reason,
            V2TIMCallback callback) {
        applications.decide(application, true, reason, callback);
    }

    @Override
    public void refuseGroupApplication(V2TIMGroupApplication application, String reason,
            V2TIMCallback callback) {
        applications.decide(application, false, reason, callback);
    }

    @Override
    public void setGroupApplicationRead(V2TIMCallback callback) {
        applications.setRead(callback);
    }
}
