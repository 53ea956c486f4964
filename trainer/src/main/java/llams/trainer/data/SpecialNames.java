package llams.trainer.data;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import llams.model.files.DataException;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Special tokens' names found in texts: a text that has them was probably formatted already.
final class SpecialNames {
    private static final class Seen {
        final String first;
        long times;

        Seen(String first) {
            this.first = first;
        }
    }

    /// What [#json] wrote, of a file that was called `then` and is called `now`.
    static SpecialNames of(JsonNode json, String then, String now) {
        SpecialNames names = new SpecialNames(null, SpecialText.TEXT);
        json.properties().forEach(name -> {
            Seen seen = new Seen(name.getValue().path("first").asString().replace(then, now));
            seen.times = name.getValue().path("times").asLong();
            names.seen.put(name.getKey(), seen);
        });
        return names;
    }

    /// The names with how often and where first.
    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        seen.forEach((name, where) -> json.putObject(name).put("times", where.times).put("first", where.first));
        return json;
    }

    private final Tokenizer tokenizer;
    private final SpecialText special;
    private final Map<String, Seen> seen = new LinkedHashMap<>();
    /// How names begin: a text without any of these has no name in it, and most texts have none.
    private final Set<String> beginnings = new HashSet<>();

    /// @param tokenizer null if there is none: then nothing is special
    SpecialNames(Tokenizer tokenizer, SpecialText special) {
        this.tokenizer = tokenizer;
        this.special = special;
        if (tokenizer != null) {
            tokenizer.specials()
                    .keySet()
                    .forEach(name -> beginnings.add(name.substring(0, Math.min(2, name.length()))));
        }
    }

    /// @param place   `file:line` of the text
    /// @param byLines whether the text's lines are lines of the file, of which `place` is the first
    void find(String text, String place, boolean byLines) {
        if (special == SpecialText.PARSE || beginnings.stream().noneMatch(text::contains)) {
            return;
        }
        for (int id : tokenizer.encode(text, Tokenizer.ALL, Set.of())) {
            if (tokenizer.isSpecial(id)) {
                seen.computeIfAbsent(tokenizer.decode(id),
                        name -> new Seen(byLines ? place(place, text, name) : place)).times++;
            }
        }
    }

    private static String place(String start, String text, String name) {
        int colon = start.lastIndexOf(':');
        long line = Long.parseLong(start.substring(colon + 1));
        return start.substring(0, colon + 1)
                + (line + text.substring(0, text.indexOf(name)).chars().filter(c -> c == '\n').count());
    }

    /// Takes over what was found in the texts that come next.
    void add(SpecialNames next) {
        next.seen.forEach((name, where) -> seen.computeIfAbsent(name, _ -> new Seen(where.first)).times += where.times);
    }

    /// @throws DataException if there are any, and none is wanted
    void check() {
        if (special == SpecialText.ERROR && !seen.isEmpty()) {
            throw new DataException("texts contain " + list() + ", which `special error` forbids; `special parse`"
                    + " reads special tokens' names as the tokens, text as letters");
        }
    }

    /// What to tell the user: a line, or none.
    List<String> lines() {
        return seen.isEmpty()
                ? List.of()
                : List.of("texts contain special tokens' names, which are read as letters: " + list()
                        + "; if the texts are formatted already, `special parse` reads them as tokens");
    }

    private String list() {
        StringBuilder list = new StringBuilder();
        seen.forEach((name, where) -> list.append(list.isEmpty() ? "" : ", ")
                .append(name)
                .append(String.format(Locale.ROOT, " (%,d, first at %s)", where.times, where.first)));
        return list.toString();
    }
}
