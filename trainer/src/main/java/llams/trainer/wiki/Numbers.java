package llams.trainer.wiki;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Templates of numbers and units. Each returns what the template shows, null if the arguments are not of its form.
final class Numbers {
    private static final int LONGEST = 40;
    private static final Pattern NUMBER = Pattern.compile("[+−-]?(\\d[\\d,.]*|\\.\\d+)([eE][+−-]?\\d+)?([+/]+\\d+)*");
    private static final Pattern DECIMAL = Pattern.compile("([+−-]?)(\\d{4,})(\\.\\d*)?");
    private static final Pattern POWER = Pattern.compile("(.*\\p{L})([23])");
    private static final String RAISED = "0123456789+-−()ni";
    private static final String SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿⁱ";
    private static final Map<String, String> RANGES = new HashMap<>();
    private static final Map<String, String> UNITS = Map.ofEntries(Map.entry("C", "°C"), Map.entry("F", "°F"),
            Map.entry("C-change", "°C"), Map.entry("F-change", "°F"), Map.entry("sqm", "m²"), Map.entry("sqkm", "km²"),
            Map.entry("sqmi", "sq mi"), Map.entry("sqft", "sq ft"), Map.entry("cuft", "cu ft"),
            Map.entry("kph", "km/h"));

    static {
        range("~", "-", "–", "—", "~", "to", "to(-)", "to about");
        range(" × ", "x", "×", "*", "xx", "x(-)", "by", "by(x)", "by(-)");
        range(" 및 ", "and", "&", "and(-)", "e");
        range(" 또는 ", "or");
        range(" ± ", "+/-", "±", "+/−");
        range(" + ", "+", "plus");
        range(" − ", "minus", "−");
        range(", ", ",");
    }

    private Numbers() {}

    private static void range(String shown, String... words) {
        for (String word : words) {
            RANGES.put(word, shown);
        }
    }

    private static boolean isNumber(String text) {
        return text.length() <= LONGEST && NUMBER.matcher(text).matches();
    }

    /// Thousands separated, as in Korean and English; anything but a plain number stays as it is.
    static String grouped(String text) {
        Matcher decimal = text.length() > LONGEST ? DECIMAL.matcher("") : DECIMAL.matcher(text);
        if (!decimal.matches()) {
            return text;
        }
        StringBuilder digits = new StringBuilder(decimal.group(2));
        for (int at = digits.length() - 3; at > 0; at -= 3) {
            digits.insert(at, ',');
        }
        return decimal.group(1) + digits + (decimal.group(3) == null ? "" : decimal.group(3));
    }

    /// `{{formatnum:number|form}}`: `R` removes the separators, `NOSEP` leaves the number as it is.
    static String formatted(String number, String form) {
        return switch (form.strip().toUpperCase(Locale.ROOT)) {
            case "R" -> number.strip().replace(",", "");
            case "NOSEP" -> number.strip();
            default -> grouped(number.strip());
        };
    }

    /// `convert`, `cvt`: numbers with a unit, as they are given and without what they are converted to. `5|to|10|km` is
    /// a range, `5|ft|3|in` one quantity in two units.
    static String converted(Arguments given) {
        StringBuilder text = new StringBuilder();
        int at = 1;
        if (!isNumber(given.at(at))) {
            return null;
        }
        text.append(shown(given.at(at++)));
        while (RANGES.containsKey(given.at(at)) && isNumber(given.at(at + 1))) {
            text.append(RANGES.get(given.at(at))).append(shown(given.at(at + 1)));
            at += 2;
        }
        if (given.at(at).isEmpty() || isNumber(given.at(at))) {
            return null;
        }
        text.append(' ').append(unit(given.at(at++)));
        while (isNumber(given.at(at)) && !given.at(at + 1).isEmpty() && !isNumber(given.at(at + 1))) {
            text.append(' ').append(shown(given.at(at))).append(' ').append(unit(given.at(at + 1)));
            at += 2;
        }
        return text.toString();
    }

    /// A fraction as `convert` writes it, `1+1/2`, has a blank.
    private static String shown(String number) {
        int plus = number.indexOf('+', 1);
        return plus > 0 && number.indexOf('/') > plus ? number.replace('+', ' ').replace("//", "/") : grouped(number);
    }

    private static String unit(String name) {
        Matcher power = POWER.matcher(name.length() > LONGEST ? "" : name);
        return UNITS.getOrDefault(name, power.matches() ? power.group(1) + raised(power.group(2)) : name);
    }

    /// `val`: a number with its uncertainty, power of ten and unit.
    static String value(Arguments given) {
        if (!isNumber(given.at(1))) {
            return null;
        }
        StringBuilder text = new StringBuilder(given.named().getOrDefault("p", "")).append(grouped(given.at(1)));
        if (!given.at(3).isEmpty()) {
            text.append('+').append(given.at(2)).append('−').append(given.at(3));
        } else if (!given.at(2).isEmpty()) {
            text.append(given.at(2).startsWith("(") ? "" : "±").append(given.at(2));
        }
        String exponent = given.named().getOrDefault("e", "");
        text.append(exponent.isEmpty() ? "" : "×10" + raised(exponent)).append(given.named().getOrDefault("s", ""));
        String unit = given.named().getOrDefault("u", given.named().getOrDefault("ul", ""));
        return text.append(unit.isEmpty() ? "" : " " + unit(unit)).toString();
    }

    /// `frac`: one number is a denominator, three are a whole number and a fraction.
    static String fraction(Arguments given) {
        return switch (given.unnamed().size()) {
            case 1 -> "1/" + given.at(1);
            case 2 -> given.at(1) + "/" + given.at(2);
            case 3 -> given.at(1) + " " + given.at(2) + "/" + given.at(3);
            default -> null;
        };
    }

    /// Whether all of a text can be written as superscripts.
    static boolean canBeRaised(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> RAISED.indexOf(c) >= 0);
    }

    /// As superscripts, or after `^` where a letter has none. Several letters, as in `1st`, stay as they are.
    static String raised(String text) {
        if (!canBeRaised(text)) {
            boolean word = text.length() != 1 && text.chars().allMatch(Character::isLetter);
            return word || text.isBlank() ? text : "^" + text;
        }
        StringBuilder raised = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            raised.append(SUPERSCRIPTS.charAt(RAISED.indexOf(text.charAt(i))));
        }
        return raised.toString();
    }
}
