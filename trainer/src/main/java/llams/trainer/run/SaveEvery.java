package llams.trainer.run;

import java.time.Duration;
import llams.model.files.SettingException;

/// What lies between two saves of a run: a number of steps, or a time. When a run saves does not affect its numbers.
///
/// @param steps 0 to go by `time`
/// @param time  of work, without the time that saving takes; zero, with `steps` 0, for no saves
public record SaveEvery(int steps, Duration time) {
    /// The most work that a killed run may lose.
    public static final SaveEvery DEFAULT = new SaveEvery(0, Duration.ofMinutes(10));

    /// @throws SettingException if a number is negative, or both are given
    public SaveEvery {
        SettingException.check(steps >= 0 && !time.isNegative() && (steps == 0 || time.isZero()), "saveEvery",
                steps + " and " + time, "steps or minutes, at least 0");
    }

    /// @param steps 0 for no saves
    public static SaveEvery steps(int steps) {
        return new SaveEvery(steps, Duration.ZERO);
    }

    /// `500` for steps, `10m` for minutes, `0` for no saves.
    ///
    /// @throws SettingException if it is none of these
    public static SaveEvery parse(String text) {
        SettingException.check(text.matches("\\d{1,9}m?"), "saveEvery", '"' + text + '"',
                "steps, such as 500, or minutes, such as 10m");
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

    /// The most saves that a run of `totalSteps` steps can make, the last step's included.
    long most(int totalSteps) {
        return isNever() ? 0 : 1L + (totalSteps - 1) / Math.max(1, steps);
    }

    @Override
    public String toString() {
        return steps > 0 || time.isZero() ? Integer.toString(steps) : time.toMinutes() + "m";
    }
}
