// Made from api.txt by KotlinSources; do not edit. It is compiled and not run.
@file:Suppress("unused", "UNUSED_PARAMETER", "DEPRECATION")

package timgate.compiles

import com.tencent.imsdk.v2.*

private fun use(vararg values: Any?) = values.size

fun properties(it: V2TIMSDKConfig) {
    it.logLevel = it.logLevel
    it.logListener = it.logListener
}

fun makeV2TIMSDKConfig() = V2TIMSDKConfig()

fun properties(it: V2TIMTextElem) {
    it.text = it.text
    use(it.nextElem)
}

fun makeV2TIMTextElem() = V2TIMTextElem()

fun properties(it: V2TIMCustomElem) {
    it.data = it.data
    it.description = it.description
    it.extension = it.extension
    use(it.nextElem)
}

fun makeV2TIMCustomElem() = V2TIMCustomElem()

fun properties(it: V2TIMFaceElem) {
    it.index = it.index
    it.data = it.data
    use(it.nextElem)
}

fun makeV2TIMFaceElem() = V2TIMFaceElem()

fun properties(it: V2TIMLocationElem) {
    it.desc = it.desc
    it.longitude = it.longitude
    it.latitude = it.latitude
    use(it.nextElem)
}

fun makeV2TIMLocationElem() = V2TIMLocationElem()

fun properties(it: V2TIMSoundElem) {
    use(it.path)
    use(it.uuid)
    use(it.dataSize)
    use(it.duration)
    use(it.nextElem)
}

fun makeV2TIMSoundElem() = V2TIMSoundElem()

fun properties(it: V2TIMVideoElem) {
    use(it.videoPath)
    use(it.videoUUID)
    use(it.videoSize)
    use(it.duration)
    use(it.videoType)
    use(it.snapshotPath)
    use(it.snapshotUUID)
    use(it.snapshotSize)
    use(it.snapshotWidth)
    use(it.snapshotHeight)
    use(it.nextElem)
}

fun makeV2TIMVideoElem() = V2TIMVideoElem()

fun properties(it: V2TIMFileElem) {
    use(it.path)
    use(it.uuid)
    use(it.fileName)
    use(it.fileSize)
    use(it.nextElem)
}

fun makeV2TIMFileElem() = V2TIMFileElem()

fun properties(it: V2TIMMergerElem) {
    use(it.title)
    use(it.abstractList)
    use(it.isLayersOverLimit)
    use(it.nextElem)
}

fun makeV2TIMMergerElem() = V2TIMMergerElem()

fun properties(it: V2TIMGroupTipsElem) {
    use(it.groupID)
    use(it.type)
    use(it.opMember)
    use(it.memberList)
    use(it.groupChangeInfoList)
    use(it.memberChangeInfoList)
    use(it.memberCount)
    use(it.nextElem)
}

fun makeV2TIMGroupTipsElem() = V2TIMGroupTipsElem()

fun properties(it: V2TIMGroupChangeInfo) {
    use(it.type)
    use(it.value)
    use(it.key)
    use(it.boolValue)
    use(it.intValue)
    use(it.longValue)
}

fun makeV2TIMGroupChangeInfo() = V2TIMGroupChangeInfo()

fun properties(it: V2TIMGroupMemberChangeInfo) {
    use(it.userID)
    use(it.muteTime)
}

fun makeV2TIMGroupMemberChangeInfo() = V2TIMGroupMemberChangeInfo()

