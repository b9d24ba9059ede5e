// Made from api.txt by KotlinSources; do not edit. It is compiled and not run.
@file:Suppress("unused", "UNUSED_PARAMETER", "DEPRECATION")

package timgate.compiles

import com.tencent.imsdk.v2.*

class V2TIMCallbackNullable : V2TIMCallback {
    override fun onSuccess() {
    }
    override fun onError(p0: Int, p1: String?) {
    }
}

class V2TIMValueCallbackNullable : V2TIMValueCallback<V2TIMMessage> {
    override fun onSuccess(p0: V2TIMMessage?) {
    }
    override fun onError(p0: Int, p1: String?) {
    }
}

class V2TIMSendCallbackNullable : V2TIMSendCallback<V2TIMMessage> {
    override fun onProgress(p0: Int) {
    }
    override fun onSuccess(p0: V2TIMMessage?) {
    }
    override fun onError(p0: Int, p1: String?) {
    }
}

class V2TIMDownloadCallbackNullable : V2TIMDownloadCallback {
    override fun onProgress(p0: V2TIMElem.V2ProgressInfo?) {
    }
    override fun onSuccess() {
    }
    override fun onError(p0: Int, p1: String?) {
    }
}

class V2TIMCompleteCallbackNullable : V2TIMCompleteCallback<V2TIMMessage> {
    override fun onComplete(p0: Int, p1: String?, p2: V2TIMMessage?) {
    }
}

class V2TIMLogListenerNullable : V2TIMLogListener() {
    override fun onLog(p0: Int, p1: String?) {
    }
}

class V2TIMSDKListenerNullable : V2TIMSDKListener() {
    override fun onConnecting() {
    }
    override fun onConnectSuccess() {
    }
    override fun onConnectFailed(p0: Int, p1: String?) {
    }
    override fun onKickedOffline() {
    }
    override fun onUserSigExpired() {
    }
    override fun onSelfInfoUpdated(p0: V2TIMUserFullInfo?) {
    }
    override fun onUserStatusChanged(p0: MutableList<V2TIMUserStatus?>?) {
    }
    override fun onUserInfoChanged(p0: MutableList<V2TIMUserFullInfo?>?) {
    }
    override fun onAllReceiveMessageOptChanged(p0: V2TIMReceiveMessageOptInfo?) {
    }
    override fun onExperimentalNotify(p0: String?, p1: Any?) {
    }
}

class V2TIMSimpleMsgListenerNullable : V2TIMSimpleMsgListener() {
    override fun onRecvC2CTextMessage(p0: String?, p1: V2TIMUserInfo?, p2: String?) {
    }
    override fun onRecvC2CCustomMessage(p0: String?, p1: V2TIMUserInfo?, p2: ByteArray?) {
    }
    override fun onRecvGroupTextMessage(p0: String?, p1: String?, p2: V2TIMGroupMemberInfo?, p3: String?) {
    }
    override fun onRecvGroupCustomMessage(p0: String?, p1: String?, p2: V2TIMGroupMemberInfo?, p3: ByteArray?) {
    }
}

class V2TIMAdvancedMsgListenerNullable : V2TIMAdvancedMsgListener() {
    override fun onRecvNewMessage(p0: V2TIMMessage?) {
    }
    override fun onRecvC2CReadReceipt(p0: MutableList<V2TIMMessageReceipt?>?) {
    }
    override fun onRecvMessageReadReceipts(p0: MutableList<V2TIMMessageReceipt?>?) {
    }
    override fun onRecvMessageRevoked(p0: String?) {
    }
    override fun onRecvMessageRevoked(p0: String?, p1: V2TIMUserFullInfo?, p2: String?) {
    }
    override fun onRecvMessageModified(p0: V2TIMMessage?) {
    }
    override fun onGroupMessagePinned(p0: String?, p1: V2TIMMessage?, p2: Boolean, p3: V2TIMGroupMemberInfo?) {
    }
}

