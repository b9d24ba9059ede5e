package com.tencent.imsdk.v2;

import android.content.Context;

import java.util.List;

/** The library: its set-up, the log-in, the simple calls, and the way to the other managers. */
public abstract class V2TIMManager {
    /** For colleagues: members bring in others, nobody asks to join. */
    public static final String GROUP_TYPE_WORK = "Work";

    /** For acquaintances: those who run the group decide who joins. */
    public static final String GROUP_TYPE_PUBLIC = "Public";

    /** For meetings: everybody may join, and members see what was said before. */
    public static final String GROUP_TYPE_MEETING = "Meeting";

    /** For broadcasts: everybody may join, nothing is kept. */
    public static final String GROUP_TYPE_AVCHATROOM = "AVChatRoom";

    /** For large communities. */
    public static final String GROUP_TYPE_COMMUNITY = "Community";

    /** Logged in. */
    public static final int V2TIM_STATUS_LOGINED = 1;

    /** Logging in. */
    public static final int V2TIM_STATUS_LOGINING = 2;

    /** Logged out. */
    public static final int V2TIM_STATUS_LOGOUT = 3;

    public static V2TIMManager getInstance() {
        return Managers.APP.sdk;
    }

    public static V2TIMMessageManager getMessageManager() {
        return Managers.APP.messages;
    }

    public static V2TIMGroupManager getGroupManager() {
        return Managers.APP.groups;
    }

    public static V2TIMConversationManager getConversationManager() {
        return Managers.APP.conversations;
    }

    public static V2TIMFriendshipManager getFriendshipManager() {
        return Managers.APP.friendships;
    }

    public static V2TIMSignalingManager getSignalingManager() {
        return Managers.APP.signals;
    }

    public static V2TIMOfflinePushManager getOfflinePushManager() {
        return Managers.APP.offlinePush;
    }

    /**
     * Sets the library up; the address of the gateway comes from outside the code, see the README. The same
     * {@code sdkAppID} again changes nothing and returns true. {@code context} may be null off Android.
     * False, with a line in the log, when the address is missing.
     */
    public abstract boolean initSDK(Context context, int sdkAppID, V2TIMSDKConfig config);

    /** The same, with a listener that is kept beside those of {@link #addIMSDKListener}. */
    public abstract boolean initSDK(Context context, int sdkAppID, V2TIMSDKConfig config,
            V2TIMSDKListener listener);

    /** Adds a listener; the same object is kept once. */
    public abstract void addIMSDKListener(V2TIMSDKListener listener);

    /** Removes a listener. */
    public abstract void removeIMSDKListener(V2TIMSDKListener listener);

    /** Closes the connection and ends the session. */
    public abstract void unInitSDK();

    /** The version of this library. */
    public abstract String getVersion();

    /** The gateway's clock in seconds; 0 before the first log-in. */
    public abstract long getServerTime();

    /** Logs a user in. Somebody else who is logged in is logged out first. */
    public abstract void login(String userID, String userSig, V2TIMCallback callback);

    /** Logs the user out. */
    public abstract void logout(V2TIMCallback callback);

    /** The user who is logged in, or "". */
    public abstract String getLoginUser();

    /** One of the three statuses above. */
    public abstract int getLoginStatus();

    /** Adds a listener; the same object is kept once. */
    public abstract void addSimpleMsgListener(V2TIMSimpleMsgListener listener);

    /** Removes a listener. */
    public abstract void removeSimpleMsgListener(V2TIMSimpleMsgListener listener);

    /** Sends a text to a user and returns the message's ID at once. */
    public abstract String sendC2CTextMessage(String text, String userID,
            V2TIMValueCallback<V2TIMMessage> callback);

    /** Sends a custom message to a user and returns the message's ID at once. */
    public abstract String sendC2CCustomMessage(byte[] customData, String userID,
            V2TIMValueCallback<V2TIMMessage> callback);

    /** Sends a text to a group and returns the message's ID at once. */
    public abstract String sendGroupTextMessage(String text, String groupID, int priority,
            V2TIMValueCallback<V2TIMMessage> callback);

    /** Sends a custom message to a group and returns the message's ID at once. */
    public abstract String sendGroupCustomMessage(byte[] customData, String groupID, int priority,
            V2TIMValueCallback<V2TIMMessage> callback);

    /**
     * Sets the one listener of this method, in place of the one it set before. {@link #addGroupListener}
     * keeps several.
     */
    public abstract void setGroupListener(V2TIMGroupListener listener);

    /** Adds a listener; the same object is kept once. */
    public abstract void addGroupListener(V2TIMGroupListener listener);

    /** Removes a listener. */
    public abstract void removeGroupListener(V2TIMGroupListener listener);

    /** Creates a group; without an ID the gateway makes one. The answer is the ID. */
    public abstract void createGroup(String groupType, String groupID, String groupName,
            V2TIMValueCallback<String> callback);

    /** Joins a group, or asks to. */
    public abstract void joinGroup(String groupID, String message, V2TIMCallback callback);

    /** Leaves a group. */
    public abstract void quitGroup(String groupID, V2TIMCallback callback);

    /** Dismisses a group. */
    public abstract void dismissGroup(String groupID, V2TIMCallback callback);

    /** The profiles of up to 100 users. */
    public abstract void getUsersInfo(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMUserFullInfo>> callback);

    /** Changes the user's own profile: the fields whose setters were called. */
    public abstract void setSelfInfo(V2TIMUserFullInfo info, V2TIMCallback callback);

    /** Who of these users is on line. */
    public abstract void getUserStatus(List<String> userIDList,
            V2TIMValueCallback<List<V2TIMUserStatus>> callback);

    /** Sets the user's own custom status. */
    public abstract void setSelfStatus(V2TIMUserStatus status, V2TIMCallback callback);

    /** Tells the listeners when these users come and go. */
    public abstract void subscribeUserStatus(List<String> userIDList, V2TIMCallback callback);

    /** Ends that; for null or an empty list, for all users. */
    public abstract void unsubscribeUserStatus(List<String> userIDList, V2TIMCallback callback);

    /** Tells the listeners when the profiles of these users change. */
    public abstract void subscribeUserInfo(List<String> userIDList, V2TIMCallback callback);

    /** Ends that; for null or an empty list, for all users. */
    public abstract void unsubscribeUserInfo(List<String> userIDList, V2TIMCallback callback);

    /**
     * Calls without a method of their own. {@code "setUIPlatform"}, a mere hint, is taken; every other name
     * is refused with 7013. {@code callback} may be null.
     */
    public abstract void callExperimentalAPI(String api, Object param, V2TIMValueCallback<Object> callback);
}
