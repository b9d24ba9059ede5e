package com.tencent.imsdk.v2;

import java.io.Serializable;

/** A request to join, or an invitation. */
public class V2TIMGroupApplication implements Serializable {
    private static final long serialVersionUID = 1L;

    /** A request to join. */
    public static final int V2TIM_GROUP_APPLICATION_GET_TYPE_JOIN = 0;

    /** An invitation. */
    public static final int V2TIM_GROUP_APPLICATION_GET_TYPE_INVITE = 1;

    /** A request to join; those who run the group decide. */
    public static final int V2TIM_GROUP_JOIN_APPLICATION_NEED_APPROVED_BY_ADMIN = 0;

    /** An invitation; the invited user decides. */
    public static final int V2TIM_GROUP_INVITE_APPLICATION_NEED_APPROVED_BY_INVITEE = 1;

    /** An invitation; those who run the group decide. */
    public static final int V2TIM_GROUP_INVITE_APPLICATION_NEED_APPROVED_BY_ADMIN = 2;

    /** Open. */
    public static final int V2TIM_GROUP_APPLICATION_HANDLE_STATUS_UNHANDLED = 0;

    /** Decided by somebody else. */
    public static final int V2TIM_GROUP_APPLICATION_HANDLE_STATUS_HANDLED_BY_OTHER = 1;

    /** Decided by the user. */
    public static final int V2TIM_GROUP_APPLICATION_HANDLE_STATUS_HANDLED_BY_SELF = 2;

    /** Refused. */
    public static final int V2TIM_GROUP_APPLICATION_HANDLE_RESULT_REFUSE = 0;

    /** Agreed. */
    public static final int V2TIM_GROUP_APPLICATION_HANDLE_RESULT_AGREE = 1;

    String groupID;
    String fromUser;
    String fromUserNickName;
    String fromUserFaceUrl;
    String toUser;
    long addTime;
    String requestMsg;
    String handledMsg;
    int type;
    int handleStatus;
    int handleResult;
    String authentication;
    long messageKey;

    public V2TIMGroupApplication() {
    }

    public String getGroupID() {
        return groupID;
    }

    public String getFromUser() {
        return fromUser;
    }

    public String getFromUserNickName() {
        return fromUserNickName;
    }

    public String getFromUserFaceUrl() {
        return fromUserFaceUrl;
    }

    public String getToUser() {
        return toUser;
    }

    /** Milliseconds since 1970. */
    public long getAddTime() {
        return addTime;
    }

    public String getRequestMsg() {
        return requestMsg;
    }

    public String getHandledMsg() {
        return handledMsg;
    }

    public int getType() {
        return type;
    }

    /** The same as {@link #getType()}, by its later name. */
    public int getApplicationType() {
        return type;
    }

    public int getHandleStatus() {
        return handleStatus;
    }

    public int getHandleResult() {
        return handleResult;
    }

    @Override
    public String toString() {
        return "V2TIMGroupApplication{groupID=" + groupID
            + ", fromUser=" + fromUser
            + ", toUser=" + toUser
            + ", addTime=" + addTime
            + ", type=" + type
            + ", handleStatus=" + handleStatus
            + ", handleResult=" + handleResult
            + "}";
    }
}
