package llams.model.merge.extract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import llams.engine.Golden;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.model.files.ByteProgress;
import llams.model.lora.Adapter;
import llams.model.merge.AdapterMerge;
import llams.model.merge.extract.AdapterExtraction.Loss;
import llams.model.merge.extract.AdapterExtraction.Report;
import llams.model.merge.parts.PartWorkers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An extracted adapter is the nearest of its rank, says how near, and gives a difference of that rank back.
class AdapterExtractionTest {
    @TempDir
    Path temporary;

    private static Path base() {
        return Golden.models().findFirst().orElseThrow().dir("f32");
    }

    private Path changed(int rank, double size) throws IOException {
        Path out = temporary.resolve("tuned-" + rank);
        Files.createDirectory(out);
        Files.copy(base().resolve("config.json"), out.resolve("config.json"));
        Random random = new Random(rank);
        try (Arena arena = Arena.ofConfined(); Checkpoint from = Checkpoint.open(base())) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : from.names()) {
                Tensor old = from.tensor(name);
                Tensor tensor = Tensor.allocate(arena, old.dtype(), old.shape());
                tensor.data().copyFrom(old.data());
                if (name.endsWith("_proj.weight")) {
                    add(tensor, rank, size, random);
                }
                tensors.put(name, tensor);
            }
            SafetensorsWriter.writeFile(out.resolve("model.safetensors"), tensors, Map.of());
        }
        return out;
    }

    private static void add(Tensor tensor, int rank, double size, Random random) {
        int columns = (int) tensor.shape().dim(1);
        for (int r = 0; r < rank; r++) {
            double[] right = random.doubles(columns, -size, size).toArray();
            for (int i = 0; i < tensor.shape().dim(0); i++) {
                double left = random.nextGaussian();
                for (int j = 0; j < columns; j++) {
                    long at = (long) i * columns + j;
                    tensor.setFloat(at, (float) (tensor.getFloat(at) + left * right[j]));
                }
            }
        }
    }

    @Test
    void aDifferenceOfLowRankComesBack() throws IOException {
        Path tuned = changed(3, 0.1);
        Path out = temporary.resolve("adapter");
        Report report = AdapterExtraction.extract(base(), tuned, out, 3, EnumSet.allOf(ProjectionName.class),
                ByteProgress.SILENT);
        assertEquals(ProjectionName.values().length, report.losses().size());
        for (Loss loss : report.losses()) {
            assertTrue(loss.left() < 1e-5 && loss.norm() > 0.1, loss.toString());
        }
        Path merged = temporary.resolve("merged");
        AdapterMerge.merge(base(), out, merged, ByteProgress.SILENT);
        try (Checkpoint want = Checkpoint.open(tuned); Checkpoint got = Checkpoint.open(merged)) {
            for (String name : want.names()) {
                assertTrue(Golden.maxDifference(Golden.floats(want, name), Golden.floats(got, name)) < 1e-5, name);
            }
        }
    }

    @Test
    void theSameBytesEveryTimeForSomeOfTheProjections() throws IOException {
        Path tuned = changed(9, 0.1);
        for (String out : new String[] {"one", "two"}) {
            Report report = AdapterExtraction.extract(base(), tuned, temporary.resolve(out), 4,
                    Set.of(ProjectionName.V, ProjectionName.DOWN), ByteProgress.SILENT);
            assertEquals(2, report.losses().size());
            assertTrue(report.losses().getFirst().left() > 0.1, report.toString());
            assertTrue(report.notes().getFirst().contains("tensors that differ are not in the adapter"),
                    report.toString());
        }
        assertEquals(-1, Files.mismatch(temporary.resolve("one/adapter_model.safetensors"),
                temporary.resolve("two/adapter_model.safetensors")));
        try (Checkpoint adapter = Checkpoint.open(temporary.resolve("one/adapter_model.safetensors"))) {
            assertTrue(adapter.has(Adapter.nameA(0, ProjectionName.V)));
            assertFalse(adapter.has(Adapter.nameA(0, ProjectionName.Q)));
        }
    }

    /// No matrix of a rank is nearer than the sum of the first singular parts (Eckart and Young), which a whole
    /// decomposition gives.
    @Test
    void asNearAsAnyOfThatRank() throws IOException {
        int rows = 90;
        int columns = 70;
        Random random = new Random(11);
        try (Arena arena = Arena.ofShared();
                PartWorkers<Difference.Work> workers = PartWorkers.onAllCores(() -> new Difference.Work(arena))) {
            Tensor base = Tensor.allocate(arena, DType.F32, Shape.of(rows, columns));
            Tensor tuned = Tensor.allocate(arena, DType.F32, Shape.of(rows, columns));
            for (int r = 0; r < 40; r++) {
                double[] right = random.doubles(columns, -1, 1).toArray();
                for (int i = 0; i < rows; i++) {
                    double left = random.nextGaussian() * Math.pow(0.8, r);
                    for (int j = 0; j < columns; j++) {
                        long at = (long) i * columns + j;
                        tuned.setFloat(at, (float) (tuned.getFloat(at) + left * right[j]));
                    }
                }
            }
            double[][] whole = Columns.of(tuned.toFloats(), columns);
            Columns.decompose(whole);
            double[] squares = Arrays.stream(whole).mapToDouble(c -> Columns.dot(c, c)).sorted().toArray();
            Difference difference = new Difference("name", base, tuned, workers);
            for (int rank : new int[] {1, 5, 20, 70}) {
                Difference.Squares left = difference.left(LowRank.of(difference, rank));
                double best = Arrays.stream(squares, 0, columns - rank).sum();
                assertEquals(Arrays.stream(squares).sum(), left.whole(), 1e-5 * left.whole());
                assertEquals(Math.sqrt(best), Math.sqrt(left.left()), 1e-3 * Math.sqrt(best) + 1e-4, "rank " + rank);
            }
        }
    }

    @Test
    void modelsOfOtherShapesAreRefused() {
        Path other = Golden.models().skip(1).findFirst().orElseThrow().dir("f32");
        String message = assertThrows(IOException.class, () -> AdapterExtraction.extract(base(), other,
                temporary.resolve("out"), 4, EnumSet.allOf(ProjectionName.class), ByteProgress.SILENT)).getMessage();
        assertTrue(message.contains("do not fit together") && message.contains(" in tuned"), message);
        assertFalse(Files.exists(temporary.resolve("out")));
    }
}
