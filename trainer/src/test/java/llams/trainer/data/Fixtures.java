package llams.trainer.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import llams.tokenizer.Tokenizer;

/// A tokenizer whose ids are bytes, and files.
final class Fixtures {
    /// Ids 0 to 255 are the bytes; Llama 3's special tokens follow.
    static final Tokenizer BYTES = byteTokenizer();
    static final int BEGIN = 256;
    static final int END = 257;
    static final int START_HEADER = 262;
    static final int END_HEADER = 263;
    static final int END_OF_TURN = 265;

    private Fixtures() {}

    private static Tokenizer byteTokenizer() {
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        return Tokenizer.of(tokens, Tokenizer.llama3Specials());
    }

    static DocumentEncoder encoder() {
        return new DocumentEncoder(BYTES, BYTES.size());
    }

    /// The tokens of a document that the loss counts, as text.
    static String counted(Document document) {
        int[] counted = IntStream.range(1, document.ids().length)
                .filter(i -> document.labels()[i] != Document.IGNORED)
                .map(i -> document.ids()[i])
                .toArray();
        return BYTES.decode(counted);
    }

    static Path file(Path directory, String name, String content) {
        try {
            return Files.writeString(directory.resolve(name), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Sample> samples(Path file) {
        List<Sample> samples = new ArrayList<>();
        try {
            SampleReader.read(file, samples::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return samples;
    }

    static List<String> texts(Path file) {
        return samples(file).stream().map(s -> ((Sample.Text) s).text()).toList();
    }

    /// A text document of ids first, first + 1, ...
    static Document text(int first, int tokens) {
        int[] ids = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            ids[i] = first + i;
        }
        return new Document("text " + first, ids, ids);
    }

    /// A conversation of ids first, first + 1, ..., of which the last `counted` count.
    static Document chat(int first, int tokens, int counted) {
        int[] ids = text(first, tokens).ids();
        int[] labels = ids.clone();
        Arrays.fill(labels, 0, tokens - counted, Document.IGNORED);
        return new Document("chat " + first, ids, labels, false);
    }
}
