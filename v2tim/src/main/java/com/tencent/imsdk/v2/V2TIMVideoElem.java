package com.tencent.imsdk.v2;

/** A video with a snapshot of it. */
public class V2TIMVideoElem extends V2TIMElem {
    private static final long serialVersionUID = 1L;

    String videoPath;
    String videoUUID;
    int videoSize;
    int duration;
    String videoType;
    String snapshotPath;
    String snapshotUUID;
    int snapshotSize;
    int snapshotWidth;
    int snapshotHeight;
    String videoUrl;
    String snapshotUrl;

    public V2TIMVideoElem() {
    }

    /** The file on this device; only in messages that were made here. */
    public String getVideoPath() {
        return videoPath;
    }

    public String getVideoUUID() {
        return videoUUID;
    }

    /** Bytes. */
    public int getVideoSize() {
        return videoSize;
    }

    /** Seconds. */
    public int getDuration() {
        return duration;
    }

    /** The file's ending, as "mp4". */
    public String getVideoType() {
        return videoType;
    }

    /** The file on this device; only in messages that were made here. */
    public String getSnapshotPath() {
        return snapshotPath;
    }

    public String getSnapshotUUID() {
        return snapshotUUID;
    }

    /** Bytes. */
    public int getSnapshotSize() {
        return snapshotSize;
    }

    public int getSnapshotWidth() {
        return snapshotWidth;
    }

    public int getSnapshotHeight() {
        return snapshotHeight;
    }

    /** Asks for the address to download the video from. */
    public void getVideoUrl(V2TIMValueCallback<String> callback) {
        NotServed.VIDEO_GET_VIDEO_URL.answer(callback);
    }

    /** Asks for the address to download the snapshot from. */
    public void getSnapshotUrl(V2TIMValueCallback<String> callback) {
        NotServed.VIDEO_GET_SNAPSHOT_URL.answer(callback);
    }

    /** Downloads the video to {@code path}. */
    public void downloadVideo(String path, V2TIMDownloadCallback callback) {
        NotServed.VIDEO_DOWNLOAD_VIDEO.answer(callback);
    }

    /** Downloads the snapshot to {@code path}. */
    public void downloadSnapshot(String path, V2TIMDownloadCallback callback) {
        NotServed.VIDEO_DOWNLOAD_SNAPSHOT.answer(callback);
    }

    @Override
    public String toString() {
        return "V2TIMVideoElem{videoUUID=" + videoUUID
            + ", videoSize=" + videoSize
            + ", duration=" + duration
            + ", videoType=" + videoType
            + ", snapshotUUID=" + snapshotUUID
            + ", snapshotSize=" + snapshotSize
            + ", snapshotWidth=" + snapshotWidth
            + ", snapshotHeight=" + snapshotHeight
            + "}";
    }
}
