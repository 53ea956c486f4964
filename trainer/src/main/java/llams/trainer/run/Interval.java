package llams.trainer.run;

import java.time.Duration;
import llams.model.files.SettingException;

/// What lies between two saves of a run, or between two measurements of its held-out data: a number of steps, or a time.
/// It does not affect the numbers of the steps.
///
/// @param steps 0 to go by `time`
/// @param time  of work, without the time that saving takes; zero, with `steps` 0, for never
public record Interval(int steps, Duration time) {
    /// For saves: the most work that a killed run may lose.
    public static final Interval OF_SAVES = new Interval(0, Duration.ofMinutes(10));
    public static final Interval NEVER = new Interval(0, Duration.ZERO);

    /// @throws SettingException if a number is negative, or both are given
    public Interval {
        SettingException.check(steps >= 0 && !time.isNegative() && (steps == 0 || time.isZero()), "interval",
                steps + " and " + time, "steps or minutes, at least 0");
    }

    /// @param steps 0 for never
    public static Interval steps(int steps) {
        return new Interval(steps, Duration.ZERO);
    }

    /// `500` for steps, `10m` for minutes, `0` for never.
    ///
    /// @param setting whose value it is, for the message
    /// @throws SettingException if it is none of these
    public static Interval parse(String setting, String text) {
        SettingException.check(text.matches("\\d{1,9}m?"), setting, '"' + text + '"',
                "steps, such as 500, or minutes, such as 10m");
        return text.endsWith("m")
                ? new Interval(0, Duration.ofMinutes(Long.parseLong(text.substring(0, text.length() - 1))))
                : steps(Integer.parseInt(text));
    }

    /// @param done  steps of the run so far
    /// @param since the time of work since the last one, or since the start
    boolean isDue(int done, Duration since) {
        return steps > 0 ? done % steps == 0 : !time.isZero() && since.compareTo(time) >= 0;
    }

    boolean isNever() {
        return steps == 0 && time.isZero();
    }

    /// The most times that a run of `totalSteps` steps can be interrupted so, the last step included.
    long most(int totalSteps) {
        return isNever() ? 0 : 1L + (totalSteps - 1) / Math.max(1, steps);
    }

    @Override
    public String toString() {
        return steps > 0 || time.isZero() ? Integer.toString(steps) : time.toMinutes() + "m";
    }
}
