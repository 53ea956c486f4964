package llams.trainer.run;

import static llams.model.files.SettingException.atLeast;

import java.util.List;
import llams.model.files.SettingException;

/// What a run keeps and shows on its way. It changes none of the numbers of a step; `patience` may end the run earlier.
///
/// @param keepBest     true to keep the model with the lowest held-out loss, ready to use, in `OUT/best`
/// @param patience     measurements of the held-out data without a new lowest loss that end the run; 0 for no end
/// @param prompts      continued at every measurement, or answered if the data has conversations
/// @param sampleTokens the most tokens of such a text
/// @param temperature  of sampling it, seeded by the run's seed; 0 for the most probable tokens
/// @param page         true for a page about the run, `OUT/report.html`
/// @param tensorBoard  true for an event file in `OUT/tensorboard`
/// @param metricsPort  where Prometheus finds the newest figures, on this machine alone; 0 for any free port, -1 for none
public record Watch(boolean keepBest, int patience, List<String> prompts, int sampleTokens, double temperature,
        boolean page, boolean tensorBoard, int metricsPort) {
    public static final int SAMPLE_TOKENS = 64;
    public static final int NO_PORT = -1;
    public static final Watch NONE = new Watch(false, 0, List.of(), SAMPLE_TOKENS, 0, false, false, NO_PORT);

    /// @throws SettingException if a number is out of its range
    public Watch {
        atLeast("patience", 0, patience);
        atLeast("sampleTokens", 1, sampleTokens);
        SettingException.check(temperature >= 0 && Double.isFinite(temperature), "sampleTemp", temperature,
                "0 or more");
        SettingException.check(metricsPort >= NO_PORT && metricsPort <= 65535, "metricsPort", metricsPort,
                "from 0 to 65535");
        prompts = List.copyOf(prompts);
    }

    public Watch withBest(boolean kept, int measurements) {
        return new Watch(kept, measurements, prompts, sampleTokens, temperature, page, tensorBoard, metricsPort);
    }

    public Watch withSamples(List<String> texts, int most, double heat) {
        return new Watch(keepBest, patience, texts, most, heat, page, tensorBoard, metricsPort);
    }

    public Watch withOutputs(boolean html, boolean events, int port) {
        return new Watch(keepBest, patience, prompts, sampleTokens, temperature, html, events, port);
    }

    /// @throws SettingException if something here needs measurements that the run will not make
    void check(TrainSettings settings, boolean hasHeldOut) {
        SettingException.check(patience == 0 || hasHeldOut && !settings.evalEvery().isNever(), "patience", patience,
                "0 without `evalData` and `evalEvery`");
        SettingException.check(!keepBest || hasHeldOut, "keepBest", true, "false without `evalData`");
    }
}
