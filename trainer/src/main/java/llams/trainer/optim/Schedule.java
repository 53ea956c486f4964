package llams.trainer.optim;

import java.util.Arrays;
import java.util.Locale;
import llams.model.files.SettingException;

/// The learning rate of each step: it rises linearly from 0 at step 0 to `peak` at step `warmupSteps`, then follows its
/// [Shape] until `totalSteps`.
public record Schedule(Shape shape, double peak, int warmupSteps, int totalSteps) {
    /// How the rate goes on after the warm-up. With x from 0 at its end to 1 at the end of the run, in parts of the
    /// peak:
    ///
    /// | kind | rate |
    /// |---|---|
    /// | `cosine` | `(1 + cos(pi x)) / 2` |
    /// | `linear` | `1 - x` |
    /// | `constant` | 1 |
    /// | `wsd` | 1, and over the last steps a [Decay] |
    /// | `inverse-sqrt` | `1 / sqrt(1 + steps since the warm-up / timescale)` |
    public enum Kind {
        COSINE, LINEAR, CONSTANT, WSD, INVERSE_SQRT;

        /// @throws SettingException if there is no such schedule
        public static Kind named(String name) {
            return Arrays.stream(values())
                    .filter(kind -> kind.toString().equalsIgnoreCase(name))
                    .findFirst()
                    .orElseThrow(() -> new SettingException("schedule", '"' + name + '"',
                            "cosine, linear, constant, wsd or inverse-sqrt"));
        }

        /// As settings name it.
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /// How the rate of a `wsd` schedule falls; y runs from 0 at the first step of the decay to 1 at the end of the run.
    public enum Decay {
        LINEAR, COSINE, ONE_MINUS_SQRT;

        /// @throws SettingException if there is no such decay
        public static Decay named(String name) {
            return Arrays.stream(values())
                    .filter(decay -> decay.toString().equalsIgnoreCase(name))
                    .findFirst()
                    .orElseThrow(() -> new SettingException("decayType", '"' + name + '"', "linear, cosine or 1-sqrt"));
        }

        double at(double y) {
            return switch (this) {
                case LINEAR -> Math.max(0, 1 - y);
                case COSINE -> Math.max(0, 0.5 * (1 + StrictMath.cos(Math.PI * y)));
                case ONE_MINUS_SQRT -> Math.max(0, 1 - Math.sqrt(y));
            };
        }

        /// As settings name it.
        @Override
        public String toString() {
            return this == ONE_MINUS_SQRT ? "1-sqrt" : name().toLowerCase(Locale.ROOT);
        }
    }

    /// A kind with its numbers.
    ///
    /// @param minRatio   the lowest rate, in parts of the peak: what falls, falls to this instead of 0
    /// @param decaySteps of `wsd`, or [#AUTO]
    /// @param decay      of `wsd`
    /// @param timescale  of `inverse-sqrt`, in steps; 0 for the warm-up's, or [#TIMESCALE] where there is none
    public record Shape(Kind kind, double minRatio, int decaySteps, Decay decay, int timescale) {
        /// Of the decay: a tenth of the run.
        public static final int AUTO = 0;
        public static final int TIMESCALE = 10_000;

        /// @throws SettingException if a number is out of its range, or not one of the kind
        public Shape {
            SettingException.check(minRatio >= 0 && minRatio <= 1, "minLrRatio", minRatio, "0 to 1");
            SettingException.check(minRatio == 0 || kind != Kind.CONSTANT && kind != Kind.INVERSE_SQRT, "minLrRatio",
                    minRatio, "0 with schedule " + kind);
            SettingException.atLeast("decaySteps", 0, decaySteps);
            SettingException.check(decaySteps == AUTO || kind == Kind.WSD, "decaySteps", decaySteps,
                    "left out without schedule wsd");
            SettingException.check(decay == Decay.LINEAR || kind == Kind.WSD, "decayType", decay,
                    "left out without schedule wsd");
            SettingException.atLeast("timescale", 0, timescale);
            SettingException.check(timescale == 0 || kind == Kind.INVERSE_SQRT, "timescale", timescale,
                    "left out without schedule inverse-sqrt");
        }

        public static Shape of(Kind kind) {
            return new Shape(kind, 0, AUTO, Decay.LINEAR, 0);
        }

        public Shape withMinRatio(double lowest) {
            return new Shape(kind, lowest, decaySteps, decay, timescale);
        }

        public Shape withDecay(Decay way, int steps) {
            return new Shape(kind, minRatio, steps, way, timescale);
        }

        public Shape withTimescale(int steps) {
            return new Shape(kind, minRatio, decaySteps, decay, steps);
        }

        /// With nothing left open, for a run of `total` steps.
        public Shape forRun(int total) {
            return kind == Kind.WSD && decaySteps == AUTO ? withDecay(decay, Math.max(1, total / 10)) : this;
        }
    }

    public Schedule {
        shape = shape.forRun(totalSteps);
    }

    public Schedule(Kind kind, double peak, int warmupSteps, int totalSteps) {
        this(Shape.of(kind), peak, warmupSteps, totalSteps);
    }

    /// @param step from 0
    public double rate(int step) {
        if (step < warmupSteps) {
            return peak * step / warmupSteps;
        }
        double progress = (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
        return switch (shape.kind) {
            case COSINE -> raised(Decay.COSINE.at(progress));
            case LINEAR -> raised(Decay.LINEAR.at(progress));
            case CONSTANT -> peak;
            case WSD -> {
                int stable = totalSteps - shape.decaySteps;
                yield step < stable ? peak : raised(shape.decay.at((double) (step - stable) / shape.decaySteps));
            }
            case INVERSE_SQRT -> {
                double scale = shape.timescale > 0 ? shape.timescale : warmupSteps > 0 ? warmupSteps : Shape.TIMESCALE;
                yield peak / Math.sqrt((step - warmupSteps + scale) / scale);
            }
        };
    }

    /// A factor from 1 to 0 as a rate from the peak to the lowest.
    private double raised(double factor) {
        return peak * (factor * (1 - shape.minRatio) + shape.minRatio);
    }
}
