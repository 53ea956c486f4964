package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import llams.model.lora.LoraConfig;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The same seed gives the same files, another seed others.
class SameSeedSameBytesTest {
    @TempDir
    Path directory;

    static Stream<LoraConfig> methods() {
        return Stream.of(SmallRun.LORA, null);
    }

    private Map<String, String> results(LoraConfig lora, int seed, String name) throws IOException {
        Path out = directory.resolve(name);
        SmallRun.run(SmallRun.settings(lora, 1e-2, seed, 0), directory.resolve("model"), out, false, report -> {});
        return SmallRun.results(out);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void sameSeedSameBytes(LoraConfig lora) throws IOException {
        SmallRun.model(directory.resolve("model"));
        Map<String, String> first = results(lora, 1, "first");
        assertEquals(first, results(lora, 1, "second"));
        assertNotEquals(first, results(lora, 2, "third"));
    }
}
