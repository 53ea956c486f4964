package llams.server;

import java.util.HashSet;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The fields of a JSON object that a client sent. Each is read once; what is left over was not understood.
final class Fields {
    private static final int LONGEST_QUOTE = 60;

    private final ObjectNode object;
    /// What stands before a field's name in messages: `messages[2].`.
    private final String path;
    private final Set<String> taken = new HashSet<>();

    Fields(ObjectNode object, String path) {
        this.object = object;
        this.path = path;
    }

    /// @throws ApiException if it is not an object
    static Fields of(JsonNode node, String path) {
        if (node instanceof ObjectNode object) {
            return new Fields(object, path + ".");
        }
        throw ApiException.invalid(path, path + " must be an object");
    }

    /// A text from outside, fit for a message.
    static String shown(String text) {
        String visible = text.replaceAll("\\p{Cc}", "?");
        return visible.length() <= LONGEST_QUOTE ? visible : visible.substring(0, LONGEST_QUOTE) + "...";
    }

    String path(String name) {
        return path + name;
    }

    ApiException wrong(String name, String wanted) {
        String found = shown(object.path(name).toString());
        return ApiException.invalid(path + name, path + name + " must be " + wanted + ", not " + found);
    }

    /// A field; null if it is absent or null.
    JsonNode take(String name) {
        taken.add(name);
        JsonNode value = object.get(name);
        return value == null || value.isNull() ? null : value;
    }

    Integer integer(String name, int least, int most) {
        JsonNode value = take(name);
        if (value == null) {
            return null;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < least
                || value.intValue() > most) {
            throw wrong(name, "a whole number from " + least + (most == Integer.MAX_VALUE ? "" : " to " + most));
        }
        return value.intValue();
    }

    Double number(String name, double least, double most) {
        JsonNode value = take(name);
        if (value == null) {
            return null;
        }
        if (!value.isNumber() || !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw wrong(name, "a number from " + least + " to " + most);
        }
        return value.doubleValue();
    }

    Long whole(String name) {
        JsonNode value = take(name);
        if (value == null) {
            return null;
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw wrong(name, "a whole number");
        }
        return value.longValue();
    }

    boolean flag(String name) {
        JsonNode value = take(name);
        if (value != null && !value.isBoolean()) {
            throw wrong(name, "true or false");
        }
        return value != null && value.booleanValue();
    }

    String text(String name) {
        JsonNode value = take(name);
        if (value != null && !value.isString()) {
            throw wrong(name, "a string");
        }
        return value == null ? null : value.stringValue();
    }

    /// An object; null if it is absent.
    Fields object(String name) {
        JsonNode value = take(name);
        return value == null ? null : of(value, path + name);
    }

    /// Fields that change nothing here.
    void ignore(String... names) {
        taken.addAll(Set.of(names));
    }

    /// Fields that are understood, but only with a value that changes nothing.
    void neutral(String name, int value) {
        JsonNode given = take(name);
        if (given != null && !(given.isNumber() && given.doubleValue() == value)) {
            throw ApiException.unsupported(path + name, path + name + " is not supported, except as " + value);
        }
    }

    /// @throws ApiException if it is there
    void unsupported(String name) {
        JsonNode given = take(name);
        if (given != null && !(given.isContainer() && given.isEmpty())) {
            throw ApiException.unsupported(path + name, path + name + " is not supported");
        }
    }

    /// @throws ApiException if there are fields that nothing has asked for
    void finish() {
        for (String name : object.propertyNames()) {
            if (!taken.contains(name)) {
                throw ApiException.invalid(path + name, "unrecognized field: " + shown(path + name));
            }
        }
    }
}
