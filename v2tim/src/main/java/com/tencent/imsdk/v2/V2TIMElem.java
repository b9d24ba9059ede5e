package com.tencent.imsdk.v2;

import java.io.Serializable;

/**
 * A part of a message. A message has one element as a rule; further ones hang on it as a chain.
 */
public class V2TIMElem implements Serializable {
    private static final long serialVersionUID = 1L;

    /** How far a download has come, in bytes. */
    public static class V2ProgressInfo implements Serializable {
        private static final long serialVersionUID = 1L;

        private final long currentSize;
        private final long totalSize;

        public V2ProgressInfo(long currentSize, long totalSize) {
            this.currentSize = currentSize;
            this.totalSize = totalSize;
        }

        public long getCurrentSize() {
            return currentSize;
        }

        public long getTotalSize() {
            return totalSize;
        }

        @Override
        public String toString() {
            return "V2ProgressInfo{currentSize=" + currentSize + ", totalSize=" + totalSize + "}";
        }
    }

    V2TIMElem next;

    public V2TIMElem() {
    }

    /** The element that follows in the same message; null at the end. */
    public V2TIMElem getNextElem() {
        return next;
    }

    /** Puts an element, with what hangs on it, at the end of the chain; not when that would close a ring. */
    public void appendElem(V2TIMElem elem) {
        V2TIMElem last = this;
        while (last.next != null) {
            last = last.next;
        }
        for (V2TIMElem e = elem; e != null; e = e.next) {
            if (e == last) {
                return;
            }
        }
        last.next = elem;
    }
}
