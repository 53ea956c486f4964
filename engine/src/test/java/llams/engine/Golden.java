package llams.engine;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The golden files and their manifest: those of the project, or those of another directory of the same form given by
/// `-Dllams.golden=DIR` (a relative path counts from the project's root). What a set does not have is skipped.
public final class Golden {
    public static final Path ROOT = Path.of(System.getProperty("llams.root"));
    public static final Path DIRECTORY = ROOT
            .resolve(System.getProperty("llams.golden", "engine/src/test/resources/golden"))
            .normalize();
    public static final JsonNode MANIFEST = json(DIRECTORY.resolve("manifest.json"));

    private Golden() {}

    public static Path path(String relative) {
        return DIRECTORY.resolve(relative);
    }

    /// Skips the test unless it can be run, and says why on stderr: the summary only counts.
    public static void orSkip(boolean holds, String reason) {
        if (!holds) {
            System.err.println("Skipped: " + reason);
        }
        assumeTrue(holds, reason);
    }

    /// A file or directory beside the project; skips the test if it is absent.
    public static Path besideOrSkip(String relative) {
        Path path = ROOT.resolve("..").resolve(relative).normalize();
        orSkip(Files.exists(path), "there is no " + path);
        return path;
    }

    /// Skips the test if this set of golden files has no such part.
    public static Path pathOrSkip(String relative) {
        Path path = path(relative);
        orSkip(Files.exists(path), "this set of golden files has no " + relative);
        return path;
    }

    /// A part of the manifest; skips the test if it is absent.
    public static JsonNode partOrSkip(JsonNode parent, String name) {
        JsonNode part = parent.path(name);
        orSkip(!part.isMissingNode() && !part.isNull(), "this set of golden files has no part \"" + name + "\"");
        return part;
    }

    /// One model of the manifest.
    public record Model(String name, JsonNode entry) {
        public Path dir(String which) {
            return pathOrSkip(partOrSkip(entry.path("dirs"), which).asString());
        }

        public Path cases(String file) {
            return pathOrSkip(entry.get("cases").asString() + "/" + file);
        }

        public double tolerance(String what) {
            return partOrSkip(entry.path("tolerance"), what).asDouble();
        }

        public JsonNode value(String what) {
            return partOrSkip(entry.path("values"), what);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    public static Stream<Model> models() {
        List<Model> models = new ArrayList<>();
        MANIFEST.path("models").properties().forEach(entry -> models.add(new Model(entry.getKey(), entry.getValue())));
        return models.stream();
    }

    /// The usable devices, or only that of `-Dllams.test.device=NAME`, which then must be usable.
    public static Stream<Device> devices() {
        String only = System.getProperty("llams.test.device");
        return only != null
                ? Stream.of(Devices.byName(only))
                : Devices.all().stream().filter(device -> device.unavailable().isEmpty());
    }

    public static JsonNode json(Path file) {
        try {
            return JsonMapper.shared().readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static float[] floats(Checkpoint file, String name) throws IOException {
        return file.tensor(name).toFloats();
    }

    /// The elements of a tensor that a golden file keeps: with `sample_stride` in its metadata, every so-manieth of
    /// more than 2048.
    public static float[] sampled(float[] values, Checkpoint file) {
        int stride = Integer.parseInt(file.metadata().getOrDefault("sample_stride", "1"));
        if (stride == 1 || values.length <= 2048) {
            return values;
        }
        float[] kept = new float[(values.length + stride - 1) / stride];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = values[i * stride];
        }
        return kept;
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
