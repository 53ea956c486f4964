package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class MeasureCommandTest {
    @TempDir
    Path directory;

    @Test
    void everyCaseRunsAndItsRateFitsItsTime() throws IOException {
        String config = Files.writeString(directory.resolve("config.json"), SmallModel.CONFIG).toString();
        for (String what : new String[] {"product", "prefill", "decode", "lora", "full"}) {
            Llams run = Llams.run("measure", what, "--config", config, "--size", "3x64x32", "--tokens", "16",
                    "--seconds", "0", "--recompute", "--device", "cpu", "--json");
            assertEquals(0, run.code(), run.err());
            ObjectNode result = JsonLine.parse(run.out().strip(), "output");
            assertTrue(result.get("calls").asInt() >= 2, run.out());
            double work = what.equals("product") ? 8 * 2.0 * 3 * 64 * 32 : what.equals("decode") ? 1 : 16;
            double rate = result.get(what.equals("product") ? "flops" : "tokensPerSecond").asDouble();
            assertEquals(work, rate * result.get("seconds").asDouble(), 1e-6 * work);
        }
    }

    /// Not what was asked for: `auto` is no device.
    @Test
    void theDeviceThatWasUsedIsNamed() throws IOException {
        Llams run = Llams.run("measure", "product", "--size", "3x64x32", "--seconds", "0", "--json");
        assertEquals("cpu", JsonLine.parse(run.out().strip(), "output").get("device").stringValue());
        Path model = SmallModel.create(directory);
        run = Llams.run("generate", "-m", model.toString(), "-p", "x", "-n", "1", "--json", "--device", "auto");
        assertEquals("cpu", JsonLine.parse(run.out().strip(), "output").get("device").stringValue());
    }

    @Test
    void whatCannotBeMeasuredIsWrongUsage() {
        assertEquals(2, Llams.run("measure", "product", "--size", "3x0x5", "--device", "cpu").code());
        assertEquals(2,
                Llams.run("measure", "decode", "--config", "llama3-8b", "--tokens", "9000", "--device", "cpu").code());
        assertEquals(2, Llams.run("measure", "lora", "--config", "no-such", "--device", "cpu").code());
    }
}
