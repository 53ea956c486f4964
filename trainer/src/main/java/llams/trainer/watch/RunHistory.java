package llams.trainer.watch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What a run's `train.jsonl` tells, in bounded memory however long it is. A numeric field that this class does not know
/// is a curve like the others.
final class RunHistory {
    static final String LOSS = "loss";
    static final String HELD_OUT = "evalLoss";
    private static final String STEP = "step";
    private static final String SAMPLES = "samples";
    private static final Set<String> NO_CURVES = Set.of(STEP, "steps", "countedTokens");
    private static final int MOST_SAMPLES = 12;
    /// Of the running mean of the loss: how much of it a step leaves.
    private static final double KEPT = 0.95;

    /// What the model wrote after a step.
    ///
    /// @param texts by prompt
    record Written(int step, Map<String, String> texts) {}

    final Map<String, Curve> curves = new LinkedHashMap<>();
    final List<Written> samples = new ArrayList<>();
    /// The newest row; null if there is none.
    ObjectNode last;
    /// Of the held-out loss; infinite if it was never measured.
    double lowest = Double.POSITIVE_INFINITY;
    int lowestStep;
    private double mean;
    private double weight;

    /// The history in a log; lines that are no JSON objects are left out.
    static RunHistory read(Path log) throws IOException {
        RunHistory history = new RunHistory();
        try (Stream<String> lines = Files.lines(log)) {
            lines.forEach(history::addLine);
        }
        return history;
    }

    private void addLine(String line) {
        try {
            if (JsonMapper.shared().readTree(line) instanceof ObjectNode row) {
                add(row);
            }
        } catch (JacksonException _) {
            // The end of what a killed run wrote.
        }
    }

    /// Takes the next row of the log.
    void add(ObjectNode row) {
        if (!row.path(STEP).isIntegralNumber()) {
            return;
        }
        last = row;
        int step = row.path(STEP).asInt() + 1;
        row.properties().forEach(field -> {
            JsonNode value = field.getValue();
            if (value.isNumber() && !NO_CURVES.contains(field.getKey())) {
                curves.computeIfAbsent(field.getKey(), _ -> new Curve()).add(step, value.asDouble());
            }
        });
        if (row.path(LOSS).isNumber()) {
            mean = KEPT * mean + (1 - KEPT) * row.path(LOSS).asDouble();
            weight = KEPT * weight + 1 - KEPT;
        }
        if (row.path(HELD_OUT).isNumber() && row.path(HELD_OUT).asDouble() < lowest) {
            lowest = row.path(HELD_OUT).asDouble();
            lowestStep = step;
        }
        if (row.path(SAMPLES).isArray()) {
            addSamples(step, row.path(SAMPLES));
        }
    }

    private void addSamples(int step, JsonNode texts) {
        Map<String, String> byPrompt = new LinkedHashMap<>();
        texts.forEach(text -> byPrompt.put(text.path("prompt").asString(""), text.path("text").asString("")));
        samples.add(new Written(step, byPrompt));
        if (samples.size() > MOST_SAMPLES) {
            // The first and the newest stay.
            for (int i = samples.size() - 2; i > 0; i -= 2) {
                samples.remove(i);
            }
        }
    }

    /// The running mean of the loss; NaN before the first step.
    double smoothedLoss() {
        return weight == 0 ? Double.NaN : mean / weight;
    }

    /// Whether the held-out loss is the mean of the tokens' own and not that of a method, which comes with figures of its
    /// own.
    boolean isUsualLoss() {
        return curves.keySet().stream().noneMatch(name -> name.startsWith("eval") && !name.equals(HELD_OUT));
    }

    /// A figure of the newest row; NaN if it has none.
    double last(String name) {
        return last == null ? Double.NaN : last.path(name).asDouble(Double.NaN);
    }

    int stepsDone() {
        return last == null ? 0 : last.path(STEP).asInt() + 1;
    }

    int steps() {
        return last == null ? 0 : last.path("steps").asInt(0);
    }
}
