package llams.model.chat;

import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.filter.Filter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import llams.model.chat.PythonValues.Nothing;

/// Filters and tests that Jinjava lacks, or has with another meaning than Jinja.
final class PythonLibrary {
    private PythonLibrary() {}

    @FunctionalInterface
    private interface Body {
        Object apply(Object value, Object[] arguments, Map<String, Object> named);
    }

    private record OwnFilter(String name, Body body) implements Filter {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public Object filter(Object value, JinjavaInterpreter interpreter, String... arguments) {
            return body.apply(value, arguments, Map.of());
        }

        @Override
        public Object filter(Object value, JinjavaInterpreter interpreter, Object[] arguments,
                Map<String, Object> named) {
            return body.apply(value, arguments, named);
        }
    }

    private record OwnTest(String name, Predicate<Object> body) implements ExpTest {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean evaluate(Object value, JinjavaInterpreter interpreter, Object... arguments) {
            return body.test(value);
        }
    }

    static void register(Context context) {
        List<OwnFilter> filters = List.of(
                new OwnFilter("tojson",
                        (value, arguments, named) -> PythonValues.json(value,
                                named.get("indent") instanceof Number indent ? indent.intValue() : -1)),
                new OwnFilter("trim",
                        (value, arguments, named) -> PythonMethods.strip(PythonValues.text(value),
                                arguments.length > 0 ? String.valueOf(arguments[0]) : null, true, true)),
                new OwnFilter("string", (value, arguments, named) -> PythonValues.text(value)),
                new OwnFilter("safe", (value, arguments, named) -> value),
                new OwnFilter("length", (value, arguments, named) -> length(value)),
                new OwnFilter("count", (value, arguments, named) -> length(value)),
                new OwnFilter("items", (value, arguments, named) -> PythonMethods.call(value, "items", List.of())),
                new OwnFilter("list", (value, arguments, named) -> new ArrayList<>(elements(value))),
                new OwnFilter("first",
                        (value, arguments,
                                named) -> elements(value).isEmpty() ? Nothing.UNDEFINED : elements(value).getFirst()),
                new OwnFilter("last",
                        (value, arguments,
                                named) -> elements(value).isEmpty() ? Nothing.UNDEFINED : elements(value).getLast()),
                new OwnFilter("reverse",
                        (value, arguments, named) -> value instanceof String text
                                ? new StringBuilder(text).reverse().toString()
                                : new ArrayList<>(elements(value).reversed())),
                new OwnFilter("join",
                        (value, arguments, named) -> String.join(
                                arguments.length > 0 ? String.valueOf(arguments[0]) : "",
                                elements(value).stream().map(PythonValues::text).toList())),
                new OwnFilter("upper",
                        (value, arguments, named) -> PythonMethods.call(PythonValues.text(value), "upper", List.of())),
                new OwnFilter("lower",
                        (value, arguments, named) -> PythonMethods.call(PythonValues.text(value), "lower", List.of())),
                new OwnFilter("capitalize",
                        (value, arguments, named) -> PythonMethods.capitalized(PythonValues.text(value))),
                new OwnFilter("title", (value, arguments, named) -> PythonMethods.title(PythonValues.text(value))),
                new OwnFilter("replace",
                        (value, arguments, named) -> PythonMethods.call(PythonValues.text(value), "replace",
                                List.of(arguments[0], arguments[1]))),
                new OwnFilter("default", PythonLibrary::otherwise), new OwnFilter("d", PythonLibrary::otherwise));
        filters.forEach(context::registerFilter);
        List<OwnTest> tests = List.of(new OwnTest("defined", value -> value != null && value != Nothing.UNDEFINED),
                new OwnTest("undefined", value -> value == null || value == Nothing.UNDEFINED),
                new OwnTest("none", value -> value == Nothing.NONE), new OwnTest("string", String.class::isInstance),
                new OwnTest("mapping", Map.class::isInstance),
                new OwnTest("iterable",
                        value -> value instanceof String || value instanceof Map || value instanceof Collection),
                new OwnTest("sequence",
                        value -> value instanceof String || value instanceof Map || value instanceof List),
                new OwnTest("number", Number.class::isInstance),
                new OwnTest("integer", value -> value instanceof Long || value instanceof Integer),
                new OwnTest("float", value -> value instanceof Double),
                new OwnTest("boolean", Boolean.class::isInstance), new OwnTest("true", Boolean.TRUE::equals),
                new OwnTest("false", Boolean.FALSE::equals));
        tests.forEach(context::registerExpTest);
    }

    private static Object otherwise(Object value, Object[] arguments, Map<String, Object> named) {
        boolean emptyToo = arguments.length > 1 && Boolean.TRUE.equals(arguments[1])
                || Boolean.TRUE.equals(named.get("boolean"));
        boolean lacks = PythonValues.isNothing(value) || emptyToo && (value.equals("") || value.equals(false));
        return !lacks ? value : arguments.length > 0 ? arguments[0] : "";
    }

    private static long length(Object value) {
        return value instanceof String text ? text.codePointCount(0, text.length()) : elements(value).size();
    }

    private static List<?> elements(Object value) {
        return switch (value) {
            case List<?> list -> list;
            case Collection<?> all -> new ArrayList<>(all);
            case Map<?, ?> map -> new ArrayList<>(map.keySet());
            case Object[] array -> List.of(array);
            case String text -> text.codePoints().mapToObj(Character::toString).toList();
            case null -> List.of();
            case Iterable<?> all -> {
                List<Object> list = new ArrayList<>();
                all.forEach(list::add);
                yield list;
            }
            default -> throw new TemplateException(0, "a value that is not a list is used as one");
        };
    }
}
