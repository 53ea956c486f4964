package llams.trainer.run;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import llams.engine.llama.LlamaConfig;
import llams.engine.preference.Dpo;
import llams.engine.preference.Kto;
import llams.engine.preference.Orpo;
import llams.engine.preference.SimPo;
import llams.engine.tensor.DType;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.AdapterFiles;
import llams.model.lora.BaseFingerprint;
import llams.model.lora.LoraConfig;
import llams.model.lora.LoraRules;
import llams.trainer.data.MixedSequences;
import llams.trainer.data.Sequences;
import llams.trainer.optim.Schedule;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Everything that the numbers of a step depend on, by the names that `train.yaml` has, and `data`, `base` and
/// `model.KEY` for what these are. A run resumes from a save only if they are the same.
///
/// A setting that a later version of the program adds is left out where it has its default, so older saves stay valid.
///
/// @param values   as they would be typed
/// @param complete false for saves of the first format, which did not have all of them: only those that it had are
///                 compared
record RunSettings(SortedMap<String, String> values, boolean complete) {
    /// What the run started from.
    ///
    /// @param base    fingerprint of the model that is tuned
    /// @param weights the element types of what is frozen
    /// @param adapter fingerprint of the adapter that it continues, or null
    /// @param teacher fingerprint of the model that it learns from, or null
    record Origin(String base, String weights, String adapter, String teacher) {
        Origin(String base, String weights, String adapter) {
            this(base, weights, adapter, null);
        }

        Origin taughtBy(String fingerprint) {
            return new Origin(base, weights, adapter, fingerprint);
        }

        /// @param from an adapter's directory, or null
        static Origin of(LlamaWeights base, String fingerprint, Path from) throws IOException {
            String types = base.resident()
                    .values()
                    .stream()
                    .map(tensor -> tensor.dtype().name())
                    .distinct()
                    .sorted()
                    .collect(Collectors.joining(","));
            return new Origin(fingerprint, types, from == null ? null : AdapterFiles.fingerprint(from));
        }
    }

    private static final String STEPS = "steps";
    private static final String SUM = "sum";
    static final String MODEL = "model.";
    /// The learning rate of a run of another length follows its own schedule.
    private static final Set<String> OF_LENGTH = Set.of(STEPS, "warmup", "decay-steps");
    /// `name=value`, as records print their components; lists in brackets.
    private static final Pattern FIRST_FORMAT = Pattern.compile("(\\w+)=(\\[[^]]*]|[^\\s,\\]]+)");
    private static final Map<String, String> FIRST_NAMES = Map.of("dropout", "lora-dropout", "rsLora", "rslora",
            "weightDecay", "weight-decay");

    /// @throws IllegalArgumentException if there is no number of steps
    RunSettings {
        Integer.parseInt(values.getOrDefault(STEPS, "none"));
        values = Collections.unmodifiableSortedMap(values);
    }

