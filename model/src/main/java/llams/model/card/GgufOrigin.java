package llams.model.card;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.engine.gguf.GgufFile;
import llams.engine.gguf.GgufValue;

/// What a GGUF file's `general.` keys say of where its model comes from: licence, languages, hub's names. llama.cpp's
/// converter takes them from a model's card, too.
public final class GgufOrigin {
    private static final String HUB = "https://huggingface.co/";
    private static final Pattern REPO = Pattern.compile(Pattern.quote(HUB) + "(\\w[\\w.-]*/\\w[\\w.-]*)/?");
    private static final String LICENCE = "general.license";
    private static final String LICENCE_NAME = "general.license.name";
    private static final String LICENCE_LINK = "general.license.link";
    private static final String LANGUAGES = "general.languages";
    private static final String SOURCE = "general.source.repo_url";
    private static final String BASES = "general.base_model.count";
    /// More than any file says.
    private static final int MOST_BASES = 100;

    private GgufOrigin() {}

    /// The keys for the model or adapter in a directory; those of which nothing is known are left out.
    public static Map<String, GgufValue> values(Path directory) throws IOException {
        Parent parent = Parent.of("", directory);
        Map<String, GgufValue> values = new LinkedHashMap<>();
        putText(values, LICENCE, parent.licence().id());
        putText(values, LICENCE_NAME, parent.licence().name());
        putText(values, LICENCE_LINK, parent.licence().link());
        if (!parent.languages().isEmpty()) {
            values.put(LANGUAGES, GgufValue.of(parent.languages()));
        }
        if (!parent.repo().isEmpty()) {
            values.put(SOURCE, GgufValue.of(HUB + parent.repo()));
        }
        List<String> bases = parent.bases().stream().filter(base -> REPO.matcher(HUB + base).matches()).toList();
        if (!bases.isEmpty()) {
            values.put(BASES, GgufValue.of(bases.size()));
        }
        for (int i = 0; i < bases.size(); i++) {
            String owner = bases.get(i).substring(0, bases.get(i).indexOf('/'));
            values.put(base(i) + ".name", GgufValue.of(bases.get(i).substring(owner.length() + 1)));
            values.put(base(i) + ".organization", GgufValue.of(owner));
            values.put(base(i) + ".repo_url", GgufValue.of(HUB + bases.get(i)));
        }
        return values;
    }

    private static void putText(Map<String, GgufValue> values, String key, String text) {
        if (!text.isEmpty()) {
            values.put(key, GgufValue.of(text));
        }
    }

    private static String base(int number) {
        return "general.base_model." + number;
    }

    /// The model in a file. A key of another kind than it should be says nothing.
    static Parent parent(String role, Path path) throws IOException {
        try (GgufFile file = GgufFile.open(path)) {
            Map<String, GgufValue> values = file.metadata.values();
            long count = values.get(BASES) instanceof GgufValue.Whole whole ? whole.value() : 0;
            Set<String> bases = new LinkedHashSet<>();
            for (int i = 0; i < Math.clamp(count, 0, MOST_BASES); i++) {
                repo(values, base(i) + ".repo_url").ifPresent(bases::add);
            }
            List<String> languages = values.get(LANGUAGES) instanceof GgufValue.Array array
                    && array.type() == GgufValue.Type.STRING ? array.texts() : List.of();
            ModelLicence licence = new ModelLicence(text(values, LICENCE), text(values, LICENCE_NAME),
                    text(values, LICENCE_LINK));
            return new Parent(role, path.getFileName().toString(), repo(values, SOURCE).orElse(""), "", licence,
                    List.copyOf(bases), languages);
        }
    }

    private static Optional<String> repo(Map<String, GgufValue> values, String key) {
        Matcher matcher = REPO.matcher(text(values, key));
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static String text(Map<String, GgufValue> values, String key) {
        return values.get(key) instanceof GgufValue.Text(String text) ? text : "";
    }
}
