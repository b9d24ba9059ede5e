package com.tencent.imsdk.v2;

/** What {@link V2TIMOfflinePushManager} does. */
final class OfflinePush extends V2TIMOfflinePushManager {
    @Override
    public void setOfflinePushConfig(V2TIMOfflinePushConfig config, V2TIMCallback callback) {
        NotServed.PUSH_SET_OFFLINE_PUSH_CONFIG.answer(callback);
    }

    @Override
    public void doBackground(int unreadCount, V2TIMCallback callback) {
        NotServed.PUSH_DO_BACKGROUND.answer(callback);
    }

    @Override
    public void doForeground(V2TIMCallback callback) {
        NotServed.PUSH_DO_FOREGROUND.answer(callback);
    }
}
