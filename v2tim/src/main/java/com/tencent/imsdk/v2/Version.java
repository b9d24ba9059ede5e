package com.tencent.imsdk.v2;

/** The version of this library, the same as the gateway's; a test holds it to the POM. */
final class Version {
    static final String NAME = "0.1.0";

    private Version() {
    }
}
