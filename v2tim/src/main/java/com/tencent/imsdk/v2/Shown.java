package com.tencent.imsdk.v2;

import java.util.List;

/** Shows in a {@code toString} how much there is of something that is not for logs. */
final class Shown {
    private Shown() {
    }

    static String size(byte[] bytes) {
        return bytes == null ? "null" : bytes.length + " bytes";
    }

    static String size(String text) {
        return text == null ? "null" : text.length() + " chars";
    }

    static String size(List<?> list) {
        return list == null ? "null" : list.size() + " items";
    }
}
