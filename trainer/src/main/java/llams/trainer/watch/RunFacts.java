package llams.trainer.watch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.io.AtomicFiles;
import llams.model.files.DataException;
import llams.model.yaml.YamlNode;
import llams.model.yaml.YamlReader;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What is known of a run beside its steps: `run.json`.
///
/// @param state    how the run stands, such as `running`
/// @param about    what is trained and on what, a line
/// @param version  of the program
/// @param sections facts for people, by the names of their tables
public record RunFacts(String state, String about, String version, Map<String, Map<String, String>> sections) {
    public static final String FILE = "run.json";
    public static final String RUNNING = "running";
    private static final String SETTINGS = "train.yaml";
    /// Nothing is known.
    static final RunFacts NONE = new RunFacts("", "", "", Map.of());

    public RunFacts withState(String now) {
        return new RunFacts(now, about, version, sections);
    }

    boolean isRunning() {
        return state.equals(RUNNING);
    }

    void write(Path run) throws IOException {
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("state", state).put("about", about).put("version", version);
        ObjectNode all = json.putObject("sections");
        sections.forEach((name, facts) -> facts.forEach(all.withObjectProperty(name)::put));
        AtomicFiles.write(run.resolve(FILE),
                (JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n")
                        .getBytes(StandardCharsets.UTF_8));
    }

    /// What `run.json` says; for a run without one, the settings in its `train.yaml`.
    public static RunFacts read(Path run) throws IOException {
        Path file = run.resolve(FILE);
        if (!Files.exists(file)) {
            return Files.exists(run.resolve(SETTINGS)) ? ofSettings(run.resolve(SETTINGS)) : NONE;
        }
        try {
            if (!(JsonMapper.shared().readTree(Files.readAllBytes(file)) instanceof ObjectNode json)) {
                return NONE;
            }
            Map<String, Map<String, String>> sections = new LinkedHashMap<>();
            json.path("sections").properties().forEach(section -> {
                Map<String, String> facts = new LinkedHashMap<>();
                section.getValue().properties().forEach(fact -> facts.put(fact.getKey(), fact.getValue().asString("")));
                sections.put(section.getKey(), facts);
            });
            return new RunFacts(json.path("state").asString(""), json.path("about").asString(""),
                    json.path("version").asString(""), sections);
        } catch (JacksonException _) {
            return NONE;
        }
    }

    private static RunFacts ofSettings(Path file) throws IOException {
        Map<String, String> settings = new LinkedHashMap<>();
        try {
            if (YamlReader.read(file) instanceof YamlNode.Fields all) {
                all.fields().forEach((name, field) -> {
                    if (field.value() instanceof YamlNode.Text text) {
                        settings.put(name, text.value());
                    }
                });
            }
        } catch (DataException _) {
            return NONE;
        }
        return new RunFacts("", "", "", Map.of("Settings", settings));
    }
}
