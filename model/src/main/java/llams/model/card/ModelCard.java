package llams.model.card;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.model.files.ModelFiles;
import llams.model.files.Sha256;

/// The card of a model that this program made: `README.md`, with the metadata that hubs read at its head.
///
/// @param kind     what was made
/// @param tags     besides the kind's own
/// @param method   how it was made, in one sentence
/// @param parents  what it was made from
/// @param sections tables of facts, by their headings
public record ModelCard(Kind kind, List<String> tags, String method, List<Parent> parents,
        Map<String, Map<String, String>> sections) {
    /// What can be made.
    ///
    /// Hubs call the second `base_model_relation`; the library is the one that other people would load the result with.
    public enum Kind {
        ADAPTER("LoRA adapter for ", "adapter", "peft"), FINE_TUNED("Fine-tuned ", "finetune", "transformers"),
        EXTENDED("More tokens for ", "finetune", "transformers"), MERGED("Merge of ", "merge", "transformers"),
        QUANTIZED(" of ", "quantized", "llams"), CONVERTED("Converted ", "", "transformers"),
        NEW("New model", "", "transformers");

        private final String title;
        private final String relation;
        private final String library;

        Kind(String title, String relation, String library) {
            this.title = title;
            this.relation = relation;
            this.library = library;
        }
    }

    private static final String CONFIG = "config.json";
    private static final String TEMPLATE = "chat_template.jinja";
    /// At the end of a card as it was written: the hash of all before it.
    private static final Pattern MARK = Pattern.compile("(?s)(.*)<!-- llams ([0-9a-f]{64}) -->\\n");

    public ModelCard {
        parents = List.copyOf(parents);
        tags = List.copyOf(tags);
    }

    public static ModelCard of(Kind kind, String tag, String method, Parent... parents) {
        return new ModelCard(kind, List.of(tag), method, List.of(parents), Map.of());
    }

    /// @param facts by name; a section without any is left out
    public ModelCard with(String heading, Map<String, String> facts) {
        Map<String, Map<String, String>> more = new LinkedHashMap<>(sections);
        more.put(heading, facts);
        return new ModelCard(kind, tags, method, parents, more);
    }

    /// Writes the card into a directory that holds all other files of the result. A card that somebody wrote or edited
    /// stays as it is.
    ///
    /// @return whether it was written
    public boolean write(Path directory) throws IOException {
        Path file = directory.resolve(ModelFiles.CARD);
        if (Files.exists(file) && !isOurs(file)) {
            return false;
        }
        String text = text(directory);
        AtomicFiles.write(file,
                (text + "<!-- llams " + Sha256.ofText(text) + " -->\n").getBytes(StandardCharsets.UTF_8));
        return true;
    }

    /// Whether a card is as this program wrote it.
    private static boolean isOurs(Path card) throws IOException {
        if (Files.size(card) > CardMetadata.MOST_BYTES) {
            return false;
        }
        Matcher marked = MARK.matcher(new String(ModelFiles.content(card), StandardCharsets.UTF_8));
        return marked.matches() && Sha256.ofText(marked.group(1)).equals(marked.group(2));
    }

    private String text(Path directory) throws IOException {
        StringBuilder text = new StringBuilder(metadata().text());
        text.append("\n# ").append(title()).append("\n\n");
        terms().forEach(term -> text.append(term).append("\n\n"));
        text.append(method).append("\n");
        if (!parents.isEmpty()) {
            text.append("\n## Made from\n\n| | model | commit | licence |\n|---|---|---|---|\n");
            for (Parent parent : parents) {
                text.append("| ").append(parent.role()).append(" | ").append(parent.text()).append(" | ");
                text.append(parent.commit().isEmpty() ? "" : "`" + parent.commit() + "`").append(" | ");
                text.append(cell(parent.licence().text())).append(" |\n");
            }
        }
        sections.forEach((heading, facts) -> table(text, heading, facts));
        table(text, "Files", files(directory));
        text.append("\nWritten by LLaMS ").append(ProgramVersion.of(ModelCard.class));
        return text.append(" from the facts of the work. Once edited, it is never replaced.\n\n").toString();
    }

    private String title() {
        // A quantized model's first tag is its type.
        String type = kind == Kind.QUANTIZED ? tags.getFirst().toUpperCase(Locale.ROOT) : "";
        return type + kind.title + String.join(", ", parents.stream().map(Parent::title).distinct().toList());
    }

    private static void table(StringBuilder text, String heading, Map<String, String> facts) {
        if (facts.isEmpty()) {
            return;
        }
        text.append("\n## ").append(heading).append("\n\n| | |\n|---|---|\n");
        facts.forEach(
                (name, value) -> text.append("| ").append(cell(name)).append(" | ").append(cell(value)).append(" |\n"));
    }

    private static String cell(String value) {
        return value.replaceAll("\\s*\\R\\s*", " ").replace("|", "\\|");
    }

    private CardMetadata metadata() {
        Map<String, List<String>> fields = new LinkedHashMap<>();
        Set<String> bases = new LinkedHashSet<>();
        Set<String> languages = new LinkedHashSet<>();
        for (Parent parent : parents) {
            bases.addAll(parent.hubModels());
            languages.addAll(parent.languages());
        }
        ModelLicence licence = licence();
        if (licence.isKnown()) {
            fields.put("license", List.of(licence.id()));
            fields.put("license_name", licence.name().isEmpty() ? List.of() : List.of(licence.name()));
            fields.put("license_link", licence.link().isEmpty() ? List.of() : List.of(licence.link()));
        }
        fields.put("language", List.copyOf(languages));
        fields.put("base_model", List.copyOf(bases));
        fields.put("base_model_relation",
                bases.isEmpty() || kind.relation.isEmpty() ? List.of() : List.of(kind.relation));
        fields.put("library_name", List.of(kind.library));
        fields.put("pipeline_tag", List.of("text-generation"));
        List<String> all = new ArrayList<>(List.of("llama", "llams"));
        all.addAll(tags);
        fields.put("tags", all);
        return new CardMetadata(fields);
    }

    /// The licence that all parents state. If they differ, or one says nothing, none is claimed for the result.
    private ModelLicence licence() {
        ModelLicence first = parents.isEmpty() ? ModelLicence.UNKNOWN : parents.getFirst().licence();
        return parents.stream().allMatch(parent -> parent.licence().isSame(first)) ? first : ModelLicence.UNKNOWN;
    }

    /// What the licences of the parents want to be shown, whether they agree or not.
    private List<String> terms() {
        return parents.stream().flatMap(parent -> parent.licence().terms().stream()).distinct().toList();
    }

    /// What the directory holds that a reader might look for.
    private static Map<String, String> files(Path directory) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        List<String> legal = Parent.legal(directory);
        if (!legal.isEmpty()) {
            facts.put("licence", String.join(", ", legal));
        }
        Path template = directory.resolve(TEMPLATE);
        if (Files.isRegularFile(template)) {
            facts.put("chat template", TEMPLATE + ", SHA-256 `" + Sha256.ofFile(template) + "`");
        } else if (hasTemplate(directory.resolve("tokenizer_config.json"))) {
            facts.put("chat template", "in tokenizer_config.json");
        }
        Path config = directory.resolve(CONFIG);
        if (Files.isRegularFile(config)) {
            String dtype = Json.readObject(config).path("torch_dtype").asString("");
            if (!dtype.isEmpty()) {
                facts.put("type of the weights", dtype);
            }
        }
        return facts;
    }

    private static boolean hasTemplate(Path tokenizerConfig) throws IOException {
        return Files.isRegularFile(tokenizerConfig) && Json.readObject(tokenizerConfig).hasNonNull("chat_template");
    }
}
