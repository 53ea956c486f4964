package llams.trainer.task;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import llams.model.chat.TextTemplate;
import llams.model.files.DataException;
import llams.model.yaml.YamlNode;
import llams.model.yaml.YamlNode.Field;
import llams.trainer.task.AnswerRule.Ignored;
import llams.trainer.task.Task.Answers;
import llams.trainer.task.Task.Column;
import llams.trainer.task.Task.Form;
import llams.trainer.task.Task.Listed;
import llams.trainer.task.Task.Pick;
import llams.trainer.task.Task.Shots;
import llams.trainer.task.Task.Written;

/// From YAML to a task.
final class TaskReader {
    private static final String WANTED = "a task: lines like 'prompt: \"{{question}}\\nAnswer:\"'";
    private static final List<String> CHOOSING = List.of("choices");
    private static final List<String> WRITING = List.of("max-tokens", "stop", "ignore", "compare");
    private static final List<String> KEYS = Stream
            .of(List.of("about", "data", "description", "prompt", "answer", "separator", "subject", "f1", "chat"),
                    CHOOSING, WRITING, List.of("shots", "shots-data", "shots-pick", "shots-seed", "shots-separator"))
            .flatMap(List::stream)
            .toList();
    /// Of these a score depends only through what else is noted with it.
    private static final Set<String> NOT_FORM = Set.of("about", "data", "f1", "shots", "shots-data", "chat");
    /// What lm-evaluation-harness seeds its examples with.
    private static final long SEED = 1234;

    private final String name;
    private final YamlNode root;
    private final Path home;
    private final Map<String, Field> fields;

    /// @param home where paths in the file count from
    TaskReader(String name, YamlNode root, Path home) {
        this.name = name;
        this.root = root;
        this.home = home;
        fields = root.fields(WANTED, KEYS);
    }

    Task task() {
        for (String needed : List.of("prompt", "answer")) {
            if (!fields.containsKey(needed)) {
                throw new DataException(root.place() + ": " + needed + " is missing; wanted " + WANTED);
            }
        }
        boolean chooses = fields.containsKey("choices");
        for (String key : chooses ? WRITING : CHOOSING) {
            if (fields.containsKey(key)) {
                throw new DataException(fields.get(key).place() + ": " + key
                        + " is for answers that the model writes, and the task has choices; leave one of them out");
            }
        }
        if (flag("f1") && !chooses) {
            throw new DataException(fields.get("f1").place() + ": f1 is for choices, and the task has none");
        }
        return new Task(name, text("about", ""), path("data"), template("description", ""), template("prompt", null),
                chooses ? choices() : written(), template("answer", null), text("separator", " "),
                fields.containsKey("subject") ? template("subject", null) : null, flag("f1"), shots(), flag("chat"),
                form());
    }

    private Answers choices() {
        YamlNode node = fields.get("choices").value();
        if (node instanceof YamlNode.Items list) {
            List<TextTemplate> choices = list.items()
                    .stream()
                    .map(item -> new TextTemplate(item.place(), item.text("an answer")))
                    .toList();
            return new Listed(choices);
        }
        return new Column(node.text("a list of answers, or the name of a column that has one"), node.place());
    }

    private Written written() {
        Set<Ignored> ignored = EnumSet.noneOf(Ignored.class);
        for (YamlNode item : items("ignore")) {
            ignored.add(one(item, Ignored.class));
        }
        boolean math = fields.containsKey("compare")
                && one(fields.get("compare").value(), Compare.class) == Compare.MATH;
        return new Written((int) number("max-tokens", 256, 1), items("stop").stream().map(item -> {
            if (item.text("a text").isEmpty()) {
                throw item.wanted("a text that ends answers");
            }
            return item.text("a text");
        }).toList(), new AnswerRule(ignored, math));
    }

    private enum Compare {
        TEXT, MATH
    }

    private Shots shots() {
        boolean fromData = text("shots-data", "").equals("same");
        Pick pick = fields.containsKey("shots-pick") ? one(fields.get("shots-pick").value(), Pick.class) : Pick.RANDOM;
        return new Shots((int) number("shots", 0, 0), fromData ? null : path("shots-data"), fromData, pick,
                number("shots-seed", SEED, 0), text("shots-separator", "\n\n"));
    }

    private Form form() {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(fields).forEach((key, field) -> {
            if (!NOT_FORM.contains(key)) {
                text.append(key).append('=').append(written(field.value())).append('\n');
            }
        });
        return new Form(text.toString());
    }

    private static String written(YamlNode node) {
        return switch (node) {
            case YamlNode.Text text -> text.value().length() + ":" + text.value();
            case YamlNode.Items list -> list.items().stream().map(TaskReader::written).toList().toString();
            case YamlNode.Fields map -> throw map.wanted("a value or a list");
        };
    }

    private String text(String key, String otherwise) {
        return fields.containsKey(key) ? fields.get(key).value().text("a text") : otherwise;
    }

    private Path path(String key) {
        return fields.containsKey(key) ? home.resolve(text(key, "")) : null;
    }

    private TextTemplate template(String key, String otherwise) {
        Field field = fields.get(key);
        return new TextTemplate(field == null ? root.place() : field.place(), text(key, otherwise));
    }

    private boolean flag(String key) {
        return switch (text(key, "false")) {
            case "true" -> true;
            case "false" -> false;
            default -> throw fields.get(key).value().wanted("true or false");
        };
    }

    private long number(String key, long otherwise, long least) {
        String text = text(key, String.valueOf(otherwise));
        if (!text.matches("\\d{1,9}") || Long.parseLong(text) < least) {
            throw fields.get(key).value().wanted("a whole number of at least " + least);
        }
        return Long.parseLong(text);
    }

    /// The values of a list; one value is a list of itself.
    private List<YamlNode> items(String key) {
        Field field = fields.get(key);
        if (field == null) {
            return List.of();
        }
        return field.value() instanceof YamlNode.Items list ? list.items() : List.of(field.value());
    }

    private static <E extends Enum<E>> E one(YamlNode node, Class<E> of) {
        List<String> names = new ArrayList<>();
        for (E constant : of.getEnumConstants()) {
            names.add(constant.name().toLowerCase(Locale.ROOT));
            if (names.getLast().equals(node.text("one of " + names))) {
                return constant;
            }
        }
        throw node.wanted("one of " + String.join(", ", names));
    }
}
