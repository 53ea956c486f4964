package llams.engine.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import java.util.stream.Stream;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What is written is read again: metadata, tensors, configs, names, order of rows; and blocks stand for what was
/// quantized.
class GgufRoundTripTest {
    @TempDir
    Path directory;

    @Test
    void metadataAndTensors() throws IOException {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("int", GgufValue.of(7));
        metadata.put("float", GgufValue.of(1e-5f));
        metadata.put("flag", GgufValue.of(true));
        metadata.put("text", GgufValue.of("a\n가"));
        metadata.put("texts", GgufValue.of(List.of("", "Ġ나", "x")));
        metadata.put("ints", GgufValue.of(new int[] {1, -2}));
        metadata.put("long", new GgufValue.Whole(GgufValue.Type.INT64, -5));
        metadata.put("double", new GgufValue.Real(GgufValue.Type.FLOAT64, Math.PI));
        List<TensorInfo> plan = List.of(new TensorInfo("a", DType.F32, Shape.of(2, 3)),
                new TensorInfo("b", DType.BF16, Shape.of(3)), new TensorInfo("c", DType.Q8_0, Shape.of(1, 64)));
        Path file = directory.resolve("x.gguf");
        try (Arena arena = Arena.ofConfined(); GgufWriter writer = GgufWriter.create(file, metadata, plan)) {
            for (TensorInfo info : plan.reversed()) {
                Tensor tensor = Tensor.allocate(arena, info.dtype(), info.shape());
                tensor.data().fill((byte) info.name().charAt(0));
                writer.append(info.name(), tensor.data().asSlice(0, 3));
                writer.append(info.name(), tensor.data().asSlice(3));
            }
            assertFalse(Files.exists(file));
            writer.finish();
        }
        try (GgufFile read = GgufFile.open(file)) {
            assertEquals(List.copyOf(metadata.keySet()), List.copyOf(read.metadata.values().keySet()));
            assertEquals(7, read.metadata.whole("int"));
            assertEquals(1e-5f, read.metadata.number("float"));
            assertTrue(read.metadata.flag("flag", false));
            assertEquals("a\n가", read.metadata.text("text"));
            assertEquals(List.of("", "Ġ나", "x"), read.metadata.texts("texts"));
            assertArrayEquals(new int[] {1, -2}, read.metadata.ints("ints"));
            assertEquals(-5, read.metadata.number("long"));
            assertThrows(GgufException.class, () -> read.metadata.whole("long"));
            assertEquals(Math.PI, read.metadata.number("double"));
            assertEquals(plan, read.entries.values().stream().map(GgufFile.Entry::info).toList());
            for (TensorInfo info : plan) {
                MemorySegment data = read.tensor(info.name()).data();
                for (long i = 0; i < data.byteSize(); i++) {
                    assertEquals(info.name().charAt(0), data.get(ValueLayout.JAVA_BYTE, i));
                }
            }
        }
        assertEquals(0, Files.size(file) % 32);
    }

