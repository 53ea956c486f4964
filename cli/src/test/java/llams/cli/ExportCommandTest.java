package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import llams.engine.safetensors.Checkpoint;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// What goes out comes in again.
class ExportCommandTest {
    @TempDir
    Path directory;

    private String model;

    private static Llams done(String... args) {
        Llams run = Llams.run(args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    @BeforeEach
    void create() throws IOException {
        model = SmallModel.create(directory).toString();
    }

    @Test
    void aModelComesBackAsItWas() throws IOException {
        String said = done("export", "gguf", "-m", model, "--out", path("m.gguf")).out();
        assertTrue(said.contains("m.gguf: f32, ") && said.contains(" tensors F32)"), said);
        ObjectNode report = JsonLine
                .parse(done("import", "gguf", path("m.gguf"), "--out", path("back"), "--json").out().strip(), "output");
        assertEquals("F32", report.get("dtype").asString());
        assertSame(Path.of(model), directory.resolve("back"));
        String[] rest = {"-p", "hi there", "-n", "20", "--temp", "0", "--print-ids"};
        assertEquals(generated(model, rest), generated(path("back"), rest));
    }

    /// Tensors, not files: their order may be another.
    private static void assertSame(Path expected, Path actual) throws IOException {
        try (Checkpoint before = Checkpoint.open(expected); Checkpoint after = Checkpoint.open(actual)) {
            assertEquals(new TreeSet<>(before.names()), new TreeSet<>(after.names()));
            for (String name : before.names()) {
                assertEquals(before.info(name), after.info(name));
                assertEquals(-1, before.tensor(name).data().mismatch(after.tensor(name).data()), name);
            }
        }
    }

    private static String generated(String from, String... rest) {
        String[] args = new String[rest.length + 3];
        System.arraycopy(new String[] {"generate", "-m", from}, 0, args, 0, 3);
        System.arraycopy(rest, 0, args, 3, rest.length);
        return done(args).out();
    }

    @Test
    void everyTypeSaysWhatItHas() {
        for (String type : new String[] {"f16", "bf16", "q8_0", "q4_0", "q4_k_m", "q6_k"}) {
            ObjectNode report = JsonLine.parse(
                    done("export", "gguf", "-m", model, "--type", type, "--out", path(type + ".gguf"), "--json").out()
                            .strip(),
                    "output");
            assertEquals(type, report.get("type").asString());
            assertEquals(5, report.get("tensors").get("F32").asInt());
        }
        Llams again = Llams.run("export", "gguf", "-m", model, "--out", path("f16.gguf"));
        assertEquals(1, again.code());
        assertTrue(again.err().contains("is there already"), again.err());
    }

    @Test
    void anAdapterIsFoldedOrStandsAlone() throws IOException {
        Path text = Files.writeString(directory.resolve("text.txt"), "so it goes, and so it goes on. ".repeat(20));
        done("train", "-m", model, "--data", text.toString(), "--steps", "2", "--lr", "0.01", "--tokens", "32", "--out",
                path("tuned"));
        done("merge", "adapter", "--base", model, "--adapter", path("tuned"), "--out", path("merged"));
        done("export", "gguf", "-m", model, "--adapter", path("tuned"), "--out", path("folded.gguf"));
        done("import", "gguf", path("folded.gguf"), "--out", path("back"));
        assertSame(directory.resolve("merged"), directory.resolve("back"));
        String said = done("export", "gguf", "-m", model, "--adapter", path("tuned"), "--adapter-only", "--out",
                path("alone.gguf")).out();
        assertTrue(said.contains("an adapter for 14 modules"), said);
        Llams wrong = Llams.run("export", "gguf", "-m", model, "--adapter-only", "--out", path("x.gguf"));
        assertEquals(2, wrong.code());
        assertTrue(wrong.err().contains("--adapter-only needs --adapter"), wrong.err());
        assertFalse(Files.exists(directory.resolve("x.gguf")));
    }

    @Test
    void whatIsNoModelIsSaid() throws IOException {
        Path file = Files.writeString(directory.resolve("x.gguf"), "no");
        Llams run = Llams.run("import", "gguf", file.toString(), "--out", path("out"));
        assertEquals(1, run.code());
        assertTrue(run.err().contains("it is not a GGUF file"), run.err());
        run = Llams.run("import", "pth", directory.toString(), "--out", path("out"));
        assertEquals(1, run.code());
        assertTrue(run.err().contains("there is no consolidated.00.pth"), run.err());
        assertEquals(2, Llams.run("export").code());
        assertEquals(2, Llams.run("import").code());
        assertFalse(Files.exists(directory.resolve("out")));
    }
}
