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
    SDK_GET_USER_STATUS(V2TIMManager.class, "getUserStatus", 2, Why.NO_COMMAND),
    SDK_SET_SELF_STATUS(V2TIMManager.class, "setSelfStatus", 2, Why.NO_COMMAND),
    SDK_SUBSCRIBE_USER_STATUS(V2TIMManager.class, "subscribeUserStatus", 2, Why.NO_COMMAND),
    SDK_UNSUBSCRIBE_USER_STATUS(V2TIMManager.class, "unsubscribeUserStatus", 2, Why.NO_COMMAND),
    SDK_SUBSCRIBE_USER_INFO(V2TIMManager.class, "subscribeUserInfo", 2, Why.PROFILES),
    SDK_UNSUBSCRIBE_USER_INFO(V2TIMManager.class, "unsubscribeUserInfo", 2, Why.PROFILES),
    SDK_CALL_EXPERIMENTAL_API(V2TIMManager.class, "callExperimentalAPI", 3, Why.PRIVATE_NAMES),
    MESSAGE_MODIFY_MESSAGE(V2TIMMessageManager.class, "modifyMessage", 2, Why.NO_COMMAND),
    MESSAGE_INSERT_GROUP_MESSAGE_TO_LOCAL_STORAGE(V2TIMMessageManager.class, "insertGroupMessageToLocalStorage", 4, Why.NOT_KEPT),
    MESSAGE_INSERT_C2C_MESSAGE_TO_LOCAL_STORAGE(V2TIMMessageManager.class, "insertC2CMessageToLocalStorage", 4, Why.NOT_KEPT),
    MESSAGE_SEARCH_LOCAL_MESSAGES(V2TIMMessageManager.class, "searchLocalMessages", 2, Why.NO_STORE),
    MESSAGE_SEND_MESSAGE_READ_RECEIPTS(V2TIMMessageManager.class, "sendMessageReadReceipts", 2, Why.NO_COMMAND),
    MESSAGE_GET_MESSAGE_READ_RECEIPTS(V2TIMMessageManager.class, "getMessageReadReceipts", 2, Why.NO_COMMAND),
    MESSAGE_GET_GROUP_MESSAGE_READ_MEMBER_LIST(V2TIMMessageManager.class, "getGroupMessageReadMemberList", 5, Why.NO_COMMAND),
    CONVERSATION_MARK_CONVERSATION(V2TIMConversationManager.class, "markConversation", 4, Why.NO_COMMAND),
    CONVERSATION_SET_CONVERSATION_CUSTOM_DATA(V2TIMConversationManager.class, "setConversationCustomData", 3, Why.NO_COMMAND),
    FRIENDSHIP_SET_FRIEND_INFO(V2TIMFriendshipManager.class, "setFriendInfo", 2, Why.NO_COMMAND),
    FRIENDSHIP_DELETE_FROM_FRIEND_LIST(V2TIMFriendshipManager.class, "deleteFromFriendList", 3, Why.NO_COMMAND),
    FRIENDSHIP_CHECK_FRIEND(V2TIMFriendshipManager.class, "checkFriend", 3, Why.NO_COMMAND),
    FRIENDSHIP_ACCEPT_FRIEND_APPLICATION(V2TIMFriendshipManager.class, "acceptFriendApplication", 3, Why.NO_COMMAND),
    FRIENDSHIP_ACCEPT_FRIEND_APPLICATION_4(V2TIMFriendshipManager.class, "acceptFriendApplication", 4, Why.NO_COMMAND),
    FRIENDSHIP_REFUSE_FRIEND_APPLICATION(V2TIMFriendshipManager.class, "refuseFriendApplication", 2, Why.NO_COMMAND),
    FRIENDSHIP_DELETE_FRIEND_APPLICATION(V2TIMFriendshipManager.class, "deleteFriendApplication", 2, Why.NO_COMMAND),
    FRIENDSHIP_SET_FRIEND_APPLICATION_READ(V2TIMFriendshipManager.class, "setFriendApplicationRead", 1, Why.NO_COMMAND),
    FRIENDSHIP_ADD_TO_BLACK_LIST(V2TIMFriendshipManager.class, "addToBlackList", 2, Why.NO_COMMAND),
    FRIENDSHIP_DELETE_FROM_BLACK_LIST(V2TIMFriendshipManager.class, "deleteFromBlackList", 2, Why.NO_COMMAND),
    FRIENDSHIP_CREATE_FRIEND_GROUP(V2TIMFriendshipManager.class, "createFriendGroup", 3, Why.NO_COMMAND),
    FRIENDSHIP_DELETE_FRIEND_GROUP(V2TIMFriendshipManager.class, "deleteFriendGroup", 2, Why.NO_COMMAND),
    FRIENDSHIP_RENAME_FRIEND_GROUP(V2TIMFriendshipManager.class, "renameFriendGroup", 3, Why.NO_COMMAND),
    FRIENDSHIP_ADD_FRIENDS_TO_FRIEND_GROUP(V2TIMFriendshipManager.class, "addFriendsToFriendGroup", 3, Why.NO_COMMAND),
    FRIENDSHIP_DELETE_FRIENDS_FROM_FRIEND_GROUP(V2TIMFriendshipManager.class, "deleteFriendsFromFriendGroup", 3, Why.NO_COMMAND),
    SIGNALING_MODIFY_INVITATION(V2TIMSignalingManager.class, "modifyInvitation", 3, Why.NO_COMMAND),
    PUSH_SET_OFFLINE_PUSH_CONFIG(V2TIMOfflinePushManager.class, "setOfflinePushConfig", 2, Why.PUSH),
    IMAGE_DOWNLOAD_IMAGE(V2TIMImageElem.V2TIMImage.class, "downloadImage", 2, Why.FILES);

    /** Why a call is not carried out, and what an app can do instead. */
    enum Why {
        NO_COMMAND("the gateway has no command for it yet; ask for it, or take a newer gateway and library"),
        NOT_KEPT("the library keeps nothing on the phone, so that it would be gone with the process; keep it in the app"),
        NO_STORE("the library keeps nothing on the phone, and what this process has seen is not all that was said;"
            + " read the history instead"),
        FILES("the gateway stores no files for this library yet; send an address in a custom message instead"),
        PUSH("there is no push service behind the gateway; messages are fetched when the app comes back"),
        PROFILES("the gateway's protocol has no command for it; ask for the profiles again when needed"),
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
