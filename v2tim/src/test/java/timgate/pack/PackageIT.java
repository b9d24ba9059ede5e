package timgate.pack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tencent.imsdk.v2.V2TIMManager;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

import javax.xml.parsers.DocumentBuilderFactory;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What is packaged is what apps are promised. */
class PackageIT {
    private static final Path HERE = Paths.get(System.getProperty("basedir"));
    private static final Path TARGET = HERE.resolve("target");
    private static final String VERSION = System.getProperty("version");
    private static final String JAR = "v2tim-" + VERSION;
    private static final String AAR = "v2tim-android-" + VERSION + ".aar";

    @Test
    void theVersionIsTheGateways() throws IOException {
        Matcher version = Pattern.compile("(?m)^version = \"(.*)\"$").matcher(Files.readString(HERE.resolve("../Cargo.toml")));
        assertTrue(version.find());
        assertEquals(version.group(1), VERSION, "pom.xml");
        assertEquals(VERSION, V2TIMManager.getInstance().getVersion(), "Version.NAME");
    }

    @Test
    void theJarIsSmallAndHoldsNothingOfAndroid() throws IOException {
        Path jar = TARGET.resolve(JAR + ".jar");
        assertTrue(Files.size(jar) <= 600 * 1024, Files.size(jar) + " bytes");
        for (String name : entries(jar)) {
            assertTrue(name.matches("(com/tencent/imsdk|timgate|META-INF)/.*|com/|com/tencent/"), name);
        }
    }

    @Test
    void sourcesAndPagesAreThere() throws IOException {
        Set<String> sources = entries(TARGET.resolve(JAR + "-sources.jar"));
        assertTrue(sources.contains("com/tencent/imsdk/v2/V2TIMManager.java"));
        assertFalse(sources.toString().contains("android/"));
        Set<String> pages = entries(TARGET.resolve(JAR + "-javadoc.jar"));
        assertTrue(pages.contains("com/tencent/imsdk/v2/V2TIMManager.html"));
        assertFalse(pages.toString().contains("timgate/"), "pages of the engine");
    }

    @Test
    void theAarIsAZipOfTheFourFilesThatAndroidsToolsRead() throws Exception {
        Path aar = TARGET.resolve(AAR);
        assertEquals("[AndroidManifest.xml, R.txt, classes.jar, proguard.txt]", entries(aar).toString());
        try (ZipFile zip = new ZipFile(aar.toFile())) {
            assertArrayEquals(Files.readAllBytes(TARGET.resolve(JAR + ".jar")),
                zip.getInputStream(zip.getEntry("classes.jar")).readAllBytes());
            Document manifest = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(zip.getInputStream(zip.getEntry("AndroidManifest.xml")));
            Set<String> permissions = new TreeSet<>();
            for (Element permission : elements(manifest, "uses-permission")) {
                permissions.add(permission.getAttribute("android:name"));
            }
            assertEquals("[android.permission.ACCESS_NETWORK_STATE, android.permission.INTERNET]", permissions.toString());
            assertEquals("21", elements(manifest, "uses-sdk").get(0).getAttribute("android:minSdkVersion"));
        }
    }

    @Test
    void theRepositoryHoldsBothWithTheirSums() throws Exception {
        for (String file : new String[] {
            "v2tim/" + VERSION + "/" + JAR + ".jar", "v2tim/" + VERSION + "/" + JAR + ".pom",
            "v2tim/" + VERSION + "/" + JAR + "-sources.jar", "v2tim/" + VERSION + "/" + JAR + "-javadoc.jar",
            "v2tim-android/" + VERSION + "/" + AAR, "v2tim-android/" + VERSION + "/" + AAR.replace(".aar", ".pom"),
        }) {
            Path path = TARGET.resolve("repository/io/timgate").resolve(file);
            byte[] sum = MessageDigest.getInstance("SHA-1").digest(Files.readAllBytes(path));
            assertEquals(String.format("%040x", new BigInteger(1, sum)),
                Files.readString(path.resolveSibling(path.getFileName() + ".sha1")).trim(), file);
        }
        assertArrayEquals(Files.readAllBytes(TARGET.resolve(JAR + ".jar")), Files.readAllBytes(
            TARGET.resolve("repository/io/timgate/v2tim/" + VERSION + "/" + JAR + ".jar")));
    }

    /** The AAR carries the same classes, and so needs the same. */
    @Test
    void bothNeedTheSame() throws Exception {
        assertEquals(needs(HERE.resolve("pom.xml")), needs(TARGET.resolve("aar.pom")));
        Document aar = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(TARGET.resolve("aar.pom").toFile());
        assertEquals(VERSION, elements(aar, "version").get(0).getTextContent());
    }

    @Test
    void aProgramOnThePlainJvmNeedsTheClassPathAlone(@TempDir Path folder) throws Exception {
        Path source = folder.resolve("Program.java");
        Files.writeString(source, """
            import com.tencent.imsdk.v2.*;

            public class Program {
                public static void main(String[] arguments) {
                    V2TIMManager manager = V2TIMManager.getInstance();
                    manager.initSDK(null, 1400000000, new V2TIMSDKConfig(), new V2TIMSDKListener() { });
                    System.out.println(manager.getVersion() + " " + manager.getLoginStatus());
                }
            }
            """);
        String path = run(folder, HERE.resolve("classpath").toString()).trim();
        run(folder, "javac", "-proc:none", "-cp", path, source.toString());
        String said = run(folder, "java", "-cp", path + ":" + folder, "Program");
        assertTrue(said.contains(VERSION + " " + V2TIMManager.V2TIM_STATUS_LOGOUT), said);
    }

    private static String run(Path folder, String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes());
        assertTrue(process.waitFor(5, TimeUnit.MINUTES), command[0]);
        assertEquals(0, process.exitValue(), said);
        return said;
    }

    /** The dependencies that come with an artifact, as "group:artifact:version". */
    private static Set<String> needs(Path pom) throws Exception {
        Set<String> needs = new TreeSet<>();
        Document document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile());
        for (Element dependency : elements(document, "dependency")) {
            String scope = text(dependency, "scope");
            if (scope.isEmpty() || scope.equals("compile") || scope.equals("runtime")) {
                needs.add(text(dependency, "groupId") + ":" + text(dependency, "artifactId") + ":"
                    + text(dependency, "version"));
            }
        }
        return needs;
    }

    private static String text(Element parent, String name) {
        NodeList found = parent.getElementsByTagName(name);
        return found.getLength() == 0 ? "" : found.item(0).getTextContent().trim();
    }

    private static List<Element> elements(Document document, String name) {
        List<Element> elements = new ArrayList<>();
        NodeList found = document.getElementsByTagName(name);
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }

    private static Set<String> entries(Path zip) throws IOException {
        Set<String> names = new TreeSet<>();
        try (ZipFile file = new ZipFile(zip.toFile())) {
            for (ZipEntry entry : Collections.list(file.entries())) {
                names.add(entry.getName());
            }
        }
        return names;
    }
}
