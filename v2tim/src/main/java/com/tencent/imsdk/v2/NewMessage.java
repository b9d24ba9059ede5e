package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;

/** Makes messages that have not been sent. */
final class NewMessage {
    private NewMessage() {
    }

    static V2TIMMessage text(String text) {
        V2TIMMessage message = new V2TIMMessage();
        message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_TEXT;
        message.textElem = new V2TIMTextElem();
        message.textElem.text = text;
        return message;
    }

    static V2TIMMessage textAt(String text, List<String> atUserList) {
        V2TIMMessage message = text(text);
        message.groupAtUserList = copy(atUserList);
        return message;
    }

    static V2TIMMessage custom(byte[] data) {
        return custom(data, null, null);
    }

    static V2TIMMessage custom(byte[] data, String description, byte[] extension) {
        V2TIMMessage message = new V2TIMMessage();
        message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_CUSTOM;
        message.customElem = new V2TIMCustomElem();
        message.customElem.data = data;
        message.customElem.description = description;
        message.customElem.extension = extension;
        return message;
    }

    static V2TIMMessage image(String imagePath) {
        V2TIMMessage message = new V2TIMMessage();
        message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_IMAGE;
        message.imageElem = new V2TIMImageElem();
        message.imageElem.path = imagePath;
        return message;
    }

    static V2TIMMessage sound(String soundPath, int duration) {
        V2TIMMessage message = new V2TIMMessage();
        message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_SOUND;
        message.soundElem = new V2TIMSoundElem();
        message.soundElem.path = soundPath;
        message.soundElem.duration = duration;
        return message;
    }

    static V2TIMMessage video(String videoFilePath, String type, int duration, String snapshotPath) {
        V2TIMMessage message = new V2TIMMessage();
        message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_VIDEO;
        message.videoElem = new V2TIMVideoElem();
        message.videoElem.videoPath = videoFilePath;
        message.videoElem.videoType = type;
        message.videoElem.duration = duration;
        message.videoElem.snapshotPath = snapshotPath;
        return message;
    }

    static V2TIMMessage file(String filePath, String fileName) {
        V2TIMMessage message = new V2TIMMessage();
        message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_FILE;
        message.fileElem = new V2TIMFileElem();
        message.fileElem.path = filePath;
        message.fileElem.fileName = fileName;
        return message;
    }

    static V2TIMMessage location(String desc, double longitude, double latitude) {
        V2TIMMessage message = new V2TIMMessage();
        message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_LOCATION;
        message.locationElem = new V2TIMLocationElem();
        message.locationElem.desc = desc;
        message.locationElem.longitude = longitude;
        message.locationElem.latitude = latitude;
        return message;
    }

    static V2TIMMessage face(int index, byte[] data) {
        V2TIMMessage message = new V2TIMMessage();
        message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_FACE;
        message.faceElem = new V2TIMFaceElem();
        message.faceElem.index = index;
        message.faceElem.data = data;
        return message;
    }

    static V2TIMMessage merger(List<V2TIMMessage> messageList, String title, List<String> abstractList,
            String compatibleText) {
        V2TIMMessage message = new V2TIMMessage();
        message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_MERGER;
        message.mergerElem = new V2TIMMergerElem();
        message.mergerElem.messages = copy(messageList);
        message.mergerElem.title = title;
        message.mergerElem.abstractList = copy(abstractList);
        message.mergerElem.compatibleText = compatibleText;
        return message;
    }

    /** A new message with the same element; what else the original carried is its own. Null of null. */
    static V2TIMMessage forward(V2TIMMessage original) {
        if (original == null) {
            return null;
        }
        V2TIMMessage message = new V2TIMMessage();
        message.forwarded = true;
        message.elemType = original.elemType;
        message.textElem = original.textElem;
        message.customElem = original.customElem;
        message.imageElem = original.imageElem;
        message.soundElem = original.soundElem;
        message.videoElem = original.videoElem;
        message.fileElem = original.fileElem;
        message.locationElem = original.locationElem;
        message.faceElem = original.faceElem;
        message.mergerElem = original.mergerElem;
        return message;
    }

    /** The same message, for these members only. */
    static V2TIMMessage targeted(V2TIMMessage message, List<String> receiverList) {
        if (message != null) {
            message.targetMembers = copy(receiverList);
        }
        return message;
    }

    /** The same message, naming these members. */
    static V2TIMMessage atSigned(V2TIMMessage message, List<String> atUserList) {
        if (message != null) {
            message.groupAtUserList = copy(atUserList);
        }
        return message;
    }

    /** The app's list may change after the call; the message must not. */
    private static <T> List<T> copy(List<T> list) {
        return list == null ? new ArrayList<T>() : new ArrayList<T>(list);
    }
}
