package llams.tokenizer;

import static llams.tokenizer.CharClass.LETTER;
import static llams.tokenizer.CharClass.NEWLINE;
import static llams.tokenizer.CharClass.NUMBER;
import static llams.tokenizer.CharClass.SPACE;

/// The pattern of Llama 3 and of cl100k: [SplitPattern#LLAMA3].
record Llama3Splitter() implements Splitter {

    @Override
    public int next(byte[] text, int p, int limit, boolean last) {
        int bits = CharClass.at(text, p);
        if ((bits & LETTER) != 0) {
            return Splitter.letters(text, p + CharClass.length(text[p]), limit);
        }
        if ((bits & NUMBER) != 0) {
            return Splitter.numbers(text, p, limit);
        }
        if (text[p] == '\'') {
            int end = Splitter.contraction(text, p, limit, true);
            if (end >= 0) {
                return end;
            }
        }
        int q = p + CharClass.length(text[p]);
        int nextBits = q < limit ? CharClass.at(text, q) : SPACE;
        if ((bits & NEWLINE) == 0 && (nextBits & LETTER) != 0) {
            return Splitter.letters(text, q, limit);
        }
        if ((bits & SPACE) == 0 || text[p] == ' ' && (nextBits & (SPACE | NUMBER | LETTER)) == 0) {
            int end = Splitter.runWithout(text, q, limit, SPACE | NUMBER | LETTER);
            return Splitter.run(text, end, limit, NEWLINE);
        }
        return Splitter.whiteSpace(text, p, limit, last, true);
    }
}
