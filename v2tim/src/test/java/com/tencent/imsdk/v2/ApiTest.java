package com.tencent.imsdk.v2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The class files hold exactly what {@code api.txt} lists. */
class ApiTest {
    private static final Path CLASSES = Paths.get(System.getProperty("basedir"), "target", "classes");

    @TestFactory
    List<DynamicTest> everyLineIsInTheClassFiles() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Listing.Type type : Listing.read().types()) {
            tests.add(DynamicTest.dynamicTest(type.name, () -> {
                Description description = new Description(Class.forName(binaryName(type.name)));
                assertEquals(type.declaration, description.declaration());
                assertEquals(String.join("\n", new TreeSet<>(type.members)),
                    String.join("\n", new TreeSet<>(description.members())));
                assertEquals(type.members.size(), description.members().size());
            }));
        }
        return tests;
    }

    @Test
    void nothingElseIsPublic() throws IOException, ClassNotFoundException {
        TreeSet<String> listed = new TreeSet<>();
        for (Listing.Type type : Listing.read().types()) {
            listed.add(binaryName(type.name));
        }
        TreeSet<String> open = new TreeSet<>();
        for (Path file : classFiles("com/tencent")) {
            String name = CLASSES.relativize(file).toString().replace('/', '.').replaceAll("\\.class$", "");
            if (Modifier.isPublic(Class.forName(name, false, getClass().getClassLoader()).getModifiers())) {
                open.add(name);
            }
        }
        assertEquals(String.join("\n", listed), String.join("\n", open));
    }

    /** Kotlin apps override the same callback with {@code String} and with {@code String?}: one annotation breaks half. */
    @Test
    void nothingIsAnnotated() throws IOException {
        for (Path file : classFiles("com/tencent")) {
            String bytes = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
            assertTrue(!bytes.contains("VisibleAnnotations") && !bytes.contains("VisibleParameterAnnotations"),
                file + " has an annotation");
        }
    }

    @Test
    void classFilesAreOfJava8() throws IOException {
        for (Path file : classFiles("")) {
            byte[] bytes = Files.readAllBytes(file);
            assertEquals(52, bytes[7], file + ": major version");
        }
    }

    private static String binaryName(String listed) {
        return listed.startsWith("com.") ? listed : "com.tencent.imsdk.v2." + listed.replace('.', '$');
    }

    private static List<Path> classFiles(String folder) throws IOException {
        try (Stream<Path> files = Files.walk(CLASSES.resolve(folder))) {
            return files.filter(file -> file.toString().endsWith(".class")).collect(Collectors.toList());
        }
    }
}
