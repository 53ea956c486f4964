package llams.engine.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class WriterReaderRoundTripTest {
    @TempDir
    Path directory;

    /// Every type, rank 0, a zero dimension and odd lengths, in an order that is bad for alignment.
    private static Map<String, Tensor> zoo(Arena arena) {
        Random random = new Random(1);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (DType dtype : List.of(DType.BOOL, DType.F64, DType.U8, DType.BF16, DType.F32, DType.I8, DType.I64,
                DType.F16, DType.I32, DType.I16)) {
            for (Shape shape : List.of(Shape.of(), Shape.of(0), Shape.of(3, 0, 2), Shape.of(1), Shape.of(7),
                    Shape.of(3, 5, 7))) {
                Tensor tensor = Tensor.allocate(arena, dtype, shape);
                for (long i = 0; i < tensor.data().byteSize(); i++) {
                    tensor.data().set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt(dtype == DType.BOOL ? 2 : 256));
                }
                tensors.put(dtype + " \"é\" " + shape, tensor);
            }
        }
        return tensors;
    }

    private static void assertSame(Map<String, Tensor> expected, Checkpoint actual) throws IOException {
        assertEquals(new TreeSet<>(expected.keySet()), new TreeSet<>(actual.names()));
        for (Map.Entry<String, Tensor> entry : expected.entrySet()) {
            Tensor tensor = actual.tensor(entry.getKey());
            assertEquals(entry.getValue().dtype(), tensor.dtype());
            assertEquals(entry.getValue().shape(), tensor.shape());
            assertEquals(-1, entry.getValue().data().mismatch(tensor.data()), entry.getKey());
        }
    }

    private static List<TensorInfo> plan(Map<String, Tensor> tensors) {
        List<TensorInfo> plan = new ArrayList<>();
        tensors.forEach((name, tensor) -> plan.add(new TensorInfo(name, tensor.dtype(), tensor.shape())));
        return plan;
    }

    private List<String> children() throws IOException {
        try (Stream<Path> children = Files.list(directory)) {
            return children.map(child -> child.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void everyTypeAndShapeSurvives() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = zoo(arena);
            Path file = directory.resolve("x.safetensors");
            SafetensorsWriter.writeFile(file, tensors, Map.of("note", "größer"));
            try (Checkpoint checkpoint = Checkpoint.open(file)) {
                assertSame(tensors, checkpoint);
                assertEquals(Map.of("format", "pt", "note", "größer"), checkpoint.metadata());
            }
        }
    }

    @Test
    void dataStartsAt64AndTensorsAreAlignedToTheirElements() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            for (int names = 0; names < 9; names++) {
                Map<String, Tensor> tensors = zoo(arena);
                tensors.put("x".repeat(names), Tensor.of(arena, Shape.of(1), 1f));
                Path file = directory.resolve("x.safetensors");
                SafetensorsWriter.writeFile(file, tensors, Map.of());
                try (SafetensorsFile open = SafetensorsFile.open(file)) {
                    assertEquals(0, open.entries().values().iterator().next().begin() % 64);
                    for (SafetensorsFile.Entry entry : open.entries().values()) {
                        assertEquals(0, entry.begin() % entry.info().dtype().blockBytes, entry.toString());
                    }
                }
            }
        }
    }

    @Test
    void noTensorsAtAllIsAFile() throws IOException {
        SafetensorsWriter.writeFile(directory.resolve("x.safetensors"), Map.of(), Map.of());
        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve("x.safetensors"))) {
            assertEquals(Map.of(), file.entries());
        }
    }

    @Test
    void shardsHoldNoMoreThanTheLimitAndTheIndexNamesThem() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = zoo(arena);
            long limit = 500;
            try (SafetensorsWriter writer = SafetensorsWriter.model(directory, plan(tensors), Map.of(), limit)) {
                for (String name : new ArrayList<>(tensors.keySet()).reversed()) {
                    writer.write(name, tensors.get(name));
                }
                writer.finish();
            }
            try (Checkpoint checkpoint = Checkpoint.open(directory)) {
                assertSame(tensors, checkpoint);
                assertTrue(checkpoint.files.size() > 3);
                for (int i = 0; i < checkpoint.files.size(); i++) {
                    SafetensorsFile file = (SafetensorsFile) checkpoint.files.get(i);
                    assertEquals(String.format("model-%05d-of-%05d.safetensors", i + 1, checkpoint.files.size()),
                            file.path.getFileName().toString());
                    long bytes = file.entries().values().stream().mapToLong(entry -> entry.end() - entry.begin()).sum();
                    long largest = file.entries()
                            .values()
                            .stream()
                            .mapToLong(entry -> entry.end() - entry.begin())
                            .max()
                            .orElseThrow();
                    assertTrue(bytes <= limit || bytes == largest, file.path + " has " + bytes);
                }
                JsonNode index = JsonMapper.shared().readTree(directory.resolve(Checkpoint.INDEX));
                assertEquals(checkpoint.bytes(), index.path("metadata").path("total_size").asLong());
            }
            assertTrue(children().stream().allMatch(name -> name.startsWith("model")), children().toString());
        }
    }

    @Test
    void whatFitsOneShardIsOneFile() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = zoo(arena);
            try (SafetensorsWriter writer = SafetensorsWriter.model(directory, plan(tensors), Map.of(),
                    SafetensorsWriter.DEFAULT_SHARD_BYTES)) {
                for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
                    writer.write(entry.getKey(), entry.getValue());
                }
                writer.finish();
            }
            assertEquals(List.of("model.safetensors"), children());
        }
    }

    @Test
    void partsMakeTheWhole() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Tensor tensor = Tensor.of(arena, Shape.of(5), 1f, 2f, 3f, 4f, 5f);
            Path file = directory.resolve("x.safetensors");
            try (SafetensorsWriter writer = SafetensorsWriter.file(file, plan(Map.of("x", tensor)), Map.of())) {
                writer.append("x", tensor.data().asSlice(0, 3));
                writer.append("x", MemorySegment.ofArray(tensor.data().asSlice(3, 4).toArray(ValueLayout.JAVA_BYTE)));
                writer.append("x", tensor.data().asSlice(7));
                writer.finish();
            }
            try (Checkpoint checkpoint = Checkpoint.open(file)) {
                assertSame(Map.of("x", tensor), checkpoint);
            }
        }
    }

    @Test
    void closingUnfinishedLeavesNothing() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> tensors = zoo(arena);
            try (SafetensorsWriter writer = SafetensorsWriter.model(directory, plan(tensors), Map.of(), 100)) {
                writer.write(tensors.keySet().iterator().next(), tensors.values().iterator().next());
                assertFalse(children().isEmpty());
            }
            assertEquals(List.of(), children());
        }
    }

    @Test
    void missingDataIsNotPublished() throws IOException {
        List<TensorInfo> plan = List.of(new TensorInfo("x", DType.F32, Shape.of(2)));
        try (SafetensorsWriter writer = SafetensorsWriter.file(directory.resolve("x.safetensors"), plan, Map.of())) {
            writer.append("x", MemorySegment.ofArray(new byte[4]));
            String message = assertThrows(IllegalStateException.class, writer::finish).getMessage();
            assertEquals("\"x\" has 8 bytes, only 4 were written", message);
        }
        assertEquals(List.of(), children());
    }

    @Test
    void whatIsNotPlannedIsRefused() throws IOException {
        List<TensorInfo> plan = List.of(new TensorInfo("x", DType.F32, Shape.of(2)));
        try (Arena arena = Arena.ofConfined();
                SafetensorsWriter writer = SafetensorsWriter.file(directory.resolve("x.safetensors"), plan, Map.of())) {
            Tensor wrong = Tensor.of(arena, Shape.of(3), 1f, 2f, 3f);
            assertThrows(IllegalArgumentException.class, () -> writer.write("y", wrong));
            assertThrows(IllegalArgumentException.class, () -> writer.write("x", wrong));
            assertThrows(IllegalArgumentException.class, () -> writer.append("x", wrong.data()));
        }
        TensorInfo twice = plan.getFirst();
        assertThrows(IllegalArgumentException.class,
                () -> SafetensorsWriter.file(directory.resolve("x"), List.of(twice, twice), Map.of()));
        assertEquals(List.of(), children());
    }

    @Test
    void moreThanTheDiskHoldsIsRefusedBeforeWriting() throws IOException {
        List<TensorInfo> plan = List.of(new TensorInfo("x", DType.U8, Shape.of(1L << 60)));
        String message = assertThrows(IOException.class,
                () -> SafetensorsWriter.model(directory, plan, Map.of(), Long.MAX_VALUE)).getMessage();
        assertTrue(message.contains("need 1152921504606846976 bytes, but the disk has"), message);
        assertEquals(List.of(), children());
    }

    @Test
    void missingDirectoryIsSaid() {
        Path absent = directory.resolve("absent");
        String message = assertThrows(IOException.class, () -> SafetensorsWriter.model(absent, List.of(), Map.of(), 1))
                .getMessage();
        assertTrue(message.contains("cannot be written: its directory does not exist"), message);
    }
}
