package llams.trainer.wiki;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import llams.engine.Fuzzed;
import llams.model.files.ByteProgress;
import llams.model.files.DataException;
import org.junit.jupiter.api.parallel.Isolated;

/// Whatever stands in a dump or a page, it is read or refused.
@Isolated("watches the time")
class WikiFuzzTest {
    @FuzzTest
    void dump(byte[] xml) throws Exception {
        Fuzzed.file("dump.xml", xml,
                path -> DumpReader.read(new ByteArrayInputStream(xml), "dump", page -> Wikitext.text(page.text())),
                DataException.class, IOException.class);
    }

    @FuzzTest
    void extractor(byte[] text) throws Exception {
        Fuzzed.file("wiki_00", text,
                path -> ExtractorReader.read(new ByteArrayInputStream(text), "wiki_00", page -> {}),
                DataException.class, IOException.class);
    }

    @FuzzTest
    void extractorJson(byte[] text) throws Exception {
        Fuzzed.file("wiki_00", text,
                path -> ExtractorReader.readJson(new ByteArrayInputStream(text), "wiki_00", page -> {}),
                DataException.class, IOException.class);
    }

    @FuzzTest
    void markup(byte[] page) throws Exception {
        String text = new String(page, StandardCharsets.UTF_8);
        Fuzzed.file("page", page, path -> Article.body(Wikitext.text(text), new LostSentences()));
    }

    /// The form is recognized, compressed or not.
    @FuzzTest
    void anyFile(byte[] content) throws Exception {
        Fuzzed.file("wiki.any", content, path -> KowikiText.convert(java.util.List.of(path),
                path.resolveSibling("wiki.txt"), ByteProgress.SILENT), DataException.class, IOException.class);
    }
}
