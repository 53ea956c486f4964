package llams.model.merge.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.tensor.DType;
import llams.engine.weights.ConfigJson;
import llams.model.files.DataException;
import llams.model.merge.config.MergeConfig.Source;
import llams.model.yaml.YamlNode;
import llams.model.yaml.YamlNode.Field;
import llams.model.yaml.YamlReader;

/// Reads a merge from a YAML file in mergekit's form. Paths count from the working directory, as on a command line.
public final class MergeConfigFile {
    private static final List<String> KEYS = List.of("merge_method", "base_model", "models", "slices", "parameters",
            "dtype", "out_dtype", "tokenizer_source", "seed");
    private static final List<String> CHAT_VECTOR_KEYS = List.of("merge_method", "base_model", "tuned_model",
            "instruct_model", "parameters");
    private static final String METHODS = String.join(", ",
            Arrays.stream(Method.values()).map(Method::spelling).toList());
    private static final List<String> PER_MODEL = List.of("weight", "density");

    private final Path file;
    private final Method method;
    private final Map<String, Field> fields;
    private final Map<String, Setting> parameters = new HashMap<>();
    private boolean normalize;

    private MergeConfigFile(Path file, Method method, Map<String, Field> fields) {
        this.file = file;
        this.method = method;
        this.fields = fields;
        this.normalize = method.normalizes();
    }

    /// @throws DataException if it is not YAML, or not a merge; says where, what was found and what would be right
    public static MergeConfig read(Path file) throws IOException {
        YamlNode root = YamlReader.read(file);
        if (!(root instanceof YamlNode.Fields map)) {
            throw root.wanted("lines like 'merge_method: linear'");
        }
        Field named = map.fields().get("merge_method");
        if (named == null) {
            throw new DataException(file + ": merge_method is missing; it is one of " + METHODS);
        }
        Method method = method(named.value());
        Map<String, Field> fields = root.fields("a merge", method == Method.CHAT_VECTOR ? CHAT_VECTOR_KEYS : KEYS);
        try {
            return new MergeConfigFile(file, method, fields).config();
        } catch (DataException e) {
            String message = e.getMessage();
            throw message.startsWith(file + ":") ? e : new DataException(file + ": " + message, e);
        }
    }

    private static Method method(YamlNode node) {
        String name = node.text("one of " + METHODS);
        for (Method method : Method.values()) {
            if (method.spelling().equals(name)) {
                return method;
            }
        }
        throw node.wanted("one of " + METHODS);
    }

    private MergeConfig config() throws IOException {
        Path base = path("base_model");
        List<Source> models = method == Method.CHAT_VECTOR ? chatVectorModels() : models(base);
        if (fields.containsKey("parameters")) {
            readParameters(fields.get("parameters").value(), method.parameters, parameters);
        }
        MergeConfig config = MergeConfig.of(method, base, models, parameters).withNormalize(normalize);
        if (fields.containsKey("dtype")) {
            config = config.withDtype(dtype(fields.get("dtype").value()));
        }
        if (fields.containsKey("out_dtype")) {
            config = config.withDtype(dtype(fields.get("out_dtype").value()));
        }
        if (fields.containsKey("tokenizer_source")) {
            config = config.withTokenizer(tokenizer(fields.get("tokenizer_source").value(), base));
        }
        return fields.containsKey("seed") ? config.withSeed(seed(fields.get("seed").value())) : config;
    }

    private Path path(String key) {
        return fields.containsKey(key) ? Path.of(fields.get(key).value().text("a model directory")) : null;
    }

    private List<Source> chatVectorModels() {
        List<Source> models = new ArrayList<>();
        for (String key : List.of("tuned_model", "instruct_model")) {
            Path path = path(key);
            if (path == null) {
                throw new DataException(file + ": " + key + " is missing; chat_vector computes"
                        + " tuned_model + scale (instruct_model - base_model)");
            }
            models.add(new Source(path, Map.of()));
        }
        return models;
    }

    private List<Source> models(Path base) throws IOException {
        if (fields.containsKey("models") == fields.containsKey("slices")) {
            throw new DataException(file + ": wanted either models or slices, found "
                    + (fields.containsKey("models") ? "both" : "neither"));
        }
        List<Source> models = new ArrayList<>();
        List<YamlNode> entries = fields.containsKey("models")
                ? fields.get("models").value().items("a list of models")
                : sources();
        for (YamlNode entry : entries) {
            Map<String, Field> known = entry.fields("a model",
                    fields.containsKey("models")
                            ? List.of("model", "parameters")
                            : List.of("model", "layer_range", "parameters"));
            if (!known.containsKey("model")) {
                throw entry.wanted("a model with the key \"model\"");
            }
            Path path = Path.of(known.get("model").value().text("a model directory"));
            if (known.containsKey("layer_range")) {
                checkAllLayers(path, known.get("layer_range").value());
            }
            Map<String, Setting> own = new HashMap<>();
            if (known.containsKey("parameters")) {
                List<String> names = PER_MODEL.stream().filter(method.parameters::contains).toList();
                readParameters(known.get("parameters").value(), names, own);
            }
            boolean isBase = base != null && MergeRules.place(path).equals(MergeRules.place(base));
            if (!isBase || method == Method.LINEAR) {
                models.add(new Source(path, own));
            }
        }
        return models;
    }

