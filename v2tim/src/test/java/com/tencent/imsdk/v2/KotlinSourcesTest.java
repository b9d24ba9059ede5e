package com.tencent.imsdk.v2;

import java.io.IOException;
import java.util.Map;

import org.junit.jupiter.api.Test;

/** The Kotlin that is compiled with the tests is made from the list of the API. */
class KotlinSourcesTest {
    @Test
    void areMadeFromTheListing() throws IOException {
        for (Map.Entry<String, String> file : new KotlinSources(Listing.read()).files().entrySet()) {
            Derived.check("src/test/kotlin/timgate/compiles/" + file.getKey(), file.getValue());
        }
    }
}
