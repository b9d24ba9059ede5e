package sample

import com.tencent.imsdk.v2.V2TIMAdvancedMsgListener
import com.tencent.imsdk.v2.V2TIMCallback
import com.tencent.imsdk.v2.V2TIMCreateGroupMemberInfo
import com.tencent.imsdk.v2.V2TIMGroupInfo
import com.tencent.imsdk.v2.V2TIMManager
import com.tencent.imsdk.v2.V2TIMMessage
import com.tencent.imsdk.v2.V2TIMSDKConfig
import com.tencent.imsdk.v2.V2TIMSDKListener
import com.tencent.imsdk.v2.V2TIMSendCallback
import com.tencent.imsdk.v2.V2TIMValueCallback
import org.json.JSONObject
import java.net.URL
import kotlin.system.exitProcess

private const val GROUP = "meeting1"
private const val PAGE = 5
private val USERS = listOf("amy", "ben", "cora")

/** A chat of one room at the console: what a small app does with the library, without its screens. */
fun main(args: Array<String>) {
    val chat = Chat(System.getProperty("timgate.url"), args[0].toInt())
    chat.start()
    println("choose: 1, 2, 3 logs ${USERS.joinToString()} in; say TEXT; old TEXT says it in the old chat; more reads older messages; quit")
    for (line in generateSequence(::readLine)) {
        val (word, rest) = line.split(' ', limit = 2).let { it[0] to it.getOrElse(1) { "" } }
        when (word) {
            "1", "2", "3" -> chat.enterAs(USERS[word.toInt() - 1])
            "say" -> chat.say(rest)
            "old" -> chat.sayInOldChat(rest)
            "more" -> chat.readOlder()
            "quit" -> break
            else -> println("? $line")
        }
    }
    V2TIMManager.getInstance().unInitSDK()
    exitProcess(0)
}

class Chat(private val address: String, private val appId: Int) {
    private var user = ""
    private var old: OldChat? = null

    /** The oldest message that was read: the next page ends before it. */
    private var lastMessage: V2TIMMessage? = null

    fun start() {
        val config = V2TIMSDKConfig()
        config.logLevel = V2TIMSDKConfig.V2TIM_LOG_WARN
        val isSetUp = V2TIMManager.getInstance().initSDK(null, appId, config, object : V2TIMSDKListener() {
            override fun onConnectSuccess() = println("* connected")
            override fun onConnectFailed(code: Int, error: String?) = println("* no connection: $code $error")
            override fun onKickedOffline() = println("* $user is logged in on another phone")
            override fun onUserSigExpired() = println("* the UserSig of $user has expired")
        })
        if (!isSetUp) exitProcess(2)
        V2TIMManager.getMessageManager().addAdvancedMsgListener(object : V2TIMAdvancedMsgListener() {
            override fun onRecvNewMessage(msg: V2TIMMessage) = show("<", msg)
        })
    }

    /** Logs in without logging out before, as the buttons of an app do. */
    fun enterAs(name: String) {
        val userSig = URL("${address.replaceFirst("ws", "http")}/imSig/$name/86400").readText().trim('"')
        V2TIMManager.getInstance().login(name, userSig, object : V2TIMCallback {
            override fun onSuccess() {
                user = name
                lastMessage = null
                println("* $user is logged in")
                enterGroup()
            }

            override fun onError(code: Int, desc: String?) = println("* the log-in of $name was refused: $code $desc")
        })
    }

    /** Makes the group, or joins it where it is there already. */
    private fun enterGroup() {
        val group = V2TIMGroupInfo()
        group.groupID = GROUP
        group.groupType = V2TIMManager.GROUP_TYPE_MEETING
        group.groupName = "The meeting"
        val owner = V2TIMCreateGroupMemberInfo()
        owner.setUserID(user)
        V2TIMManager.getGroupManager().createGroup(group, listOf(owner), object : V2TIMValueCallback<String> {
            override fun onSuccess(groupID: String) = entered()
            override fun onError(code: Int, desc: String?) = joinGroup()
        })
    }

    private fun joinGroup() {
        V2TIMManager.getInstance().joinGroup(GROUP, "hello", object : V2TIMCallback {
            override fun onSuccess() = entered()

            // 10013: they are a member since the last time.
            override fun onError(code: Int, desc: String?) = if (code == 10013) entered() else println("* $GROUP was not entered: $code $desc")
        })
    }

    private fun entered() {
        println("* $user is in $GROUP")
        old?.close()
        old = OldChat(address, user).apply { connect() }
    }

    fun say(text: String) {
        val json = JSONObject().put("message", text).put("fundName", user).put("imgUrl", "").put("time", "now").toString()
        val message = V2TIMManager.getMessageManager().createCustomMessage(json.toByteArray())
        V2TIMManager.getMessageManager().sendMessage(message, "", GROUP, 1, false, null, object : V2TIMSendCallback<V2TIMMessage> {
            override fun onSuccess(sent: V2TIMMessage) = show(">", sent)
            override fun onError(code: Int, desc: String?) = println("* not sent: $code $desc")
            override fun onProgress(progress: Int) = Unit
        })
    }

    fun sayInOldChat(text: String) {
        old?.say(text) ?: println("* log in first")
    }

    fun readOlder() {
        V2TIMManager.getMessageManager().getGroupHistoryMessageList(GROUP, PAGE, lastMessage, object : V2TIMValueCallback<List<V2TIMMessage>> {
            override fun onSuccess(list: List<V2TIMMessage>) {
                list.forEach { show("-", it) }
                println("* ${list.size} older messages")
                if (list.isNotEmpty()) lastMessage = list[list.size - 1]
            }

            override fun onError(code: Int, desc: String?) = println("* the history was not read: $code $desc")
        })
    }

    private fun show(mark: String, message: V2TIMMessage) {
        val text = when (message.elemType) {
            V2TIMMessage.V2TIM_ELEM_TYPE_TEXT -> message.textElem.text
            V2TIMMessage.V2TIM_ELEM_TYPE_CUSTOM -> textOf(String(message.customElem.data))
            else -> return
        }
        println("$mark ${message.sender}: $text [${message.msgID}]")
    }

    private fun textOf(data: String): String = runCatching { JSONObject(data).getString("message") }.getOrDefault(data)
}
