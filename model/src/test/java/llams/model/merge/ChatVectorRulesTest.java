package llams.model.merge;

import java.io.IOException;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.model.files.ByteProgress;
import llams.model.merge.ChatVector.Options;
import llams.model.merge.ChatVector.Vocabulary;
import llams.model.merge.parts.Floats;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is merged, what is kept, what is refused, and what the result's directory holds.
class ChatVectorRulesTest {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";
    private static final String LINEAR = "model.layers.0.mlp.up_proj.weight";
    private static final Options STRICT = new Options(0.7f, Vocabulary.STRICT, Map.of());
    private static final Options SKIP = new Options(0.7f, Vocabulary.SKIP, Map.of());
    private static final Options PARTIAL = new Options(0.7f, Vocabulary.PARTIAL, Map.of());

    @TempDir
    Path temporary;
    private ModelDirectory base;
    private ModelDirectory instruct;
    private ModelDirectory tuned;
    private Path out;

    @BeforeEach
    void threeModels() throws IOException {
        base = model("base", 1);
        instruct = model("instruct", 2);
        tuned = model("tuned", 3);
        out = temporary.resolve("out");
    }

    private ModelDirectory model(String name, long seed) throws IOException {
        return new ModelDirectory(temporary.resolve(name), seed).with(EMBEDDING, DType.F32, 6, 4)
                .with(LINEAR, DType.F32, 5, 4)
                .with("model.norm.weight", DType.F32, 4)
                .with(HEAD, DType.F32, 6, 4);
    }

    private MergeReport merge(Options options) throws IOException {
        return ChatVector.merge(base.write(), instruct.write(), tuned.write(), out, options, ByteProgress.SILENT);
    }

