package llams.trainer.wiki;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Templates of dates, written as Korean writes them. Each returns what the template shows, null if the arguments are
/// not a date.
final class Dates {
    private static final int LONGEST = 40;
    private static final Pattern ISO = Pattern.compile("(\\d{4})-(\\d{1,2})(?:-(\\d{1,2}))?");
    private static final Pattern WRITTEN = Pattern
            .compile("\\d{1,4}년.*|\\p{L}+ \\d{1,2}, \\d{4}|\\d{1,2} \\p{L}+ \\d{4}");
    private static final List<String> MONTHS = List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
            "oct", "nov", "dec");

    private Dates() {}

    /// `start date`, `birth date and age`, `출생일`: year, month and day, or fewer. An age that depends on today is not
    /// shown.
    static String date(Arguments given) {
        String first = given.at(1);
        Matcher iso = ISO.matcher(first.length() > LONGEST ? "" : first);
        if (iso.matches()) {
            return date(iso.group(1), iso.group(2), iso.group(3) == null ? "" : iso.group(3));
        }
        if (first.length() <= LONGEST && WRITTEN.matcher(first).matches()) {
            return first;
        }
        return date(first, given.at(2), given.at(3));
    }

    /// `death date and age`, `사망일과 나이`: two dates, of which the later one is the death whatever the template's order.
    static String death(Arguments given) {
        if (given.unnamed().size() < 6) {
            return date(given);
        }
        try {
            LocalDate one = day(given, 1);
            LocalDate other = day(given, 4);
            LocalDate birth = one.isBefore(other) ? one : other;
            LocalDate death = one.isBefore(other) ? other : one;
            return "%d년 %d월 %d일 (%d세)".formatted(death.getYear(), death.getMonthValue(), death.getDayOfMonth(),
                    ChronoUnit.YEARS.between(birth, death));
        } catch (DateTimeException | NumberFormatException e) {
            return null;
        }
    }

    private static LocalDate day(Arguments given, int from) {
        return LocalDate.of(Integer.parseInt(given.at(from)), month(given.at(from + 1)),
                Integer.parseInt(given.at(from + 2)));
    }

    private static String date(String year, String month, String day) {
        if (!isNumber(year, 4)) {
            return null;
        }
        String text = Integer.parseInt(year) + "년";
        int number = month(month);
        if (number == 0) {
            return month.isEmpty() ? text : null;
        }
        text += " " + number + "월";
        if (day.isEmpty()) {
            return text;
        }
        return isNumber(day, 2) && Integer.parseInt(day) <= 31 ? text + " " + Integer.parseInt(day) + "일" : null;
    }

    /// 0 if it is none.
    private static int month(String text) {
        if (isNumber(text, 2)) {
            int number = Integer.parseInt(text);
            return number <= 12 ? number : 0;
        }
        return text.length() < 3 ? 0 : 1 + MONTHS.indexOf(text.substring(0, 3).toLowerCase(Locale.ROOT));
    }

    private static boolean isNumber(String text, int digits) {
        return !text.isEmpty() && text.length() <= digits && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
