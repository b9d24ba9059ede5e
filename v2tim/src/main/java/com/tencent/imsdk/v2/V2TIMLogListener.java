package com.tencent.imsdk.v2;

/** Receives the library's log lines. Subclasses override what they need. */
public abstract class V2TIMLogListener {
    /** A line of the log, with one of the levels of {@link V2TIMSDKConfig}. */
    public void onLog(int logLevel, String logContent) {
    }
}
