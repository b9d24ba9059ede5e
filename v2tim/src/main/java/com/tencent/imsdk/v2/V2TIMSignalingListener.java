package com.tencent.imsdk.v2;

import java.util.List;

/** Told of invitations to calls and the like. Subclasses override what they need. */
public abstract class V2TIMSignalingListener {
    /** The user was invited. */
    public void onReceiveNewInvitation(String inviteID, String inviter, String groupID,
            List<String> inviteeList, String data) {
    }

    /** An invitee accepted. */
    public void onInviteeAccepted(String inviteID, String invitee, String data) {
    }

    /** An invitee refused. */
    public void onInviteeRejected(String inviteID, String invitee, String data) {
    }

    /** The inviter took the invitation back. */
    public void onInvitationCancelled(String inviteID, String inviter, String data) {
    }

    /** Invitees did not answer in time. */
    public void onInvitationTimeout(String inviteID, List<String> inviteeList) {
    }

    /** The data of an invitation was changed. */
    public void onInvitationModified(String inviteID, String data) {
    }
}