fun properties(it: V2TIMMessage) {
    use(it.msgID)
    use(it.timestamp)
    use(it.sender)
    use(it.nickName)
    use(it.friendRemark)
    use(it.faceUrl)
    use(it.nameCard)
    use(it.groupID)
    use(it.userID)
    use(it.status)
    use(it.elemType)
    use(it.textElem)
    use(it.customElem)
    use(it.imageElem)
    use(it.soundElem)
    use(it.videoElem)
    use(it.fileElem)
    use(it.locationElem)
    use(it.faceElem)
    use(it.mergerElem)
    use(it.groupTipsElem)
    it.localCustomData = it.localCustomData
    it.localCustomInt = it.localCustomInt
    it.cloudCustomData = it.cloudCustomData
    use(it.isSelf)
    use(it.isRead)
    use(it.isPeerRead)
    it.isNeedReadReceipt = it.isNeedReadReceipt
    use(it.isBroadcastMessage)
    use(it.priority)
    use(it.offlinePushInfo)
    use(it.groupAtUserList)
    use(it.seq)
    use(it.random)
    it.isExcludedFromUnreadCount = it.isExcludedFromUnreadCount
    it.isExcludedFromLastMessage = it.isExcludedFromLastMessage
    it.isSupportMessageExtension = it.isSupportMessageExtension
    it.isExcludedFromContentModeration = it.isExcludedFromContentModeration
    use(it.revokerInfo)
    use(it.revokeReason)
}

fun makeV2TIMMessage() = V2TIMMessage()

fun properties(it: V2TIMOfflinePushInfo) {
    it.title = it.title
    it.desc = it.desc
    it.ext = it.ext
    use(it.isDisablePush)
    it.iosSound = it.iosSound
    it.isIgnoreIOSBadge = it.isIgnoreIOSBadge
    it.androidSound = it.androidSound
    it.androidOPPOChannelID = it.androidOPPOChannelID
    it.androidVIVOClassification = it.androidVIVOClassification
    it.androidFCMChannelID = it.androidFCMChannelID
    it.androidHuaWeiCategory = it.androidHuaWeiCategory
    it.androidVIVOCategory = it.androidVIVOCategory
    it.androidHonorImportance = it.androidHonorImportance
    it.androidMeizuNotifyType = it.androidMeizuNotifyType
    it.iosInterruptionLevel = it.iosInterruptionLevel
    it.vendorParams = it.vendorParams
    use(it.isIOSBackgroundNotification)
}

fun makeV2TIMOfflinePushInfo() = V2TIMOfflinePushInfo()

fun properties(it: V2TIMMessageReceipt) {
    use(it.userID)
    use(it.timestamp)
    use(it.groupID)
    use(it.msgID)
    use(it.readCount)
    use(it.unreadCount)
    use(it.isPeerRead)
}

fun makeV2TIMMessageReceipt() = V2TIMMessageReceipt()

fun properties(it: V2TIMGroupMessageReadMemberList) {
    use(it.nextSeq)
    use(it.isFinished)
    use(it.memberInfoList)
}

fun makeV2TIMGroupMessageReadMemberList() = V2TIMGroupMessageReadMemberList()

fun properties(it: V2TIMReceiveMessageOptInfo) {
    use(it.userID)
    use(it.c2CReceiveMessageOpt)
}

fun makeV2TIMReceiveMessageOptInfo() = V2TIMReceiveMessageOptInfo()

fun properties(it: V2TIMMessageListGetOption) {
    it.getType = it.getType
    it.userID = it.userID
    it.groupID = it.groupID
    it.count = it.count
    it.lastMsg = it.lastMsg
    it.lastMsgSeq = it.lastMsgSeq
    it.getTimeBegin = it.getTimeBegin
    it.getTimePeriod = it.getTimePeriod
    it.messageTypeList = it.messageTypeList
    it.messageSeqList = it.messageSeqList
}

fun makeV2TIMMessageListGetOption() = V2TIMMessageListGetOption()

fun properties(it: V2TIMMessageSearchParam) {
    it.conversationID = it.conversationID
    it.keywordList = it.keywordList
    it.keywordListMatchType = it.keywordListMatchType
    it.senderUserIDList = it.senderUserIDList
    it.messageTypeList = it.messageTypeList
    it.searchTimePosition = it.searchTimePosition
    it.searchTimePeriod = it.searchTimePeriod
    it.pageIndex = it.pageIndex
    it.pageSize = it.pageSize
}

