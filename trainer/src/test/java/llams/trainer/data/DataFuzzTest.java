package llams.trainer.data;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import llams.engine.Fuzzed;
import llams.model.files.DataException;
import llams.trainer.eval.ChoiceQuestion;
import org.junit.jupiter.api.parallel.Isolated;

/// Whatever stands in a data file, it is read or refused.
@Isolated("watches the time")
class DataFuzzTest {
    private static void samples(String name, byte[] content) throws Exception {
        Fuzzed.file(name, content, path -> SampleReader.read(path, sample -> {}), DataException.class,
                IOException.class);
    }

    @FuzzTest
    void rows(byte[] content) throws Exception {
        samples("data.jsonl", content);
    }

    /// Plain text, articles of WikiText and rows, as the content decides.
    @FuzzTest
    void text(byte[] content) throws Exception {
        samples("data.txt", content);
    }

    @FuzzTest
    void list(byte[] content) throws Exception {
        samples("data.json", content);
    }

    @FuzzTest
    void parquet(byte[] content) throws Exception {
        samples("data.parquet", content);
    }

    @FuzzTest
    void choiceQuestions(byte[] content) throws Exception {
        Fuzzed.file("questions.jsonl", content, path -> ChoiceQuestion.read(path, key -> {}), DataException.class,
                IOException.class);
    }

    @FuzzTest
    void pairs(byte[] content) throws Exception {
        Fuzzed.file("pairs.tsv", content, path -> PairsFile.write(path, path.resolveSibling("pairs.out")),
                DataException.class, IOException.class);
    }
}
