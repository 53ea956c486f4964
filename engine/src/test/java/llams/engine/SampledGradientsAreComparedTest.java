package llams.engine;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// Golden gradients of which a file keeps every seventh element count like whole ones, as in other golden files.
class SampledGradientsAreComparedTest {
    private static final int STRIDE = 7;
    private static final int LARGE = 2048;

    @TempDir
    Path cases;

    /// The first golden model with sampled gradients, to which `error` is added at one kept element of the largest
    /// tensor.
    private Golden.Model sampled(float error) throws IOException {
        Golden.Model whole = Golden.models().findFirst().orElseThrow();
        Files.copy(whole.cases("inputs.safetensors"), cases.resolve("inputs.safetensors"));
        try (Arena arena = Arena.ofConfined();
                Checkpoint gradients = Checkpoint.open(whole.cases("grads.safetensors"))) {
            Map<String, Tensor> kept = new LinkedHashMap<>();
            for (String name : gradients.names()) {
                Tensor tensor = gradients.tensor(name);
                int step = tensor.elements() > LARGE ? STRIDE : 1;
                float[] values = new float[(int) ((tensor.elements() + step - 1) / step)];
                for (int i = 0; i < values.length; i++) {
                    values[i] = tensor.getFloat((long) i * step);
                }
                values[values.length - 1] += step > 1 ? error : 0;
                kept.put(name, Tensor.of(arena, Shape.of(values.length), values));
            }
            assertTrue(kept.size() > 20);
            SafetensorsWriter.writeFile(cases.resolve("grads.safetensors"), kept, Map.of("sample_stride", "" + STRIDE));
        }
        ObjectNode entry = whole.entry().deepCopy().asObject();
        return new Golden.Model(whole.name(), entry.put("cases", cases.toString()));
    }

    private static Device cpu() {
        return Golden.devices().findFirst().orElseThrow();
    }

    @Test
    void everyKeptElementIsItsOwn() throws IOException {
        GoldenModelTest.gradients(sampled(0), cpu(), false);
    }

    @Test
    void aWrongElementIsFound() throws IOException {
        Golden.Model wrong = sampled(0.5f);
        AssertionError found = assertThrows(AssertionError.class, () -> GoldenModelTest.gradients(wrong, cpu(), false));
        assertTrue(found.getMessage().contains("differs by 0.5"), found.getMessage());
    }
}
