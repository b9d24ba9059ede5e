package com.tencent.imsdk.v2;

import java.util.List;

/** What {@link V2TIMSignalingManager} does. */
final class Signals extends V2TIMSignalingManager {
    final Listeners<V2TIMSignalingListener> listeners = new Listeners<V2TIMSignalingListener>();

    @Override
    public void addSignalingListener(V2TIMSignalingListener listener) {
        listeners.add(listener);
    }

    @Override
    public void removeSignalingListener(V2TIMSignalingListener listener) {
        listeners.remove(listener);
    }

    @Override
    public String invite(String invitee, String data, boolean onlineUserOnly,
            V2TIMOfflinePushInfo offlinePushInfo, int timeout, V2TIMCallback callback) {
        NotServed.SIGNALING_INVITE.answer(callback);
        return null;
    }

    @Override
    public String inviteInGroup(String groupID, List<String> inviteeList, String data, boolean onlineUserOnly,
            int timeout, V2TIMCallback callback) {
        NotServed.SIGNALING_INVITE_IN_GROUP.answer(callback);
        return null;
    }

    @Override
    public void cancel(String inviteID, String data, V2TIMCallback callback) {
        NotServed.SIGNALING_CANCEL.answer(callback);
    }

    @Override
    public void accept(String inviteID, String data, V2TIMCallback callback) {
        NotServed.SIGNALING_ACCEPT.answer(callback);
    }

    @Override
    public void reject(String inviteID, String data, V2TIMCallback callback) {
        NotServed.SIGNALING_REJECT.answer(callback);
    }

    @Override
    public V2TIMSignalingInfo getSignalingInfo(V2TIMMessage msg) {
        return Signal.in(msg);
    }

    @Override
    public void addInvitedSignaling(V2TIMSignalingInfo info, V2TIMCallback callback) {
        NotServed.SIGNALING_ADD_INVITED_SIGNALING.answer(callback);
    }

    @Override
    public void modifyInvitation(String inviteID, String data, V2TIMCallback callback) {
        NotServed.SIGNALING_MODIFY_INVITATION.answer(callback);
    }
}
