package com.tencent.imsdk.v2;

import java.util.ArrayList;
import java.util.List;
import timgate.Codes;
import timgate.session.Refusal;

/** Looks at what an app gives, before anything is done with it. */
final class Check {
    private Check() {
    }

    static boolean isEmpty(String text) {
        return text == null || text.isEmpty();
    }

    static String text(String what, String text) throws Refusal {
        if (isEmpty(text)) {
            throw wrong(what, "is empty; give it");
        }
        return text;
    }

    /** A copy, so that what the app does with its list later changes nothing. */
    static <E> List<E> list(String what, List<E> list, int most) throws Refusal {
        if (list == null || list.isEmpty()) {
            throw wrong(what, "is empty; give at least one");
        }
        List<E> copy = new ArrayList<E>(list);
        if (copy.size() > most) {
            throw wrong(what, "has " + copy.size() + " items; give at most " + most);
        }
        if (copy.contains(null)) {
            throw wrong(what, "has a null in it");
        }
        return copy;
    }

    static <E> E given(String what, E value) throws Refusal {
        if (value == null) {
            throw wrong(what, "is null; give it");
        }
        return value;
    }

    static Refusal wrong(String what, String why) {
        return new Refusal(Codes.INVALID_PARAMETERS, what + " " + why);
    }
}
