package com.tencent.imsdk.v2;

/** Receives text and custom messages only, already taken apart. Subclasses override what they need. */
public abstract class V2TIMSimpleMsgListener {
    /** A text from one user. */
    public void onRecvC2CTextMessage(String msgID, V2TIMUserInfo sender, String text) {
    }

    /** A custom message from one user. */
    public void onRecvC2CCustomMessage(String msgID, V2TIMUserInfo sender, byte[] customData) {
    }

    /** A text in a group. */
    public void onRecvGroupTextMessage(String msgID, String groupID, V2TIMGroupMemberInfo sender,
            String text) {
    }

    /** A custom message in a group. */
    public void onRecvGroupCustomMessage(String msgID, String groupID, V2TIMGroupMemberInfo sender,
            byte[] customData) {
    }
}
