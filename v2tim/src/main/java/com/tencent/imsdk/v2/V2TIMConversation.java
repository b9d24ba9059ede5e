package com.tencent.imsdk.v2;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/** A row of the conversation list. */
public class V2TIMConversation implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Neither of the two. */
    public static final int CONVERSATION_TYPE_INVALID = 0;

    /** With one user. */
    public static final int V2TIM_C2C = 1;

    /** With a group. */
    public static final int V2TIM_GROUP = 2;

    /** Starred. */
    public static long V2TIM_CONVERSATION_MARK_TYPE_STAR = 1L;

    /** Marked as unread. */
    public static long V2TIM_CONVERSATION_MARK_TYPE_UNREAD = 2L;

    /** Folded away. */
    public static long V2TIM_CONVERSATION_MARK_TYPE_FOLD = 4L;

    /** Hidden. */
    public static long V2TIM_CONVERSATION_MARK_TYPE_HIDE = 8L;

    String conversationID;
    int type;
    String userID;
    String groupID;
    String showName;
    String faceUrl;
    int recvOpt;
    String groupType;
    int unreadCount;
    V2TIMMessage lastMessage;
    String draftText;
    long draftTimestamp;
    List<V2TIMGroupAtInfo> groupAtInfoList = new ArrayList<V2TIMGroupAtInfo>();
    boolean pinned;
    long orderKey;
    List<Long> markList = new ArrayList<Long>();
    String customData;
    List<String> conversationGroupList = new ArrayList<String>();
    long c2cReadTimestamp;
    long groupReadSequence;

    public V2TIMConversation() {
    }

    /** {@code "c2c_"} and the user ID, or {@code "group_"} and the group ID. */
    public String getConversationID() {
        return conversationID;
    }

    public int getType() {
        return type;
    }

    public String getUserID() {
        return userID;
    }

    public String getGroupID() {
        return groupID;
    }

    public String getShowName() {
        return showName;
    }

    public String getFaceUrl() {
        return faceUrl;
    }

    public int getRecvOpt() {
        return recvOpt;
    }

    public String getGroupType() {
        return groupType;
    }

    public int getUnreadCount() {
        return unreadCount;
    }

    public V2TIMMessage getLastMessage() {
        return lastMessage;
    }

    public String getDraftText() {
        return draftText;
    }

    public long getDraftTimestamp() {
        return draftTimestamp;
    }

    public List<V2TIMGroupAtInfo> getGroupAtInfoList() {
        return groupAtInfoList;
    }

    public boolean isPinned() {
        return pinned;
    }

    public long getOrderKey() {
        return orderKey;
    }

    public List<Long> getMarkList() {
        return markList;
    }

    public String getCustomData() {
        return customData;
    }

    public List<String> getConversationGroupList() {
        return conversationGroupList;
    }

    public long getC2CReadTimestamp() {
        return c2cReadTimestamp;
    }

    public long getGroupReadSequence() {
        return groupReadSequence;
    }

    @Override
    public String toString() {
        return "V2TIMConversation{conversationID=" + conversationID
            + ", type=" + type
            + ", userID=" + userID
            + ", groupID=" + groupID
            + ", recvOpt=" + recvOpt
            + ", groupType=" + groupType
            + ", unreadCount=" + unreadCount
            + ", pinned=" + pinned
            + ", orderKey=" + orderKey
            + "}";
    }
}