class V2TIMGroupListenerNullable : V2TIMGroupListener() {
    override fun onMemberEnter(p0: String?, p1: MutableList<V2TIMGroupMemberInfo?>?) {
    }
    override fun onMemberLeave(p0: String?, p1: V2TIMGroupMemberInfo?) {
    }
    override fun onMemberInvited(p0: String?, p1: V2TIMGroupMemberInfo?, p2: MutableList<V2TIMGroupMemberInfo?>?) {
    }
    override fun onMemberKicked(p0: String?, p1: V2TIMGroupMemberInfo?, p2: MutableList<V2TIMGroupMemberInfo?>?) {
    }
    override fun onMemberInfoChanged(p0: String?, p1: MutableList<V2TIMGroupMemberChangeInfo?>?) {
    }
    override fun onGroupCreated(p0: String?) {
    }
    override fun onGroupDismissed(p0: String?, p1: V2TIMGroupMemberInfo?) {
    }
    override fun onGroupRecycled(p0: String?, p1: V2TIMGroupMemberInfo?) {
    }
    override fun onGroupInfoChanged(p0: String?, p1: MutableList<V2TIMGroupChangeInfo?>?) {
    }
    override fun onGroupAttributeChanged(p0: String?, p1: MutableMap<String?, String?>?) {
    }
    override fun onReceiveJoinApplication(p0: String?, p1: V2TIMGroupMemberInfo?, p2: String?) {
    }
    override fun onApplicationProcessed(p0: String?, p1: V2TIMGroupMemberInfo?, p2: Boolean, p3: String?) {
    }
    override fun onGrantAdministrator(p0: String?, p1: V2TIMGroupMemberInfo?, p2: MutableList<V2TIMGroupMemberInfo?>?) {
    }
    override fun onRevokeAdministrator(p0: String?, p1: V2TIMGroupMemberInfo?, p2: MutableList<V2TIMGroupMemberInfo?>?) {
    }
    override fun onQuitFromGroup(p0: String?) {
    }
    override fun onReceiveRESTCustomData(p0: String?, p1: ByteArray?) {
    }
    override fun onAllGroupMembersMuted(p0: String?, p1: Boolean) {
    }
    override fun onGroupCounterChanged(p0: String?, p1: String?, p2: Long) {
    }
    override fun onMemberMarkChanged(p0: String?, p1: MutableList<String?>?, p2: Int, p3: Boolean) {
    }
    override fun onTopicCreated(p0: String?, p1: String?) {
    }
    override fun onTopicDeleted(p0: String?, p1: MutableList<String?>?) {
    }
}

class V2TIMConversationListenerNullable : V2TIMConversationListener() {
    override fun onSyncServerStart() {
    }
    override fun onSyncServerFinish() {
    }
    override fun onSyncServerFailed() {
    }
    override fun onNewConversation(p0: MutableList<V2TIMConversation?>?) {
    }
    override fun onConversationChanged(p0: MutableList<V2TIMConversation?>?) {
    }
    override fun onConversationDeleted(p0: MutableList<String?>?) {
    }
    override fun onTotalUnreadMessageCountChanged(p0: Long) {
    }
    override fun onUnreadMessageCountChangedByFilter(p0: V2TIMConversationListFilter?, p1: Long) {
    }
    override fun onConversationGroupCreated(p0: String?, p1: MutableList<V2TIMConversation?>?) {
    }
    override fun onConversationGroupDeleted(p0: String?) {
    }
    override fun onConversationGroupNameChanged(p0: String?, p1: String?) {
    }
    override fun onConversationsAddedToGroup(p0: String?, p1: MutableList<V2TIMConversation?>?) {
    }
    override fun onConversationsDeletedFromGroup(p0: String?, p1: MutableList<V2TIMConversation?>?) {
    }
}

class V2TIMFriendshipListenerNullable : V2TIMFriendshipListener() {
    override fun onFriendApplicationListAdded(p0: MutableList<V2TIMFriendApplication?>?) {
    }
    override fun onFriendApplicationListDeleted(p0: MutableList<String?>?) {
    }
    override fun onFriendApplicationListRead() {
    }
    override fun onFriendListAdded(p0: MutableList<V2TIMFriendInfo?>?) {
    }
    override fun onFriendListDeleted(p0: MutableList<String?>?) {
    }
    override fun onBlackListAdd(p0: MutableList<V2TIMFriendInfo?>?) {
    }
    override fun onBlackListDeleted(p0: MutableList<String?>?) {
    }
    override fun onFriendInfoChanged(p0: MutableList<V2TIMFriendInfo?>?) {
    }
}

class V2TIMSignalingListenerNullable : V2TIMSignalingListener() {
    override fun onReceiveNewInvitation(p0: String?, p1: String?, p2: String?, p3: MutableList<String?>?, p4: String?) {
    }
    override fun onInviteeAccepted(p0: String?, p1: String?, p2: String?) {
    }
    override fun onInviteeRejected(p0: String?, p1: String?, p2: String?) {
    }
    override fun onInvitationCancelled(p0: String?, p1: String?, p2: String?) {
    }
    override fun onInvitationTimeout(p0: String?, p1: MutableList<String?>?) {
    }
    override fun onInvitationModified(p0: String?, p1: String?) {
    }
}
