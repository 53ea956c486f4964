package llams.model.chat;

import com.hubspot.jinjava.objects.PyWrapper;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The functions that a chat template may call.
record TemplateFunctions(Clock clock) implements PyWrapper {
    Object call(String name, List<Object> arguments) {
        return switch (name) {
            case "raise_exception" ->
                throw new TemplateException(0, "the template says: " + PythonValues.text(arguments.getFirst()));
            case "strftime_now" -> date(ZonedDateTime.now(clock), String.valueOf(arguments.getFirst()));
            case "text" -> PythonValues.text(arguments.getFirst());
            case "list" -> new ArrayList<>();
            case "add" -> add(arguments);
            default -> throw new TemplateException(0, "there is no function \"" + name + "\"");
        };
    }

    private static Object add(List<Object> arguments) {
        @SuppressWarnings("unchecked")
        List<Object> list = (List<Object>) arguments.getFirst();
        list.add(arguments.size() == 2 ? arguments.get(1) : new ArrayList<>(arguments.subList(1, arguments.size())));
        return "";
    }

    /// As Python's `strftime` writes it.
    static String date(ZonedDateTime time, String format) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                text.append(c);
                continue;
            }
            boolean bare = format.charAt(i + 1) == '-' && i + 2 < format.length();
            i += bare ? 2 : 1;
            String pattern = switch (format.charAt(i)) {
                case 'Y' -> "uuuu";
                case 'y' -> "uu";
                case 'm' -> bare ? "M" : "MM";
                case 'd' -> bare ? "d" : "dd";
                case 'e' -> "ppd";
                case 'H' -> bare ? "H" : "HH";
                case 'I' -> bare ? "h" : "hh";
                case 'M' -> bare ? "m" : "mm";
                case 'S' -> bare ? "s" : "ss";
                case 'j' -> bare ? "D" : "DDD";
                case 'b', 'h' -> "LLL";
                case 'B' -> "LLLL";
                case 'a' -> "EEE";
                case 'A' -> "EEEE";
                case 'p' -> "a";
                case 'F' -> "uuuu-MM-dd";
                case 'T' -> "HH:mm:ss";
                case '%' -> "'%'";
                default -> throw new TemplateException(0,
                        "strftime_now: %" + format.charAt(i) + " in \"" + format + "\" is not supported");
            };
            text.append(DateTimeFormatter.ofPattern(pattern, Locale.US).format(time));
        }
        return text.toString();
    }
}
