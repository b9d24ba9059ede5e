package timgate.pack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.android.dx.command.dexer.DxContext;
import com.android.dx.command.dexer.Main;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Collections;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The classes become what Android runs. */
class DexTest {
    private static final Path TARGET = Paths.get(System.getProperty("basedir"), "target");

    /** By a tool that rewrites nothing, so that nothing of it needs rewriting for Android 21. */
    @Test
    void theLibraryBecomesDexForAndroid21(@TempDir Path folder) throws Exception {
        byte[] dex = dex(TARGET.resolve("classes"), folder, 21);
        assertEquals("dex\n035", new String(dex, 0, 7, StandardCharsets.US_ASCII), "the format of Android 21");
        assertTrue(dex.length < 1_500_000, dex.length + " bytes of DEX");
    }

    /** An app's build rewrites lambdas of libraries for older Androids; this tool cannot, and so is asked for 26. */
    @Test
    void whatItNeedsBecomesDex(@TempDir Path folder) throws Exception {
        for (String jar : Files.readString(TARGET.resolve("dependencies")).trim().split(":")) {
            // Android has org.json of its own.
            if (!jar.contains("android-json")) {
                dex(unpacked(Paths.get(jar), folder), folder, 26);
            }
        }
    }

    private static byte[] dex(Path classes, Path folder, int android) throws Exception {
        Path output = folder.resolve("classes.dex");
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        DxContext context = new DxContext(said, said);
        Main.Arguments arguments = new Main.Arguments(context);
        arguments.parseFlags(new String[] {"--min-sdk-version=" + android, "--output=" + output});
        arguments.fileNames = new String[] {classes.toString()};
        assertEquals(0, new Main(context).runDx(arguments), said.toString());
        assertEquals("", said.toString());
        return Files.readAllBytes(output);
    }

    /** The classes of a jar without what it holds for later versions of Java, which Android leaves out as well. */
    private static Path unpacked(Path jar, Path folder) throws IOException {
        Path classes = folder.resolve(jar.getFileName().toString());
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                String name = entry.getName();
                if (name.endsWith(".class") && !name.startsWith("META-INF/") && !name.equals("module-info.class")) {
                    Path file = classes.resolve(name);
                    Files.createDirectories(file.getParent());
                    Files.copy(zip.getInputStream(entry), file);
                }
            }
        }
        return classes;
    }
}
