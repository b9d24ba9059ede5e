package com.tencent.imsdk.v2;

import java.util.List;
import java.util.Locale;
import timgate.session.Refusal;

/** Finds words in what is known here. */
final class Search {
    private static final int MOST_WORDS = 5;

    private Search() {
    }

    static List<String> words(String call, List<String> keywords) throws Refusal {
        return Check.list(call + ": the keywords", keywords, MOST_WORDS);
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
