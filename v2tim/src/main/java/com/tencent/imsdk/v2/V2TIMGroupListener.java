package com.tencent.imsdk.v2;

import java.util.List;
import java.util.Map;

/** Told of what happens in the user's groups. Subclasses override what they need. */
public abstract class V2TIMGroupListener {
    /** Users joined. */
    public void onMemberEnter(String groupID, List<V2TIMGroupMemberInfo> memberList) {
    }

    /** A member left. */
    public void onMemberLeave(String groupID, V2TIMGroupMemberInfo member) {
    }

    /** Users were brought in by a member. */
    public void onMemberInvited(String groupID, V2TIMGroupMemberInfo opUser,
            List<V2TIMGroupMemberInfo> memberList) {
    }

    /** Members were removed. */
    public void onMemberKicked(String groupID, V2TIMGroupMemberInfo opUser,
            List<V2TIMGroupMemberInfo> memberList) {
    }

    /** Members were muted or may speak again. */
    public void onMemberInfoChanged(String groupID,
            List<V2TIMGroupMemberChangeInfo> v2TIMGroupMemberChangeInfoList) {
    }

    /** The user has created the group, perhaps on another terminal. */
    public void onGroupCreated(String groupID) {
    }

    /** The group was dismissed. */
    public void onGroupDismissed(String groupID, V2TIMGroupMemberInfo opUser) {
    }

    /** The group was taken back by the gateway. */
    public void onGroupRecycled(String groupID, V2TIMGroupMemberInfo opUser) {
    }

    /** Name, notice, owner or another field of the group has changed. */
    public void onGroupInfoChanged(String groupID, List<V2TIMGroupChangeInfo> changeInfos) {
    }

    /** The group's attributes have changed; the map holds all of them. */
    public void onGroupAttributeChanged(String groupID, Map<String, String> groupAttributeMap) {
    }

    /** Somebody asks to join a group that the user runs. */
    public void onReceiveJoinApplication(String groupID, V2TIMGroupMemberInfo member, String opReason) {
    }

    /** The user's request to join was decided. */
    public void onApplicationProcessed(String groupID, V2TIMGroupMemberInfo opUser, boolean isAgreeJoin,
            String opReason) {
    }

    /** Members became administrators. */
    public void onGrantAdministrator(String groupID, V2TIMGroupMemberInfo opUser,
            List<V2TIMGroupMemberInfo> memberList) {
    }

    /** Members are administrators no longer. */
    public void onRevokeAdministrator(String groupID, V2TIMGroupMemberInfo opUser,
            List<V2TIMGroupMemberInfo> memberList) {
    }

    /** The user has left the group, perhaps on another terminal. */
    public void onQuitFromGroup(String groupID) {
    }

    /** A notice that the app's own server sent to the group. */
    public void onReceiveRESTCustomData(String groupID, byte[] customData) {
    }

    /** The whole group was muted or may speak again. */
    public void onAllGroupMembersMuted(String groupID, boolean isMute) {
    }

    /** A counter of the group has a new value. */
    public void onGroupCounterChanged(String groupID, String key, long newValue) {
    }

    /** Members of a community were marked or unmarked. */
    public void onMemberMarkChanged(String groupID, List<String> memberIDList, int markType,
            boolean enableMark) {
    }

    /** A topic was opened in a community. */
    public void onTopicCreated(String groupID, String topicID) {
    }

    /** Topics of a community were deleted. */
    public void onTopicDeleted(String groupID, List<String> topicIDList) {
    }
}
