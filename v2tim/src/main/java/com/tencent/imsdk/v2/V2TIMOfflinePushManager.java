package com.tencent.imsdk.v2;

/** Pushes while the app is away. */
public abstract class V2TIMOfflinePushManager {
    /** Tells the token of a push service. */
    public abstract void setOfflinePushConfig(V2TIMOfflinePushConfig config, V2TIMCallback callback);

    /** The app went to the background. */
    public abstract void doBackground(int unreadCount, V2TIMCallback callback);

    /** The app is in front again. */
    public abstract void doForeground(V2TIMCallback callback);
}
