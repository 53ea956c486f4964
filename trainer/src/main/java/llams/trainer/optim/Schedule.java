package llams.trainer.optim;

import java.util.Arrays;
import llams.model.files.SettingException;

/// The learning rate of each step: it rises linearly from 0 at step 0 to `peak` at step `warmupSteps`, then falls to 0
/// at `totalSteps`, or stays.
public record Schedule(Kind kind, double peak, int warmupSteps, int totalSteps) {
    public enum Kind {
        COSINE, LINEAR, CONSTANT;

        /// @throws SettingException if there is no such schedule
        public static Kind named(String name) {
            return Arrays.stream(values())
                    .filter(kind -> kind.name().equalsIgnoreCase(name))
                    .findFirst()
                    .orElseThrow(
                            () -> new SettingException("schedule", '"' + name + '"', "cosine, linear or constant"));
        }
    }

    /// @param step from 0
    public double rate(int step) {
        if (step < warmupSteps) {
            return peak * step / warmupSteps;
        }
        double progress = (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
        return switch (kind) {
            case COSINE -> peak * Math.max(0, 0.5 * (1 + StrictMath.cos(Math.PI * progress)));
            case LINEAR -> peak * Math.max(0, 1 - progress);
            case CONSTANT -> peak;
        };
    }
}
