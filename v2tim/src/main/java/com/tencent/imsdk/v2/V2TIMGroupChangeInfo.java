package com.tencent.imsdk.v2;

import java.io.Serializable;

/** One changed field of a group. */
public class V2TIMGroupChangeInfo implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Not known to this library. */
    public static final int V2TIM_GROUP_INFO_INVALID = 0;

    /** The name. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_NAME = 1;

    /** The introduction. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_INTRODUCTION = 2;

    /** The notice. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_NOTIFICATION = 3;

    /** The picture's address. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_FACE_URL = 4;

    /** The owner. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_OWNER = 5;

    /** A custom field, named by the key. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_CUSTOM = 6;

    /** Whether all are muted, as a boolean value. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_SHUT_UP_ALL = 8;

    /** A topic's custom data. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_TOPIC_CUSTOM_DATA = 9;

    /** The user's option for messages of the group, as an int value. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_RECEIVE_MESSAGE_OPT = 10;

    /** Who may join, as an int value. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_GROUP_ADD_OPT = 11;

    /** Who may invite, as an int value. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_GROUP_APPROVE_OPT = 12;

    /** Whether permission groups are on, as a boolean value. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_ENABLE_PERMISSION_GROUP = 13;

    /** The default permissions, as a long value. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_DEFAULT_PERMISSIONS = 14;

    /** Who may join a topic, as an int value. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_TOPIC_ADD_OPT = 15;

    /** Who may invite to a topic, as an int value. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_TOPIC_APPROVE_OPT = 16;

    /** The most members of a topic, as an int value. */
    public static final int V2TIM_GROUP_INFO_CHANGE_TYPE_TOPIC_MEMBER_MAX_COUNT = 17;

    int type;
    String value;
    String key;
    boolean boolValue;
    int intValue;
    long longValue;

    public V2TIMGroupChangeInfo() {
    }

    public int getType() {
        return type;
    }

    public String getValue() {
        return value;
    }

    public String getKey() {
        return key;
    }

    public boolean getBoolValue() {
        return boolValue;
    }

    public int getIntValue() {
        return intValue;
    }

    public long getLongValue() {
        return longValue;
    }

    @Override
    public String toString() {
        return "V2TIMGroupChangeInfo{type=" + type + ", key=" + key + "}";
    }
}