fun makeV2TIMMessageSearchParam() = V2TIMMessageSearchParam()

fun properties(it: V2TIMMessageSearchResult) {
    use(it.totalCount)
    use(it.messageSearchResultItems)
}

fun makeV2TIMMessageSearchResult() = V2TIMMessageSearchResult()

fun properties(it: V2TIMMessageSearchResultItem) {
    use(it.conversationID)
    use(it.messageCount)
    use(it.messageList)
}

fun makeV2TIMMessageSearchResultItem() = V2TIMMessageSearchResultItem()

fun properties(it: V2TIMConversation) {
    use(it.conversationID)
    use(it.type)
    use(it.userID)
    use(it.groupID)
    use(it.showName)
    use(it.faceUrl)
    use(it.recvOpt)
    use(it.groupType)
    use(it.unreadCount)
    use(it.lastMessage)
    use(it.draftText)
    use(it.draftTimestamp)
    use(it.groupAtInfoList)
    use(it.isPinned)
    use(it.orderKey)
    use(it.markList)
    use(it.customData)
    use(it.conversationGroupList)
    use(it.c2CReadTimestamp)
    use(it.groupReadSequence)
}

fun makeV2TIMConversation() = V2TIMConversation()

fun properties(it: V2TIMConversationResult) {
    use(it.nextSeq)
    use(it.isFinished)
    use(it.conversationList)
}

fun makeV2TIMConversationResult() = V2TIMConversationResult()

fun properties(it: V2TIMConversationOperationResult) {
    use(it.conversationID)
    use(it.resultCode)
    use(it.resultInfo)
}

fun makeV2TIMConversationOperationResult() = V2TIMConversationOperationResult()

fun properties(it: V2TIMConversationListFilter) {
    it.conversationType = it.conversationType
    it.conversationGroup = it.conversationGroup
    it.markType = it.markType
}

fun makeV2TIMConversationListFilter() = V2TIMConversationListFilter()

fun properties(it: V2TIMGroupAtInfo) {
    use(it.seq)
    use(it.atType)
}

fun makeV2TIMGroupAtInfo() = V2TIMGroupAtInfo()

fun properties(it: V2TIMGroupInfo) {
    it.groupID = it.groupID
    it.groupType = it.groupType
    it.groupName = it.groupName
    it.notification = it.notification
    it.introduction = it.introduction
    it.faceUrl = it.faceUrl
    it.isAllMuted = it.isAllMuted
    it.groupAddOpt = it.groupAddOpt
    it.groupApproveOpt = it.groupApproveOpt
    it.isSupportTopic = it.isSupportTopic
    it.customInfo = it.customInfo
    use(it.owner)
    use(it.createTime)
    use(it.lastInfoTime)
    use(it.lastMessageTime)
    use(it.memberCount)
    use(it.onlineCount)
    use(it.memberMaxCount)
    use(it.role)
    use(it.recvOpt)
    use(it.joinTime)
}

fun makeV2TIMGroupInfo() = V2TIMGroupInfo()

fun properties(it: V2TIMGroupInfoResult) {
    use(it.resultCode)
    use(it.resultMessage)
    use(it.groupInfo)
}

fun makeV2TIMGroupInfoResult() = V2TIMGroupInfoResult()

fun properties(it: V2TIMCreateGroupMemberInfo) {
    it.userID = it.userID
    it.role = it.role
}

fun makeV2TIMCreateGroupMemberInfo() = V2TIMCreateGroupMemberInfo()

fun properties(it: V2TIMGroupMemberInfo) {
    use(it.userID)
    use(it.nickName)
    use(it.friendRemark)
    use(it.nameCard)
    use(it.faceUrl)
}

fun makeV2TIMGroupMemberInfo() = V2TIMGroupMemberInfo()