    @Test
    void whatIsNotFinishedLeavesNothing() throws IOException {
        GgufWriter.create(directory.resolve("x.gguf"), Map.of(), List.of()).close();
        try (Stream<Path> left = Files.list(directory)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void configs() throws IOException {
        LlamaConfig small = LlamaConfig.standard(64, 176, 3, 4, 2, 512).withMaxPositions(512);
        same(small);
        same(small.withTied(true));
        same(small.withRope(10_000, null));
        same(small.withTied(true).withRope(500_000, new LlamaConfig.RopeScaling(8, 1, 4, 64)));
        LlamaConfig large = LlamaConfig.standard(4096, 14_336, 32, 32, 8, 128_256).withMaxPositions(131_072);
        same(large.withRope(500_000, new LlamaConfig.RopeScaling(8, 1, 4, 8192)));
        same(large.withRope(500_000, new LlamaConfig.RopeScaling(32, 1, 4, 8192)));
        same(large.withRope(500_000, new LlamaConfig.RopeScaling(16, 1, 6, 4096)));
    }

    private void same(LlamaConfig config) throws IOException {
        LlamaConfig named = config.withMetadata(config.metadata().withIds(1, List.of(2)));
        Map<String, GgufValue> metadata = new LinkedHashMap<>(GgufConfig.values(named));
        metadata.put("general.architecture", GgufValue.of("llama"));
        metadata.put("tokenizer.ggml.bos_token_id", GgufValue.of(1));
        metadata.put("tokenizer.ggml.eos_token_id", GgufValue.of(2));
        // Only what a config is read from; the table is narrower than it would be.
        List<TensorInfo> plan = new ArrayList<>();
        plan.add(new TensorInfo(GgufNames.EMBEDDING, DType.F32, Shape.of(config.vocab(), 1)));
        if (!config.tied()) {
            plan.add(new TensorInfo(GgufNames.HEAD, DType.F32, Shape.of(1)));
        }
        if (config.ropeScaling() != null) {
            plan.add(new TensorInfo(GgufNames.ROPE_DIVISORS, DType.F32, Shape.of(config.headDim() / 2)));
        }
        Path file = directory.resolve("config.gguf");
        try (Arena arena = Arena.ofConfined(); GgufWriter writer = GgufWriter.create(file, metadata, plan)) {
            for (TensorInfo info : plan) {
                writer.append(info.name(),
                        info.name().equals(GgufNames.ROPE_DIVISORS)
                                ? Tensor.of(arena, info.shape(), RopeDivisors.of(config)).data()
                                : Tensor.allocate(arena, info.dtype(), info.shape()).data());
            }
            writer.finish();
        }
        try (GgufFile read = GgufFile.open(file)) {
            assertEquals(named, GgufConfig.read(read));
        }
    }

    @Test
    void namesAndRows() {
        for (String name : List.of("model.embed_tokens.weight", "lm_head.weight", "model.norm.weight",
                "model.layers.12.self_attn.q_proj.weight", "model.layers.0.mlp.down_proj.weight",
                "model.layers.0.input_layernorm.weight", "model.layers.3.post_attention_layernorm.weight")) {
            assertEquals(name, GgufNames.inCheckpoint(GgufNames.inFile(name)));
        }
        assertEquals("blk.12.attn_q.weight", GgufNames.inFile("model.layers.12.self_attn.q_proj.weight"));
        assertEquals(null, GgufNames.inFile("model.layers.0.other.weight"));
        assertEquals(null, GgufNames.inCheckpoint("blk.0.attn_q.bias"));
        LlamaConfig config = LlamaConfig.standard(24, 8, 1, 3, 1, 8);
        for (int row = 0; row < 24; row++) {
            assertEquals(row, GgufNames.rowInFile(GgufNames.rowInCheckpoint(row, config), config));
        }
        assertEquals(4, GgufNames.rowInCheckpoint(1, config));
        assertEquals(8 + 1, GgufNames.rowInCheckpoint(8 + 2, config));
    }

    /// Blocks decode to near what was quantized: a few parts of the largest value, by their bits.
    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "Q4_K", "Q5_K", "Q6_K"})
    void blocks(DType type) {
        float[] values = new float[1024];
        CounterRandom random = CounterRandom.named(1, type.name());
        for (int i = 0; i < values.length; i++) {
            // Zeros, one sign and both.
            values[i] = i < 256 ? 0 : (float) (random.gaussian(i) * 0.02 + (i < 512 ? 1 : 0));
        }
        try (Arena arena = Arena.ofConfined()) {
            Tensor tensor = Tensor.allocate(arena, type, Shape.of(2, 512));
            RowEncoder encoder = new RowEncoder();
            encoder.encode(type, values, 512, 512, tensor.data(), type.bytes(512));
            encoder.encode(type, values, 0, 512, tensor.data(), 0);
            float[] decoded = tensor.toFloats();
            double bits = type == DType.Q8_0 ? 8 : type == DType.Q6_K ? 6 : type == DType.Q5_K ? 5 : 4;
            for (int i = 0; i < values.length; i++) {
                double largest = i < 256 ? 0 : i < 512 ? 1.08 : 0.08;
                assertEquals(values[i], decoded[i], largest * Math.pow(2, 1 - bits), type + " " + i);
            }
            float[] bad = values.clone();
            bad[300] = Float.NaN;
            assertThrows(ArithmeticException.class,
                    () -> encoder.encode(type, bad, 256, 256, tensor.data(), type.bytes(256)));
        }
    }
}
