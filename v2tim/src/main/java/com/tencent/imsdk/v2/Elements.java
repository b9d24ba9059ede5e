package com.tencent.imsdk.v2;

import java.util.List;
import org.json.JSONArray;
import org.json.JSONObject;
import timgate.Codes;
import timgate.session.Refusal;
import timgate.wire.Json;
import timgate.wire.Utf8;

/** The elements of messages, there and back. */
final class Elements {
    private Elements() {
    }

    // ---- from the wire

    /** Fills the message with its elements: the first is the message's, those after it hang on it. */
    static void read(V2TIMMessage message, List<JSONObject> body) {
        V2TIMElem first = null;
        for (JSONObject item : body) {
            JSONObject content = Json.object(item, "MsgContent");
            V2TIMMessage target = first == null ? message : new V2TIMMessage();
            V2TIMElem elem = read(target, Json.text(item, "MsgType"), content);
            if (elem == null) {
                continue;
            }
            if (first == null) {
                first = elem;
            } else {
                first.appendElem(elem);
            }
        }
    }

    /** One that this version does not know is left out: a message of none has the type NONE. */
    private static V2TIMElem read(V2TIMMessage message, String type, JSONObject content) {
        if (type.equals("TIMTextElem")) {
            message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_TEXT;
            message.textElem = new V2TIMTextElem();
            message.textElem.text = Json.text(content, "Text");
            return message.textElem;
        }
        if (type.equals("TIMCustomElem")) {
            message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_CUSTOM;
            message.customElem = new V2TIMCustomElem();
            message.customElem.data = Utf8.bytes(Json.text(content, "Data"));
            message.customElem.description = Json.text(content, "Desc");
            message.customElem.extension = Utf8.bytes(Json.text(content, "Ext"));
            return message.customElem;
        }
        if (type.equals("TIMFaceElem")) {
            message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_FACE;
            message.faceElem = new V2TIMFaceElem();
            message.faceElem.index = Json.integer(content, "Index");
            message.faceElem.data = Utf8.bytes(Json.text(content, "Data"));
            return message.faceElem;
        }
        if (type.equals("TIMLocationElem")) {
            message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_LOCATION;
            message.locationElem = new V2TIMLocationElem();
            message.locationElem.desc = Json.text(content, "Desc");
            message.locationElem.longitude = Json.decimal(content, "Longitude");
            message.locationElem.latitude = Json.decimal(content, "Latitude");
            return message.locationElem;
        }
        return Media.read(message, type, content);
    }

    // ---- to the wire

    /** The body of a message that is to be sent. */
    static JSONArray write(V2TIMMessage message) throws Refusal {
        JSONArray body = new JSONArray();
        body.put(first(message));
        V2TIMElem elem = head(message).getNextElem();
        while (elem != null) {
            body.put(write(elem));
            elem = elem.getNextElem();
        }
        return body;
    }

    private static V2TIMElem head(V2TIMMessage message) throws Refusal {
        V2TIMElem[] all = {message.textElem, message.customElem, message.faceElem, message.locationElem};
        for (V2TIMElem elem : all) {
            if (elem != null) {
                return elem;
            }
        }
        throw Media.isIn(message) ? Media.notServed() : Check.wrong("sendMessage: the message", "has no element");
    }

    private static JSONObject first(V2TIMMessage message) throws Refusal {
        return write(head(message));
    }

    private static JSONObject write(V2TIMElem elem) throws Refusal {
        if (elem instanceof V2TIMTextElem) {
            String text = ((V2TIMTextElem) elem).text;
            if (Check.isEmpty(text)) {
                throw Check.wrong("sendMessage: the text", "is empty");
            }
            return item("TIMTextElem", Json.object("Text", whole("the text", text)));
        }
        if (elem instanceof V2TIMCustomElem) {
            V2TIMCustomElem custom = (V2TIMCustomElem) elem;
            String data = text("data", custom.data);
            String extension = text("extension", custom.extension);
            String description = custom.description == null ? "" : custom.description;
            if (data.isEmpty() && extension.isEmpty() && description.isEmpty()) {
                throw Check.wrong("sendMessage: the custom element", "is empty; give data");
            }
            return item("TIMCustomElem", Json.object("Data", data, "Desc", whole("the description", description), "Ext", extension));
        }
        if (elem instanceof V2TIMFaceElem) {
            V2TIMFaceElem face = (V2TIMFaceElem) elem;
            return item("TIMFaceElem", Json.object("Index", face.index, "Data", text("data", face.data)));
        }
        if (elem instanceof V2TIMLocationElem) {
            V2TIMLocationElem location = (V2TIMLocationElem) elem;
            if (isNoNumber(location.longitude) || isNoNumber(location.latitude)) {
                throw Check.wrong("sendMessage: the location", "is no number; give degrees");
            }
            return item("TIMLocationElem", Json.object("Desc", location.desc == null ? "" : whole("the description", location.desc),
                "Longitude", location.longitude, "Latitude", location.latitude));
        }
        throw Media.notServed();
    }

    private static boolean isNoNumber(double value) {
        return Double.isNaN(value) || Double.isInfinite(value);
    }

    private static JSONObject item(String type, JSONObject content) {
        return Json.object("MsgType", type, "MsgContent", content);
    }

    private static String text(String what, byte[] bytes) throws Refusal {
        String text = Utf8.text(bytes);
        if (text == null) {
            throw new Refusal(Codes.INVALID_PARAMETERS, "sendMessage: the " + what
                + " is no UTF-8; web users could not read it, and nothing was sent. Encode it as a text, in Base64 for example");
        }
        return text;
    }

    private static String whole(String what, String text) throws Refusal {
        if (!Utf8.isWhole(text)) {
            throw Check.wrong("sendMessage: " + what, "has half of a character in it (a surrogate alone)");
        }
        return text;
    }
}
