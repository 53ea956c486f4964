package llams.trainer.data;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import llams.tokenizer.Tokenizer;

/// Special tokens' names that were seen in texts: whoever writes them there has probably formatted the texts already.
final class SpecialNames {
    private static final class Seen {
        final String first;
        long times;

        Seen(String first) {
            this.first = first;
        }
    }

    private final Tokenizer tokenizer;
    private final SpecialText special;
    private final Map<String, Seen> seen = new LinkedHashMap<>();

    /// @param tokenizer null if there is none: then nothing is special
    SpecialNames(Tokenizer tokenizer, SpecialText special) {
        this.tokenizer = tokenizer;
        this.special = special;
    }

    /// @param place   `file:line` of the text
    /// @param byLines whether the text's lines are lines of the file, of which `place` is the first
    void find(String text, String place, boolean byLines) {
        if (tokenizer == null || special == SpecialText.PARSE) {
            return;
        }
        for (String name : tokenizer.specialsIn(text)) {
            seen.computeIfAbsent(name, n -> new Seen(byLines ? place(place, text, n) : place)).times++;
        }
    }

    private static String place(String start, String text, String name) {
        int colon = start.lastIndexOf(':');
        long line = Long.parseLong(start.substring(colon + 1));
        return start.substring(0, colon + 1) + (line + text.substring(0, text.indexOf(name)).chars().filter(c -> c == '\n').count());
    }

    /// @throws DataException if there are any, and none is wanted
    void check() {
        if (special == SpecialText.ERROR && !seen.isEmpty()) {
            throw new DataException("texts contain " + list() + ", which --special error forbids; --special parse reads special tokens'"
                    + " names as the tokens, text as letters");
        }
    }

    /// What there is to say: a line, or none.
    List<String> lines() {
        return seen.isEmpty() ? List.of()
                : List.of("texts contain special tokens' names, which are read as letters: " + list()
                        + "; if the texts are formatted already, --special parse reads them as tokens");
    }

    private String list() {
        StringBuilder list = new StringBuilder();
        seen.forEach((name, where) -> list.append(list.isEmpty() ? "" : ", ").append(name)
                .append(String.format(Locale.ROOT, " (%,d, first at %s)", where.times, where.first)));
        return list.toString();
    }
}
