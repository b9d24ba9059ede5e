package com.tencent.imsdk.v2;

/**
 * The answer to a call that hands over a value also when it fails, as a conflicting change of a message does.
 */
public interface V2TIMCompleteCallback<T> {
    /** The call has ended; {@code code} is 0 when it was carried out. */
    void onComplete(int code, String desc, T t);
}
