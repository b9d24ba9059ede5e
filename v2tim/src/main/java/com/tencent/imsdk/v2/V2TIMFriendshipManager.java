package com.tencent.imsdk.v2;

import java.util.List;

/** Friends, friend requests and the block list. */
public abstract class V2TIMFriendshipManager {
    /**
     * Sets the one listener of this method, in place of the one it set before. {@link #addFriendListener}
     * keeps several.
     */
    public abstract void setFriendListener(V2TIMFriendshipListener listener);

    /** Adds a listener; the same object is kept once. */
    public abstract void addFriendListener(V2TIMFriendshipListener listener);

    /** Removes a listener. */
    public abstract void removeFriendListener(V2TIMFriendshipListener listener);

    /** The user's friends. */
    public abstract void getFriendList(V2TIMValueCallback<List<V2TIMFriendInfo>> callback);

    /** What is known of these friends. */
    public abstract void getFriendsInfo(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendInfoResult>> callback);

    /** Changes what is kept of a friend: the fields whose setters were called. */
    public abstract void setFriendInfo(V2TIMFriendInfo info, V2TIMCallback callback);

    /** Searches the user's friends. */
    public abstract void searchFriends(V2TIMFriendSearchParam searchParam,
            V2TIMValueCallback<List<V2TIMFriendInfoResult>> callback);

    /** Makes a friend, or asks to. */
    public abstract void addFriend(V2TIMFriendAddApplication application,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback);

    /** Ends friendships. */
    public abstract void deleteFromFriendList(List<String> userIDList, int deleteType,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback);

    /** Whose friends these users are. */
    public abstract void checkFriend(List<String> userIDList, int checkType,
            V2TIMValueCallback<List<V2TIMFriendCheckResult>> callback);

    /** The friend requests. */
    public abstract void getFriendApplicationList(V2TIMValueCallback<V2TIMFriendApplicationResult> callback);

    /** Agrees to a request. */
    public abstract void acceptFriendApplication(V2TIMFriendApplication application, int acceptType,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback);

    /** Agrees to a request and gives the friend a name. */
    public abstract void acceptFriendApplication(V2TIMFriendApplication application, int acceptType,
            String remark, V2TIMValueCallback<V2TIMFriendOperationResult> callback);

    /** Refuses a request. */
    public abstract void refuseFriendApplication(V2TIMFriendApplication application,
            V2TIMValueCallback<V2TIMFriendOperationResult> callback);

    /** Deletes a request. */
    public abstract void deleteFriendApplication(V2TIMFriendApplication application, V2TIMCallback callback);

    /** Marks the requests as read. */
    public abstract void setFriendApplicationRead(V2TIMCallback callback);

    /** Blocks users. */
    public abstract void addToBlackList(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback);

    /** Ends that. */
    public abstract void deleteFromBlackList(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback);

    /** The blocked users. */
    public abstract void getBlackList(V2TIMValueCallback<List<V2TIMFriendInfo>> callback);

    /** Makes a named part of the friend list. */
    public abstract void createFriendGroup(String groupName, List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback);

    /** The named parts of the friend list; null means all. */
    public abstract void getFriendGroups(List<String> groupNameList,
            V2TIMValueCallback<List<V2TIMFriendGroup>> callback);

    /** Deletes named parts; the friends stay. */
    public abstract void deleteFriendGroup(List<String> groupNameList, V2TIMCallback callback);

    /** Renames one. */
    public abstract void renameFriendGroup(String oldName, String newName, V2TIMCallback callback);

    /** Puts friends into one. */
    public abstract void addFriendsToFriendGroup(String groupName, List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback);

    /** Takes friends out of one. */
    public abstract void deleteFriendsFromFriendGroup(String groupName, List<String> userIDList,
            V2TIMValueCallback<List<V2TIMFriendOperationResult>> callback);
}
