package com.tencent.imsdk.v2;

import java.util.ArrayList;
import org.json.JSONObject;
import timgate.Codes;
import timgate.session.Refusal;
import timgate.wire.Json;

/** Elements that are files: read, so that an app can show what web users sent; not sent, because nothing is uploaded. */
final class Media {
    private Media() {
    }

    /** The wire's numbers of the sizes of an image. */
    private static final int WIRE_LARGE = 2;
    private static final int WIRE_THUMB = 3;

    static V2TIMElem read(V2TIMMessage message, String type, JSONObject content) {
        if (type.equals("TIMImageElem")) {
            message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_IMAGE;
            message.imageElem = image(content);
            return message.imageElem;
        }
        if (type.equals("TIMSoundElem")) {
            message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_SOUND;
            V2TIMSoundElem sound = message.soundElem = new V2TIMSoundElem();
            sound.uuid = Json.text(content, "UUID");
            sound.dataSize = Json.integer(content, "Size");
            sound.duration = Json.integer(content, "Second");
            sound.url = Json.text(content, "Url");
            return sound;
        }
        if (type.equals("TIMFileElem")) {
            message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_FILE;
            V2TIMFileElem file = message.fileElem = new V2TIMFileElem();
            file.uuid = Json.text(content, "UUID");
            file.fileName = Json.text(content, "FileName");
            file.fileSize = Json.integer(content, "FileSize");
            file.url = Json.text(content, "Url");
            return file;
        }
        if (type.equals("TIMVideoFileElem")) {
            message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_VIDEO;
            V2TIMVideoElem video = message.videoElem = new V2TIMVideoElem();
            video.videoUUID = Json.text(content, "VideoUUID");
            video.videoSize = Json.integer(content, "VideoSize");
            video.duration = Json.integer(content, "VideoSecond");
            video.videoType = Json.text(content, "VideoFormat");
            video.videoUrl = Json.text(content, "VideoUrl");
            video.snapshotUUID = Json.text(content, "ThumbUUID");
            video.snapshotSize = Json.integer(content, "ThumbSize");
            video.snapshotWidth = Json.integer(content, "ThumbWidth");
            video.snapshotHeight = Json.integer(content, "ThumbHeight");
            video.snapshotUrl = Json.text(content, "ThumbUrl");
            return video;
        }
        if (type.equals("TIMRelayElem")) {
            message.elemType = V2TIMMessage.V2TIM_ELEM_TYPE_MERGER;
            V2TIMMergerElem merger = message.mergerElem = new V2TIMMergerElem();
            merger.title = Json.text(content, "Title");
            merger.abstractList = Json.texts(content, "AbstractList");
            merger.compatibleText = Json.text(content, "CompatibleText");
            merger.layersOverLimit = Json.flag(content, "LayersOverLimit");
            merger.downloadKey = Json.text(content, "JsonMsgKey");
            return merger;
        }
        return null;
    }

    private static V2TIMImageElem image(JSONObject content) {
        V2TIMImageElem image = new V2TIMImageElem();
        image.imageList = new ArrayList<V2TIMImageElem.V2TIMImage>();
        for (JSONObject item : Json.objects(content, "ImageInfoArray")) {
            V2TIMImageElem.V2TIMImage size = new V2TIMImageElem.V2TIMImage();
            size.uuid = Json.text(content, "UUID");
            size.type = imageType(Json.integer(item, "Type"));
            size.size = Json.integer(item, "Size");
            size.width = Json.integer(item, "Width");
            size.height = Json.integer(item, "Height");
            size.url = Json.text(item, "URL");
            image.imageList.add(size);
        }
        return image;
    }

    private static int imageType(int ofWire) {
        return ofWire == WIRE_THUMB ? V2TIMImageElem.V2TIM_IMAGE_TYPE_THUMB
            : ofWire == WIRE_LARGE ? V2TIMImageElem.V2TIM_IMAGE_TYPE_LARGE : V2TIMImageElem.V2TIM_IMAGE_TYPE_ORIGIN;
    }

    static boolean isIn(V2TIMMessage message) {
        return message.imageElem != null || message.soundElem != null || message.videoElem != null
            || message.fileElem != null || message.mergerElem != null;
    }

    static Refusal notServed() {
        return new Refusal(Codes.NOT_SUPPORTED, "sendMessage: files and merged messages are not sent by this version of the library;"
            + " nothing was sent. Put an address into a custom message instead");
    }
}
