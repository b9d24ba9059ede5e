package com.tencent.imsdk.v2;

import java.util.List;

/** Invitations to calls and the like, which travel as custom messages. */
public abstract class V2TIMSignalingManager {
    /** Adds a listener; the same object is kept once. */
    public abstract void addSignalingListener(V2TIMSignalingListener listener);

    /** Removes a listener. */
    public abstract void removeSignalingListener(V2TIMSignalingListener listener);

    /**
     * Invites a user and returns the invitation's ID at once; {@code timeout} in seconds, 0 waits for ever.
     */
    public abstract String invite(String invitee, String data, boolean onlineUserOnly,
            V2TIMOfflinePushInfo offlinePushInfo, int timeout, V2TIMCallback callback);

    /** Invites members of a group and returns the invitation's ID at once. */
    public abstract String inviteInGroup(String groupID, List<String> inviteeList, String data,
            boolean onlineUserOnly, int timeout, V2TIMCallback callback);

    /** Takes an invitation back. */
    public abstract void cancel(String inviteID, String data, V2TIMCallback callback);

    /** Accepts an invitation. */
    public abstract void accept(String inviteID, String data, V2TIMCallback callback);

    /** Refuses an invitation. */
    public abstract void reject(String inviteID, String data, V2TIMCallback callback);

    /** The signal in a message; null when there is none. */
    public abstract V2TIMSignalingInfo getSignalingInfo(V2TIMMessage msg);

    /** Makes an invitation known that came another way, so that it can be answered. */
    public abstract void addInvitedSignaling(V2TIMSignalingInfo info, V2TIMCallback callback);

    /** Changes the data of an invitation. */
    public abstract void modifyInvitation(String inviteID, String data, V2TIMCallback callback);
}
