package llams.engine.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import llams.engine.Golden;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

class GoldenCheckpointTest {

    @TestFactory
    List<DynamicTest> inventoryIsReadAsTheManifestSays() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : Golden.MANIFEST.path("inventory").properties()) {
            if (entry.getKey().endsWith(".safetensors")) {
                tests.add(DynamicTest.dynamicTest(entry.getKey(), () -> inventory(entry.getKey(), entry.getValue())));
            }
        }
        return tests;
    }

    private static void inventory(String file, JsonNode expected) throws IOException {
        try (SafetensorsFile actual = SafetensorsFile.open(Golden.pathOrSkip(file))) {
            assertEquals(expected.path("tensors").asInt(), actual.entries().size());
            for (Map.Entry<String, JsonNode> shape : expected.path("shapes").properties()) {
                Tensor tensor = actual.tensor(shape.getKey());
                List<Object> form = new ArrayList<>(List.of(tensor.dtype().name()));
                for (long dim : tensor.shape().dims()) {
                    form.add(dim);
                }
                assertEquals(shape.getValue().toString().replace("\"", "").replace(",", ", "), form.toString(),
                        shape.getKey());
            }
        }
    }

    @TestFactory
    List<DynamicTest> shardsEqualTheSingleFileBitForBit() {
        return forModels((name, dirs) -> {
            String sharded = Golden.partOrSkip(dirs, "bf16_sharded").asString();
            String single = Golden.partOrSkip(dirs, "bf16").asString();
            try (Checkpoint a = Checkpoint.open(Golden.pathOrSkip(single));
                    Checkpoint b = Checkpoint.open(Golden.pathOrSkip(sharded))) {
                assertFalse(a.names().isEmpty());
                assertEquals(new TreeSet<>(a.names()), new TreeSet<>(b.names()));
                for (String tensor : a.names()) {
                    assertEquals(a.info(tensor), b.info(tensor));
                    assertEquals(-1, a.tensor(tensor).data().mismatch(b.tensor(tensor).data()), tensor);
                }
            }
        });
    }

    @TestFactory
    List<DynamicTest> bf16CheckpointIsTheF32OneRounded() {
        return forModels((name, dirs) -> {
            String wide = Golden.partOrSkip(dirs, "f32").asString();
            String narrow = Golden.partOrSkip(dirs, "bf16").asString();
            try (Checkpoint f32 = Checkpoint.open(Golden.pathOrSkip(wide));
                    Checkpoint bf16 = Checkpoint.open(Golden.pathOrSkip(narrow))) {
                assertEquals(f32.names(), bf16.names());
                for (String tensor : f32.names()) {
                    Tensor from = f32.tensor(tensor);
                    Tensor to = bf16.tensor(tensor);
                    assertEquals(DType.F32, from.dtype());
                    assertEquals(DType.BF16, to.dtype());
                    for (long i = 0; i < from.elements(); i++) {
                        assertEquals(BFloat16.fromFloat(from.getFloat(i)), to.data().get(Tensor.I16, 2 * i),
                                tensor + " element " + i);
                    }
                }
            }
        });
    }

    private interface ModelTest {
        void run(String name, JsonNode dirs) throws IOException;
    }

    private static List<DynamicTest> forModels(ModelTest test) {
        List<DynamicTest> tests = new ArrayList<>();
        for (Map.Entry<String, JsonNode> model : Golden.MANIFEST.path("models").properties()) {
            tests.add(DynamicTest.dynamicTest(model.getKey(),
                    () -> test.run(model.getKey(), model.getValue().path("dirs"))));
        }
        return tests;
    }
}
