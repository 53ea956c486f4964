package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.engine.Golden;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/// Files beside the project, where there are any.
class RealDataIsReadTest {
    private static Path shared(String path) {
        return Golden.besideOrSkip("shared/" + path);
    }

    private static Corpus load(String path) throws IOException {
        Tokenizer tokenizer = Tokenizer.load(shared("tokenizer"));
        return Corpus.load(List.of(shared(path)), new DocumentEncoder(tokenizer, tokenizer.size()));
    }

    @Test
    void kowikitextHasAnArticleForEveryTitle() throws IOException {
        assertEquals(418, Fixtures.samples(shared("data/kowiki/kowiki_sample.dev")).size());
        assertEquals(418, Fixtures.samples(shared("data/kowiki/kowiki_sample.test")).size());
        assertEquals(1468, Fixtures.samples(shared("data/kowiki/kowiki_sample.train")).size());
        // 60 articles, and two lines of a formula that look like titles.
        assertEquals(62, Fixtures.samples(shared("data/en/wikitext2_raw.test.txt")).size());
    }

    @Test
    void languagePairsBecomeFourConversationsEach() throws IOException {
        Corpus corpus = load("data/koen/qa_pairs_4k.jsonl");
        assertEquals(16_000, corpus.documents().size());
        PackedDataset data = new PackedDataset(corpus.documents(), 512, true);
        assertEquals(0, data.statistics().truncated());
        assertEquals(0, data.statistics().dropped());
    }

    @Test
    void plainTextPacksFull() throws IOException {
        Corpus corpus = load("data/en/tinyshakespeare.txt");
        PackedDataset data = new PackedDataset(corpus.documents(), 256, true);
        DataStatistics statistics = data.statistics();
        assertEquals(Files.size(shared("data/en/tinyshakespeare.txt")), corpus.textBytes());
        assertEquals(statistics.tokens(), statistics.packedTokens());
        assertTrue(data.size() == (statistics.tokens() + 255) / 256);
    }
}
