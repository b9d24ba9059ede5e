package com.tencent.imsdk.v2;

/** The names of conversations: {@code c2c_} and a user, {@code group_} and a group. */
final class ConversationId {
    private static final String USER = "c2c_";
    private static final String GROUP = "group_";

    private ConversationId() {
    }

    static String ofUser(String userID) {
        return USER + userID;
    }

    static String ofGroup(String groupID) {
        return GROUP + groupID;
    }

    static String of(V2TIMMessage message) {
        return message.groupID != null ? ofGroup(message.groupID) : ofUser(message.userID);
    }

    /** Null when it is none of a user. */
    static String user(String id) {
        return after(USER, id);
    }

    /** Null when it is none of a group. */
    static String group(String id) {
        return after(GROUP, id);
    }

    private static String after(String prefix, String id) {
        return id != null && id.startsWith(prefix) && id.length() > prefix.length() ? id.substring(prefix.length()) : null;
    }
}
