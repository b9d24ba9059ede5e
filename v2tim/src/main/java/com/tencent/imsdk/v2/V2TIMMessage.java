package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A message. It is a plain holder that may be kept, put into an Intent and used later, as {@code lastMsg} or
 * for a recall.
 */
public class V2TIMMessage implements Serializable {
    private static final long serialVersionUID = 1L;

    /** On its way. */
    public static final int V2TIM_MSG_STATUS_SENDING = 1;

    /** Sent or received. */
    public static final int V2TIM_MSG_STATUS_SEND_SUCC = 2;

    /** Not sent. */
    public static final int V2TIM_MSG_STATUS_SEND_FAIL = 3;

    /** Deleted. */
    public static final int V2TIM_MSG_STATUS_HAS_DELETED = 4;

    /** Put into the local history by the app. */
    public static final int V2TIM_MSG_STATUS_LOCAL_IMPORTED = 5;

    /** Recalled. */
    public static final int V2TIM_MSG_STATUS_LOCAL_REVOKED = 6;

    /** No element. */
    public static final int V2TIM_ELEM_TYPE_NONE = 0;

    /** {@link V2TIMTextElem}. */
    public static final int V2TIM_ELEM_TYPE_TEXT = 1;

    /** {@link V2TIMCustomElem}. */
    public static final int V2TIM_ELEM_TYPE_CUSTOM = 2;

    /** {@link V2TIMImageElem}. */
    public static final int V2TIM_ELEM_TYPE_IMAGE = 3;

    /** {@link V2TIMSoundElem}. */
    public static final int V2TIM_ELEM_TYPE_SOUND = 4;

    /** {@link V2TIMVideoElem}. */
    public static final int V2TIM_ELEM_TYPE_VIDEO = 5;

    /** {@link V2TIMFileElem}. */
    public static final int V2TIM_ELEM_TYPE_FILE = 6;

    /** {@link V2TIMLocationElem}. */
    public static final int V2TIM_ELEM_TYPE_LOCATION = 7;

    /** {@link V2TIMFaceElem}. */
    public static final int V2TIM_ELEM_TYPE_FACE = 8;

    /** {@link V2TIMGroupTipsElem}. */
    public static final int V2TIM_ELEM_TYPE_GROUP_TIPS = 9;

    /** {@link V2TIMMergerElem}. */
    public static final int V2TIM_ELEM_TYPE_MERGER = 10;

    /** The gateway decides, which is normal. */
    public static final int V2TIM_PRIORITY_DEFAULT = 0;

    /** Dropped last when a group is flooded. */
    public static final int V2TIM_PRIORITY_HIGH = 1;

    /** Between the two. */
    public static final int V2TIM_PRIORITY_NORMAL = 2;

    /** Dropped first when a group is flooded. */
    public static final int V2TIM_PRIORITY_LOW = 3;

    /** Messages come and are told. */
    public static final int V2TIM_RECEIVE_MESSAGE = 0;

    /** Messages do not come. */
    public static final int V2TIM_NOT_RECEIVE_MESSAGE = 1;

    /** Messages come and are not told. */
    public static final int V2TIM_RECEIVE_NOT_NOTIFY_MESSAGE = 2;

    /** Messages come, and only those that name the user are told. */
    public static final int V2TIM_RECEIVE_NOT_NOTIFY_MESSAGE_EXCEPT_AT = 3;

    /** Only messages that name the user come. */
    public static final int V2TIM_NOT_RECEIVE_MESSAGE_EXCEPT_AT = 4;

    /** Members who have read the message. */
    public static final int V2TIM_GROUP_MESSAGE_READ_MEMBERS_FILTER_READ = 0;

    /** Members who have not read the message. */
    public static final int V2TIM_GROUP_MESSAGE_READ_MEMBERS_FILTER_UNREAD = 1;

    String msgID;
    long timestamp;
    String sender;
    String nickName;
    String friendRemark;
    String faceUrl;
    String nameCard;
    String groupID;
    String userID;
    int status = V2TIM_MSG_STATUS_SENDING;
    int elemType = V2TIM_ELEM_TYPE_NONE;
    V2TIMTextElem textElem;
    V2TIMCustomElem customElem;
    V2TIMImageElem imageElem;
    V2TIMSoundElem soundElem;
    V2TIMVideoElem videoElem;
    V2TIMFileElem fileElem;
    V2TIMLocationElem locationElem;
    V2TIMFaceElem faceElem;
    V2TIMMergerElem mergerElem;
    V2TIMGroupTipsElem groupTipsElem;
    String localCustomData = "";
    int localCustomInt;
    String cloudCustomData = "";
    boolean self;
    boolean read;
    boolean peerRead;
    boolean needReadReceipt;
    boolean broadcastMessage;
    int priority;
    V2TIMOfflinePushInfo offlinePushInfo = new V2TIMOfflinePushInfo();
    List<String> groupAtUserList = new ArrayList<String>();
    long seq;
    long random;
    boolean excludedFromUnreadCount;
    boolean excludedFromLastMessage;
    boolean supportMessageExtension;
    boolean excludedFromContentModeration;
    boolean riskContent;
    V2TIMUserFullInfo revokerInfo;
    String revokeReason;
    List<String> targetMembers;
    boolean forwarded;
    boolean onlineUserOnly;