    private List<YamlNode> sources() {
        YamlNode slices = fields.get("slices").value();
        List<YamlNode> list = slices.items("a list with one slice");
        if (list.size() != 1) {
            throw new DataException(slices.place() + ": only whole models can be merged, so there must be one slice"
                    + " with all layers, not " + list.size() + " slices");
        }
        Map<String, Field> slice = list.getFirst().fields("a slice", List.of("sources", "parameters"));
        if (!slice.containsKey("sources")) {
            throw list.getFirst().wanted("a slice with sources");
        }
        if (slice.containsKey("parameters")) {
            readParameters(slice.get("parameters").value(), method.parameters, parameters);
        }
        return slice.get("sources").value().items("a list of models");
    }

    private static void checkAllLayers(Path model, YamlNode range) throws IOException {
        List<YamlNode> ends = range.items("the first layer and the one after the last");
        int layers = ConfigJson.read(model).layers();
        boolean all = ends.size() == 2 && ends.get(0).text("0").equals("0")
                && ends.get(1).text("" + layers).equals("" + layers);
        if (!all) {
            throw new DataException(range.place() + ": only whole models can be merged; the layer_range of " + model
                    + " must be [0, " + layers + "]");
        }
    }

    /// Adds the parameters that are not in `into` yet.
    private void readParameters(YamlNode node, List<String> known, Map<String, Setting> into) {
        if (node instanceof YamlNode.Fields map && map.fields().containsKey("int8_mask")) {
            throw new DataException(map.fields().get("int8_mask").place() + ": int8_mask is not supported and not"
                    + " needed, since masks take no memory here; remove it");
        }
        node.fields("parameters", known).forEach((name, field) -> {
            if (name.equals("normalize")) {
                normalize = truth(field.value());
            } else {
                into.putIfAbsent(name, setting(field.value()));
            }
        });
    }

    private static Setting setting(YamlNode node) {
        return switch (node) {
            case YamlNode.Text _ -> new Setting.Constant(number(node));
            case YamlNode.Fields _ -> throw node.wanted("a number, a list of numbers, or a list of filters and values");
            case YamlNode.Items list when list.items().isEmpty() -> throw node.wanted("at least one number");
            case YamlNode.Items list when list.items().getFirst() instanceof YamlNode.Fields -> {
                List<Setting.Case> cases = new ArrayList<>();
                for (YamlNode item : list.items()) {
                    cases.add(filtered(item));
                }
                yield new Setting.Filtered(cases);
            }
            case YamlNode.Items list ->
                new Setting.Gradient(list.items().stream().map(MergeConfigFile::number).toList());
        };
    }

    private static Setting.Case filtered(YamlNode item) {
        Map<String, Field> entry = item.fields("a filter with a value", List.of("filter", "value"));
        if (!entry.containsKey("value")) {
            throw item.wanted("a filter with a value");
        }
        Setting value = setting(entry.get("value").value());
        if (!entry.containsKey("filter")) {
            return Setting.Case.of(null, value);
        }
        YamlNode filter = entry.get("filter").value();
        try {
            return Setting.Case.of(filter.text("part of a tensor's name"), value);
        } catch (IllegalArgumentException e) {
            throw e instanceof DataException ? e : new DataException(filter.place() + ": " + e.getMessage(), e);
        }
    }

    private static double number(YamlNode node) {
        try {
            return Double.parseDouble(node.text("a number"));
        } catch (NumberFormatException _) {
            throw node.wanted("a number");
        }
    }

    private static long seed(YamlNode node) {
        try {
            return Long.parseLong(node.text("a whole number"));
        } catch (NumberFormatException _) {
            throw node.wanted("a whole number");
        }
    }

    private static boolean truth(YamlNode node) {
        return switch (node.text("true or false")) {
            case "true", "True", "TRUE" -> true;
            case "false", "False", "FALSE" -> false;
            default -> throw node.wanted("true or false");
        };
    }

    private static DType dtype(YamlNode node) {
        return switch (node.text("float32, bfloat16 or float16")) {
            case "float32" -> DType.F32;
            case "bfloat16" -> DType.BF16;
            case "float16" -> DType.F16;
            default -> throw node.wanted("float32, bfloat16 or float16");
        };
    }

    private static Path tokenizer(YamlNode node, Path base) {
        String source = node.text("base, or a model directory");
        if (source.equals("union")) {
            throw new DataException(node.place() + ": tokenizer_source union is not supported; the models must have"
                    + " one vocabulary, and tokenizer_source names the model whose tokenizer the result gets");
        }
        return source.equals("base") ? base : Path.of(source.replaceFirst("^model:", ""));
    }
}
