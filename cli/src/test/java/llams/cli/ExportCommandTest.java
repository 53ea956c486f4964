package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        assertEquals(-1,
                Files.mismatch(Path.of(model, "model.safetensors"), directory.resolve("back/model.safetensors")));
        String[] rest = {"-p", "hi there", "-n", "20", "--temp", "0", "--print-ids"};
        assertEquals(generated(model, rest), generated(path("back"), rest));
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
        assertEquals(-1, Files.mismatch(directory.resolve("merged/model.safetensors"),
                directory.resolve("back/model.safetensors")));
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
