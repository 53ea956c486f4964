package llams.tokenizer;

import static llams.tokenizer.CharClass.HEAD;
import static llams.tokenizer.CharClass.LETTER;
import static llams.tokenizer.CharClass.NEWLINE;
import static llams.tokenizer.CharClass.NUMBER;
import static llams.tokenizer.CharClass.SPACE;
import static llams.tokenizer.CharClass.TAIL;

/// The pattern of o200k: [SplitPattern#O200K].
record O200kSplitter() implements Splitter {

    @Override
    public int next(byte[] text, int p, int limit, boolean last) {
        int bits = CharClass.at(text, p);
        int q = p + CharClass.length(text[p]);
        boolean prefix = (bits & (NEWLINE | LETTER | NUMBER)) == 0 && q < limit;
        int end = prefix ? lowerWord(text, q, limit, last) : -1;
        if (end < 0) {
            end = lowerWord(text, p, limit, last);
        }
        if (end < 0 && prefix) {
            end = upperWord(text, q, limit);
        }
        if (end < 0) {
            end = upperWord(text, p, limit);
        }
        if (end >= 0) {
            int contraction = end < limit && text[end] == '\'' ? Splitter.contraction(text, end, limit, true) : -1;
            return Math.max(end, contraction);
        }
        if ((bits & NUMBER) != 0) {
            return Splitter.numbers(text, p, limit);
        }
        int nextBits = q < limit ? CharClass.at(text, q) : SPACE;
        if ((bits & SPACE) == 0 || text[p] == ' ' && (nextBits & (SPACE | NUMBER | LETTER)) == 0) {
            end = Splitter.runWithout(text, q, limit, SPACE | NUMBER | LETTER);
            while (end < limit && (text[end] == '\r' || text[end] == '\n' || text[end] == '/')) {
                end++;
            }
            return end;
        }
        return Splitter.whiteSpace(text, p, limit, last, true);
    }

    /// `HEAD*TAIL+`: the end, or -1. When no tail follows the heads, the expression gives heads back until one of them
    /// can serve as the tail: the last one that is both. Where more text follows heads, `limit`: it may have the tail.
    private static int lowerWord(byte[] text, int p, int limit, boolean last) {
        int afterBoth = -1;
        while (p < limit) {
            int bits = CharClass.at(text, p);
            if ((bits & HEAD) == 0) {
                return (bits & TAIL) != 0 ? Splitter.run(text, p, limit, TAIL) : afterBoth;
            }
            p += CharClass.length(text[p]);
            if ((bits & TAIL) != 0) {
                afterBoth = p;
            }
        }
        return last ? afterBoth : limit;
    }

    /// `HEAD+TAIL*`: the end, or -1.
    private static int upperWord(byte[] text, int p, int limit) {
        int heads = Splitter.run(text, p, limit, HEAD);
        return heads == p ? -1 : Splitter.run(text, heads, limit, TAIL);
    }
}