    public V2TIMMessage() {
    }

    /** The same as the web SDK's {@code ID}; null until the message is sent. */
    public String getMsgID() {
        return msgID;
    }

    /** Seconds since 1970, by the gateway's clock. */
    public long getTimestamp() {
        return timestamp;
    }

    public String getSender() {
        return sender;
    }

    public String getNickName() {
        return nickName;
    }

    public String getFriendRemark() {
        return friendRemark;
    }

    public String getFaceUrl() {
        return faceUrl;
    }

    public String getNameCard() {
        return nameCard;
    }

    /** Null in a one-to-one conversation. */
    public String getGroupID() {
        return groupID;
    }

    /** The peer, whoever sent the message; null in a group. */
    public String getUserID() {
        return userID;
    }

    public int getStatus() {
        return status;
    }

    public int getElemType() {
        return elemType;
    }

    public V2TIMTextElem getTextElem() {
        return textElem;
    }

    public V2TIMCustomElem getCustomElem() {
        return customElem;
    }

    public V2TIMImageElem getImageElem() {
        return imageElem;
    }

    public V2TIMSoundElem getSoundElem() {
        return soundElem;
    }

    public V2TIMVideoElem getVideoElem() {
        return videoElem;
    }

    public V2TIMFileElem getFileElem() {
        return fileElem;
    }

    public V2TIMLocationElem getLocationElem() {
        return locationElem;
    }

    public V2TIMFaceElem getFaceElem() {
        return faceElem;
    }

    public V2TIMMergerElem getMergerElem() {
        return mergerElem;
    }

    public V2TIMGroupTipsElem getGroupTipsElem() {
        return groupTipsElem;
    }

    /** Kept on this device only. */
    public String getLocalCustomData() {
        return localCustomData;
    }

    public void setLocalCustomData(String localCustomData) {
        this.localCustomData = localCustomData;
    }

    /** Kept on this device only. */
    public int getLocalCustomInt() {
        return localCustomInt;
    }

    public void setLocalCustomInt(int localCustomInt) {
        this.localCustomInt = localCustomInt;
    }

    /** Travels with the message. */
    public String getCloudCustomData() {
        return cloudCustomData;
    }

    public void setCloudCustomData(String cloudCustomData) {
        this.cloudCustomData = cloudCustomData;
    }

    /** Whether the logged-in user sent it, on whatever terminal. */
    public boolean isSelf() {
        return self;
    }

    public boolean isRead() {
        return read;
    }

    public boolean isPeerRead() {
        return peerRead;
    }

    public boolean isNeedReadReceipt() {
        return needReadReceipt;
    }

    public void setNeedReadReceipt(boolean needReadReceipt) {
        this.needReadReceipt = needReadReceipt;
    }

    public boolean isBroadcastMessage() {
        return broadcastMessage;
    }

    public int getPriority() {
        return priority;
    }

    public V2TIMOfflinePushInfo getOfflinePushInfo() {
        return offlinePushInfo;
    }

    public List<String> getGroupAtUserList() {
        return groupAtUserList;
    }

    public long getSeq() {
        return seq;
    }

    public long getRandom() {
        return random;
    }

    public boolean isExcludedFromUnreadCount() {
        return excludedFromUnreadCount;
    }

    public void setExcludedFromUnreadCount(boolean excludedFromUnreadCount) {
        this.excludedFromUnreadCount = excludedFromUnreadCount;
    }

    public boolean isExcludedFromLastMessage() {
        return excludedFromLastMessage;
    }

    public void setExcludedFromLastMessage(boolean excludedFromLastMessage) {
        this.excludedFromLastMessage = excludedFromLastMessage;
    }

    public boolean isSupportMessageExtension() {
        return supportMessageExtension;
    }

    public void setSupportMessageExtension(boolean supportMessageExtension) {
        this.supportMessageExtension = supportMessageExtension;
    }

    public boolean isExcludedFromContentModeration() {
        return excludedFromContentModeration;
    }

    public void setExcludedFromContentModeration(boolean excludedFromContentModeration) {
        this.excludedFromContentModeration = excludedFromContentModeration;
    }

    public boolean hasRiskContent() {
        return riskContent;
    }

    public V2TIMUserFullInfo getRevokerInfo() {
        return revokerInfo;
    }

    public String getRevokeReason() {
        return revokeReason;
    }

    @Override
    public String toString() {
        return "V2TIMMessage{msgID=" + msgID
            + ", timestamp=" + timestamp
            + ", sender=" + sender
            + ", groupID=" + groupID
            + ", userID=" + userID
            + ", status=" + status
            + ", elemType=" + elemType
            + ", self=" + self
            + ", priority=" + priority
            + ", seq=" + seq
            + ", random=" + random
            + "}";
    }
}
