package com.tencent.imsdk.v2;

/** A file. */
public class V2TIMFileElem extends V2TIMElem {
    private static final long serialVersionUID = 1L;

    String path;
    String uuid;
    String fileName;
    int fileSize;
    String url;

    public V2TIMFileElem() {
    }

    /** The file on this device; only in messages that were made here. */
    public String getPath() {
        return path;
    }

    public String getUUID() {
        return uuid;
    }

    public String getFileName() {
        return fileName;
    }

    /** Bytes. */
    public int getFileSize() {
        return fileSize;
    }

    /** Asks for the address to download from. */
    public void getUrl(V2TIMValueCallback<String> callback) {
        NotServed.FILE_GET_URL.answer(callback);
    }

    /** Downloads the file to {@code path}. */
    public void downloadFile(String path, V2TIMDownloadCallback callback) {
        NotServed.FILE_DOWNLOAD_FILE.answer(callback);
    }

    @Override
    public String toString() {
        return "V2TIMFileElem{uuid=" + uuid + ", fileSize=" + fileSize + "}";
    }
}