    private void refused(Options options, String... parts) throws IOException {
        String message = assertThrows(IOException.class, () -> merge(options)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), "\"" + part + "\" is missing in: " + message);
        }
        assertNothingIsLeft();
    }

    private void assertNothingIsLeft() throws IOException {
        try (Stream<Path> children = Files.list(temporary)) {
            assertEquals(List.of("base", "instruct", "tuned"),
                    children.map(child -> child.getFileName().toString()).sorted().toList());
        }
    }

    private float[] result(String name) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(out)) {
            return checkpoint.tensor(name).toFloats();
        }
    }

    /// Element by element, rounded to the tuned model's type.
    private float expected(String name, int element) {
        return expected(tuned.tensor(name), instruct.tensor(name), base.tensor(name), element);
    }

    private static float expected(Tensor tuned, Tensor instruct, Tensor base, int element) {
        float product = 0.7f * (instruct.getFloat(element) - base.getFloat(element));
        float sum = tuned.getFloat(element) + product;
        return switch (tuned.dtype()) {
            case BF16 -> BFloat16.toFloat(BFloat16.fromFloat(sum));
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(sum));
            default -> sum;
        };
    }

    private void assertMerged(String name) throws IOException {
        float[] result = result(name);
        assertEquals(tuned.tensor(name).elements(), result.length);
        for (int i = 0; i < result.length; i++) {
            assertEquals(expected(name, i), result[i], name);
        }
    }

    @Test
    void everyTensorIsMergedAndNothingElseIsWritten() throws IOException {
        MergeReport report = merge(STRICT);
        for (String name : List.of(EMBEDDING, HEAD, LINEAR, "model.norm.weight")) {
            assertMerged(name);
        }
        assertEquals(4, report.merged());
        assertEquals(0, report.copied());
        try (Stream<Path> children = Files.list(out)) {
            assertEquals(List.of("README.md", "config.json", "model.safetensors"),
                    children.map(child -> child.getFileName().toString()).sorted().toList());
        }
        try (Checkpoint checkpoint = Checkpoint.open(out)) {
            assertEquals(Map.of("format", "pt", "who", "tuned"), checkpoint.metadata());
        }
    }

    @Test
    void largeTensorsOfEveryTypeAreMergedPartByPart() throws IOException {
        for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
            out = temporary.resolve("out " + dtype);
            for (ModelDirectory model : List.of(base, instruct, tuned)) {
                model.with(LINEAR, dtype, 1, Floats.CAPACITY + 3)
                        .with(EMBEDDING, dtype, 520, 517)
                        .with(HEAD, dtype, 520, 517);
            }
            Map<Integer, Integer> special = Map.of(0, 3, 506, 505, 507, 519, 519, 0);
            merge(new Options(0.7f, Vocabulary.STRICT, special));
            assertMerged(LINEAR);
            for (String name : List.of(EMBEDDING, HEAD)) {
                float[] result = result(name);
                for (int i = 0; i < result.length; i++) {
                    Integer row = special.get(i / 517);
                    float wanted = row == null
                            ? expected(name, i)
                            : instruct.tensor(name).getFloat(row * 517 + i % 517);
                    assertTrue(wanted == result[i], () -> name + " " + dtype);
                }
            }
        }
    }

    @Test
    void partialVocabularyEndsInsideAPart() throws IOException {
        for (ModelDirectory model : List.of(base, instruct, tuned)) {
            long rows = model == tuned ? 1100 : model == instruct ? 701 : 700;
            model.with(EMBEDDING, DType.BF16, rows, 517).with(HEAD, DType.BF16, rows, 517);
        }
        MergeReport report = merge(PARTIAL);
        float[] result = result(EMBEDDING);
        for (int i = 0; i < result.length; i++) {
            assertEquals(i < 700 * 517 ? expected(EMBEDDING, i) : tuned.tensor(EMBEDDING).getFloat(i), result[i]);
        }
        assertTrue(report.notes()
                .stream()
                .anyMatch(note -> note.contains("[1100, 517] in tuned, [700, 517] in base, [701, 517] in instruct")
                        && note.contains("first 700 rows")),
                report.notes().toString());
        assertEquals(1100, Golden.json(out.resolve("config.json")).path("vocab_size").asInt());
    }

    @Test
    void skippedVocabularyIsTheTunedModelsEvenIfSizesAgree() throws IOException {
        MergeReport report = merge(SKIP);
        for (String name : List.of(EMBEDDING, HEAD)) {
            assertArrayEquals(tuned.tensor(name).toFloats(), result(name));
        }
        assertMerged(LINEAR);
        assertEquals(2, report.copied());
    }

    @Test
    void otherVocabularyIsRefusedWithTheWayOut() throws IOException {
        tuned.with(EMBEDDING, DType.F32, 7, 4);
        refused(STRICT, "\"" + EMBEDDING + "\" is [7, 4] in tuned, [6, 4] in base, [6, 4] in instruct", "\"skip\"",
                "\"partial\"");
    }

    @Test
    void otherShapesAreAllListed() throws IOException {
        tuned.with(LINEAR, DType.F32, 4, 5);
        instruct.with("model.norm.weight", DType.F32, 5);
        refused(SKIP, "[4, 5] in tuned, [5, 4] in base, [5, 4] in instruct",
                "\"model.norm.weight\" is [4] in tuned, [4] in base, [5] in instruct");
    }

    @Test
    void missingTensorsAreAllListed() throws IOException {
        base.without(LINEAR);
        instruct.without("model.norm.weight");
        refused(STRICT, "\"" + LINEAR + "\" F32 [5, 4] is in tuned but not in base",
                "\"model.norm.weight\" F32 [4] is in tuned but not in instruct");
        instruct.without(LINEAR);
        refused(STRICT, "is in tuned but not in base and instruct");
    }

    @Test
    void furtherTensorsOfTheOthersAreRefused() throws IOException {
        instruct.with("model.layers.1.mlp.up_proj.weight", DType.F32, 5, 4);
        refused(STRICT, "\"model.layers.1.mlp.up_proj.weight\" F32 [5, 4] is in instruct but not in tuned");
    }

    @Test
    void manyProblemsAreCountedInTheMessageAndListedInFull() throws IOException {
        for (int i = 0; i < 20; i++) {
            tuned.with("extra." + i, DType.F32, 1);
        }
        MergeException e = assertThrows(MergeException.class, () -> merge(STRICT));
        assertTrue(e.getMessage().endsWith("and 15 more"), e.getMessage());
        assertEquals(20, e.problems.size());
    }

    @Test
    void rotaryBuffersOfOldFilesDoNotMatter() throws IOException {
        instruct.with("model.layers.0.self_attn.rotary_emb.inv_freq", DType.F32, 4);
        merge(STRICT);
        out = temporary.resolve("out2");
        tuned.with("model.layers.0.self_attn.rotary_emb.inv_freq", DType.F32, 4);
        instruct.without("model.layers.0.self_attn.rotary_emb.inv_freq");
        assertEquals(1, merge(STRICT).copied());
    }

    @Test
    void otherTypesAreNotedAndTheResultHasTheTunedModels() throws IOException {
        tuned.with(LINEAR, DType.BF16, 5, 4);
        instruct.with(LINEAR, DType.F16, 5, 4);
        MergeReport report = merge(STRICT);
        assertMerged(LINEAR);
        assertTrue(
                report.notes()
                        .stream()
                        .anyMatch(note -> note.contains("instruct is F16, tuned and the result are BF16")),
                report.notes().toString());
        assertTrue(report.notes()
                .stream()
                .anyMatch(
                        note -> note.contains("base is F32, tuned and the result are BF16") && note.contains(LINEAR)));
    }

    @Test
    void integersAreRefused() throws IOException {
        for (ModelDirectory model : List.of(base, instruct, tuned)) {
            model.with(LINEAR, DType.I8, 5, 4);
        }
        refused(STRICT, "\"" + LINEAR + "\" is I8 in tuned", "only F32, BF16 and F16 can be merged");
    }

    @Test
    void tiedModelsHaveNoHead() throws IOException {
        for (ModelDirectory model : List.of(base, instruct, tuned)) {
            model.without(HEAD);
        }
        merge(STRICT);
        assertMerged(EMBEDDING);
        try (Checkpoint checkpoint = Checkpoint.open(out)) {
            assertFalse(checkpoint.has(HEAD));
        }
    }

    @Test
    void tiedHeadOfTheOthersIsTheirEmbedding() throws IOException {
        base.without(HEAD);
        instruct.without(HEAD);
        merge(STRICT);
        float[] head = result(HEAD);
        for (int i = 0; i < head.length; i++) {
            assertEquals(expected(tuned.tensor(HEAD), instruct.tensor(EMBEDDING), base.tensor(EMBEDDING), i), head[i]);
        }
    }

    @Test
    void headOfItsOwnDoesNotFitATiedModel() throws IOException {
        tuned.without(HEAD);
        refused(STRICT, "\"" + HEAD + "\" F32 [6, 4] is in base but not in tuned", "in instruct but not in tuned",
                "\"skip\"");
        assertTrue(merge(SKIP).notes().stream().anyMatch(note -> note.contains("it is left out")));
    }

    @Test
    void headStoredThoughTiedIsLeftOut() throws IOException {
        tuned.without(HEAD);
        base.put(HEAD, base.tensor(EMBEDDING));
        instruct.put(HEAD, instruct.tensor(EMBEDDING));
        merge(STRICT);
        assertMerged(EMBEDDING);
    }

    @Test
    void specialTokensOutOfRangeAreRefused() throws IOException {
        refused(new Options(1, Vocabulary.STRICT, Map.of(6, 5)),
                "special token 6 is not among the 6 rows of tuned's \"" + EMBEDDING + "\"");
        refused(new Options(1, Vocabulary.SKIP, Map.of(5, 6)),
                "special token 6 is not among the 6 rows of instruct's \"" + HEAD + "\"");
    }

    @Test
    void scaleMustBeANumber() {
        assertThrows(IllegalArgumentException.class, () -> new Options(Float.NaN, Vocabulary.STRICT, Map.of()));
        assertThrows(IllegalArgumentException.class,
                () -> new Options(Float.POSITIVE_INFINITY, Vocabulary.STRICT, Map.of()));
    }

    @Test
    void tokenizerTemplateAndStopsComeFromTheInstructModel() throws IOException {
        for (ModelDirectory model : List.of(base, instruct, tuned)) {
            String who = model.path.getFileName().toString();
            model.file("tokenizer.json", who)
                    .file("tokenizer.model", "IQ== 0\nIg== 1\n# " + who)
                    .file("chat_template.jinja", who)
                    .file("generation_config.json", who)
                    .file("special_tokens_map.json", who);
        }
        instruct.file("config.json", "{\"vocab_size\": 6, \"rope_theta\": 5e5, \"eos_token_id\": [1, 8, 9]}");
        tuned.file("config.json", "{\"model_type\": \"llama\", \"vocab_size\": 6, \"rope_theta\": 500000,"
                + " \"eos_token_id\": 1, \"x\": 7}");
        tuned.file("LICENSE", "tuned");
        MergeReport report = merge(STRICT);
        for (String name : List.of("tokenizer.json", "chat_template.jinja", "generation_config.json",
                "special_tokens_map.json")) {
            assertEquals("instruct", Files.readString(out.resolve(name)), name);
            assertTrue(report.files().contains(name));
        }
        assertFalse(Files.exists(out.resolve("tokenizer.model")));
        assertTrue(Files.readString(out.resolve("original/tokenizer.model")).endsWith("# instruct"));
        assertEquals("tuned", Files.readString(out.resolve("LICENSE")));
        assertEquals(Golden.json(out.resolve("config.json")).toString(),
                "{\"model_type\":\"llama\",\"vocab_size\":6,\"rope_theta\":500000,\"eos_token_id\":[1,8,9],\"x\":7}");
        assertTrue(
                report.notes()
                        .stream()
                        .anyMatch(note -> note.contains("model_type is null in instruct, \"llama\" in tuned")),
                report.notes().toString());
        assertFalse(report.notes().stream().anyMatch(note -> note.contains("rope_theta")));
    }

    @Test
    void longerVocabularyKeepsItsTokenizerAndGetsTheTemplate() throws IOException {
        tuned.with(EMBEDDING, DType.F32, 7, 4).with(HEAD, DType.F32, 7, 4);
        for (ModelDirectory model : List.of(instruct, tuned)) {
            String who = model.path.getFileName().toString();
            model.file("tokenizer.json", who)
                    .file("chat_template.jinja", who)
                    .file("tokenizer_config.json", "{\"who\": \"" + who + "\", \"chat_template\": \"of " + who + "\"}");
        }
        MergeReport report = merge(PARTIAL);
        assertEquals("tuned", Files.readString(out.resolve("tokenizer.json")));
        assertEquals("instruct", Files.readString(out.resolve("chat_template.jinja")));
        assertEquals("{\"who\":\"tuned\",\"chat_template\":\"of instruct\"}",
                Golden.json(out.resolve("tokenizer_config.json")).toString());
        assertTrue(report.notes().stream().anyMatch(note -> note.contains("the vocabularies differ")),
                report.notes().toString());
    }

    @Test
    void differentMeaningOfEqualShapesIsNoted() throws IOException {
        instruct.file("config.json", "{\"model_type\": \"llama\", \"vocab_size\": 6, \"rope_theta\": 10000.0}");
        assertTrue(merge(STRICT).notes()
                .stream()
                .anyMatch(note -> note.contains("rope_theta is 10000.0 in instruct, 500000.0 in tuned")));
    }

    @Test
    void missingModelOrConfigIsSaid() throws IOException {
        tuned.write();
        base.write();
        Files.delete(instruct.path.resolve("config.json"));
        refused(STRICT, instruct.path + "/config.json: there is no such file");
        String message = assertThrows(IOException.class, () -> ChatVector.merge(base.path, temporary.resolve("absent"),
                tuned.path, out, STRICT, ByteProgress.SILENT)).getMessage();
        assertTrue(message.contains("absent: no such directory"), message);
        assertNothingIsLeft();
    }

    @Test
    void existingResultsAreNotOverwritten() throws IOException {
        Files.createDirectory(out);
        Files.writeString(out.resolve("precious"), "x");
        String message = assertThrows(IOException.class, () -> merge(STRICT)).getMessage();
        assertEquals(out + ": is there already and not empty; choose another directory or remove it", message);
        assertEquals("x", Files.readString(out.resolve("precious")));
    }

    @Test
    void progressEndsAtTheTotal() throws IOException {
        long[] last = new long[2];
        ChatVector.merge(base.write(), instruct.write(), tuned.write(), out, STRICT, (done, total) -> {
            assertTrue(done > last[0] && done <= total);
            last[0] = done;
            last[1] = total;
        });
        assertEquals((6 * 4 + 5 * 4 + 4 + 6 * 4) * 4, last[0]);
        assertEquals(last[1], last[0]);
    }
}
