package com.tencent.imsdk.v2;

import com.tencent.imsdk.BaseConstants;

import timgate.thread.CallbackThread;

/**
 * The calls that this library does not carry out, each with the reason.
 *
 * <p>A call that did nothing must not report success, so each of these answers
 * {@link BaseConstants#ERR_SDK_INTERFACE_NOT_SUPPORT} with a line that names the call and the reason. Every
 * other call of the managers and elements is served: CALLS.md is made from this table, and a test calls each
 * method to see that the code agrees with it. To serve a call is to delete its row.
 */
enum NotServed {
    SOUND_GET_URL(V2TIMSoundElem.class, "getUrl", 1, Why.FILES),
    SOUND_DOWNLOAD_SOUND(V2TIMSoundElem.class, "downloadSound", 2, Why.FILES),
    VIDEO_GET_VIDEO_URL(V2TIMVideoElem.class, "getVideoUrl", 1, Why.FILES),
    VIDEO_GET_SNAPSHOT_URL(V2TIMVideoElem.class, "getSnapshotUrl", 1, Why.FILES),
    VIDEO_DOWNLOAD_VIDEO(V2TIMVideoElem.class, "downloadVideo", 2, Why.FILES),
    VIDEO_DOWNLOAD_SNAPSHOT(V2TIMVideoElem.class, "downloadSnapshot", 2, Why.FILES),
    FILE_GET_URL(V2TIMFileElem.class, "getUrl", 1, Why.FILES),
    FILE_DOWNLOAD_FILE(V2TIMFileElem.class, "downloadFile", 2, Why.FILES),
    MERGER_DOWNLOAD_MERGER_MESSAGE(V2TIMMergerElem.class, "downloadMergerMessage", 1, Why.FILES),
    SDK_INIT_SDK(V2TIMManager.class, "initSDK", 3, Why.NOT_YET),
    SDK_INIT_SDK_4(V2TIMManager.class, "initSDK", 4, Why.NOT_YET),
    SDK_LOGIN(V2TIMManager.class, "login", 3, Why.NOT_YET),
    SDK_LOGOUT(V2TIMManager.class, "logout", 1, Why.NOT_YET),
    SDK_SEND_C2C_TEXT_MESSAGE(V2TIMManager.class, "sendC2CTextMessage", 3, Why.NOT_YET),
    SDK_SEND_C2C_CUSTOM_MESSAGE(V2TIMManager.class, "sendC2CCustomMessage", 3, Why.NOT_YET),
    SDK_SEND_GROUP_TEXT_MESSAGE(V2TIMManager.class, "sendGroupTextMessage", 4, Why.NOT_YET),
    SDK_SEND_GROUP_CUSTOM_MESSAGE(V2TIMManager.class, "sendGroupCustomMessage", 4, Why.NOT_YET),
    SDK_CREATE_GROUP(V2TIMManager.class, "createGroup", 4, Why.NOT_YET),
    SDK_JOIN_GROUP(V2TIMManager.class, "joinGroup", 3, Why.NOT_YET),
    SDK_QUIT_GROUP(V2TIMManager.class, "quitGroup", 2, Why.NOT_YET),
    SDK_DISMISS_GROUP(V2TIMManager.class, "dismissGroup", 2, Why.NOT_YET),
    SDK_GET_USERS_INFO(V2TIMManager.class, "getUsersInfo", 2, Why.NOT_YET),
    SDK_SET_SELF_INFO(V2TIMManager.class, "setSelfInfo", 2, Why.NOT_YET),
    SDK_GET_USER_STATUS(V2TIMManager.class, "getUserStatus", 2, Why.NOT_YET),
    SDK_SET_SELF_STATUS(V2TIMManager.class, "setSelfStatus", 2, Why.NOT_YET),
    SDK_SUBSCRIBE_USER_STATUS(V2TIMManager.class, "subscribeUserStatus", 2, Why.NOT_YET),
    SDK_UNSUBSCRIBE_USER_STATUS(V2TIMManager.class, "unsubscribeUserStatus", 2, Why.NOT_YET),
    SDK_SUBSCRIBE_USER_INFO(V2TIMManager.class, "subscribeUserInfo", 2, Why.NO_COMMAND),
    SDK_UNSUBSCRIBE_USER_INFO(V2TIMManager.class, "unsubscribeUserInfo", 2, Why.NO_COMMAND),
    SDK_CALL_EXPERIMENTAL_API(V2TIMManager.class, "callExperimentalAPI", 3, Why.PRIVATE_NAMES),
    MESSAGE_SEND_MESSAGE(V2TIMMessageManager.class, "sendMessage", 7, Why.NOT_YET),
    MESSAGE_SET_C2C_RECEIVE_MESSAGE_OPT(V2TIMMessageManager.class, "setC2CReceiveMessageOpt", 3, Why.NOT_YET),
    MESSAGE_GET_C2C_RECEIVE_MESSAGE_OPT(V2TIMMessageManager.class, "getC2CReceiveMessageOpt", 2, Why.NOT_YET),
    MESSAGE_SET_GROUP_RECEIVE_MESSAGE_OPT(V2TIMMessageManager.class, "setGroupReceiveMessageOpt", 3, Why.NOT_YET),
    MESSAGE_GET_C2C_HISTORY_MESSAGE_LIST(V2TIMMessageManager.class, "getC2CHistoryMessageList", 4, Why.NOT_YET),
    MESSAGE_GET_GROUP_HISTORY_MESSAGE_LIST(V2TIMMessageManager.class, "getGroupHistoryMessageList", 4, Why.NOT_YET),
    MESSAGE_GET_HISTORY_MESSAGE_LIST(V2TIMMessageManager.class, "getHistoryMessageList", 2, Why.NOT_YET),
    MESSAGE_REVOKE_MESSAGE(V2TIMMessageManager.class, "revokeMessage", 2, Why.NOT_YET),
    MESSAGE_MODIFY_MESSAGE(V2TIMMessageManager.class, "modifyMessage", 2, Why.NOT_YET),
    MESSAGE_MARK_C2C_MESSAGE_AS_READ(V2TIMMessageManager.class, "markC2CMessageAsRead", 2, Why.NOT_YET),
    MESSAGE_MARK_GROUP_MESSAGE_AS_READ(V2TIMMessageManager.class, "markGroupMessageAsRead", 2, Why.NOT_YET),
    MESSAGE_MARK_ALL_MESSAGE_AS_READ(V2TIMMessageManager.class, "markAllMessageAsRead", 1, Why.NOT_YET),
    MESSAGE_DELETE_MESSAGE_FROM_LOCAL_STORAGE(V2TIMMessageManager.class, "deleteMessageFromLocalStorage", 2, Why.NOT_YET),
    MESSAGE_DELETE_MESSAGES(V2TIMMessageManager.class, "deleteMessages", 2, Why.NOT_YET),
    MESSAGE_CLEAR_C2C_HISTORY_MESSAGE(V2TIMMessageManager.class, "clearC2CHistoryMessage", 2, Why.NOT_YET),
    MESSAGE_CLEAR_GROUP_HISTORY_MESSAGE(V2TIMMessageManager.class, "clearGroupHistoryMessage", 2, Why.NOT_YET),
    MESSAGE_INSERT_GROUP_MESSAGE_TO_LOCAL_STORAGE(V2TIMMessageManager.class, "insertGroupMessageToLocalStorage", 4, Why.NOT_YET),
    MESSAGE_INSERT_C2C_MESSAGE_TO_LOCAL_STORAGE(V2TIMMessageManager.class, "insertC2CMessageToLocalStorage", 4, Why.NOT_YET),
    MESSAGE_FIND_MESSAGES(V2TIMMessageManager.class, "findMessages", 2, Why.NOT_YET),
    MESSAGE_SEARCH_LOCAL_MESSAGES(V2TIMMessageManager.class, "searchLocalMessages", 2, Why.NOT_YET),
    MESSAGE_SEND_MESSAGE_READ_RECEIPTS(V2TIMMessageManager.class, "sendMessageReadReceipts", 2, Why.NOT_YET),
    MESSAGE_GET_MESSAGE_READ_RECEIPTS(V2TIMMessageManager.class, "getMessageReadReceipts", 2, Why.NOT_YET),
    MESSAGE_GET_GROUP_MESSAGE_READ_MEMBER_LIST(V2TIMMessageManager.class, "getGroupMessageReadMemberList", 5, Why.NOT_YET),
    MESSAGE_PIN_GROUP_MESSAGE(V2TIMMessageManager.class, "pinGroupMessage", 4, Why.NOT_YET),
    MESSAGE_GET_PINNED_GROUP_MESSAGE_LIST(V2TIMMessageManager.class, "getPinnedGroupMessageList", 2, Why.NOT_YET),
    GROUP_CREATE_GROUP(V2TIMGroupManager.class, "createGroup", 3, Why.NOT_YET),
    GROUP_GET_JOINED_GROUP_LIST(V2TIMGroupManager.class, "getJoinedGroupList", 1, Why.NOT_YET),
    GROUP_GET_GROUPS_INFO(V2TIMGroupManager.class, "getGroupsInfo", 2, Why.NOT_YET),
    GROUP_SET_GROUP_INFO(V2TIMGroupManager.class, "setGroupInfo", 2, Why.NOT_YET),
    GROUP_SEARCH_GROUPS(V2TIMGroupManager.class, "searchGroups", 2, Why.NOT_YET),
    GROUP_INIT_GROUP_ATTRIBUTES(V2TIMGroupManager.class, "initGroupAttributes", 3, Why.NOT_YET),
    GROUP_SET_GROUP_ATTRIBUTES(V2TIMGroupManager.class, "setGroupAttributes", 3, Why.NOT_YET),
    GROUP_DELETE_GROUP_ATTRIBUTES(V2TIMGroupManager.class, "deleteGroupAttributes", 3, Why.NOT_YET),
    GROUP_GET_GROUP_ATTRIBUTES(V2TIMGroupManager.class, "getGroupAttributes", 3, Why.NOT_YET),
    GROUP_GET_GROUP_ONLINE_MEMBER_COUNT(V2TIMGroupManager.class, "getGroupOnlineMemberCount", 2, Why.NOT_YET),
    GROUP_GET_GROUP_MEMBER_LIST(V2TIMGroupManager.class, "getGroupMemberList", 4, Why.NOT_YET),
    GROUP_GET_GROUP_MEMBERS_INFO(V2TIMGroupManager.class, "getGroupMembersInfo", 3, Why.NOT_YET),
    GROUP_SEARCH_GROUP_MEMBERS(V2TIMGroupManager.class, "searchGroupMembers", 2, Why.NOT_YET),
    GROUP_SET_GROUP_MEMBER_INFO(V2TIMGroupManager.class, "setGroupMemberInfo", 3, Why.NOT_YET),
    GROUP_MUTE_GROUP_MEMBER(V2TIMGroupManager.class, "muteGroupMember", 4, Why.NOT_YET),
    GROUP_MUTE_ALL_GROUP_MEMBERS(V2TIMGroupManager.class, "muteAllGroupMembers", 3, Why.NOT_YET),
    GROUP_INVITE_USER_TO_GROUP(V2TIMGroupManager.class, "inviteUserToGroup", 3, Why.NOT_YET),
    GROUP_KICK_GROUP_MEMBER(V2TIMGroupManager.class, "kickGroupMember", 4, Why.NOT_YET),
    GROUP_KICK_GROUP_MEMBER_5(V2TIMGroupManager.class, "kickGroupMember", 5, Why.NOT_YET),
    GROUP_SET_GROUP_MEMBER_ROLE(V2TIMGroupManager.class, "setGroupMemberRole", 4, Why.NOT_YET),
    GROUP_TRANSFER_GROUP_OWNER(V2TIMGroupManager.class, "transferGroupOwner", 3, Why.NOT_YET),
    GROUP_GET_GROUP_APPLICATION_LIST(V2TIMGroupManager.class, "getGroupApplicationList", 1, Why.NOT_YET),
    GROUP_ACCEPT_GROUP_APPLICATION(V2TIMGroupManager.class, "acceptGroupApplication", 3, Why.NOT_YET),
    GROUP_REFUSE_GROUP_APPLICATION(V2TIMGroupManager.class, "refuseGroupApplication", 3, Why.NOT_YET),
    GROUP_SET_GROUP_APPLICATION_READ(V2TIMGroupManager.class, "setGroupApplicationRead", 1, Why.NOT_YET),
    CONVERSATION_GET_CONVERSATION_LIST(V2TIMConversationManager.class, "getConversationList", 3, Why.NOT_YET),
    CONVERSATION_GET_CONVERSATION_LIST_2(V2TIMConversationManager.class, "getConversationList", 2, Why.NOT_YET),
    CONVERSATION_GET_CONVERSATION_LIST_BY_FILTER(V2TIMConversationManager.class, "getConversationListByFilter", 4, Why.NOT_YET),
    CONVERSATION_GET_CONVERSATION(V2TIMConversationManager.class, "getConversation", 2, Why.NOT_YET),
    CONVERSATION_DELETE_CONVERSATION(V2TIMConversationManager.class, "deleteConversation", 2, Why.NOT_YET),
    CONVERSATION_DELETE_CONVERSATION_LIST(V2TIMConversationManager.class, "deleteConversationList", 3, Why.NOT_YET),
    CONVERSATION_SET_CONVERSATION_DRAFT(V2TIMConversationManager.class, "setConversationDraft", 3, Why.NOT_YET),
    CONVERSATION_PIN_CONVERSATION(V2TIMConversationManager.class, "pinConversation", 3, Why.NOT_YET),
    CONVERSATION_GET_TOTAL_UNREAD_MESSAGE_COUNT(V2TIMConversationManager.class, "getTotalUnreadMessageCount", 1, Why.NOT_YET),
    CONVERSATION_MARK_CONVERSATION(V2TIMConversationManager.class, "markConversation", 4, Why.NOT_YET),
    CONVERSATION_SET_CONVERSATION_CUSTOM_DATA(V2TIMConversationManager.class, "setConversationCustomData", 3, Why.NOT_YET),
    CONVERSATION_CLEAN_CONVERSATION_UNREAD_MESSAGE_COUNT(V2TIMConversationManager.class, "cleanConversationUnreadMessageCount", 4, Why.NOT_YET),
    FRIENDSHIP_GET_FRIEND_LIST(V2TIMFriendshipManager.class, "getFriendList", 1, Why.NOT_YET),
    FRIENDSHIP_GET_FRIENDS_INFO(V2TIMFriendshipManager.class, "getFriendsInfo", 2, Why.NOT_YET),
    FRIENDSHIP_SET_FRIEND_INFO(V2TIMFriendshipManager.class, "setFriendInfo", 2, Why.NOT_YET),
    FRIENDSHIP_SEARCH_FRIENDS(V2TIMFriendshipManager.class, "searchFriends", 2, Why.NOT_YET),
    FRIENDSHIP_ADD_FRIEND(V2TIMFriendshipManager.class, "addFriend", 2, Why.NOT_YET),
    FRIENDSHIP_DELETE_FROM_FRIEND_LIST(V2TIMFriendshipManager.class, "deleteFromFriendList", 3, Why.NOT_YET),
    FRIENDSHIP_CHECK_FRIEND(V2TIMFriendshipManager.class, "checkFriend", 3, Why.NOT_YET),
    FRIENDSHIP_GET_FRIEND_APPLICATION_LIST(V2TIMFriendshipManager.class, "getFriendApplicationList", 1, Why.NOT_YET),
    FRIENDSHIP_ACCEPT_FRIEND_APPLICATION(V2TIMFriendshipManager.class, "acceptFriendApplication", 3, Why.NOT_YET),
    FRIENDSHIP_ACCEPT_FRIEND_APPLICATION_4(V2TIMFriendshipManager.class, "acceptFriendApplication", 4, Why.NOT_YET),
    FRIENDSHIP_REFUSE_FRIEND_APPLICATION(V2TIMFriendshipManager.class, "refuseFriendApplication", 2, Why.NOT_YET),
    FRIENDSHIP_DELETE_FRIEND_APPLICATION(V2TIMFriendshipManager.class, "deleteFriendApplication", 2, Why.NOT_YET),
    FRIENDSHIP_SET_FRIEND_APPLICATION_READ(V2TIMFriendshipManager.class, "setFriendApplicationRead", 1, Why.NOT_YET),
    FRIENDSHIP_ADD_TO_BLACK_LIST(V2TIMFriendshipManager.class, "addToBlackList", 2, Why.NOT_YET),
    FRIENDSHIP_DELETE_FROM_BLACK_LIST(V2TIMFriendshipManager.class, "deleteFromBlackList", 2, Why.NOT_YET),
    FRIENDSHIP_GET_BLACK_LIST(V2TIMFriendshipManager.class, "getBlackList", 1, Why.NOT_YET),
    FRIENDSHIP_CREATE_FRIEND_GROUP(V2TIMFriendshipManager.class, "createFriendGroup", 3, Why.NOT_YET),
    FRIENDSHIP_GET_FRIEND_GROUPS(V2TIMFriendshipManager.class, "getFriendGroups", 2, Why.NOT_YET),
    FRIENDSHIP_DELETE_FRIEND_GROUP(V2TIMFriendshipManager.class, "deleteFriendGroup", 2, Why.NOT_YET),
    FRIENDSHIP_RENAME_FRIEND_GROUP(V2TIMFriendshipManager.class, "renameFriendGroup", 3, Why.NOT_YET),
    FRIENDSHIP_ADD_FRIENDS_TO_FRIEND_GROUP(V2TIMFriendshipManager.class, "addFriendsToFriendGroup", 3, Why.NOT_YET),
    FRIENDSHIP_DELETE_FRIENDS_FROM_FRIEND_GROUP(V2TIMFriendshipManager.class, "deleteFriendsFromFriendGroup", 3, Why.NOT_YET),
    SIGNALING_INVITE(V2TIMSignalingManager.class, "invite", 6, Why.NOT_YET),
    SIGNALING_INVITE_IN_GROUP(V2TIMSignalingManager.class, "inviteInGroup", 6, Why.NOT_YET),
    SIGNALING_CANCEL(V2TIMSignalingManager.class, "cancel", 3, Why.NOT_YET),
    SIGNALING_ACCEPT(V2TIMSignalingManager.class, "accept", 3, Why.NOT_YET),
    SIGNALING_REJECT(V2TIMSignalingManager.class, "reject", 3, Why.NOT_YET),
    SIGNALING_ADD_INVITED_SIGNALING(V2TIMSignalingManager.class, "addInvitedSignaling", 2, Why.NOT_YET),
    SIGNALING_MODIFY_INVITATION(V2TIMSignalingManager.class, "modifyInvitation", 3, Why.NOT_YET),
    PUSH_SET_OFFLINE_PUSH_CONFIG(V2TIMOfflinePushManager.class, "setOfflinePushConfig", 2, Why.PUSH),
    PUSH_DO_BACKGROUND(V2TIMOfflinePushManager.class, "doBackground", 2, Why.NOT_YET),
    PUSH_DO_FOREGROUND(V2TIMOfflinePushManager.class, "doForeground", 1, Why.NOT_YET),
    IMAGE_DOWNLOAD_IMAGE(V2TIMImageElem.V2TIMImage.class, "downloadImage", 2, Why.FILES);

