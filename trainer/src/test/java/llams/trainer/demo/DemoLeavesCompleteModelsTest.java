package llams.trainer.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.engine.device.Devices;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.JsonLine;
import llams.trainer.data.Sample;
import llams.trainer.data.SampleReader;
import llams.trainer.demo.Demo.Settings;
import llams.trainer.demo.Demo.Stage;
import llams.trainer.demo.Demo.Training;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// The demo, shortened to a few steps of tiny models.
class DemoLeavesCompleteModelsTest {
    private static final Settings SHORT = new Settings(16, 32, 1, 2, 1, 300, 64, 2, new Training(3, 1e-3, 0),
            new Training(2, 1e-3, 1), new Training(2, 1e-3, 2), new Training(2, 1e-3, 0), 1);
    private static final List<String> MODELS = List.of("base", "instruct", "village", "merged", "final");

    @TempDir
    static Path directory;

    static DemoReport report;
    static final List<String> heard = new ArrayList<>();

    @BeforeAll
    static void runTwice() throws IOException {
        report = run("once", heard);
        run("again", new ArrayList<>());
    }

    private static DemoReport run(String name, List<String> heard) throws IOException {
        return Demo.run(Devices.byName("cpu"), SHORT, directory.resolve(name), new Demo.Listener() {
            @Override
            public void begins(Stage stage, int steps) {
                heard.add(stage + " " + steps);
            }

            @Override
            public void step(String note) {
                heard.add("step");
            }

            @Override
            public void ends(Stage stage, String result) {
                heard.add("end");
            }
        });
    }

    @Test
    void everyModelOpensWithItsTokenizer() throws IOException {
        for (String name : MODELS) {
            Path model = directory.resolve("once").resolve(name);
            try (LlamaWeights weights = LlamaWeights.open(model)) {
                assertEquals(Tokenizer.load(model).size(), weights.config.vocab(), name);
            }
        }
        assertTrue(Files.exists(directory.resolve("once/adapter/adapter_model.safetensors")));
        assertTrue(Files.exists(directory.resolve("once/base/train.jsonl")));
    }

    @Test
    void modelsTunedOnConversationsStopAtTheEndOfATurn() throws IOException {
        for (String name : MODELS) {
            Path model = directory.resolve("once").resolve(name);
            int endOfTurn = Tokenizer.load(model).special("<|eot_id|>").orElseThrow();
            try (LlamaWeights weights = LlamaWeights.open(model)) {
                boolean converses = !name.equals("base") && !name.equals("village");
                assertEquals(converses, ConfigJson.stopIds(weights.config, model).contains(endOfTurn), name);
            }
        }
    }

    @Test
    void everyModelIsMeasured() throws IOException {
        assertEquals(MODELS, report.models().stream().map(DemoReport.Model::name).toList());
        for (DemoReport.Model model : report.models()) {
            assertEquals(4, model.losses().size());
            model.losses()
                    .forEach((data, loss) -> assertTrue(loss > 0 && Double.isFinite(loss), model.name() + " " + data));
            assertEquals(3, model.scores().size());
            assertEquals(3, model.answers().size());
        }
        assertEquals(report.toJson(), Files.readString(directory.resolve("once/report.json")));
        String picture = Files.readString(directory.resolve("once/losses.svg"));
        assertTrue(picture.startsWith("<svg ") && picture.endsWith("</svg>\n"), picture);
        for (String trained : List.of("base", "instruct", "village", "final")) {
            assertTrue(picture.contains(">" + trained + "<"), picture);
        }
        assertEquals(4, picture.split("<polyline", -1).length - 1);
    }

    @Test
    void theSameSeedGivesTheSameModels() throws IOException {
        for (String name : MODELS) {
            String weights = name + "/model.safetensors";
            assertArrayEquals(Files.readAllBytes(directory.resolve("once").resolve(weights)),
                    Files.readAllBytes(directory.resolve("again").resolve(weights)), name);
        }
    }

