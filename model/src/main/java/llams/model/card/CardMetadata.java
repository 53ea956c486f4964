package llams.model.card;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import llams.model.files.DataException;
import llams.model.files.ModelFiles;
import llams.model.yaml.YamlNode;
import llams.model.yaml.YamlReader;
import tools.jackson.databind.json.JsonMapper;

/// The block of YAML at the head of a card, from which a hub takes licence, language and the like.
///
/// @param fields by key; each with one value or several
record CardMetadata(Map<String, List<String>> fields) {
    /// Longer, it is not a card.
    static final int MOST_BYTES = 4 << 20;
    private static final String FENCE = "---";
    /// What needs no quotes. The words that YAML takes for something else, `no` among them, do.
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z][\\w./-]*");
    private static final Pattern WORD = Pattern.compile("(?i)y|n|yes|no|on|off|true|false|null");

    /// The metadata of the card in a directory; empty if there is none, or it cannot be read.
    static CardMetadata of(Path directory) throws IOException {
        return ofCard(directory.resolve(ModelFiles.CARD));
    }

    static CardMetadata ofCard(Path card) throws IOException {
        if (!Files.isRegularFile(card) || Files.size(card) > MOST_BYTES) {
            return new CardMetadata(Map.of());
        }
        String text = new String(ModelFiles.content(card), StandardCharsets.UTF_8).replace("\r\n", "\n");
        int end = text.startsWith(FENCE + "\n") ? text.indexOf("\n" + FENCE, FENCE.length()) : -1;
        if (end < 0) {
            return new CardMetadata(Map.of());
        }
        try {
            YamlNode block = YamlReader.parse(card.toString(), text.substring(FENCE.length() + 1, end + 1));
            return block instanceof YamlNode.Fields map ? of(map) : new CardMetadata(Map.of());
        } catch (DataException _) {
            // People write cards, and other programs read them differently.
            return new CardMetadata(Map.of());
        }
    }

    private static CardMetadata of(YamlNode.Fields map) {
        Map<String, List<String>> fields = new LinkedHashMap<>();
        map.fields().forEach((key, field) -> {
            List<String> values = new ArrayList<>();
            List<YamlNode> nodes = field.value() instanceof YamlNode.Items list ? list.items() : List.of(field.value());
            for (YamlNode node : nodes) {
                if (node instanceof YamlNode.Text one && !one.isNull()) {
                    values.add(one.value());
                }
            }
            fields.put(key, values);
        });
        return new CardMetadata(fields);
    }

    List<String> all(String key) {
        return fields.getOrDefault(key, List.of());
    }

    /// The value of a key, or an empty text.
    String one(String key) {
        return all(key).isEmpty() ? "" : all(key).getFirst();
    }

    /// As YAML between its fences; keys without a value are left out.
    String text() {
        StringBuilder text = new StringBuilder(FENCE + "\n");
        fields.forEach((key, values) -> {
            if (values.size() == 1 && !isList(key)) {
                text.append(key).append(": ").append(quoted(values.getFirst())).append('\n');
            } else if (!values.isEmpty()) {
                text.append(key).append(":\n");
                values.forEach(value -> text.append("- ").append(quoted(value)).append('\n'));
            }
        });
        return text.append(FENCE).append('\n').toString();
    }

    private static boolean isList(String key) {
        return key.equals("language") || key.equals("tags") || key.equals("datasets");
    }

    private static String quoted(String value) {
        boolean isPlain = PLAIN.matcher(value).matches() && !WORD.matcher(value).matches();
        return isPlain ? value : JsonMapper.shared().writeValueAsString(value);
    }
}
