package llams.trainer.optim;

import java.util.Locale;

/// The learning rate of each step: a linear rise over `warmupSteps`, from 0 at step 0, then a fall to 0 at
/// `totalSteps`, or none.
public record Schedule(Kind kind, double peak, int warmupSteps, int totalSteps) {
    public enum Kind {
        COSINE, LINEAR, CONSTANT;

        /// @throws IllegalArgumentException if there is no such schedule
        public static Kind named(String name) {
            try {
                return valueOf(name.toUpperCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "schedule \"" + name + "\" is not known; there are: cosine, linear, constant", e);
            }
        }
    }

    /// @param step from 0
    public double rate(int step) {
        if (step < warmupSteps) {
            return peak * step / warmupSteps;
        }
        double progress = (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
        return switch (kind) {
            case COSINE -> peak * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
            case LINEAR -> peak * Math.max(0, 1 - progress);
            case CONSTANT -> peak;
        };
    }
}
