package com.tencent.imsdk.v2;

import java.util.Iterator;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Listeners in the order of their registration, each object once.
 *
 * <p>A loop over them goes over those of its beginning, so that a listener may remove itself while it is
 * called.
 */
final class Listeners<L> implements Iterable<L> {
    private final CopyOnWriteArrayList<L> all = new CopyOnWriteArrayList<L>();
    private L set;

    /** Null is not added: apps pass it where they have no listener. */
    void add(L listener) {
        if (listener != null) {
            all.addIfAbsent(listener);
        }
    }

    void remove(L listener) {
        all.remove(listener);
    }

    /** Keeps this listener in place of the one that was kept by this method before; null keeps none. */
    synchronized void set(L listener) {
        if (set != null) {
            all.remove(set);
        }
        set = listener;
        add(listener);
    }

    void clear() {
        all.clear();
    }

    /** Tells those who are registered when their turn on the callback thread comes; nothing where nobody is now. */
    void tell(final Tell<L> tell) {
        if (all.isEmpty()) {
            return;
        }
        Reply.callbacks().post(new Runnable() {
            @Override
            public void run() {
                RuntimeException thrown = null;
                for (L listener : all) {
                    try {
                        tell.to(listener);
                    } catch (RuntimeException ofTheApp) {
                        // The others are told all the same; then it ends the app as any other would.
                        thrown = ofTheApp;
                    }
                }
                if (thrown != null) {
                    throw thrown;
                }
            }
        });
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    @Override
    public Iterator<L> iterator() {
        return all.iterator();
    }
}
