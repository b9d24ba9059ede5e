package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;

/**
 * A file in the tree that is made from something else, and is held to it.
 *
 * <p>{@code mvn test -Dderived=write} writes it anew after a change that is meant.
 */
final class Derived {
    private Derived() {
    }

    static void check(String file, String wanted) throws IOException {
        Path path = Paths.get(System.getProperty("basedir"), file);
        if ("write".equals(System.getProperty("derived"))) {
            Files.createDirectories(path.getParent());
            Files.write(path, wanted.getBytes(StandardCharsets.UTF_8));
            return;
        }
        String found = Files.exists(path) ? new String(Files.readAllBytes(path), StandardCharsets.UTF_8) : "";
        assertEquals(wanted, found, file + " is not what it is made from; mvn test -Dderived=write makes it anew");
    }
}
