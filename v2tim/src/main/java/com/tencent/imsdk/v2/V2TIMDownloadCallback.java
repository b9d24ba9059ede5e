package com.tencent.imsdk.v2;

/** The answer to a download. */
public interface V2TIMDownloadCallback extends V2TIMCallback {
    /** How much of the file has arrived; never called after the answer. */
    void onProgress(V2TIMElem.V2ProgressInfo progressInfo);
}
