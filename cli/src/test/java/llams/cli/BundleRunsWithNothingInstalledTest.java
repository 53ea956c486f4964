package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.XZInputStream;

class BundleRunsWithNothingInstalledTest {
    @TempDir
    Path directory;

    /// By the system's tar, which knows nothing of the writer.
    private void unpack(Path bundle) throws IOException, InterruptedException {
        Process tar = new ProcessBuilder("tar", "xf", "-").directory(directory.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (InputStream packed = new XZInputStream(new BufferedInputStream(Files.newInputStream(bundle)));
                OutputStream in = tar.getOutputStream()) {
            packed.transferTo(in);
        }
        assertEquals(0, tar.waitFor());
    }

    /// What the bundle's program prints, in another directory and with no environment at all.
    private String run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(directory.resolve("llams/llams").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder process = new ProcessBuilder(command)
                .directory(Files.createTempDirectory(directory, "here").toFile())
                .redirectError(directory.resolve("err").toFile());
        process.environment().clear();
        Process running = process.start();
        running.getOutputStream().close();
        String out = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, running.waitFor(), () -> {
            try {
                return Files.readString(directory.resolve("err"));
            } catch (IOException e) {
                return e.toString();
            }
        });
        return out;
    }

    /// Whatever lies beside a module without a descriptor is taken for a part of it. That the tests' fuzzer and helpers are
    /// none, only the tests know; without them, others that read these paths meanwhile find what they need.
    private static Llams withoutTests(Supplier<Llams> run) {
        Map<String, String> before = new HashMap<>();
        for (String property : List.of("jdk.module.path", "java.class.path")) {
            String path = System.getProperty(property);
            if (path != null) {
                before.put(property, path);
                System.setProperty(property,
                        Stream.of(path.split(File.pathSeparator))
                                .filter(entry -> !entry.contains("jazzer") && !entry.endsWith("-tests.jar"))
                                .collect(Collectors.joining(File.pathSeparator)));
            }
        }
        try {
            return run.get();
        } finally {
            before.forEach(System::setProperty);
        }
    }

    @Test
    void aBundleGeneratesWhatThisProgramGenerates() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of(System.getProperty("java.home"), "bin", "jlink")),
                "this Java has no jlink: " + System.getProperty("java.home"));
        Path bundle = directory.resolve("llams.tar.xz");
        Llams made = withoutTests(() -> Llams.run("bundle", "--out", bundle.toString(), "--level", "0"));
        assertEquals(0, made.code(), made.err());
        assertTrue(made.out().contains("tar xf llams.tar.xz"), made.out());
        try (Stream<Path> left = Files.list(directory)) {
            assertEquals(List.of(bundle), left.toList());
        }
        unpack(bundle);
        assertTrue(run("--version").startsWith("llams "));
        Path model = SmallModel.create(directory);
        String[] generate = {"generate", "-m", model.toString(), "-p", "so it goes", "-n", "8", "--temp", "0",
                "--print-ids"};
        assertEquals(Llams.run(generate).out(), run(generate));
        // What a template is rendered with is there too, and the modules of Java that it needs.
        Files.writeString(model.resolve("chat_template.jinja"),
                "{% for m in messages %}{{ m.content | trim }}!{% endfor %}");
        Path chats = Files.writeString(directory.resolve("chats.jsonl"),
                "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\":"
                        + " \"b\"}]}");
        String[] show = {"data", "stats", chats.toString(), "--tokenizer", model.toString(), "--json"};
        assertEquals(Llams.run(show).out(), run(show));
    }

    @Test
    void whatCannotBeMadeIsSaidFirst() throws IOException {
        Llams named = Llams.run("bundle", "--out", directory.resolve("llams.zip").toString());
        assertEquals(2, named.code());
        assertTrue(named.err().contains("must end in .tar.xz"), named.err());
        Path there = Files.writeString(directory.resolve("there.tar.xz"), "kept");
        Llams exists = Llams.run("bundle", "--out", there.toString());
        assertEquals(1, exists.code());
        assertTrue(exists.err().contains("already exists"), exists.err());
        assertEquals("kept", Files.readString(there));
        Llams nowhere = Llams.run("bundle", "--out", directory.resolve("no/such/llams.tar.xz").toString());
        assertEquals(1, nowhere.code());
        assertTrue(nowhere.err().contains("its directory does not exist"), nowhere.err());
        Path bench = directory.resolve("bench.tar.xz");
        Llams without = Llams.run("bundle", "--bench", "--out", bench.toString());
        assertEquals(1, without.code());
        assertTrue(without.err().contains("'./llams bundle --bench' builds and has them"), without.err());
        Llams both = Llams.run("bundle", "--bench", "--gpu", "--out", bench.toString());
        assertEquals(2, both.code());
        assertTrue(both.err().contains("make two"), both.err());
        assertFalse(Files.exists(bench));
        if (System.getenv("TORNADOVM_HOME") == null) {
            Llams gpu = Llams.run("bundle", "--gpu", "--out", directory.resolve("gpu.tar.xz").toString());
            assertEquals(1, gpu.code());
            assertTrue(gpu.err().contains("TORNADOVM_HOME is not set"), gpu.err());
        }
    }
}
