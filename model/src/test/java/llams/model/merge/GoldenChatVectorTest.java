package llams.model.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.safetensors.Checkpoint;
import llams.model.files.ByteProgress;
import llams.model.merge.ChatVector.Options;
import llams.model.merge.ChatVector.Vocabulary;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Merges agree with PyTorch's bit for bit.
class GoldenChatVectorTest {
    private static final String SCALED = "expected-scale";
    @TempDir
    Path temporary;

    private static Path part(String name) {
        String directory = Golden.partOrSkip(Golden.partOrSkip(Golden.MANIFEST, "chat_vector"), "dir").asString();
        return Golden.pathOrSkip(directory + "/" + name);
    }

    private Checkpoint merged(String tuned, float scale, Vocabulary vocabulary, Map<Integer, Integer> specialTokens)
            throws IOException {
        Path out = temporary.resolve("out-" + System.nanoTime());
        ChatVector.merge(part("base"), part("instruct"), part(tuned), out,
                new Options(scale, vocabulary, specialTokens), ByteProgress.SILENT);
        return Checkpoint.open(out);
    }

    private static void assertSame(Checkpoint expected, Checkpoint actual, Iterable<String> names) throws IOException {
        for (String name : names) {
            assertEquals(expected.info(name), actual.info(name));
            assertEquals(-1, expected.tensor(name).data().mismatch(actual.tensor(name).data()), name);
        }
    }

    @TestFactory
    List<DynamicTest> everyScale() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        try (Stream<Path> children = Files.list(part("."))) {
            for (Path expected : children.filter(child -> child.getFileName().toString().startsWith(SCALED)).toList()) {
                float scale = Float.parseFloat(expected.getFileName().toString().substring(SCALED.length()));
                for (Vocabulary vocabulary : List.of(Vocabulary.STRICT, Vocabulary.PARTIAL)) {
                    tests.add(DynamicTest.dynamicTest(scale + " " + vocabulary, () -> {
                        try (Checkpoint golden = Checkpoint.open(expected);
                                Checkpoint actual = merged("tuned", scale, vocabulary, Map.of())) {
                            assertEquals(new TreeSet<>(golden.names()), new TreeSet<>(actual.names()));
                            assertSame(golden, actual, golden.names());
                            assertEquals(Golden.json(expected.resolve("config.json")),
                                    Golden.json(actual.path.resolve("config.json")));
                        }
                    }));
                }
            }
        }
        assertTrue(!tests.isEmpty(), "no " + SCALED + "* in " + part("."));
        return tests;
    }

    @Test
    void skippedVocabulary() throws IOException {
        Path expected = part("expected-ext-skip");
        try (Checkpoint golden = Checkpoint.open(expected);
                Checkpoint actual = merged("tuned-ext", 1, Vocabulary.SKIP, Map.of())) {
            assertEquals(new TreeSet<>(golden.names()), new TreeSet<>(actual.names()));
            assertSame(golden, actual, golden.names());
            assertEquals(Golden.json(expected.resolve("config.json")), Golden.json(actual.path.resolve("config.json")));
        }
    }

    @Test
    void partialVocabulary() throws IOException {
        try (Checkpoint actual = merged("tuned-ext", 1, Vocabulary.PARTIAL, Map.of())) {
            assertVocabularyAndRest(actual, "expected-ext-partial.safetensors");
        }
    }

    @Test
    void rowsOfSpecialTokens() throws IOException {
        Map<Integer, Integer> map = new HashMap<>();
        for (Map.Entry<String, JsonNode> row : Golden
                .partOrSkip(Golden.MANIFEST.path("chat_vector"), "special_tokens_map")
                .properties()) {
            map.put(Integer.valueOf(row.getKey()), row.getValue().asInt());
        }
        assertTrue(!map.isEmpty());
        try (Checkpoint actual = merged("tuned-ext", 1, Vocabulary.SKIP, map)) {
            assertVocabularyAndRest(actual, "expected-ext-special.safetensors");
        }
    }

    private static void assertVocabularyAndRest(Checkpoint actual, String vocabulary) throws IOException {
        try (Checkpoint golden = Checkpoint.open(part(vocabulary));
                Checkpoint rest = Checkpoint.open(part("expected-ext-skip"))) {
            assertTrue(!golden.names().isEmpty());
            assertSame(golden, actual, golden.names());
            TreeSet<String> others = new TreeSet<>(rest.names());
            others.removeAll(golden.names());
            assertTrue(!others.isEmpty());
            assertSame(rest, actual, others);
        }
    }
}
