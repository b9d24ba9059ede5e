package com.tencent.imsdk.v2;

/** Something to tell each listener of a kind. */
abstract class Tell<L> {
    abstract void to(L listener);
}
