package llams.cli;

import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The library's names of settings, which its messages have in backticks, and the options that set them here.
final class SettingNames {
    private static final Pattern NAMED = Pattern.compile("`([a-z][A-Za-z.]*)(?: ([^`]*))?`");

    private SettingNames() {}

    /// A message of the library with options in the place of settings: `--lr` for the learning rate.
    static String asOptions(String message) {
        return NAMED.matcher(message).replaceAll(named -> Matcher.quoteReplacement(option(named)));
    }

    private static String option(MatchResult named) {
        String name = named.group(1);
        String value = named.group(2) == null ? "" : " " + named.group(2);
        return switch (name) {
            case "learningRate" -> "--lr" + value;
            case "dropout" -> "--lora-dropout" + value;
            case "lora" -> "--method lora" + value;
            case "saved" -> "--modules-to-save" + value;
            case "kowiki" -> Shell.command("data", "kowiki", value.strip(), "--out", "data.txt");
            case "javax.net.ssl.trustStore" -> name + " (LLAMS_JAVA_OPTS=-D" + name + "=FILE)";
            case "temperature" -> "--temp" + value;
            case "accumulate", "allowHttp", "alpha", "asks", "attempts", "batch", "betas", "cache", "clip", "columns",
                    "dataWeights", "decaySteps", "decayType", "distillRatio", "distillTemperature", "dora", "endpoint",
                    "epochs", "evalData", "evalEvery", "include", "keep", "keepBest", "loraPlusRatio", "maxBadRows",
                    "maxTokens", "method", "metricsPort", "minLrRatio", "model", "neftuneAlpha", "noMap", "optimizer",
                    "out", "pairs", "parallel", "patience", "perRequest", "rank", "receipt", "recompute", "replace",
                    "requestsPerMinute", "resume", "revision", "sample", "sampleTemp", "sampleTokens", "saveEvery",
                    "schedule", "special", "steps", "sum", "timeout", "timescale", "teacher", "teacherLogits",
                    "teacherTop", "to", "token", "targets", "tokenizer", "tokens", "trainDtype", "warmup",
                    "weightDecay", "weights" ->
                "--" + name.replaceAll("[A-Z]", "-$0").toLowerCase(Locale.ROOT) + value;
            default -> named.group();
        };
    }
}