fun properties(it: V2TIMGroupMemberFullInfo) {
    it.customInfo = it.customInfo
    use(it.role)
    use(it.muteUntil)
    use(it.joinTime)
    it.userID = it.userID
    use(it.nickName)
    use(it.friendRemark)
    it.nameCard = it.nameCard
    use(it.faceUrl)
}

fun makeV2TIMGroupMemberFullInfo() = V2TIMGroupMemberFullInfo()

fun properties(it: V2TIMGroupMemberInfoResult) {
    use(it.nextSeq)
    use(it.memberInfoList)
}

fun makeV2TIMGroupMemberInfoResult() = V2TIMGroupMemberInfoResult()

fun properties(it: V2TIMGroupMemberOperationResult) {
    use(it.memberID)
    use(it.result)
}

fun makeV2TIMGroupMemberOperationResult() = V2TIMGroupMemberOperationResult()

fun properties(it: V2TIMGroupApplication) {
    use(it.groupID)
    use(it.fromUser)
    use(it.fromUserNickName)
    use(it.fromUserFaceUrl)
    use(it.toUser)
    use(it.addTime)
    use(it.requestMsg)
    use(it.handledMsg)
    use(it.type)
    use(it.applicationType)
    use(it.handleStatus)
    use(it.handleResult)
}

fun makeV2TIMGroupApplication() = V2TIMGroupApplication()

fun properties(it: V2TIMGroupApplicationResult) {
    use(it.unreadCount)
    use(it.groupApplicationList)
}

fun makeV2TIMGroupApplicationResult() = V2TIMGroupApplicationResult()

fun properties(it: V2TIMGroupSearchParam) {
    it.keywordList = it.keywordList
    it.isSearchGroupID = it.isSearchGroupID
    it.isSearchGroupName = it.isSearchGroupName
}

fun makeV2TIMGroupSearchParam() = V2TIMGroupSearchParam()

fun properties(it: V2TIMGroupMemberSearchParam) {
    it.groupIDList = it.groupIDList
    it.keywordList = it.keywordList
    it.isSearchMemberUserID = it.isSearchMemberUserID
    it.isSearchMemberNickName = it.isSearchMemberNickName
    it.isSearchMemberRemark = it.isSearchMemberRemark
    it.isSearchMemberNameCard = it.isSearchMemberNameCard
}

fun makeV2TIMGroupMemberSearchParam() = V2TIMGroupMemberSearchParam()

fun properties(it: V2TIMUserInfo) {
    it.userID = it.userID
    it.nickName = it.nickName
    it.faceUrl = it.faceUrl
}

fun makeV2TIMUserInfo() = V2TIMUserInfo()

fun properties(it: V2TIMUserFullInfo) {
    it.selfSignature = it.selfSignature
    it.gender = it.gender
    it.role = it.role
    it.level = it.level
    it.allowType = it.allowType
    it.birthday = it.birthday
    it.customInfo = it.customInfo
    it.userID = it.userID
    it.nickName = it.nickName
    it.faceUrl = it.faceUrl
}

fun makeV2TIMUserFullInfo() = V2TIMUserFullInfo()

fun properties(it: V2TIMUserStatus) {
    use(it.userID)
    use(it.statusType)
    it.customStatus = it.customStatus
}

fun makeV2TIMUserStatus() = V2TIMUserStatus()

fun properties(it: V2TIMFriendInfo) {
    it.userID = it.userID
    it.friendRemark = it.friendRemark
    it.friendCustomInfo = it.friendCustomInfo
    use(it.friendGroups)
    use(it.userProfile)
}

fun makeV2TIMFriendInfo() = V2TIMFriendInfo()

fun properties(it: V2TIMFriendInfoResult) {
    use(it.resultCode)
    use(it.resultInfo)
    use(it.relation)
    use(it.friendInfo)
}