    /** Why a call is not carried out, and what an app can do instead. */
    enum Why {
        NOT_YET("this version of the library has not got it yet; ask for it or take a newer version"),
        FILES("the gateway stores no files for this library yet; send an address in a custom message instead"),
        PUSH("there is no push service behind the gateway; messages are fetched when the app comes back"),
        NO_COMMAND("the gateway's protocol has no command for it; ask for the profiles again when needed"),
        PRIVATE_NAMES("it calls what only the vendor's own library has; only \"setUIPlatform\" is known here");

        final String line;

        Why(String line) {
            this.line = line;
        }
    }

    final Class<?> owner;
    final String method;
    /** Tells overloads apart: no two of them have the same number of parameters. */
    final int parameters;
    final Why why;

    NotServed(Class<?> owner, String method, int parameters, Why why) {
        this.owner = owner;
        this.method = method;
        this.parameters = parameters;
        this.why = why;
    }

    String line() {
        return owner.getSimpleName() + "." + method + " is not served: " + why.line + ".";
    }

    /** For calls that answer by their result. */
    boolean refuse() {
        return false;
    }

    void answer(final V2TIMCallback callback) {
        if (callback != null) {
            CallbackThread.post(new Runnable() {
                @Override
                public void run() {
                    callback.onError(BaseConstants.ERR_SDK_INTERFACE_NOT_SUPPORT, line());
                }
            });
        }
    }

    void answer(final V2TIMValueCallback<?> callback) {
        if (callback != null) {
            CallbackThread.post(new Runnable() {
                @Override
                public void run() {
                    callback.onError(BaseConstants.ERR_SDK_INTERFACE_NOT_SUPPORT, line());
                }
            });
        }
    }

    void answer(final V2TIMCompleteCallback<?> callback) {
        if (callback != null) {
            CallbackThread.post(new Runnable() {
                @Override
                public void run() {
                    callback.onComplete(BaseConstants.ERR_SDK_INTERFACE_NOT_SUPPORT, line(), null);
                }
            });
        }
    }
}
