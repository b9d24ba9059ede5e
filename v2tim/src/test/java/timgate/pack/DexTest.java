package timgate.pack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.android.dx.command.dexer.DxContext;
import com.android.dx.command.dexer.Main;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The classes become what Android 21 runs: by a tool that rewrites nothing, so that none of it needs rewriting. */
class DexTest {
    @Test
    void theLibraryAndWhatItNeedsBecomeDex(@TempDir Path folder) throws Exception {
        Path target = Paths.get(System.getProperty("basedir"), "target");
        List<String> inputs = new ArrayList<>();
        inputs.add(target.resolve("classes").toString());
        for (String jar : Files.readString(target.resolve("dependencies")).trim().split(":")) {
            // Android has org.json of its own.
            if (!jar.contains("android-json")) {
                inputs.add(jar);
            }
        }
        Path output = folder.resolve("classes.dex");

        ByteArrayOutputStream said = new ByteArrayOutputStream();
        DxContext context = new DxContext(said, said);
        Main.Arguments arguments = new Main.Arguments(context);
        arguments.parseFlags(new String[] {"--min-sdk-version=21", "--output=" + output});
        arguments.fileNames = inputs.toArray(new String[0]);
        int result = new Main(context).runDx(arguments);

        assertEquals(0, result, said.toString());
        assertEquals("", said.toString());
        byte[] dex = Files.readAllBytes(output);
        assertEquals("dex\n035", new String(dex, 0, 7, StandardCharsets.US_ASCII), "the format of Android 21");
        assertTrue(dex.length < 1_500_000, dex.length + " bytes of DEX");
    }
}
