package com.tencent.imsdk.v2;

import java.util.concurrent.atomic.AtomicBoolean;
import timgate.Codes;
import timgate.Log;
import timgate.loop.Callbacks;
import timgate.session.Refusal;

/**
 * What an app is told of a call: once, whatever is reported how often, and on the callback thread.
 *
 * <p>The app's own callback may be null; the call is made all the same.
 */
abstract class Reply<T> {
    private static final Callbacks CALLBACKS = new Callbacks();

    private final AtomicBoolean isGiven = new AtomicBoolean();

    static Callbacks callbacks() {
        return CALLBACKS;
    }

    static Reply<Void> of(final V2TIMCallback callback) {
        return new Reply<Void>() {
            @Override
            void tell(Void nothing) {
                if (callback != null) {
                    callback.onSuccess();
                }
            }

            @Override
            void tell(int code, String text) {
                if (callback != null) {
                    callback.onError(code, text);
                }
            }
        };
    }

    static <T> Reply<T> of(final V2TIMValueCallback<T> callback) {
        return new Reply<T>() {
            @Override
            void tell(T value) {
                if (callback != null) {
                    callback.onSuccess(value);
                }
            }

            @Override
            void tell(int code, String text) {
                if (callback != null) {
                    callback.onError(code, text);
                }
            }
        };
    }

    abstract void tell(T value);

    abstract void tell(int code, String text);

    final void succeed(final T value) {
        if (isGiven.compareAndSet(false, true)) {
            CALLBACKS.post(new Runnable() {
                @Override
                public void run() {
                    tell(value);
                }
            });
        }
    }

    final void fail(final int code, final String text) {
        if (isGiven.compareAndSet(false, true)) {
            CALLBACKS.post(new Runnable() {
                @Override
                public void run() {
                    tell(code, text);
                }
            });
        }
    }

    final void fail(Refusal refusal) {
        fail(refusal.code, refusal.text);
    }

    /** A mistake of the library is an answer too: no callback is lost for it. */
    final void fail(RuntimeException fault) {
        Log.error("a fault in the library", fault);
        fail(Codes.INVALID_OPERATION, "a fault in the library, please report it: " + fault);
    }
}
