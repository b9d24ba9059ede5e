package sample

import org.java_websocket.client.WebSocketClient
import org.java_websocket.handshake.ServerHandshake
import org.json.JSONObject
import java.net.URI

/** The app's WebSocket of former days beside the library: the same gateway and, by its settings, the same room. */
class OldChat(address: String, private val user: String) : WebSocketClient(URI("$address/imserver/$user")) {
    init {
        isDaemon = true
    }

    fun say(text: String) = send(JSONObject().put("message", text).put("fundName", user).put("imgUrl", "").put("time", "").toString())

    override fun onOpen(handshake: ServerHandshake?) = println("* the old chat is open")

    override fun onMessage(message: String?) {
        val json = runCatching { JSONObject(message.orEmpty()) }.getOrNull() ?: return
        println("o ${json.optString("fundName")}: ${json.optString("message")}")
    }

    override fun onClose(code: Int, reason: String?, remote: Boolean) = Unit

    override fun onError(error: Exception?) = println("* the old chat: ${error?.message}")
}
