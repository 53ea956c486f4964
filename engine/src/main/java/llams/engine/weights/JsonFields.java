package llams.engine.weights;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// The values of one JSON object by name, each checked for its kind. A value that is null counts as absent.
///
/// Every method throws an [IllegalArgumentException] that names the field and shows what it holds.
record JsonFields(JsonNode json) {
    private static final int SHOWN = 80;

    boolean has(String name) {
        return json.hasNonNull(name);
    }

    int size(String name, int most) {
        if (!has(name)) {
            throw new IllegalArgumentException("\"" + name + "\" is missing");
        }
        return size(name, 0, most);
    }

    int size(String name, int otherwise, int most) {
        if (!has(name)) {
            return otherwise;
        }
        JsonNode value = json.get(name);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() <= 0) {
            throw wrong(name, "a positive whole number");
        }
        if (value.asInt() > most) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is " + value.asInt() + ", more than any model has: " + most);
        }
        return value.asInt();
    }

    double positive(String name, double otherwise) {
        if (!has(name)) {
            return otherwise;
        }
        double value = number(name);
        if (!(value > 0) || Double.isInfinite(value)) {
            throw wrong(name, "a positive number");
        }
        return value;
    }

    double rate(String name) {
        if (!has(name)) {
            return 0;
        }
        double rate = number(name);
        if (!(rate >= 0 && rate < 1)) {
            throw wrong(name, "a number from 0 to below 1");
        }
        return rate;
    }

    private double number(String name) {
        return json.get(name).isNumber() ? json.get(name).asDouble(Double.NaN) : Double.NaN;
    }

    boolean flag(String name) {
        if (has(name) && !json.get(name).isBoolean()) {
            throw wrong(name, "true or false");
        }
        return json.path(name).asBoolean(false);
    }

    /// Null if absent.
    String text(String name) {
        if (has(name) && !json.get(name).isString()) {
            throw wrong(name, "a string");
        }
        return json.path(name).asString(null);
    }

    /// An id, a list of ids, or nothing.
    List<Integer> ids(String name) {
        if (!has(name)) {
            return List.of();
        }
        JsonNode value = json.get(name);
        List<Integer> ids = new ArrayList<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.asInt() < 0) {
                throw wrong(name, "an id or a list of ids");
            }
            ids.add(id.asInt());
        }
        return List.copyOf(ids);
    }

    private IllegalArgumentException wrong(String name, String wanted) {
        return new IllegalArgumentException("\"" + name + "\" must be " + wanted + ", not " + shown(json.get(name)));
    }

    /// A value for a message.
    static String shown(JsonNode value) {
        return cut(value.toString());
    }

    static String cut(String text) {
        return text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
    }
}