    static RunSettings of(TrainSettings settings, Sequences data, LlamaConfig config, Origin origin) {
        SortedMap<String, String> values = new TreeMap<>();
        LoraConfig lora = settings.lora();
        putMethod(values, settings);
        if (settings.firstRow() > 0) {
            values.put("first-row", String.valueOf(settings.firstRow()));
        }
        if (lora != null) {
            values.put("rank", String.valueOf(lora.rank()));
            values.put("alpha", number(lora.alpha()));
            values.put("lora-dropout", number(lora.dropout()));
            values.put("targets",
                    lora.targets().stream().map(Enum::name).collect(Collectors.joining(",")).toLowerCase(Locale.ROOT));
            values.put("rslora", String.valueOf(lora.rsLora()));
            putRules(values, lora.rules());
        }
        values.put("tokens", String.valueOf(settings.tokens()));
        values.put("batch", String.valueOf(settings.batch()));
        values.put("accumulate", String.valueOf(settings.accumulate()));
        if (settings.summation().isPairwise()) {
            values.put(SUM, settings.summation().order().toString());
        }
        values.put("pack", String.valueOf(settings.pack()));
        values.put(STEPS, String.valueOf(settings.totalSteps(data.size())));
        values.put("lr", number(settings.learningRate()));
        putSchedule(values, settings.schedule());
        values.put("warmup", String.valueOf(settings.warmup()));
        values.put("betas", number(settings.optimizer().beta1()) + "," + number(settings.optimizer().beta2()));
        values.put("eps", number(settings.optimizer().eps()));
        values.put("weight-decay", number(settings.optimizer().weightDecay()));
        values.put("clip", number(settings.optimizer().clip()));
        if (settings.optimizer().loraPlusRatio() != 1) {
            values.put("lora-plus-ratio", number(settings.optimizer().loraPlusRatio()));
        }
        if (settings.optimizer().isEightBit()) {
            values.put("optimizer", "adamw8bit");
        }
        if (settings.optimizer().weights() != DType.F32) {
            values.put("train-dtype", settings.optimizer().weights().name().toLowerCase(Locale.ROOT));
        }
        values.put("seed", String.valueOf(settings.seed()));
        if (data instanceof MixedSequences mixed) {
            values.put("data-weights", mixed.weights());
        }
        values.put("documents", String.valueOf(data.statistics().documents()));
        values.put("data", Long.toHexString(data.fingerprint()));
        values.put("base", origin.base);
        values.put("weights", origin.weights);
        if (origin.adapter != null) {
            values.put("from-adapter", origin.adapter);
        }
        if (origin.teacher != null) {
            values.put("teacher", origin.teacher);
        }
        for (Map.Entry<String, JsonNode> entry : JsonMapper.shared().readTree(ConfigJson.text(config)).properties()) {
            values.put(MODEL + entry.getKey(),
                    entry.getValue().isString() ? entry.getValue().asString() : entry.getValue().toString());
        }
        return new RunSettings(values, true);
    }

    private static void putRules(SortedMap<String, String> values, LoraRules rules) {
        if (!rules.ends().isEmpty()) {
            values.merge("targets", String.join(",", rules.ends()),
                    (of, more) -> of.isEmpty() ? more : of + "," + more);
        }
        if (rules.form().dora()) {
            values.put("dora", "true");
        }
        if (!rules.form().saved().isEmpty()) {
            values.put("modules-to-save", String.join(",", rules.form().saved()));
        }
        if (rules.form().tying()) {
            values.put("ensure-weight-tying", "true");
        }
        if (rules.pattern() != null) {
            values.put("target-pattern", rules.pattern());
        }
        putUnlessEmpty(values, "lora-layers", rules.layers());
        putUnlessEmpty(values, "rank-pattern", rules.ranks().entrySet());
        putUnlessEmpty(values, "alpha-pattern", rules.alphas().entrySet());
    }

    private static void putUnlessEmpty(SortedMap<String, String> values, String name, Collection<?> what) {
        if (!what.isEmpty()) {
            values.put(name, what.stream().map(String::valueOf).collect(Collectors.joining(",")));
        }
    }

    private static void putMethod(SortedMap<String, String> values, TrainSettings settings) {
        String trained = settings.lora() != null ? "lora" : settings.firstRow() > 0 ? "new-tokens" : "full";
        values.put("method", switch (settings.objective()) {
            case NextToken() -> trained;
            case Distilled taught -> {
                values.put("distill-ratio", number(taught.ratio()));
                values.put("distill-temperature", number(taught.temperature()));
                values.put("teacher-top", String.valueOf(taught.count()));
                yield trained;
            }
            case Preferred(Dpo(double beta)) -> named("dpo", values, beta);
            case Preferred(Orpo(double lambda)) -> named("orpo", values, lambda);
            case Preferred(Kto(double beta)) -> named("kto", values, beta);
            case Preferred(SimPo(double beta, double gamma)) -> {
                values.put("gamma", number(gamma));
                yield named("simpo", values, beta);
            }
        });
        if (settings.neftune() != 0) {
            values.put("neftune-alpha", number(settings.neftune()));
        }
    }

