package com.tencent.imsdk.v2;

/** Tells the listeners that know texts and custom messages only. */
final class Simple {
    private Simple() {
    }

    static void received(Listeners<V2TIMSimpleMsgListener> listeners, final V2TIMMessage message) {
        final boolean isText = message.elemType == V2TIMMessage.V2TIM_ELEM_TYPE_TEXT;
        if (!isText && message.elemType != V2TIMMessage.V2TIM_ELEM_TYPE_CUSTOM) {
            return;
        }
        listeners.tell(new Tell<V2TIMSimpleMsgListener>() {
            @Override
            void to(V2TIMSimpleMsgListener listener) {
                String id = message.msgID;
                if (message.groupID == null && isText) {
                    listener.onRecvC2CTextMessage(id, user(message), message.textElem.text);
                } else if (message.groupID == null) {
                    listener.onRecvC2CCustomMessage(id, user(message), message.customElem.data);
                } else if (isText) {
                    listener.onRecvGroupTextMessage(id, message.groupID, member(message), message.textElem.text);
                } else {
                    listener.onRecvGroupCustomMessage(id, message.groupID, member(message), message.customElem.data);
                }
            }
        });
    }

    private static V2TIMUserInfo user(V2TIMMessage message) {
        V2TIMUserInfo user = new V2TIMUserInfo();
        user.userID = message.sender;
        user.nickName = message.nickName;
        user.faceUrl = message.faceUrl;
        return user;
    }

    private static V2TIMGroupMemberInfo member(V2TIMMessage message) {
        V2TIMGroupMemberInfo member = new V2TIMGroupMemberInfo();
        member.userID = message.sender;
        member.nickName = message.nickName;
        member.faceUrl = message.faceUrl;
        member.nameCard = message.nameCard;
        return member;
    }
}
