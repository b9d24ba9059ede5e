package com.tencent.imsdk.v2;

import java.util.List;

/** What {@link V2TIMFriendshipManager} does. */
final class Friendships extends V2TIMFriendshipManager {
    final Listeners<V2TIMFriendshipListener> listeners = new Listeners<V2TIMFriendshipListener>();

    @Override
    public void setFriendListener(V2TIMFriendshipListener listener) {
        listeners.set(listener);
    }

    @Override
    public void addFriendListener(V2TIMFriendshipListener listener) {
        listeners.add(listener);
    }

    @Override
    public void removeFriendListener(V2TIMFriendshipListener listener) {
        listeners.remove(listener);
    }

    @Override
    public void getFriendList(V2TIMValueCallback<List<V2TIMFriendInfo>> callback) {
        NotServed.FRIENDSHIP_GET_FRIEND_LIST.answer(callback);
    }

    @Override
    public void getFriendsInfo(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendInfoResult>> callback) {
        NotServed.FRIENDSHIP_GET_FRIENDS_INFO.answer(callback);
    }

    @Override
    public void setFriendInfo(V2TIMFriendInfo info, V2TIMCallback callback) {
        NotServed.FRIENDSHIP_SET_FRIEND_INFO.answer(callback);
    }

    @Override
    public void searchFriends(V2TIMFriendSearchParam searchParam,
            V2TIMValueCallback<List<V2TIMFriendInfoResult>> callback) {
        NotServed.FRIENDSHIP_SEARCH_FRIENDS.answer(callback);
    }

    @Override
    public void addFriend(V2TIMFriendAddApplication application,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback) {
        NotServed.FRIENDSHIP_ADD_FRIEND.answer(callback);
    }

    @Override
    public void deleteFromFriendList(List<String> userIDList, int deleteType,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_DELETE_FROM_FRIEND_LIST.answer(callback);
    }

    @Override
    public void checkFriend(List<String> userIDList, int checkType,
            V2TIMValueCallback<List<V2TIMFriendCheckResult>> callback) {
        NotServed.FRIENDSHIP_CHECK_FRIEND.answer(callback);
    }

    @Override
    public void getFriendApplicationList(V2TIMValueCallback<V2TIMFriendApplicationResult> callback) {
        NotServed.FRIENDSHIP_GET_FRIEND_APPLICATION_LIST.answer(callback);
    }

    @Override
    public void acceptFriendApplication(V2TIMFriendApplication application, int acceptType,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback) {
        NotServed.FRIENDSHIP_ACCEPT_FRIEND_APPLICATION.answer(callback);
    }

    @Override
    public void acceptFriendApplication(V2TIMFriendApplication application, int acceptType, String remark,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback) {
        NotServed.FRIENDSHIP_ACCEPT_FRIEND_APPLICATION_4.answer(callback);
    }

    @Override
    public void refuseFriendApplication(V2TIMFriendApplication application,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback) {
        NotServed.FRIENDSHIP_REFUSE_FRIEND_APPLICATION.answer(callback);
    }

    @Override
    public void deleteFriendApplication(V2TIMFriendApplication application, V2TIMCallback callback) {
        NotServed.FRIENDSHIP_DELETE_FRIEND_APPLICATION.answer(callback);
    }

    @Override
    public void setFriendApplicationRead(V2TIMCallback callback) {
        NotServed.FRIENDSHIP_SET_FRIEND_APPLICATION_READ.answer(callback);
    }

    @Override
    public void addToBlackList(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_ADD_TO_BLACK_LIST.answer(callback);
    }

    @Override
    public void deleteFromBlackList(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_DELETE_FROM_BLACK_LIST.answer(callback);
    }

    @Override
    public void getBlackList(V2TIMValueCallback<List<V2TIMFriendInfo>> callback) {
        NotServed.FRIENDSHIP_GET_BLACK_LIST.answer(callback);
    }

    @Override
    public void createFriendGroup(String groupName, List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_CREATE_FRIEND_GROUP.answer(callback);
    }

    @Override
    public void getFriendGroups(List<String> groupNameList,
            V2TIMValueCallback<List<V2TIMFriendGroup>> callback) {
        NotServed.FRIENDSHIP_GET_FRIEND_GROUPS.answer(callback);
    }

    @Override
    public void deleteFriendGroup(List<String> groupNameList, V2TIMCallback callback) {
        NotServed.FRIENDSHIP_DELETE_FRIEND_GROUP.answer(callback);
    }

    @Override
    public void renameFriendGroup(String oldName, String newName, V2TIMCallback callback) {
        NotServed.FRIENDSHIP_RENAME_FRIEND_GROUP.answer(callback);
    }

    @Override
    public void addFriendsToFriendGroup(String groupName, List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_ADD_FRIENDS_TO_FRIEND_GROUP.answer(callback);
    }

    @Override
    public void deleteFriendsFromFriendGroup(String groupName, List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback) {
        NotServed.FRIENDSHIP_DELETE_FRIENDS_FROM_FRIEND_GROUP.answer(callback);
    }
}
