package com.tencent.imsdk.v2;

/** A voice message. */
public class V2TIMSoundElem extends V2TIMElem {
    private static final long serialVersionUID = 1L;

    String path;
    String uuid;
    int dataSize;
    int duration;
    String url;

    public V2TIMSoundElem() {
    }

    /** The file on this device; only in messages that were made here. */
    public String getPath() {
        return path;
    }

    public String getUUID() {
        return uuid;
    }

    /** Bytes. */
    public int getDataSize() {
        return dataSize;
    }

    /** Seconds. */
    public int getDuration() {
        return duration;
    }

    /** Asks for the address to download from. */
    public void getUrl(V2TIMValueCallback<String> callback) {
        NotServed.SOUND_GET_URL.answer(callback);
    }

    /** Downloads the file to {@code path}. */
    public void downloadSound(String path, V2TIMDownloadCallback callback) {
        NotServed.SOUND_DOWNLOAD_SOUND.answer(callback);
    }

    @Override
    public String toString() {
        return "V2TIMSoundElem{uuid=" + uuid + ", dataSize=" + dataSize + ", duration=" + duration + "}";
    }
}
