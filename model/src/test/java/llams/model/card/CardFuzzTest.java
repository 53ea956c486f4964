package llams.model.card;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import llams.engine.Fuzzed;
import llams.model.files.ByteProgress;
import llams.model.files.Checksums;

/// Cards and checksums may hold anything: people write them, and others send them.
class CardFuzzTest {
    @FuzzTest
    void card(byte[] text) throws Exception {
        Fuzzed.file("README.md", text, path -> {
            CardMetadata card = CardMetadata.ofCard(path);
            ModelLicence.of(card).terms();
            card.text();
        }, IOException.class);
    }

    @FuzzTest
    void checksums(byte[] text) throws Exception {
        Fuzzed.file(Checksums.FILE, text, path -> Checksums.verify(path.getParent(), ByteProgress.SILENT),
                IOException.class);
    }
}
