package llams.model.chat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import llams.model.chat.PythonValues.Nothing;

/// The methods of Python's strings, lists and dictionaries that templates call.
final class PythonMethods {
    private PythonMethods() {}

    static Object call(Object base, String method, List<Object> arguments) {
        return switch (base) {
            case String text -> string(text, method, arguments);
            case Map<?, ?> map -> map(map, method, arguments);
            case List<?> list -> list(list, method, arguments);
            case null -> throw unknown("nothing", method);
            default -> throw unknown(base instanceof Nothing ? "nothing" : "this value", method);
        };
    }

    private static Object string(String text, String method, List<Object> arguments) {
        String first = arguments.isEmpty() || PythonValues.isNothing(arguments.getFirst())
                ? null
                : String.valueOf(arguments.getFirst());
        return switch (method) {
            case "strip" -> strip(text, first, true, true);
            case "lstrip" -> strip(text, first, true, false);
            case "rstrip" -> strip(text, first, false, true);
            case "startswith" -> affixes(arguments).stream().anyMatch(text::startsWith);
            case "endswith" -> affixes(arguments).stream().anyMatch(text::endsWith);
            case "removeprefix" -> text.startsWith(first) ? text.substring(first.length()) : text;
            case "removesuffix" -> text.endsWith(first) ? text.substring(0, text.length() - first.length()) : text;
            case "split" -> split(text, first, arguments.size() > 1 ? (int) number(arguments.get(1)) : -1);
            case "rsplit" -> rsplit(text, first, arguments.size() > 1 ? (int) number(arguments.get(1)) : -1);
            case "splitlines" -> text.lines().toList();
            case "replace" -> text.replace(first, String.valueOf(arguments.get(1)));
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "capitalize" -> capitalized(text);
            case "title" -> title(text);
            case "find" -> (long) text.indexOf(first);
            case "rfind" -> (long) text.lastIndexOf(first);
            case "count" -> (long) (text.length() - text.replace(first, "").length()) / first.length();
            case "join" ->
                String.join(text, ((List<?>) arguments.getFirst()).stream().map(PythonValues::text).toList());
            case "isdigit" -> !text.isEmpty() && text.chars().allMatch(Character::isDigit);
            default -> throw unknown("a string", method);
        };
    }

    private static Object map(Map<?, ?> map, String method, List<Object> arguments) {
        return switch (method) {
            case "items" ->
                map.entrySet().stream().map(entry -> (Object) Arrays.asList(entry.getKey(), entry.getValue())).toList();
            case "keys" -> new ArrayList<Object>(map.keySet());
            case "values" -> new ArrayList<Object>(map.values());
            case "get" -> map.containsKey(String.valueOf(arguments.getFirst()))
                    ? map.get(String.valueOf(arguments.getFirst()))
                    : arguments.size() > 1 ? arguments.get(1) : Nothing.NONE;
            default -> throw unknown("a dictionary", method);
        };
    }

    private static Object list(List<?> list, String method, List<Object> arguments) {
        return switch (method) {
            case "index" -> (long) list.indexOf(arguments.getFirst());
            case "count" -> list.stream().filter(arguments.getFirst()::equals).count();
            case "append" -> {
                @SuppressWarnings("unchecked")
                List<Object> open = (List<Object>) list;
                open.add(arguments.getFirst());
                yield Nothing.NONE;
            }
            default -> throw unknown("a list", method);
        };
    }

    private static TemplateException unknown(String type, String method) {
        return new TemplateException(0, type + " has no method \"" + method + "\" here");
    }

    private static long number(Object value) {
        return ((Number) value).longValue();
    }

    private static List<String> affixes(List<Object> arguments) {
        return arguments.getFirst() instanceof List<?> list
                ? list.stream().map(String::valueOf).toList()
                : List.of(String.valueOf(arguments.getFirst()));
    }

    /// Without the characters of `set` at its ends, or without white space if that is null.
    static String strip(String text, String set, boolean left, boolean right) {
        int from = 0;
        int to = text.length();
        while (left && from < to && strips(text.charAt(from), set)) {
            from++;
        }
        while (right && to > from && strips(text.charAt(to - 1), set)) {
            to--;
        }
        return text.substring(from, to);
    }

    private static boolean strips(char c, String set) {
        return set == null
                ? c >= 0x1C && c <= 0x1F || c == 0x85 || Character.isWhitespace(c) || Character.isSpaceChar(c)
                : set.indexOf(c) >= 0;
    }

    private static List<Object> split(String text, String separator, int most) {
        if (separator == null) {
            String stripped = strip(text, null, true, true);
            return stripped.isEmpty()
                    ? List.of()
                    : new ArrayList<>(List.of(stripped.split("\\s+", most < 0 ? 0 : most + 1)));
        }
        List<Object> parts = new ArrayList<>();
        int from = 0;
        for (int at = text.indexOf(separator); at >= 0 && most != parts.size(); at = text.indexOf(separator, from)) {
            parts.add(text.substring(from, at));
            from = at + separator.length();
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static List<Object> rsplit(String text, String separator, int most) {
        if (separator == null || most < 0) {
            return split(text, separator, most);
        }
        List<Object> parts = new ArrayList<>();
        int to = text.length();
        for (int at = text.lastIndexOf(separator); at >= 0
                && most != parts.size(); at = text.lastIndexOf(separator, at - separator.length())) {
            parts.addFirst(text.substring(at + separator.length(), to));
            to = at;
        }
        parts.addFirst(text.substring(0, to));
        return parts;
    }

    static String capitalized(String text) {
        return text.isEmpty()
                ? text
                : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1).toLowerCase(Locale.ROOT);
    }

    static String title(String text) {
        StringBuilder title = new StringBuilder();
        boolean inWord = false;
        for (char c : text.toCharArray()) {
            title.append(inWord ? Character.toLowerCase(c) : Character.toUpperCase(c));
            inWord = Character.isLetter(c);
        }
        return title.toString();
    }
}
