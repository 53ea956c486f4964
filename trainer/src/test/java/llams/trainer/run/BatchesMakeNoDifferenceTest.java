package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.model.lora.LoraConfig;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The sequences of a step give the same files however they are divided into micro-batches, if all but one have the same
/// length. (With dropout they do not: what is dropped depends on the micro-batch.)
class BatchesMakeNoDifferenceTest {
    @TempDir
    Path directory;

    static Stream<LoraConfig> methods() {
        return Stream.of(new LoraConfig(4, 8, 0, SmallRun.LORA.targets(), false), null);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void sameBytes(LoraConfig lora) throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        List<Map<String, String>> results = new ArrayList<>();
        for (int batch : new int[] {1, 2, 4}) {
            Path out = directory.resolve("out" + batch);
            TrainSettings settings = SmallRun.settings(lora, 1e-2, 1, 0).withBatch(batch, 4 / batch);
            SmallRun.run(settings, model, out, false, report -> {});
            Map<String, String> files = SmallRun.results(out);
            // They name the batches.
            files.keySet().removeIf(name -> name.endsWith(".yaml") || name.equals("README.md"));
            results.add(files);
        }
        assertEquals(results.get(0), results.get(1));
        assertEquals(results.get(0), results.get(2));
    }
}
