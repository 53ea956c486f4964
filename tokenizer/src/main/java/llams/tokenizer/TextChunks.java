package llams.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/// Reads a text in parts of about one size, cut only where the pattern cuts whatever follows: behind a line's end before a letter
/// or a number. (GPT-2's pattern leaves the last of several white spaces to what follows, so there the line's end must stand
/// alone.) A text without such a place is one part.
final class TextChunks {

    private final InputStream in;
    private final int chunkBytes;
    private final boolean alone;
    private byte[] rest = {};
    private boolean ended;

    TextChunks(InputStream in, int chunkBytes, SplitPattern pattern) {
        this.in = in;
        this.chunkBytes = chunkBytes;
        alone = pattern == SplitPattern.GPT2;
    }

    /// The next part, or null at the end.
    byte[] next() throws IOException {
        int wanted = Math.max(chunkBytes, rest.length);
        while (!ended) {
            int have = rest.length;
            rest = Arrays.copyOf(rest, Math.addExact(have, wanted));
            int read = in.readNBytes(rest, have, wanted);
            ended = read < wanted;
            rest = read < wanted ? Arrays.copyOf(rest, have + read) : rest;
            int cut = ended ? -1 : lastCut();
            if (cut > 0) {
                byte[] chunk = Arrays.copyOf(rest, cut);
                rest = Arrays.copyOfRange(rest, cut, rest.length);
                return chunk;
            }
            wanted = Math.max(chunkBytes, rest.length);
        }
        byte[] last = rest;
        rest = new byte[0];
        return last.length == 0 ? null : last;
    }

    private int lastCut() {
        for (int i = rest.length - 1; i > 1; i--) {
            if (rest[i - 1] == '\n' && (at(i) & (CharClass.LETTER | CharClass.NUMBER)) != 0 && !(alone && isSpaceBefore(i - 1))) {
                return i;
            }
        }
        return -1;
    }

    /// The class of the character at `p`; 0 where there is no whole one.
    private int at(int p) {
        return Utf8.step(rest, p, rest.length) > 0 ? CharClass.at(rest, p) : 0;
    }

    private boolean isSpaceBefore(int p) {
        int start = p - 1;
        while (start > 0 && start > p - 3 && (rest[start] & 0xC0) == 0x80) {
            start--;
        }
        return (at(start) & CharClass.SPACE) != 0;
    }
}
