package llams.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/// The golden data: that of the project, or of another directory of the same form given by `-Dllams.golden=DIR`.
public final class Golden {
    public static final Path DIR = System.getProperty("llams.golden") != null ? Path.of(System.getProperty("llams.golden"))
            : Path.of(System.getProperty("llams.root")).resolve("engine/src/test/resources/golden");
    public static final JsonNode MANIFEST = json(DIR.resolve("manifest.json"));

    private Golden() {
    }

    /// One model of the manifest.
    public record Model(String name, JsonNode entry) {
        public Path dir(String which) {
            return DIR.resolve(entry.get("dirs").get(which).asString());
        }

        public Path cases(String file) {
            return DIR.resolve(entry.get("cases").asString()).resolve(file);
        }

        public double tolerance(String what) {
            return entry.get("tolerance").get(what).asDouble();
        }

        public JsonNode value(String what) {
            return entry.get("values").get(what);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    public static Stream<Model> models() {
        List<Model> models = new ArrayList<>();
        MANIFEST.get("models").properties().forEach(entry -> models.add(new Model(entry.getKey(), entry.getValue())));
        return models.stream();
    }

    public static JsonNode json(Path file) {
        try {
            return new ObjectMapper().readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static float[] floats(Checkpoint file, String name) throws IOException {
        return file.tensor(name).toFloats();
    }

    /// An I64 tensor's rows, `[rows][columns]`.
    public static int[][] rows(Tensor tensor) {
        if (tensor.dtype() != DType.I64) {
            throw new IllegalArgumentException("wanted I64, not " + tensor.dtype());
        }
        int columns = (int) tensor.shape().dim(-1);
        int[][] rows = new int[(int) (tensor.elements() / columns)][columns];
        for (int i = 0; i < tensor.elements(); i++) {
            rows[i / columns][i % columns] = (int) tensor.data().get(Tensor.I64, i * 8L);
        }
        return rows;
    }

    public static double maxAbs(float[] values) {
        double max = 0;
        for (float value : values) {
            max = Math.max(max, Math.abs(value));
        }
        return max;
    }

    /// The largest difference, NaN if any is.
    public static double maxDifference(float[] expected, float[] actual) {
        if (expected.length != actual.length) {
            throw new IllegalArgumentException(expected.length + " values expected, not " + actual.length);
        }
        double max = 0;
        for (int i = 0; i < expected.length; i++) {
            double difference = Math.abs((double) expected[i] - actual[i]);
            max = difference <= max ? max : difference;
        }
        return max;
    }
}
