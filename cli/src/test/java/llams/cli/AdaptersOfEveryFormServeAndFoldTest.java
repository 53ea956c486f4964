package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever form an adapter has, it generates, is measured, is trained further and on pairs, and folds into a model that
/// does the same.
class AdaptersOfEveryFormServeAndFoldTest {
    @TempDir
    static Path shared;

    private static String model;
    private static String text;
    private static String pairs;

    @BeforeAll
    static void writeModel() throws IOException {
        model = SmallModel.create(shared).toString();
        text = Files.writeString(shared.resolve("text.txt"), "the cat sat on the mat. ".repeat(8)).toString();
        pairs = Files
                .writeString(shared.resolve("pairs.jsonl"),
                        "{\"prompt\": \"the cat\", \"chosen\": \"sat\", \"rejected\": \"ran\"}\n")
                .toString();
    }

    private static Llams done(Object... args) {
        String[] texts = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            texts[i] = args[i].toString();
        }
        Llams run = Llams.run(texts);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private static double loss(Object... model) {
        List<Object> all = new ArrayList<>(
                List.of("eval", "perplexity", "--data", text, "--tokens", 64, "--json", "-m"));
        all.addAll(List.of(model));
        return JsonLine.parse(done(all.toArray()).out().strip(), "output").get("loss").asDouble();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"--dora --modules-to-save embed", "--targets q,embed,head --rank-pattern q_proj=2",
                    "--targets v,embed --ensure-weight-tying", "--target-pattern .*q_proj --rslora"})
    void oneAdapter(String form, @TempDir Path directory) {
        Path adapter = directory.resolve("adapter");
        List<Object> train = new ArrayList<>(List.of("train", "-m", model, "--data", text, "--steps", 6, "--lr", 0.03,
                "--tokens", 64, "--out", adapter));
        train.addAll(List.of((Object[]) form.split(" ")));
        done(train.toArray());
        Path merged = directory.resolve("merged");
        done("merge", "adapter", "--base", model, "--adapter", adapter, "--out", merged);
        Object[] prompt = {"generate", "-p", "the cat", "-n", 12, "--temp", 0, "--print-ids", "-m"};
        List<Object> adapted = new ArrayList<>(List.of(prompt));
        adapted.addAll(List.of(model, "--adapter", adapter));
        List<Object> folded = new ArrayList<>(List.of(prompt));
        folded.add(merged);
        assertEquals(done(folded.toArray()).out(), done(adapted.toArray()).out());
        double before = loss(model);
        double after = loss(model, "--adapter", adapter);
        assertTrue(after < before, before + " to " + after);
        assertEquals(after, loss(merged), 1e-4);
        done("train", "-m", model, "--from-adapter", adapter, "--data", text, "--steps", 2, "--tokens", 64, "--out",
                directory.resolve("more"));
        done("train", "-m", model, "--from-adapter", adapter, "--method", "dpo", "--data", pairs, "--steps", 2,
                "--tokens", 64, "--out", directory.resolve("preferred"));
    }
}
