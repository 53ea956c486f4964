package llams.trainer.recipe;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.model.files.DataException;
import llams.model.yaml.YamlNode;
import llams.model.yaml.YamlNode.Field;
import llams.model.yaml.YamlNode.Fields;
import llams.model.yaml.YamlNode.Items;
import llams.trainer.recipe.Stage.Output;
import llams.trainer.recipe.Stage.Setting;
import llams.trainer.recipe.Stage.Text;
import llams.trainer.recipe.Stage.Value;

/// From YAML to a recipe. In a text, `$NAME` or `${NAME}` is the value of that name; at its beginning also the result
/// of the stage of that name, which a path may follow, as in `$data/general.txt`. `$$` is a dollar sign.
final class RecipeReader {
    /// Stands for each of the stages that a stage is repeated `for`.
    private static final String FOR = "for";
    private static final String WANTED = "a recipe: lines like 'stages:' and, below it, stages with a kind";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]*");
    private static final Pattern REFERENCE = Pattern
            .compile("\\$(?:(?<dollar>\\$)|\\{(?<long>[^}]*)}|(?<short>[A-Za-z0-9][A-Za-z0-9_-]*)|)");

    private final String name;
    private final YamlNode root;
    private final Map<String, String> given;
    private final Map<String, String> values = new LinkedHashMap<>();
    private final Set<String> stageNames = new LinkedHashSet<>();

    RecipeReader(String name, YamlNode root, Map<String, String> given) {
        this.name = name;
        this.root = root;
        this.given = given;
    }

    Recipe recipe() {
        Map<String, Field> fields = root.fields(WANTED, List.of("about", "values", "stages"));
        if (!fields.containsKey("stages")) {
            throw root.wanted(WANTED);
        }
        readValues(fields.get("values"));
        Map<String, Field> stages = map(fields.get("stages").value(), "stages by their names");
        stages.forEach(this::readNames);
        List<Stage> read = new ArrayList<>();
        stages.forEach((stage, field) -> {
            for (String each : repetitions(field)) {
                read.add(stage(each == null ? stage : repeated(stage, each), field, each));
            }
        });
        String about = fields.containsKey("about") ? fields.get("about").value().text("a line of text") : "";
        return new Recipe(name, about.strip(), ordered(read));
    }

    private void readValues(Field field) {
        if (field != null) {
            map(field.value(), "values by their names")
                    .forEach((key, value) -> values.put(checked(key, value.place()), value.value().text("a value")));
        }
        given.forEach((key, value) -> {
            if (!values.containsKey(key)) {
                throw new DataException(name + ": there is no value \"" + key + "\" to be set; "
                        + (values.isEmpty() ? "it has none" : "it has " + String.join(", ", values.keySet())));
            }
            values.put(key, value);
        });
    }

    private void readNames(String stage, Field field) {
        checked(stage, field.place());
        if (values.containsKey(stage)) {
            throw new DataException(
                    field.place() + ": \"" + stage + "\" is a value already; name the stage differently");
        }
        for (String each : repetitions(field)) {
            if (!stageNames.add(each == null ? stage : repeated(stage, each))) {
                throw new DataException(field.place() + ": there are two stages " + repeated(stage, each));
            }
        }
    }

    private static String checked(String name, String place) {
        if (!NAME.matcher(name).matches() || name.equals(FOR) || name.equals(RecipeDirectory.RECORDS)) {
            throw new DataException(place + ": \"" + name + "\" cannot be a name; wanted letters, digits, - and _, and"
                    + " neither \"" + FOR + "\" nor \"" + RecipeDirectory.RECORDS + "\"");
        }
        return name;
    }

    /// The stages that a stage is repeated for; one null if it is not.
    private static List<String> repetitions(Field stage) {
        List<String> repetitions = new ArrayList<>();
        Field each = map(stage.value(), "a stage's kind and settings").get(FOR);
        if (each == null) {
            repetitions.add(null);
        } else {
            each.value()
                    .items("names of stages, as in [base, tuned]")
                    .forEach(item -> repetitions.add(item.text("a stage's name")));
        }
        return repetitions;
    }

    private static String repeated(String stage, String each) {
        return stage + "-" + each;
    }

    private Stage stage(String stageName, Field field, String each) {
        Map<String, Setting> settings = new LinkedHashMap<>();
        String kind = null;
        for (Map.Entry<String, Field> entry : map(field.value(), "a stage's kind and settings").entrySet()) {
            YamlNode value = entry.getValue().value();
            switch (entry.getKey()) {
                case "kind" -> kind = value.text("what the stage does, as in 'kind: train'");
                case FOR -> {}
                default -> settings.put(entry.getKey(), setting(stageName, entry.getValue(), each));
            }
        }
        if (kind == null) {
            throw new DataException(field.place() + ": stage " + stageName
                    + ": kind is missing; it says what is done, as in 'kind: train'");
        }
        return new Stage(stageName, kind, settings, field.place());
    }

    private Setting setting(String stage, Field field, String each) {
        List<Value> read = new ArrayList<>();
        switch (field.value()) {
            case YamlNode.Text text -> read.add(value(stage, null, text, each));
            case Items list -> list.items().forEach(item -> read.add(value(stage, null, item, each)));
            case Fields map -> map.fields().forEach((key, item) -> read.add(value(stage, key, item.value(), each)));
        }
        return new Setting(read, field.value() instanceof Items, field.place());
    }

    private Value value(String stage, String key, YamlNode node, String each) {
        String text = node.text("a value");
        Matcher reference = REFERENCE.matcher(text);
        StringBuilder plain = new StringBuilder();
        String from = null;
        while (reference.find()) {
            String named = reference.group("long") != null ? reference.group("long") : reference.group("short");
            if (FOR.equals(named) && each != null) {
                named = each;
            }
            boolean isStage = named != null && stageNames.contains(named);
            if (isStage && (reference.start() > 0
                    || !text.startsWith("/", reference.end()) && reference.end() < text.length())) {
                throw new DataException(node.place() + ": stage " + stage + ": \"" + text + "\": what stage " + named
                        + " makes must stand at the beginning, alone or before a /");
            }
            from = isStage ? named : from;
            reference.appendReplacement(plain, Matcher.quoteReplacement(
                    isStage ? "" : reference.group("dollar") != null ? "$" : value(stage, named, node)));
        }
        reference.appendTail(plain);
        return from == null
                ? new Text(key, plain.toString())
                : new Output(key, from, plain.toString().replaceFirst("^/", ""));
    }

    private String value(String stage, String named, YamlNode node) {
        if (named == null || !values.containsKey(named)) {
            Set<String> known = new LinkedHashSet<>(stageNames);
            known.addAll(values.keySet());
            throw new DataException(node.place() + ": stage " + stage + ": "
                    + (named == null
                            ? "a name must follow the $; write $$ for a dollar sign"
                            : "there is no stage or value \"" + named + "\"; there are " + String.join(", ", known)));
        }
        return values.get(named);
    }

    private static Map<String, Field> map(YamlNode node, String what) {
        if (node instanceof Fields map) {
            return map.fields();
        }
        throw node.wanted(what);
    }

    /// Each stage after those that it needs, otherwise as in the file.
    private static List<Stage> ordered(List<Stage> stages) {
        Map<String, Stage> left = new LinkedHashMap<>();
        stages.forEach(stage -> left.put(stage.name(), stage));
        List<Stage> ordered = new ArrayList<>();
        while (!left.isEmpty()) {
            Stage next = left.values()
                    .stream()
                    .filter(stage -> stage.needs().stream().noneMatch(left::containsKey))
                    .findFirst()
                    .orElseThrow(() -> cycle(left));
            left.remove(next.name());
            ordered.add(next);
        }
        return ordered;
    }

    /// @param left stages of which each needs another one of them
    private static DataException cycle(Map<String, Stage> left) {
        Map<String, Integer> seen = new HashMap<>();
        List<String> path = new ArrayList<>();
        String at = left.keySet().iterator().next();
        while (seen.putIfAbsent(at, path.size()) == null) {
            path.add(at);
            at = left.get(at).needs().stream().filter(left::containsKey).findFirst().orElseThrow();
        }
        List<String> circle = new ArrayList<>(path.subList(seen.get(at), path.size()));
        circle.add(at);
        return new DataException(left.get(at).place() + ": stage " + at + " needs its own result: "
                + String.join(" needs ", circle) + "; take one of these inputs from elsewhere");
    }
}
