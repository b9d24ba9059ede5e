import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import okhttp3.HttpUrl;

/** The gateway as a process of its own, on a free port and in a directory of its own, with the old chat's routes on. */
final class Gateway implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("proxyServer: 'ws://([^:]+):(\\d+)'");

    final HttpUrl base;
    private final Path directory = Files.createTempDirectory("timgate-legacy-");
    private final Process process;

    Gateway(String program) throws IOException {
        String data = directory.resolve("data").toString();
        ProcessBuilder builder =
            new ProcessBuilder(List.of(program, "--listen", "127.0.0.1:0", "--data-dir", data));
        builder.environment().put("GATEWAY_LEGACY_ENABLED", "true");
        builder.redirectErrorStream(true);
        process = builder.start();
        // Also when the test is interrupted.
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        BufferedReader output =
            new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        StringBuilder said = new StringBuilder();
        HttpUrl found = null;
        for (String line = output.readLine(); line != null && found == null; line = output.readLine()) {
            said.append(line).append('\n');
            Matcher listening = LISTENING.matcher(line);
            if (listening.find()) {
                int port = Integer.parseInt(listening.group(2));
                found = new HttpUrl.Builder().scheme("http").host(listening.group(1)).port(port).build();
            }
        }
        if (found == null) {
            throw new IOException("the gateway does not start:\n" + said);
        }
        base = found;
        // What it says from now on is of no interest, but must be taken from it.
        Thread drain = new Thread(() -> {
            try {
                output.transferTo(Writer.nullWriter());
            } catch (IOException ended) {
                // The process is gone, and what it said with it.
            }
        });
        drain.setDaemon(true);
        drain.start();
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
        }
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
