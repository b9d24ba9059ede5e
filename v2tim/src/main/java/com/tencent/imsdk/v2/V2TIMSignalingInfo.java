package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** An invitation or an answer to one. */
public class V2TIMSignalingInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Not known to this library. */
    public static final int SIGNALING_ACTION_TYPE_UNKNOWN = 0;

    /** An invitation. */
    public static final int SIGNALING_ACTION_TYPE_INVITE = 1;

    /** Taken back. */
    public static final int SIGNALING_ACTION_TYPE_CANCEL_INVITE = 2;

    /** Accepted. */
    public static final int SIGNALING_ACTION_TYPE_ACCEPT_INVITE = 3;

    /** Refused. */
    public static final int SIGNALING_ACTION_TYPE_REJECT_INVITE = 4;

    /** Not answered in time. */
    public static final int SIGNALING_ACTION_TYPE_INVITE_TIMEOUT = 5;

    String inviteID;
    String groupID;
    String inviter;
    List<String> inviteeList = new ArrayList<String>();
    String data;
    int timeout;
    int actionType;
    int businessID;
    V2TIMOfflinePushInfo offlinePushInfo;
    boolean onlineUserOnly;

    public V2TIMSignalingInfo() {
    }

    public String getInviteID() {
        return inviteID;
    }

    public void setInviteID(String inviteID) {
        this.inviteID = inviteID;
    }

    public String getGroupID() {
        return groupID;
    }

    public void setGroupID(String groupID) {
        this.groupID = groupID;
    }

    public String getInviter() {
        return inviter;
    }

    public void setInviter(String inviter) {
        this.inviter = inviter;
    }

    public List<String> getInviteeList() {
        return inviteeList;
    }

    public void setInviteeList(List<String> inviteeList) {
        this.inviteeList = inviteeList;
    }

    public String getData() {
        return data;
    }

    public void setData(String data) {
        this.data = data;
    }

    /** Seconds; 0 waits for ever. */
    public int getTimeout() {
        return timeout;
    }

    public void setTimeout(int timeout) {
        this.timeout = timeout;
    }

    public int getActionType() {
        return actionType;
    }

    public void setActionType(int actionType) {
        this.actionType = actionType;
    }

    public int getBusinessID() {
        return businessID;
    }

    public void setBusinessID(int businessID) {
        this.businessID = businessID;
    }

    public V2TIMOfflinePushInfo getOfflinePushInfo() {
        return offlinePushInfo;
    }

    @Override
    public String toString() {
        return "V2TIMSignalingInfo{inviteID=" + inviteID
            + ", groupID=" + groupID
            + ", inviter=" + inviter
            + ", inviteeList=" + Shown.size(inviteeList)
            + ", data=" + Shown.size(data)
            + ", timeout=" + timeout
            + ", actionType=" + actionType
            + ", businessID=" + businessID
            + "}";
    }
}
