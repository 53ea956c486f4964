package llams.model.merge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// A small model directory for tests: random tensors of given forms, and files beside them.
final class ModelDirectory {
    final Path path;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Arena arena = Arena.ofAuto();
    private final Random random;

    ModelDirectory(Path path, long seed) throws IOException {
        this.path = Files.createDirectories(path);
        this.random = new Random(seed);
        file("config.json", "{\"model_type\": \"llama\", \"vocab_size\": 6, \"rope_theta\": 500000.0}");
    }

    ModelDirectory with(String name, DType dtype, long... dims) {
        Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(dims));
        for (long i = 0; i < tensor.elements(); i++) {
            if (dtype.isWeight()) {
                tensor.setFloat(i, (float) random.nextGaussian());
            }
        }
        tensors.put(name, tensor);
        return this;
    }

    ModelDirectory without(String name) {
        tensors.remove(name);
        return this;
    }

    ModelDirectory file(String name, String content) throws IOException {
        Files.createDirectories(path.resolve(name).getParent());
        Files.writeString(path.resolve(name), content);
        return this;
    }

    Tensor tensor(String name) {
        return tensors.get(name);
    }

    void put(String name, Tensor tensor) {
        tensors.put(name, tensor);
    }

    Path write() throws IOException {
        SafetensorsWriter.writeFile(path.resolve("model.safetensors"), tensors,
                Map.of("format", "pt", "who", path.getFileName().toString()));
        return path;
    }
}
