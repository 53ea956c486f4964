package llams.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.engine.plan.Program;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What cannot fit is refused before anything is allocated, with the figures and what would help.
class MachineMemoryTest {
    @TempDir
    Path directory;

    @Test
    void weightsMayExceedTheMachineStateMayNot() {
        assertDoesNotThrow(() -> MachineMemory.check(new Program.Memory(1L << 50, 1 << 20, 1 << 20), 0, "nothing"));
        IllegalStateException e = assertThrows(IllegalStateException.class,
                () -> MachineMemory.check(new Program.Memory(0, 1L << 50, 1 << 20), 0, "a smaller model"));
        assertTrue(e.getMessage().startsWith("this needs 1024 TiB of memory")
                && e.getMessage().endsWith("a smaller model"), e.getMessage());
    }

    @Test
    void trainingThatCannotFitIsRefusedWithTheOptionsThatWould() throws IOException {
        // 2^40 parameters: the program is planned, and nothing of it allocated.
        Path config = Files.writeString(directory.resolve("config.json"),
                SmallModel.CONFIG.replace("\"hidden_size\": 32", "\"hidden_size\": 1048576")
                        .replace("\"vocab_size\": 512", "\"vocab_size\": 1048576"));
        Path data = Files.writeString(directory.resolve("ids.jsonl"), "{\"ids\": [1, 2, 3]}\n");
        Llams run = Llams.run("train", "--init-config", config.toString(), "--data", data.toString(), "--out",
                directory.resolve("out").toString());
        assertEquals(1, run.code());
        assertTrue(run.err().contains("TiB of memory") && run.err().contains("try a smaller model"), run.err());
        assertEquals(1, run.err().lines().count());
    }

    @Test
    void sizesAreInTheBinaryUnitsOfToolsThatShowMemory() {
        assertEquals("999 B", MachineMemory.text(999));
        assertEquals("1.00 KiB", MachineMemory.text(1024));
        assertEquals("15.0 GiB", MachineMemory.text(16_060_522_496L));
        assertEquals("1.00 GiB", MachineMemory.text((1L << 30) - 100_000));
        assertEquals("1.00 MiB", MachineMemory.text((1L << 20) - 10));
    }

    /// Random weights are in memory too, so these shapes need terabytes.
    @Test
    void whatIsMeasuredMustFit() throws IOException {
        String config = huge();
        for (String[] what : new String[][] {{"prefill"}, {"decode"}, {"lora"}, {"full"}, {"lora", "--recompute"}}) {
            List<String> args = new ArrayList<>(List.of("measure"));
            args.addAll(List.of(what));
            args.addAll(List.of("--config", config, "--tokens", "16", "--device", "cpu"));
            assertRefused(Llams.run(args.toArray(String[]::new)), "fewer --tokens");
        }
        assertRefused(Llams.run("measure", "product", "--size", "1000000x1000000x1000000", "--device", "cpu"),
                "a smaller --size");
    }

    /// A model of a few thousand weights that allows two billion tokens.
    @Test
    void soMustWhatReadsAndWritesTexts() throws IOException {
        String config = Files
                .writeString(directory.resolve("config.json"),
                        SmallModel.CONFIG.replace("\"max_position_embeddings\": 128",
                                "\"max_position_embeddings\": 2000000000"))
                .toString();
        String model = directory.resolve("model").toString();
        assertEquals(
                0, Llams
                        .run("init", "--config", config, "--out", model, "--tokenizer",
                                SmallModel.tokenizer(directory).toString())
                        .code());
        String text = Files.writeString(directory.resolve("text.txt"), "the cat").toString();
        assertRefused(Llams.run("generate", "-m", model, "-p", "x", "-n", "1999999000"), "a smaller -n");
        assertRefused(Llams.run("chat", "-m", model, "--context", "1999999000"), "a smaller --context");
        assertRefused(Llams.run("eval", "perplexity", "-m", model, "--data", text, "--tokens", "50000000"),
                "a smaller --tokens");
    }

    private String huge() throws IOException {
        return Files
                .writeString(directory.resolve("config.json"),
                        SmallModel.CONFIG.replace("\"hidden_size\": 32", "\"hidden_size\": 1048576")
                                .replace("\"vocab_size\": 512", "\"vocab_size\": 1048576"))
                .toString();
    }

    private static void assertRefused(Llams run, String remedy) {
        assertEquals(1, run.code(), run.err());
        assertTrue(run.err().startsWith("llams: this needs ") && run.err().contains("of memory"), run.err());
        assertTrue(run.err().contains("try ") && run.err().contains(remedy), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }
}
