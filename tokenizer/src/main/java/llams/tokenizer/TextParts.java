package llams.tokenizer;

import java.io.IOException;
import java.io.Reader;
import java.util.Set;

/// A text of any length in parts whose ids, one part after the other, are those of the whole text: for texts larger than
/// memory, and for work on all cores.
///
/// A part ends where a letter or number meets a character that is neither, nor a mark, nor an apostrophe: there every
/// pattern cuts, whatever comes before and after. Where there is no such place, as in a million digits, the text is
/// followed piece by piece from the start of the part. A part is longer than usual only if it is one piece.
public final class TextParts {

    private static final int PART_CHARS = 1 << 15;

    private static final int WORD = CharClass.LETTER | CharClass.NUMBER;
    private static final int WORD_OR_MARK = WORD | CharClass.HEAD | CharClass.TAIL;

    private final Tokenizer tokenizer;
    private final Reader in;
    private final int partChars;
    private final AddedTokens.Finders finders;
    /// Null where nothing is disallowed.
    private final SpecialFinder disallowed;
    /// Null unless the tokenizer cuts long runs.
    private final LongRuns longRuns;
    /// What must follow a cut for it to be sure.
    private final int margin;
    private String rest = "";
    private char[] buffer = {};
    private boolean ended;

    /// @param allowed    as [Tokenizer#encode] has it
    /// @param disallowed as [Tokenizer#encode] has it
    public TextParts(Tokenizer tokenizer, Reader text, Set<String> allowed, Set<String> disallowed) {
        this(tokenizer, text, allowed, disallowed, PART_CHARS);
    }

    TextParts(Tokenizer tokenizer, Reader text, Set<String> allowed, Set<String> disallowed, int partChars) {
        this.tokenizer = tokenizer;
        this.in = text;
        this.partChars = partChars;
        this.finders = tokenizer.added.finders(allowed);
        this.disallowed = tokenizer.added.disallowed(allowed, disallowed);
        longRuns = tokenizer.cutsLongRuns ? new LongRuns() : null;
        int longest = Math.max(finders.longest, this.disallowed == null ? 0 : this.disallowed.longest);
        margin = Math.max(longest + 1, Splitter.LOOKAHEAD_BYTES);
    }

    /// The next part; null at the end.
    ///
    /// @throws IllegalArgumentException if a disallowed name starts in it
    public String next() throws IOException {
        fill((longRuns == null ? partChars : LongRuns.ENOUGH_CHARS) + margin);
        int cut = cut();
        while (cut < 0) {
            fill(Math.multiplyExact(rest.length(), 2));
            cut = cut();
        }
        AddedTokens.refuse(disallowed, rest, cut);
        String part = rest.substring(0, cut);
        rest = rest.substring(cut);
        return part.isEmpty() ? null : part;
    }

    /// The ids of a part. Many threads may ask at once.
    public int[] encode(String part) {
        return tokenizer.encode(part, finders);
    }

    private void fill(int wanted) throws IOException {
        if (wanted > buffer.length) {
            buffer = new char[wanted];
        }
        int count = rest.length();
        rest.getChars(0, count, buffer, 0);
        while (!ended && count < wanted) {
            int read = in.read(buffer, count, wanted - count);
            ended = read < 0;
            count += Math.max(0, read);
        }
        rest = new String(buffer, 0, count);
    }

    private int cut() {
        return longRuns != null ? longRuns.end(rest, 0) : ended ? rest.length() : lastCut();
    }

    /// The last place where the text may be cut; -1 if it must be read on.
    private int lastCut() {
        for (int at = rest.length() - margin; at > 0; at--) {
            if (isBetweenWords(at) && finders.mayCut(rest, at)) {
                return at;
            }
        }
        return lastCutByPieces();
    }

    private boolean isBetweenWords(int at) {
        char next = rest.charAt(at);
        return next != '\'' && (CharClass.of(rest.codePointAt(at)) & WORD_OR_MARK) == 0
                && (CharClass.of(rest.codePointBefore(at)) & WORD) != 0;
    }

    /// As [#lastCut], by splitting the text from its start.
    private int lastCutByPieces() {
        int[] last = {-1};
        finders.cut(rest, (from, to) -> {
            keepCut(from, last);
            keepPieceEnds(from, to, last);
        }, id -> {});
        return last[0];
    }

    /// A piece of white space must stay together with what follows it: alone it would be another piece.
    private void keepPieceEnds(int from, int to, int[] last) {
        byte[] text = Utf8.bytes(rest.substring(from, to));
        boolean whole = to <= rest.length() - margin;
        int trusted = whole ? text.length : text.length - Splitter.LOOKAHEAD_BYTES;
        int at = from;
        for (int p = 0; p < trusted;) {
            int end = tokenizer.pattern().splitter.next(text, p, text.length, whole);
            if (end > trusted) {
                break;
            }
            boolean isSpace = Splitter.run(text, p, end, CharClass.SPACE) == end;
            while (p < end) {
                p += Utf8.byteCount(rest, at);
                at += Character.charCount(rest.codePointAt(at));
            }
            if (!isSpace) {
                keepCut(at, last);
            }
        }
    }

    private void keepCut(int at, int[] last) {
        if (at > 0 && at <= rest.length() - margin && finders.mayCut(rest, at)) {
            last[0] = at;
        }
    }
}
