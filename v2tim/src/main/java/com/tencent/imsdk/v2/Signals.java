package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;

/** What {@link V2TIMSignalingManager} does. */
final class Signals extends V2TIMSignalingManager {
    final Listeners<V2TIMSignalingListener> listeners = new Listeners<V2TIMSignalingListener>();
    private final Managers all;

    Signals(Managers all) {
        this.all = all;
    }

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
        List<String> invitees = new ArrayList<String>();
        invitees.add(invitee);
        return Inviting.invite(all, invitees, invitee, null, data, onlineUserOnly, offlinePushInfo, timeout, Reply.of(callback));
    }

    @Override
    public String inviteInGroup(String groupID, List<String> inviteeList, String data, boolean onlineUserOnly,
            int timeout, V2TIMCallback callback) {
        return Inviting.invite(all, inviteeList, null, groupID, data, onlineUserOnly, null, timeout, Reply.of(callback));
    }

    @Override
    public void cancel(String inviteID, String data, V2TIMCallback callback) {
        Inviting.answer(all, "cancel", inviteID, data, V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_CANCEL_INVITE, Reply.of(callback));
    }

    @Override
    public void accept(String inviteID, String data, V2TIMCallback callback) {
        Inviting.answer(all, "accept", inviteID, data, V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_ACCEPT_INVITE, Reply.of(callback));
    }

    @Override
    public void reject(String inviteID, String data, V2TIMCallback callback) {
        Inviting.answer(all, "reject", inviteID, data, V2TIMSignalingInfo.SIGNALING_ACTION_TYPE_REJECT_INVITE, Reply.of(callback));
    }

    @Override
    public V2TIMSignalingInfo getSignalingInfo(V2TIMMessage msg) {
        return Signal.in(msg);
    }

    @Override
    public void addInvitedSignaling(V2TIMSignalingInfo info, V2TIMCallback callback) {
        Inviting.add(all, info, Reply.of(callback));
    }

    @Override
    public void modifyInvitation(String inviteID, String data, V2TIMCallback callback) {
        NotServed.SIGNALING_MODIFY_INVITATION.answer(callback);
    }
}