    private static String named(String method, SortedMap<String, String> values, double beta) {
        values.put("beta", number(beta));
        return method;
    }

    private static void putSchedule(SortedMap<String, String> values, Schedule.Shape shape) {
        values.put("schedule", shape.kind().toString());
        if (shape.minRatio() != 0) {
            values.put("min-lr-ratio", number(shape.minRatio()));
        }
        if (shape.kind() == Schedule.Kind.WSD) {
            values.put("decay-steps", String.valueOf(shape.decaySteps()));
            values.put("decay-type", shape.decay().toString());
        }
        if (shape.timescale() != 0) {
            values.put("timescale", String.valueOf(shape.timescale()));
        }
    }

    /// The settings of a save of the first format, which were one line of text.
    static RunSettings ofFirstFormat(String text) {
        SortedMap<String, String> values = new TreeMap<>();
        Matcher setting = FIRST_FORMAT.matcher(text);
        while (setting.find()) {
            String value = setting.group(2).replaceAll("[\\[\\] ]", "");
            values.put(FIRST_NAMES.getOrDefault(setting.group(1), setting.group(1)), switch (setting.group(1)) {
                case "alpha", "dropout", "lr", "beta1", "beta2", "eps", "weightDecay", "clip" ->
                    number(Double.parseDouble(value));
                case "targets", "schedule" -> value.toLowerCase(Locale.ROOT);
                default -> value;
            });
        }
        values.put("method", text.startsWith("null ") ? "full" : "lora");
        values.put("betas", values.remove("beta1") + "," + values.remove("beta2"));
        // A hash that changes with the program.
        values.remove("model");
        return new RunSettings(values, false);
    }

    /// A number as people write it: 3e-4, 0.01, 16.
    static String number(double value) {
        return value != 0 && Math.abs(value) < 0.01
                ? new DecimalFormat("0.###############E0", DecimalFormatSymbols.getInstance(Locale.ROOT)).format(value)
                        .toLowerCase(Locale.ROOT)
                : BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    int steps() {
        return Integer.parseInt(values.get(STEPS));
    }

    /// How the gradients of micro-batches were added up.
    Summation.Order order() {
        return values.containsKey(SUM) ? Summation.Order.PAIRWISE : Summation.Order.IN_ORDER;
    }

    /// What keeps a run of these settings from resuming a save of `then`, each as `lr: then 3e-4, now 1e-3`; empty if
    /// nothing does. Runs may become longer or shorter.
    List<String> differences(RunSettings then) {
        if (!values.get("method").equals(then.values.get("method"))) {
            return List.of(difference("method", then));
        }
        Set<String> names = new TreeSet<>(then.values.keySet());
        if (complete && then.complete) {
            names.addAll(values.keySet());
        }
        if (steps() != then.steps()) {
            names.removeAll(OF_LENGTH);
        }
        names.removeIf(name -> name.startsWith(MODEL) && !(values.containsKey(name) && then.values.containsKey(name)));
        names.removeIf(name -> value(name).equals(then.value(name))
                || name.equals("base") && BaseFingerprint.agree(then.value(name), value(name)));
        if (names.contains("documents")) {
            names.remove("data");
        }
        List<String> differences = new ArrayList<>();
        for (String name : names) {
            differences.add(difference(name, then));
        }
        return differences;
    }

    private String difference(String name, RunSettings then) {
        return switch (name) {
            case "data" -> "data: different tokens, in as many documents";
            case "base" -> "model: its weights have changed";
            case "sum" -> "sum: was " + then.order() + ", is now " + order();
            case "teacher" -> "teacher: " + (values.containsKey(name) && then.values.containsKey(name)
                    ? "another one"
                    : values.containsKey(name) ? "was none" : "is now none");
            default -> name + ": was " + then.value(name) + ", is now " + value(name);
        };
    }

    private String value(String name) {
        return values.getOrDefault(name, "none");
    }
}
