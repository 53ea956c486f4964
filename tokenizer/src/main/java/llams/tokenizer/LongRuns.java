package llams.tokenizer;

import java.util.ArrayList;
import java.util.List;

/// How Meta's wrapper around tiktoken cuts long texts; see [Tokenizer#cuttingLongRuns]. White space is Python's here.
final class LongRuns {

    private static final int TEXT_CODE_POINTS = 400_000;
    private static final int RUN_CODE_POINTS = 25_000;

    /// How much text, or its end, [#end] must see.
    static final int ENOUGH_CHARS = 2 * TEXT_CODE_POINTS + 2;

    record Cut(int from, int to) {}

    /// Code points since the last cut that was not within a run.
    private int points;

    /// The parts of `text`, in `char`s; each is encoded as a text of its own.
    static List<Cut> cuts(String text) {
        LongRuns runs = new LongRuns();
        List<Cut> cuts = new ArrayList<>();
        for (int start = 0; start < text.length();) {
            int end = runs.end(text, start);
            cuts.add(new Cut(start, end));
            start = end;
        }
        return cuts;
    }

    /// Where the part ends that starts at `start`, the end of the last one.
    int end(String text, int start) {
        int run = 0;
        boolean runIsSpace = false;
        for (int i = start; i < text.length();) {
            boolean isSpace = ChatFormat.isPythonSpace(text.charAt(i));
            if (points == TEXT_CODE_POINTS) {
                points = 0;
                return i;
            }
            if (run == RUN_CODE_POINTS && isSpace == runIsSpace) {
                return i;
            }
            run = isSpace == runIsSpace ? run + 1 : 1;
            runIsSpace = isSpace;
            points++;
            i += Character.charCount(text.codePointAt(i));
        }
        return text.length();
    }
}
