package llams.model.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.safetensors.Checkpoint;
import llams.model.files.ByteProgress;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Folding an adapter in gives PyTorch's merged weights, and leaves all else as it was.
class GoldenAdapterMergeTest {
    static Stream<Golden.Model> models() {
        return Golden.models();
    }

    @ParameterizedTest
    @MethodSource("models")
    void foldedAsByPyTorch(Golden.Model model, @TempDir Path temporary) throws IOException {
        Path base = model.dir("f32");
        Path expected = model.cases("lora_merged.safetensors");
        double tolerance = model.tolerance("lora_merged_abs");
        Path out = temporary.resolve("out");
        AdapterMerge.merge(base, model.cases("lora_final"), out, ByteProgress.SILENT);
        try (Checkpoint golden = Checkpoint.open(expected);
                Checkpoint before = Checkpoint.open(base);
                Checkpoint after = Checkpoint.open(out)) {
            assertTrue(!golden.names().isEmpty());
            int stride = Integer.parseInt(golden.metadata().getOrDefault("sample_stride", "1"));
            for (String name : golden.names()) {
                float[] wanted = Golden.floats(golden, name);
                float[] found = Golden.floats(after, name);
                int step = wanted.length == found.length ? 1 : stride;
                assertEquals((found.length + step - 1) / step, wanted.length, name);
                double worst = 0;
                for (int i = 0; i < wanted.length; i++) {
                    double difference = Math.abs((double) wanted[i] - found[i * step]);
                    worst = difference <= worst ? worst : difference;
                }
                assertTrue(worst <= tolerance, name + " differs by " + worst);
                assertTrue(before.tensor(name).data().mismatch(after.tensor(name).data()) >= 0,
                        name + " was not changed");
            }
            Set<String> others = new HashSet<>(before.names());
            others.removeAll(golden.names());
            assertEquals(before.names(), after.names());
            for (String name : others) {
                assertEquals(-1, before.tensor(name).data().mismatch(after.tensor(name).data()), name);
            }
        }
        assertEquals(Files.readString(base.resolve("config.json")), Files.readString(out.resolve("config.json")));
    }
}
