package llams.model.extend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.io.Json;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.Quantization;
import llams.model.create.NewModel;
import llams.model.create.QuantizedModel;
import llams.model.files.ByteProgress;
import llams.model.merge.ChatVector;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// New rows are means of old ones; everything else is what it was, bit for bit.
class ExtendedModelTest {
    private static final int OLD = 258;
    private static final List<String> NEW = List.of("한국", "국어", "the");

    @TempDir
    Path directory;

    private static Tokenizer base() {
        List<byte[]> bytes = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            bytes.add(new byte[] {(byte) b});
        }
        return Tokenizer.of(bytes, List.of("<|begin_of_text|>", "<|end_of_text|>"));
    }

    private static Tokenizer extended() {
        return base().with(NEW.stream().map(text -> text.getBytes(java.nio.charset.StandardCharsets.UTF_8)).toList());
    }

    private Path model(String name, boolean tied, String dtype, int vocabulary, int seed) throws IOException {
        Path tokenizer = Files.createDirectories(directory.resolve(name + "-tokenizer"));
        base().writeJson(tokenizer.resolve("tokenizer.json"));
        Files.writeString(tokenizer.resolve("LICENSE"), "as it likes");
        LlamaConfig config = LlamaConfig.standard(32, 48, 1, 4, 2, vocabulary)
                .withTied(tied)
                .withMetadata(LlamaConfig.Metadata.standard().withIds(256, List.of(257)).withDtype(dtype));
        Path model = directory.resolve(name);
        NewModel.write(config, seed, tokenizer, model, ByteProgress.SILENT);
        return model;
    }

    private ExtendedModel.Report extend(Path model, RowWeights by, int multiple, Path out) throws IOException {
        return ExtendedModel.write(model, extended(), by, multiple, out, ByteProgress.SILENT);
    }

    private static float mean(Tensor old, int column, double tilt, int... rows) {
        double sum = 0;
        double weights = 0;
        for (int i = 0; i < rows.length; i++) {
            sum += Math.pow(tilt, i) * old.getFloat((long) rows[i] * old.shape().dim(1) + column);
            weights += Math.pow(tilt, i);
        }
        return (float) (sum / weights);
    }

    @ParameterizedTest
    @CsvSource({"true,float32", "false,float32", "true,bfloat16", "false,bfloat16", "false,float16"})
    void oldRowsStayAndNewOnesAreMeans(boolean tied, String dtype) throws IOException {
        Path model = model("model", tied, dtype, OLD, 1);
        Path out = directory.resolve("out");
        ExtendedModel.Report report = extend(model, new RowWeights(2, 0.5, 3), 1, out);
        assertEquals(new ExtendedModel.Report(3, OLD + 3, OLD, 0, report.bytes(), report.files(), report.notes()),
                report);
        try (Checkpoint before = Checkpoint.open(model);
                Checkpoint after = Checkpoint.open(out);
                LlamaWeights weights = LlamaWeights.open(out)) {
            assertEquals(before.names(), after.names());
            assertEquals(OLD + 3, weights.config.vocab());
            assertEquals(tied, weights.config.tied());
            for (String name : before.names()) {
                Tensor old = before.tensor(name);
                Tensor now = after.tensor(name);
                assertEquals(old.dtype(), now.dtype());
                assertEquals(-1, old.data().mismatch(now.data().asSlice(0, old.data().byteSize())), name);
                if (name.equals(Llama.EMBEDDING) || name.equals(Llama.HEAD)) {
                    double tilt = tied ? 3 : name.equals(Llama.HEAD) ? 0.5 : 2;
                    for (int column = 0; column < 32; column++) {
                        float wanted = mean(old, column, tilt, 't', 'h', 'e');
                        float found = now.getFloat((OLD + 2) * 32L + column);
                        assertEquals(rounded(wanted, old.dtype()), found, 1e-9f, name);
                    }
                } else {
                    assertEquals(old.shape(), now.shape());
                }
            }
        }
    }

    private static float rounded(float value, DType dtype) {
        return switch (dtype) {
            case BF16 -> BFloat16.toFloat(BFloat16.fromFloat(value));
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
            default -> value;
        };
    }

    @Test
    void filesBesideTheWeightsComeAlong() throws IOException {
        Path model = model("model", true, "float32", OLD, 1);
        Path out = directory.resolve("out");
        base().writeTiktoken(Files.createDirectories(model.resolve("original")).resolve("tokenizer.model"));
        ExtendedModel.Report report = extend(model, RowWeights.MEAN, 1, out);
        assertEquals("as it likes", Files.readString(out.resolve("LICENSE")));
        assertFalse(Files.exists(out.resolve("original")));
        assertTrue(report.notes().toString().contains("original/tokenizer.model is left out"),
                report.notes().toString());
        Tokenizer read = Tokenizer.load(out);
        assertArrayEquals(new int[] {258, '\n', 260}, read.encodeOrdinary("한국\nthe"));
        assertEquals(256, read.special("<|begin_of_text|>").orElseThrow());
        assertEquals(OLD, Json.readObject(out.resolve("config.json")).get("extended_from_vocab_size").asInt());
        assertEquals(OLD, ExtendedModel.firstNewToken(out));
        String unknown = assertThrows(IOException.class, () -> ExtendedModel.firstNewToken(model)).getMessage();
        assertTrue(unknown.contains("extended_from_vocab_size"), unknown);
    }

    /// Ids that the model has rows for already are used first; rows that no token has are the mean of all.
    @Test
    void rowsArePaddedToAMultiple() throws IOException {
        Path model = model("model", false, "float32", 260, 1);
        Path out = directory.resolve("out");
        ExtendedModel.Report report = extend(model, RowWeights.MEAN, 64, out);
        assertEquals(320, report.vocabulary());
        assertEquals(320 - OLD - 3, report.padding());
        try (Checkpoint before = Checkpoint.open(model); Checkpoint after = Checkpoint.open(out)) {
            Tensor old = before.tensor(Llama.HEAD);
            Tensor now = after.tensor(Llama.HEAD);
            int[] all = java.util.stream.IntStream.range(0, OLD).toArray();
            for (int column = 0; column < 32; column++) {
                assertEquals(mean(old, column, 1, 't', 'h', 'e'), now.getFloat((OLD + 2) * 32L + column), 1e-9f);
                assertEquals(mean(old, column, 1, all), now.getFloat(319 * 32L + column), 1e-9f);
            }
        }
    }

    @Test
    void whatCannotBeExtendedIsRefused() throws IOException {
        Path model = model("model", true, "float32", OLD, 1);
        Path quantized = directory.resolve("quantized");
        QuantizedModel.write(model, quantized, Quantization.Q8_0, ByteProgress.SILENT);
        refused(quantized, "its weights are quantized (q8_0)", "a larger vocabulary");
        Path adapter = Files.createDirectories(directory.resolve("adapter"));
        Files.writeString(adapter.resolve("adapter_config.json"), "{}");
        refused(adapter, "a LoRA adapter, not a model");
        Files.delete(model.resolve("tokenizer.json"));
        refused(model, "has no tokenizer");
        base().with(List.of(new byte[] {'a', 'b'})).writeJson(model.resolve("tokenizer.json"));
        refused(model, "259 ids", "vocab_size is 258");
    }

    private void refused(Path model, String... parts) {
        Path out = directory.resolve("out");
        String message = assertThrows(IOException.class, () -> extend(model, RowWeights.MEAN, 1, out)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), "\"" + part + "\" is missing in: " + message);
        }
        assertFalse(Files.exists(out));
    }

    /// A chat vector of the models before goes onto the rows that they share; new rows and tokenizer stay.
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aChatVectorGoesOntoTheSharedRows(boolean tied) throws IOException {
        Path base = model("base", tied, "float32", OLD, 1);
        Path instruct = model("instruct", tied, "float32", OLD, 2);
        Path tuned = directory.resolve("tuned");
        extend(base, RowWeights.MEAN, 1, tuned);
        Path strict = directory.resolve("strict");
        String refused = assertThrows(IOException.class,
                () -> ChatVector.merge(base, instruct, tuned, strict,
                        new ChatVector.Options(1, ChatVector.Vocabulary.STRICT, Map.of()), ByteProgress.SILENT))
                .getMessage();
        assertTrue(refused.contains("\"partial\" merges the common rows"), refused);
        Path out = directory.resolve("out");
        ChatVector.merge(base, instruct, tuned, out, new ChatVector.Options(1, ChatVector.Vocabulary.PARTIAL, Map.of()),
                ByteProgress.SILENT);
        try (Checkpoint after = Checkpoint.open(out);
                Checkpoint before = Checkpoint.open(tuned);
                Checkpoint of = Checkpoint.open(instruct)) {
            for (String name : before.names()) {
                Tensor result = after.tensor(name);
                Tensor shared = of.tensor(name);
                assertEquals(before.shape(name), after.shape(name));
                for (long i = 0; i < shared.elements(); i++) {
                    assertEquals(shared.getFloat(i), result.getFloat(i), 1e-6f, name);
                }
                long bytes = shared.data().byteSize();
                assertEquals(-1, before.tensor(name).data().asSlice(bytes).mismatch(result.data().asSlice(bytes)),
                        name);
            }
        }
        assertEquals(-1, Files.mismatch(tuned.resolve("tokenizer.json"), out.resolve("tokenizer.json")));
        assertEquals(OLD, ExtendedModel.firstNewToken(out));
    }

    @Test
    void tokensThatHoldKoreanAreCounted() throws IOException {
        TextDensity before = TextDensity.of(base(), new StringReader("한국\nthe"));
        assertEquals(new TextDensity(6, 10, 2, 6), before);
        TextDensity after = TextDensity.of(extended(), new StringReader("한국\nthe"));
        assertEquals(new TextDensity(6, 3, 2, 1), after);
        assertEquals(0.5, after.perHangul());
        assertEquals(new TextDensity(12, 13, 4, 7), before.plus(after));
    }
}
