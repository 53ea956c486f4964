package llams.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The JSON schema of a command's options in a file, for editors: from the options themselves.
final class OptionsSchema {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private OptionsSchema() {}

    static ObjectNode of(CommandSpec spec) {
        ObjectNode schema = NODES.objectNode();
        schema.put("$schema", "http://json-schema.org/draft-07/schema#");
        schema.put("title", "Options of 'llams " + spec.name() + "' in a file");
        schema.put("type", "object").put("additionalProperties", false);
        ObjectNode properties = schema.putObject("properties");
        OptionsFile.known(spec).forEach((key, option) -> properties.set(key, property(option)));
        return schema;
    }

    private static ObjectNode property(OptionSpec option) {
        ObjectNode property = NODES.objectNode();
        property.put("description", String.join(" ", option.description()));
        ObjectNode one = one(option);
        if (!option.isMultiValue()) {
            return property.setAll(one);
        }
        ArrayNode forms = property.putArray("anyOf");
        forms.add(one);
        forms.addObject().put("type", "array").set("items", one);
        if (!option.splitRegex().isEmpty() && !takesText(one)) {
            forms.addObject().put("type", "string");
        }
        return property;
    }

    /// A single value.
    private static ObjectNode one(OptionSpec option) {
        ObjectNode schema = NODES.objectNode();
        Class<?> type = option.isMultiValue() ? option.auxiliaryTypes()[0] : option.type();
        if (type.isEnum()) {
            names(option, schema.putArray("enum"));
        } else if (type == boolean.class) {
            schema.put("type", "boolean");
        } else if (type == int.class || type == Integer.class) {
            schema.put("type", "integer");
        } else if (type == double.class || type == Double.class) {
            schema.put("type", "number");
        } else if (option.completionCandidates() != null) {
            // An option that offers some values takes others, too.
            ArrayNode forms = schema.putArray("anyOf");
            names(option, forms.addObject().putArray("enum"));
            forms.addObject().put("type", "string");
        } else if (type == Path.class) {
            schema.put("type", "string");
        } else if (type == String.class) {
            // What YAML reads as a number is a text here: `eval-every: 500`.
            List.of("string", "number").forEach(schema.putArray("type")::add);
        } else {
            throw new IllegalStateException(option.longestName() + " has values of " + type);
        }
        return schema;
    }

    private static boolean takesText(ObjectNode one) {
        return one.has("anyOf") || one.path("type").toString().contains("string");
    }

    private static void names(OptionSpec option, ArrayNode names) {
        option.completionCandidates().forEach(name -> names.add(name.toLowerCase(Locale.ROOT)));
    }
}
