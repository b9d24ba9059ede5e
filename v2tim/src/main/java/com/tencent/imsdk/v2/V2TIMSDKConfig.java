package com.tencent.imsdk.v2;

/** How the library is to run. */
public class V2TIMSDKConfig {
    /** No log. */
    public static final int V2TIM_LOG_NONE = 0;

    /** Everything, for the search of an error. */
    public static final int V2TIM_LOG_DEBUG = 3;

    /** What happens, a line each. */
    public static final int V2TIM_LOG_INFO = 4;

    /** What went wrong and was mended. */
    public static final int V2TIM_LOG_WARN = 5;

    /** What went wrong. */
    public static final int V2TIM_LOG_ERROR = 6;

    int logLevel = V2TIM_LOG_INFO;
    V2TIMLogListener logListener;

    public V2TIMSDKConfig() {
    }

    public int getLogLevel() {
        return logLevel;
    }

    public void setLogLevel(int logLevel) {
        this.logLevel = logLevel;
    }

    public V2TIMLogListener getLogListener() {
        return logListener;
    }

    public void setLogListener(V2TIMLogListener logListener) {
        this.logListener = logListener;
    }

    @Override
    public String toString() {
        return "V2TIMSDKConfig{logLevel=" + logLevel + "}";
    }
}
