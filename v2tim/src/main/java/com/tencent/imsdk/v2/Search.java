package com.tencent.imsdk.v2;

import java.util.List;
import java.util.Locale;

/** Finds words in what is known here. */
final class Search {
    private Search() {
    }

    static boolean hasAny(String text, List<String> words) {
        String lower = text == null ? "" : text.toLowerCase(Locale.ROOT);
        for (String word : words) {
            if (lower.contains(word.toLowerCase(Locale.ROOT))) {
                return true;
            }
        }
        return false;
    }
}
