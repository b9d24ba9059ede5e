package com.tencent.imsdk.v2;

import java.util.List;

/**
 * Told of the connection, of the end of a log-in, and of changes of the profile. Subclasses override what
 * they need.
 */
public abstract class V2TIMSDKListener {
    /** A connection to the gateway is being made. */
    public void onConnecting() {
    }

    /** There is a connection to the gateway. */
    public void onConnectSuccess() {
    }

    /** A try to connect failed; the next one follows by itself. */
    public void onConnectFailed(int code, String error) {
    }

    /**
     * The user was logged out, because they logged in elsewhere or were sent away. There is no reconnect:
     * call {@code login} again.
     */
    public void onKickedOffline() {
    }

    /** The user was logged out because their UserSig has expired: call {@code login} with a new one. */
    public void onUserSigExpired() {
    }

    /** The user's own profile has changed. */
    public void onSelfInfoUpdated(V2TIMUserFullInfo info) {
    }

    /** Subscribed users came, went or changed their custom status. */
    public void onUserStatusChanged(List<V2TIMUserStatus> userStatusList) {
    }

    /** Profiles of subscribed users have changed. */
    public void onUserInfoChanged(List<V2TIMUserFullInfo> userInfoList) {
    }

    /** The option for all messages has changed on another terminal. */
    public void onAllReceiveMessageOptChanged(V2TIMReceiveMessageOptInfo receiveMessageOptInfo) {
    }

    /** Reserved for events without a place of their own. */
    public void onExperimentalNotify(String key, Object param) {
    }
}
