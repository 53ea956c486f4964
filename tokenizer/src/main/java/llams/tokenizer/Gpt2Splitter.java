package llams.tokenizer;

import static llams.tokenizer.CharClass.LETTER;
import static llams.tokenizer.CharClass.NUMBER;
import static llams.tokenizer.CharClass.SPACE;

/// The pattern of GPT-2: [SplitPattern#GPT2].
record Gpt2Splitter() implements Splitter {

    @Override
    public int next(byte[] text, int p, int limit, boolean last) {
        if (text[p] == '\'') {
            int end = Splitter.contraction(text, p, limit, false);
            if (end >= 0) {
                return end;
            }
        }
        int q = text[p] == ' ' && p + 1 < limit ? p + 1 : p;
        int bits = CharClass.at(text, q);
        if ((bits & LETTER) != 0) {
            return Splitter.letters(text, q, limit);
        }
        if ((bits & NUMBER) != 0) {
            return Splitter.run(text, q, limit, NUMBER);
        }
        if ((bits & SPACE) == 0) {
            return Splitter.runWithout(text, q, limit, SPACE | NUMBER | LETTER);
        }
        return Splitter.whiteSpace(text, p, limit, last, false);
    }
}
