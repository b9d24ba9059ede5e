package com.tencent.imsdk.v2;

/**
 * The answer to a call that has no value. Exactly one of the two methods is called, once, on the callback
 * thread.
 */
public interface V2TIMCallback {
    /** The call was carried out. */
    void onSuccess();

    /**
     * The call was not carried out; {@code code} is one of {@link com.tencent.imsdk.BaseConstants}, {@code
     * desc} a line for people.
     */
    void onError(int code, String desc);
}
