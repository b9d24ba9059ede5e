package com.tencent.imsdk.v2;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The messages that listeners were told of lately: after a broken connection the gateway repeats what it does not know to
 * have arrived.
 *
 * <p>It asks for a receipt after 64 pushes, so what it repeats is among the last few hundred.
 */
final class Seen {
    private static final int MOST = 4096;

    private final Map<String, Boolean> keys = new LinkedHashMap<String, Boolean>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MOST;
        }
    };

    /** Whether it is new; it is not from now on. */
    boolean add(String key) {
        return keys.put(key, Boolean.TRUE) == null;
    }

    void clear() {
        keys.clear();
    }
}
