package llams.tokenizer;

import java.util.ArrayList;
import java.util.List;

/// How Meta's wrapper around tiktoken cuts long texts; see [Tokenizer#cuttingLongRuns]. White space is Python's here.
final class LongRuns {

    private static final int TEXT_CODE_POINTS = 400_000;
    private static final int RUN_CODE_POINTS = 25_000;

    record Cut(int from, int to) {}

    private LongRuns() {}

    /// The parts of `text`, in `char`s; each is encoded as a text of its own.
    static List<Cut> cuts(String text) {
        List<Cut> cuts = new ArrayList<>();
        int start = 0;
        int points = 0;
        int run = 0;
        boolean runIsSpace = false;
        for (int i = 0; i < text.length();) {
            boolean isSpace = ChatFormat.isPythonSpace(text.charAt(i));
            if (points == TEXT_CODE_POINTS) {
                cuts.add(new Cut(start, i));
                start = i;
                points = 0;
                run = 0;
            } else if (run == RUN_CODE_POINTS && isSpace == runIsSpace) {
                cuts.add(new Cut(start, i));
                start = i;
                run = 0;
            }
            run = isSpace == runIsSpace ? run + 1 : 1;
            runIsSpace = isSpace;
            points++;
            i += Character.charCount(text.codePointAt(i));
        }
        if (start < text.length()) {
            cuts.add(new Cut(start, text.length()));
        }
        return cuts;
    }
}
