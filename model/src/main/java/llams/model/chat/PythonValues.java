package llams.model.chat;

import com.hubspot.jinjava.objects.PyWrapper;
import com.hubspot.jinjava.util.HasObjectTruthValue;
import java.math.BigDecimal;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// Values as Python prints them.
final class PythonValues {
    private PythonValues() {}

    /// What is not there: [#UNDEFINED], such as a key that a message lacks, or [#NONE]. False, empty and no text.
    static final class Nothing implements PyWrapper, HasObjectTruthValue, Iterable<Object> {
        static final Nothing UNDEFINED = new Nothing();
        static final Nothing NONE = new Nothing();

        private Nothing() {}

        @Override
        public boolean getObjectTruthValue() {
            return false;
        }

        @Override
        public Iterator<Object> iterator() {
            return Collections.emptyIterator();
        }

        @Override
        public String toString() {
            throw new TemplateException(0, "a string is joined with a value that does not exist");
        }
    }

    static boolean isNothing(Object value) {
        return value == null || value instanceof Nothing;
    }

    /// As `{{ value }}` writes it.
    static String text(Object value) {
        return switch (value) {
            case null -> "";
            case Nothing nothing -> nothing == Nothing.NONE ? "None" : "";
            case Boolean flag -> flag ? "True" : "False";
            case Double number -> decimal(number);
            case Map<?, ?> map -> json(map, new Json(-1, ", ", ": ", true), 0);
            case Collection<?> list -> json(list, new Json(-1, ", ", ": ", true), 0);
            case Object other -> other.toString();
        };
    }

    /// How to write JSON.
    ///
    /// @param indent spaces a level, or -1 for one line
    /// @param python True, None and single quotes instead of JSON's
    private record Json(int indent, String comma, String colon, boolean python) {}

    /// As Python's `json.dumps(value, ensure_ascii=False, indent=indent)` writes it.
    ///
    /// @param indent spaces a level, or -1 for one line
    static String json(Object value, int indent) {
        return json(value, new Json(indent, indent < 0 ? ", " : ",", ": ", false), 0);
    }

    private static String json(Object value, Json how, int depth) {
        return switch (value) {
            case null -> how.python ? "None" : "null";
            case Nothing nothing -> how.python ? "None" : "null";
            case Boolean flag -> how.python ? flag ? "True" : "False" : flag.toString();
            case Double number -> decimal(number);
            case Number number -> number.toString();
            case Map<?, ?> map -> {
                StringBuilder text = new StringBuilder("{");
                map.forEach((key, element) -> {
                    separate(text, text.length() > 1, how, depth + 1);
                    text.append(json(String.valueOf(key), how, depth))
                            .append(how.colon)
                            .append(json(element, how, depth + 1));
                });
                yield close(text, '}', map.isEmpty(), how, depth);
            }
            case Collection<?> list -> {
                StringBuilder text = new StringBuilder("[");
                for (Object element : list) {
                    separate(text, text.length() > 1, how, depth + 1);
                    text.append(json(element, how, depth + 1));
                }
                yield close(text, ']', list.isEmpty(), how, depth);
            }
            case Object other -> quoted(other.toString(), how.python);
        };
    }

    private static void separate(StringBuilder text, boolean again, Json how, int depth) {
        text.append(again ? how.comma : "");
        if (how.indent >= 0) {
            text.append('\n').repeat(' ', how.indent * depth);
        }
    }

    private static String close(StringBuilder text, char bracket, boolean empty, Json how, int depth) {
        if (how.indent >= 0 && !empty) {
            text.append('\n').repeat(' ', how.indent * depth);
        }
        return text.append(bracket).toString();
    }

    private static String quoted(String value, boolean python) {
        char quote = python && (!value.contains("'") || value.contains("\"")) ? '\'' : '"';
        StringBuilder text = new StringBuilder().append(quote);
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (c == quote) {
                        text.append('\\').append(c);
                    } else if (!python && c == '\b') {
                        text.append("\\b");
                    } else if (!python && c == '\f') {
                        text.append("\\f");
                    } else if (c < ' ' || python && c == 0x7F) {
                        text.append(String.format(python ? "\\x%02x" : "\\u%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        return text.append(quote).toString();
    }

    /// As Python's `repr` writes a float.
    private static String decimal(double number) {
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            return Double.isNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
        }
        BigDecimal exact = new BigDecimal(Double.toString(number)).stripTrailingZeros();
        int exponent = exact.precision() - exact.scale() - 1;
        if (number == 0 || exponent >= -4 && exponent < 16) {
            String plain = number == 0 ? Double.toString(number) : exact.toPlainString();
            return plain.contains(".") ? plain : plain + ".0";
        }
        String digits = exact.unscaledValue().abs().toString();
        return (number < 0 ? "-" : "") + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "") + 'e'
                + (exponent < 0 ? '-' : '+') + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    /// A list's element or a string's character, counted from the end where `index` is negative.
    static Object element(Object sequence, long index) {
        int size = sequence instanceof List<?> list ? list.size() : ((String) sequence).length();
        long at = index < 0 ? index + size : index;
        if (at < 0 || at >= size) {
            return Nothing.UNDEFINED;
        }
        return sequence instanceof List<?> list
                ? list.get((int) at)
                : ((String) sequence).substring((int) at, (int) at + 1);
    }
}
