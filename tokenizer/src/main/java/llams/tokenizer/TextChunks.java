package llams.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/// Reads a text in parts of about the same size, cut only where every pattern cuts whatever follows: between a letter
/// or number and a character that is neither, nor a mark, nor an apostrophe. A text that has no such place in
/// [#MOST_CHUNKS] parts is cut anyway.
final class TextChunks {

    /// The most parts that are read as one in search of a place to cut.
    private static final int MOST_CHUNKS = 16;

    private static final int WORD = CharClass.LETTER | CharClass.NUMBER;
    private static final int WORD_OR_MARK = WORD | CharClass.HEAD | CharClass.TAIL;

    private final InputStream in;
    private final int chunkBytes;
    private byte[] rest = {};
    private boolean ended;

    TextChunks(InputStream in, int chunkBytes) {
        this.in = in;
        this.chunkBytes = chunkBytes;
    }

    /// The next part, or null at the end.
    byte[] next() throws IOException {
        while (!ended) {
            int have = rest.length;
            int wanted = Math.max(chunkBytes, have);
            rest = Arrays.copyOf(rest, Math.addExact(have, wanted));
            int read = in.readNBytes(rest, have, wanted);
            ended = read < wanted;
            rest = ended ? Arrays.copyOf(rest, have + read) : rest;
            int cut = ended ? -1 : lastCut();
            if (cut > 0) {
                byte[] chunk = Arrays.copyOf(rest, cut);
                rest = Arrays.copyOfRange(rest, cut, rest.length);
                return chunk;
            }
        }
        byte[] last = rest;
        rest = new byte[0];
        return last.length == 0 ? null : last;
    }

    private int lastCut() {
        for (int i = rest.length - 1; i > 0; i--) {
            if (rest[i] != '\'' && Utf8.step(rest, i, rest.length) > 0 && (CharClass.at(rest, i) & WORD_OR_MARK) == 0
                    && (classBefore(i) & WORD) != 0) {
                return i;
            }
        }
        return rest.length >= (long) MOST_CHUNKS * chunkBytes ? startOfCharacter(rest.length - 1) : -1;
    }

    /// The class of the character that ends at `end`; 0 where none does.
    private int classBefore(int end) {
        int start = startOfCharacter(end - 1);
        return Utf8.step(rest, start, rest.length) == end - start ? CharClass.at(rest, start) : 0;
    }

    private int startOfCharacter(int p) {
        int start = p;
        while (start > 0 && start > p - 3 && (rest[start] & 0xC0) == 0x80) {
            start--;
        }
        return start;
    }
}
