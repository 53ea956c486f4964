package llams.trainer.wiki;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What a template is given: `{{name|first|second|key=value}}`.
///
/// @param unnamed in their order; `1=` and the like count among them
/// @param named   all that have a name
/// @param whole   as it stands after the name
record Arguments(List<String> unnamed, Map<String, String> named, String whole) {
    /// @param from after the first bar in `page`, or less than 0 if there is none
    static Arguments of(StringBuilder page, int from) {
        List<String> unnamed = new ArrayList<>();
        Map<String, String> named = new HashMap<>();
        int start = from < 0 ? page.length() + 1 : from;
        while (start <= page.length()) {
            int bar = page.indexOf("|", start);
            int end = bar < 0 ? page.length() : bar;
            String argument = page.substring(start, end);
            int equals = argument.indexOf('=');
            if (equals < 0) {
                unnamed.add(argument.strip());
            } else {
                String name = argument.substring(0, equals).strip();
                String value = argument.substring(equals + 1).strip();
                named.put(name, value);
                if (name.equals(String.valueOf(unnamed.size() + 1))) {
                    unnamed.add(value);
                }
            }
            start = end + 1;
        }
        return new Arguments(unnamed, named, from < 0 ? "" : page.substring(from).strip());
    }

    /// Unnamed argument `number`, counted from 1; empty if there is none.
    String at(int number) {
        return number <= unnamed.size() ? unnamed.get(number - 1) : "";
    }

    /// The first that says something, of the unnamed ones and then of these names; empty if none does.
    String any(String... names) {
        for (String value : unnamed) {
            if (!value.isEmpty()) {
                return value;
            }
        }
        for (String name : names) {
            String value = named.getOrDefault(name, "");
            if (!value.isEmpty()) {
                return value;
            }
        }
        return "";
    }
}
