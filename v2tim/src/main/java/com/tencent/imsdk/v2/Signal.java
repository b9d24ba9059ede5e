package com.tencent.imsdk.v2;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;

import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** The JSON in a custom message that makes a signal of it. */
final class Signal {
    private static final Charset UTF_8 = Charset.forName("UTF-8");

    private Signal() {
    }

    /** The signal in a message; null when it is some other message, whatever its bytes are. */
    static V2TIMSignalingInfo in(V2TIMMessage message) {
        if (message == null || message.customElem == null || message.customElem.data == null) {
            return null;
        }
        JSONObject json = object(message.customElem.data);
        if (json == null || json.optString("inviteID", "").isEmpty() || json.optInt("actionType", 0) == 0) {
            return null;
        }
        V2TIMSignalingInfo info = new V2TIMSignalingInfo();
        info.businessID = json.optInt("businessID", 0);
        info.inviteID = json.optString("inviteID", "");
        info.inviter = json.optString("inviter", "");
        info.inviteeList = strings(json.optJSONArray("inviteeList"));
        info.groupID = json.optString("groupID", "");
        info.data = json.optString("data", "");
        info.timeout = json.optInt("timeout", 0);
        info.actionType = json.optInt("actionType", 0);
        return info;
    }

    private static JSONObject object(byte[] data) {
        // Most custom messages are no objects; they are not worth an exception each.
        if (data.length == 0 || data[0] != '{') {
            return null;
        }
        try {
            return new JSONObject(UTF_8.newDecoder().decode(ByteBuffer.wrap(data)).toString());
        } catch (CharacterCodingException noText) {
            return null;
        } catch (JSONException noObject) {
            return null;
        } catch (StackOverflowError nestedByAnAttacker) {
            // org.json reads by recursion, and anybody may send brackets in brackets.
            return null;
        }
    }

    private static List<String> strings(JSONArray array) {
        List<String> strings = new ArrayList<String>();
        for (int i = 0; array != null && i < array.length(); i++) {
            strings.add(array.optString(i, ""));
        }
        return strings;
    }
}