fun makeV2TIMFriendInfoResult() = V2TIMFriendInfoResult()

fun properties(it: V2TIMFriendAddApplication) {
    it.userID = it.userID
    it.friendRemark = it.friendRemark
    it.friendGroup = it.friendGroup
    it.addWording = it.addWording
    it.addSource = it.addSource
    it.addType = it.addType
}

fun properties(it: V2TIMFriendApplication) {
    use(it.userID)
    use(it.nickname)
    use(it.faceUrl)
    use(it.addTime)
    use(it.addSource)
    use(it.addWording)
    use(it.type)
}

fun makeV2TIMFriendApplication() = V2TIMFriendApplication()

fun properties(it: V2TIMFriendApplicationResult) {
    use(it.unreadCount)
    use(it.friendApplicationList)
}

fun makeV2TIMFriendApplicationResult() = V2TIMFriendApplicationResult()

fun properties(it: V2TIMFriendOperationResult) {
    use(it.userID)
    use(it.resultCode)
    use(it.resultInfo)
}

fun makeV2TIMFriendOperationResult() = V2TIMFriendOperationResult()

fun properties(it: V2TIMFriendCheckResult) {
    use(it.userID)
    use(it.resultCode)
    use(it.resultInfo)
    use(it.resultType)
}

fun makeV2TIMFriendCheckResult() = V2TIMFriendCheckResult()

fun properties(it: V2TIMFriendGroup) {
    use(it.name)
    use(it.friendCount)
    use(it.friendIDList)
}

fun makeV2TIMFriendGroup() = V2TIMFriendGroup()

fun properties(it: V2TIMFriendSearchParam) {
    it.keywordList = it.keywordList
    it.isSearchUserID = it.isSearchUserID
    it.isSearchNickName = it.isSearchNickName
    it.isSearchRemark = it.isSearchRemark
}

fun makeV2TIMFriendSearchParam() = V2TIMFriendSearchParam()

fun properties(it: V2TIMSignalingInfo) {
    it.inviteID = it.inviteID
    it.groupID = it.groupID
    it.inviter = it.inviter
    it.inviteeList = it.inviteeList
    it.data = it.data
    it.timeout = it.timeout
    it.actionType = it.actionType
    it.businessID = it.businessID
    use(it.offlinePushInfo)
}

fun makeV2TIMSignalingInfo() = V2TIMSignalingInfo()

fun properties(it: V2TIMOfflinePushConfig) {
    it.businessID = it.businessID
    it.token = it.token
    it.isTPNSToken = it.isTPNSToken
}

fun properties(it: V2TIMManager) {
    use(it.version)
    use(it.serverTime)
    use(it.loginUser)
    use(it.loginStatus)
}

fun properties(it: V2TIMElem) {
    use(it.nextElem)
}

fun makeV2TIMElem() = V2TIMElem()

fun properties(it: V2TIMElem.V2ProgressInfo) {
    use(it.currentSize)
    use(it.totalSize)
}

fun properties(it: V2TIMImageElem) {
    use(it.path)
    use(it.imageList)
    use(it.nextElem)
}

fun makeV2TIMImageElem() = V2TIMImageElem()

fun properties(it: V2TIMImageElem.V2TIMImage) {
    use(it.uuid)
    use(it.type)
    use(it.size)
    use(it.width)
    use(it.height)
    use(it.url)
}

fun makeV2TIMImageElemV2TIMImage() = V2TIMImageElem.V2TIMImage()

fun makecomtencentimsdkBaseConstants() = com.tencent.imsdk.BaseConstants()

fun makecomtencentimsdkcommonIMLog() = com.tencent.imsdk.common.IMLog()

fun makecomtencentimsdkmessageMessageOfflinePushInfo() = com.tencent.imsdk.message.MessageOfflinePushInfo()

fun makecomtencentimsdkgroupGroupMemberInfo() = com.tencent.imsdk.group.GroupMemberInfo()
