package llams.trainer.data;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Some consecutive rows of a file.
///
/// @param from the first; null for that of the file
/// @param to   the one after the last; null for all that follow
record Slice(Bound from, Bound to) {
    private static final String BOUND = "(-?\\d{1,18}|\\d{1,3}(?:\\.\\d{1,6})?%)?";
    private static final Pattern TEXT = Pattern.compile(BOUND + ":" + BOUND);

    /// A place between rows: before row `number`, counted from the end if negative, or behind a share of all rows,
    /// rounded to the nearest row.
    ///
    /// @param isPercent whether `number` is a share of 100
    record Bound(double number, boolean isPercent) {
        /// @param text null for none
        static Bound of(String text) {
            if (text == null) {
                return null;
            }
            boolean isPercent = text.endsWith("%");
            return new Bound(Double.parseDouble(isPercent ? text.substring(0, text.length() - 1) : text), isPercent);
        }

        int in(int rows) {
            double at = isPercent ? Math.rint(rows * number / 100) : number < 0 ? rows + number : number;
            return (int) Math.clamp(at, 0, rows);
        }
    }

    /// What stands between the brackets; null if it is no slice.
    static Slice parse(String text) {
        Matcher bounds = TEXT.matcher(text);
        return bounds.matches() ? new Slice(Bound.of(bounds.group(1)), Bound.of(bounds.group(2))) : null;
    }

    int from(int rows) {
        return from == null ? 0 : from.in(rows);
    }

    int to(int rows) {
        return to == null ? rows : to.in(rows);
    }
}
