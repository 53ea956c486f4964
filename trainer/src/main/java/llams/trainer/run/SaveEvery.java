package llams.trainer.run;

import java.time.Duration;

/// What lies between two saves of a run: some steps, or some time. When a run saves has no influence on its numbers.
///
/// @param steps 0 to go by `time`
/// @param time  of work, the time of saving not counted; zero, with `steps` 0, for no saves
public record SaveEvery(int steps, Duration time) {
    /// As long a stretch of work as a kill may cost.
    public static final SaveEvery DEFAULT = new SaveEvery(0, Duration.ofMinutes(10));

    /// @throws IllegalArgumentException if a number is negative, or both are given
    public SaveEvery {
        if (steps < 0 || time.isNegative() || steps > 0 && !time.isZero()) {
            throw new IllegalArgumentException(
                    "--save-every must be steps or minutes, at least 0, not " + steps + " and " + time);
        }
    }

    /// @param steps 0 for no saves
    public static SaveEvery steps(int steps) {
        return new SaveEvery(steps, Duration.ZERO);
    }

    /// `500` for steps, `10m` for minutes, `0` for no saves.
    ///
    /// @throws IllegalArgumentException if it is none of them
    public static SaveEvery parse(String text) {
        if (!text.matches("\\d{1,9}m?")) {
            throw new IllegalArgumentException(
                    "--save-every must be steps, such as 500, or minutes, such as 10m, not \"" + text + "\"");
        }
        return text.endsWith("m")
                ? new SaveEvery(0, Duration.ofMinutes(Long.parseLong(text.substring(0, text.length() - 1))))
                : steps(Integer.parseInt(text));
    }

    /// @param done  steps of the run so far
    /// @param since the time of work since the last save, or since the start
    boolean isDue(int done, Duration since) {
        return steps > 0 ? done % steps == 0 : !time.isZero() && since.compareTo(time) >= 0;
    }

    boolean isNever() {
        return steps == 0 && time.isZero();
    }

    /// The most saves that a run of so many steps can make, that of the last step included.
    long most(int totalSteps) {
        return isNever() ? 0 : 1L + (totalSteps - 1) / Math.max(1, steps);
    }

    @Override
    public String toString() {
        return steps > 0 || time.isZero() ? Integer.toString(steps) : time.toMinutes() + "m";
    }
}