    @Test
    void theListenerHearsOfEveryStep() {
        int at = 0;
        for (Stage stage : Stage.values()) {
            String[] begin = heard.get(at++).split(" ");
            assertEquals(stage.toString(), begin[0]);
            for (int step = 0; step < Integer.parseInt(begin[1]); step++) {
                assertEquals("step", heard.get(at++));
            }
            assertEquals("end", heard.get(at++));
        }
        assertEquals(heard.size(), at);
    }

    @Test
    void aDirectoryThatHoldsSomethingIsLeftAlone() throws IOException {
        byte[] before = Files.readAllBytes(directory.resolve("once/report.json"));
        IOException refused = assertThrows(IOException.class, () -> run("once", new ArrayList<>()));
        assertTrue(refused.getMessage().contains("not empty"), refused.getMessage());
        assertArrayEquals(before, Files.readAllBytes(directory.resolve("once/report.json")));
    }

    @Test
    void whatMeasuresIsNotTrainedOn() throws IOException {
        Path data = directory.resolve("once/data");
        for (String name : List.of("general.txt", "village.txt", "pairs.jsonl", "conversations.jsonl", "mixed.jsonl")) {
            List<String> trained = documents(data.resolve(name));
            List<String> heldOut = documents(data.resolve(name.replace(".", "-heldout.")));
            assertTrue(heldOut.size() >= 10, name);
            for (String document : heldOut) {
                assertFalse(trained.contains(document), document);
            }
        }
        String conversations = Files.readString(data.resolve("conversations.jsonl"));
        DemoReport.QUESTIONS.forEach(question -> assertFalse(conversations.contains(question), question));
    }

    /// Neither in its own language nor in the other, with or without a request for one.
    @Test
    void noHeldOutQuestionIsTrainedOnInAnyLanguage() throws IOException {
        Path data = directory.resolve("once/data");
        String trained = Files.readString(data.resolve("mixed.jsonl"))
                + Files.readString(data.resolve("conversations.jsonl"));
        int line = 0;
        for (String row : Files.readAllLines(data.resolve("pairs-heldout.jsonl"))) {
            ObjectNode pair = JsonLine.parse(row, "row " + line++);
            assertFalse(trained.contains("\"" + pair.get("q_ko").stringValue()), row);
            assertFalse(trained.contains("\"" + pair.get("q_en").stringValue()), row);
        }
        assertEquals(4 * Files.readAllLines(data.resolve("pairs.jsonl")).size(),
                Files.readAllLines(data.resolve("mixed.jsonl")).size());
    }

    /// The marks between documents and the keys of rows are in no text that a model sees.
    @Test
    void theVocabularyIsMadeOfTextsAlone() throws IOException {
        DemoData data = DemoData.unpack(directory.resolve("texts"));
        List<Path> files = List.of(data.general, data.village, data.conversations);
        Tokenizer tokenizer = DemoTokenizer.train(files, Settings.standard().vocab(), directory.resolve("vocabulary"));
        StringBuilder texts = new StringBuilder();
        for (Path file : files) {
            SampleReader.read(file, sample -> {
                switch (sample) {
                    case Sample.Text text -> texts.append(text.text()).append('\0');
                    case Sample.Chat chat ->
                        chat.messages().forEach(message -> texts.append(message.content()).append('\0'));
                    case Sample.Ids _ -> {}
                }
            });
        }
        // As bytes: a token may be a part of a character.
        String bytes = new String(texts.toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        for (int id = 256; id < tokenizer.size(); id++) {
            if (!tokenizer.isSpecial(id)) {
                String token = new String(tokenizer.bytes(id), StandardCharsets.ISO_8859_1);
                assertTrue(bytes.contains(token), () -> "token '" + token + "' is in no text");
            }
        }
        assertEquals(Settings.standard().vocab() + 5, tokenizer.size());
    }

    private static List<String> documents(Path file) throws IOException {
        String separator = file.toString().endsWith(".txt") ? "\n<\\|end_of_text\\|>\n" : "\n";
        return List.of(Files.readString(file).strip().split(separator));
    }
}
