package llams.engine.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoublePredicate;
import llams.engine.io.Json;
import tools.jackson.databind.JsonNode;

/// How a model's makers want its tokens sampled, from `generation_config.json`; null where the file says nothing.
///
/// @param sample false: always the most probable token
/// @param topK   0 for all
public record SamplingDefaults(Boolean sample, Double temperature, Integer topK, Double topP, Double minP) {
    private static final String FILE = "generation_config.json";

    /// The defaults of a model's or an adapter's directory; all null without the file.
    ///
    /// @throws IOException if a value in the file is of another kind or out of its range
    public static SamplingDefaults read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) {
            return new SamplingDefaults(null, null, null, null, null);
        }
        JsonNode json = Json.readObject(file);
        JsonNode sample = json.path("do_sample");
        check(sample.isBoolean() || isAbsent(sample), file, "do_sample", "true or false", sample);
        Double topK = number(json, file, "top_k", "a whole number, 0 or more", k -> k >= 0 && k == (int) k);
        return new SamplingDefaults(isAbsent(sample) ? null : sample.booleanValue(),
                number(json, file, "temperature", "a number, 0 or more", t -> t >= 0 && t < Double.POSITIVE_INFINITY),
                topK == null ? null : topK.intValue(),
                number(json, file, "top_p", "a number above 0 and at most 1", p -> p > 0 && p <= 1),
                number(json, file, "min_p", "a number from 0 to 1", p -> p >= 0 && p <= 1));
    }

    /// Whether the file says anything.
    public boolean isEmpty() {
        return equals(new SamplingDefaults(null, null, null, null, null));
    }

    /// In words: `temperature 0.6, top_p 0.9`.
    @Override
    public String toString() {
        if (Boolean.FALSE.equals(sample)) {
            return "do_sample false, the most probable token";
        }
        List<String> parts = new ArrayList<>();
        add(parts, "temperature", temperature);
        add(parts, "top_k", topK);
        add(parts, "top_p", topP);
        add(parts, "min_p", minP);
        return parts.isEmpty() ? "do_sample true" : String.join(", ", parts);
    }

    private static void add(List<String> parts, String name, Number value) {
        if (value != null) {
            parts.add(String.format(Locale.ROOT, "%s %s", name, value));
        }
    }

    private static boolean isAbsent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    private static Double number(JsonNode json, Path file, String key, String wanted, DoublePredicate holds)
            throws IOException {
        JsonNode value = json.path(key);
        if (isAbsent(value)) {
            return null;
        }
        double number = value.isNumber() ? value.asDouble(Double.NaN) : Double.NaN;
        check(holds.test(number), file, key, wanted, value);
        return number;
    }

    private static void check(boolean holds, Path file, String key, String wanted, JsonNode found) throws IOException {
        if (!holds) {
            throw new IOException(file + ": \"" + key + "\" is " + JsonFields.shown(found) + "; wanted " + wanted);
        }
    }
}
