package com.tencent.imsdk.v2;

/** The answer to the sending of a message. */
public interface V2TIMSendCallback<T> extends V2TIMValueCallback<T> {
    /** Percent of the upload, 0 to 100; called only for messages with a file, and never after the answer. */
    void onProgress(int progress);
}
