package com.tencent.imsdk.v2;

import android.content.Context;

import java.util.List;

import timgate.thread.CallbackThread;

/** What {@link V2TIMManager} does. */
final class Sdk extends V2TIMManager {
    final Listeners<V2TIMSDKListener> sdkListeners = new Listeners<V2TIMSDKListener>();
    final Listeners<V2TIMSimpleMsgListener> simpleListeners = new Listeners<V2TIMSimpleMsgListener>();
    final Listeners<V2TIMGroupListener> groupListeners = new Listeners<V2TIMGroupListener>();

    @Override
    public boolean initSDK(Context context, int sdkAppID, V2TIMSDKConfig config) {
        return NotServed.SDK_INIT_SDK.refuse();
    }

    @Override
    public boolean initSDK(Context context, int sdkAppID, V2TIMSDKConfig config, V2TIMSDKListener listener) {
        return NotServed.SDK_INIT_SDK_4.refuse();
    }

    @Override
    public void addIMSDKListener(V2TIMSDKListener listener) {
        sdkListeners.add(listener);
    }

    @Override
    public void removeIMSDKListener(V2TIMSDKListener listener) {
        sdkListeners.remove(listener);
    }

    @Override
    public void unInitSDK() {
    }

    @Override
    public String getVersion() {
        return Version.NAME;
    }

    @Override
    public long getServerTime() {
        return 0;
    }

    @Override
    public void login(String userID, String userSig, V2TIMCallback callback) {
        NotServed.SDK_LOGIN.answer(callback);
    }

    @Override
    public void logout(V2TIMCallback callback) {
        NotServed.SDK_LOGOUT.answer(callback);
    }

    @Override
    public String getLoginUser() {
        return "";
    }

    @Override
    public int getLoginStatus() {
        return V2TIM_STATUS_LOGOUT;
    }

    @Override
    public void addSimpleMsgListener(V2TIMSimpleMsgListener listener) {
        simpleListeners.add(listener);
    }

    @Override
    public void removeSimpleMsgListener(V2TIMSimpleMsgListener listener) {
        simpleListeners.remove(listener);
    }

    @Override
    public String sendC2CTextMessage(String text, String userID, V2TIMValueCallback<V2TIMMessage> callback) {
        NotServed.SDK_SEND_C2C_TEXT_MESSAGE.answer(callback);
        return null;
    }

    @Override
    public String sendC2CCustomMessage(byte[] customData, String userID,
            V2TIMValueCallback<V2TIMMessage> callback) {
        NotServed.SDK_SEND_C2C_CUSTOM_MESSAGE.answer(callback);
        return null;
    }

    @Override
    public String sendGroupTextMessage(String text, String groupID, int priority,
            V2TIMValueCallback<V2TIMMessage> callback) {
        NotServed.SDK_SEND_GROUP_TEXT_MESSAGE.answer(callback);
        return null;
    }

    @Override
    public String sendGroupCustomMessage(byte[] customData, String groupID, int priority,
            V2TIMValueCallback<V2TIMMessage> callback) {
        NotServed.SDK_SEND_GROUP_CUSTOM_MESSAGE.answer(callback);
        return null;
    }

    @Override
    public void setGroupListener(V2TIMGroupListener listener) {
        groupListeners.set(listener);
    }

    @Override
    public void addGroupListener(V2TIMGroupListener listener) {
        groupListeners.add(listener);
    }

    @Override
    public void removeGroupListener(V2TIMGroupListener listener) {
        groupListeners.remove(listener);
    }

    @Override
    public void createGroup(String groupType, String groupID, String groupName,
            V2TIMValueCallback<String> callback) {
        NotServed.SDK_CREATE_GROUP.answer(callback);
    }

    @Override
    public void joinGroup(String groupID, String message, V2TIMCallback callback) {
        NotServed.SDK_JOIN_GROUP.answer(callback);
    }

    @Override
    public void quitGroup(String groupID, V2TIMCallback callback) {
        NotServed.SDK_QUIT_GROUP.answer(callback);
    }

    @Override
    public void dismissGroup(String groupID, V2TIMCallback callback) {
        NotServed.SDK_DISMISS_GROUP.answer(callback);
    }

    @Override
    public void getUsersInfo(List<String> userIDList, V2TIMValueCallback<List<V2TIMUserFullInfo>> callback) {
        NotServed.SDK_GET_USERS_INFO.answer(callback);
    }

    @Override
    public void setSelfInfo(V2TIMUserFullInfo info, V2TIMCallback callback) {
        NotServed.SDK_SET_SELF_INFO.answer(callback);
    }

    @Override
    public void getUserStatus(List<String> userIDList, V2TIMValueCallback<List<V2TIMUserStatus>> callback) {
        NotServed.SDK_GET_USER_STATUS.answer(callback);
    }

    @Override
    public void setSelfStatus(V2TIMUserStatus status, V2TIMCallback callback) {
        NotServed.SDK_SET_SELF_STATUS.answer(callback);
    }

    @Override
    public void subscribeUserStatus(List<String> userIDList, V2TIMCallback callback) {
        NotServed.SDK_SUBSCRIBE_USER_STATUS.answer(callback);
    }

    @Override
    public void unsubscribeUserStatus(List<String> userIDList, V2TIMCallback callback) {
        NotServed.SDK_UNSUBSCRIBE_USER_STATUS.answer(callback);
    }

    @Override
    public void subscribeUserInfo(List<String> userIDList, V2TIMCallback callback) {
        NotServed.SDK_SUBSCRIBE_USER_INFO.answer(callback);
    }

    @Override
    public void unsubscribeUserInfo(List<String> userIDList, V2TIMCallback callback) {
        NotServed.SDK_UNSUBSCRIBE_USER_INFO.answer(callback);
    }

    /** {@code setUIPlatform} only tells the vendor's statistics which kit an app is built with: taken, not used. */
    @Override
    public void callExperimentalAPI(String api, Object param, final V2TIMValueCallback<Object> callback) {
        if (!"setUIPlatform".equals(api)) {
            NotServed.SDK_CALL_EXPERIMENTAL_API.answer(callback);
        } else if (callback != null) {
            CallbackThread.post(new Runnable() {
                @Override
                public void run() {
                    callback.onSuccess(null);
                }
            });
        }
    }
}
