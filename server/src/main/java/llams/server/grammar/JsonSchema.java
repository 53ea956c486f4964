package llams.server.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A part of JSON Schema (draft 2020-12) as rules: types, `properties`, `required`, `items`, `enum`, `const`, `anyOf`,
/// references within the schema, and lengths of strings and arrays. Properties come in the order in which the schema
/// names them, and no others come where it names any. What else a schema says is refused by name, unless it changes
/// nothing.
public final class JsonSchema {
    /// Longer strings and arrays of a stated length make too many rules.
    private static final int MOST_REPETITIONS = 2000;
    private static final Set<String> ANNOTATIONS = Set.of("title", "description", "default", "examples", "$schema",
            "$id", "$comment", "$defs", "definitions", "deprecated", "readOnly", "writeOnly");

    private final JsonNode root;
    private final Map<String, Rule> references = new HashMap<>();

    private JsonSchema(JsonNode root) {
        this.root = root;
    }

    /// Texts that are JSON of this schema.
    ///
    /// @throws IllegalArgumentException if the schema needs what is not supported, or nothing satisfies it
    public static Automaton automaton(JsonNode schema) {
        return possible(new JsonSchema(schema).rule(schema, "schema"));
    }

    /// Texts that call one of these functions: `{"name": ..., "parameters": {...}}`.
    ///
    /// @param functions the schemas of their parameters by name
    /// @throws IllegalArgumentException as [#automaton]
    public static Automaton call(Map<String, JsonNode> functions) {
        return possible(calls(functions));
    }

    /// Texts that are JSON of this schema, or call one of these functions.
    ///
    /// @throws IllegalArgumentException as [#automaton]
    public static Automaton automatonOrCall(JsonNode schema, Map<String, JsonNode> functions) {
        return possible(Rule.choice(new JsonSchema(schema).rule(schema, "schema"), calls(functions)));
    }

    private static Rule calls(Map<String, JsonNode> functions) {
        List<Rule> calls = new ArrayList<>();
        functions.forEach((name, parameters) -> {
            Rule rule = new JsonSchema(parameters).rule(parameters, "parameters of " + name);
            Rule named = JsonRules.member(Rule.text("\"name\""), Rule.text(quoted(name)));
            calls.add(JsonRules.braces(
                    Rule.sequence(named, JsonRules.COMMA, JsonRules.member(Rule.text("\"parameters\""), rule))));
        });
        return Rule.choice(calls);
    }

    private static Automaton possible(Rule rule) {
        Automaton automaton = new Automaton(rule);
        if (automaton.start().isDead()) {
            throw new IllegalArgumentException("schema: it refers to itself only, so nothing satisfies it");
        }
        return automaton;
    }

    private static String quoted(String text) {
        return JsonNodeFactory.instance.stringNode(text).toString();
    }

    private Rule rule(JsonNode schema, String path) {
        if (schema.isBoolean() && schema.booleanValue()) {
            return JsonRules.VALUE;
        }
        if (!(schema instanceof ObjectNode object)) {
            throw new IllegalArgumentException(path + " is not a schema");
        }
        Set<String> left = new TreeSet<>(object.propertyNames());
        left.removeAll(ANNOTATIONS);
        Rule rule = rule(object, left, path);
        if (!left.isEmpty()) {
            throw new IllegalArgumentException(path + ": \"" + left.iterator().next() + "\" is not supported"
                    + (left.size() > 1 ? " here, nor are " + left : " here"));
        }
        return rule;
    }

    /// @param left names of what has not been used; those that are lose theirs
    private Rule rule(ObjectNode schema, Set<String> left, String path) {
        if (left.remove("$ref")) {
            return reference(schema.get("$ref"), path);
        }
        if (left.remove("const")) {
            left.remove("type");
            return Rule.text(schema.get("const").toString());
        }
        if (left.remove("enum")) {
            left.remove("type");
            return Rule.choice(
                    list(schema.get("enum"), 1, path + ".enum").stream().map(v -> Rule.text(v.toString())).toList());
        }
        if (left.remove("anyOf")) {
            return options(schema.get("anyOf"), path + ".anyOf");
        }
        if (schema.path("allOf").size() == 1 && left.remove("allOf")) {
            return rule(schema.get("allOf").get(0), path + ".allOf[0]");
        }
        if (!left.remove("type")) {
            if (left.contains("properties")) {
                return object(schema, left, path);
            }
            return JsonRules.VALUE;
        }
        JsonNode type = schema.get("type");
        List<Rule> rules = new ArrayList<>();
        for (JsonNode one : type.isArray() ? list(type, 1, path + ".type") : List.of(type)) {
            rules.add(typed(one.asString(""), schema, left, path));
        }
        return Rule.choice(rules);
    }

    private Rule typed(String type, ObjectNode schema, Set<String> left, String path) {
        return switch (type) {
            case "object" -> object(schema, left, path);
            case "array" -> {
                int least = count(schema, "minItems", 0, left, path);
                int most = count(schema, "maxItems", Integer.MAX_VALUE, left, path);
                Rule element = left.remove("items") ? rule(schema.get("items"), path + ".items") : JsonRules.VALUE;
                yield JsonRules.array(element, least, atLeast(least, most, path));
            }
            case "string" -> {
                int least = count(schema, "minLength", 0, left, path);
                int most = count(schema, "maxLength", Integer.MAX_VALUE, left, path);
                yield JsonRules.string(least, atLeast(least, most, path));
            }
            case "integer", "number" -> {
                // As int32 and double: what memory a number takes, not what it may be.
                left.remove("format");
                yield type.equals("integer") ? JsonRules.INTEGER : JsonRules.NUMBER;
            }
            case "boolean" -> JsonRules.BOOLEAN;
            case "null" -> JsonRules.NULL;
            default -> throw new IllegalArgumentException(path + ": there is no type \"" + type + "\"");
        };
    }

    private static int atLeast(int least, int most, String path) {
        if (most < least) {
            throw new IllegalArgumentException(path + ": the most, " + most + ", is less than the least, " + least);
        }
        return most;
    }

    private static int count(ObjectNode schema, String name, int usual, Set<String> left, String path) {
        if (!left.remove(name)) {
            return usual;
        }
        JsonNode value = schema.get(name);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0
                || value.intValue() > MOST_REPETITIONS) {
            throw new IllegalArgumentException(
                    path + "." + name + " must be a whole number from 0 to " + MOST_REPETITIONS);
        }
        return value.intValue();
    }

    private Rule object(ObjectNode schema, Set<String> left, String path) {
        boolean isNamed = left.remove("properties");
        Set<String> required = new TreeSet<>();
        if (left.remove("required")) {
            list(schema.get("required"), 0, path + ".required").forEach(name -> required.add(name.asString("")));
        }
        JsonNode others = left.remove("additionalProperties") ? schema.get("additionalProperties") : null;
        if (!isNamed || schema.get("properties").isEmpty()) {
            if (!required.isEmpty()) {
                throw new IllegalArgumentException(path + ".required names what properties does not describe");
            }
            boolean none = others != null && others.isBoolean() && !others.booleanValue();
            Rule value = others == null || none ? JsonRules.VALUE : rule(others, path + ".additionalProperties");
            return none || isNamed ? JsonRules.braces(Rule.NOTHING) : JsonRules.object(JsonRules.STRING, value);
        }
        List<Rule> members = new ArrayList<>();
        List<Boolean> isRequired = new ArrayList<>();
        schema.get("properties").properties().forEach(property -> {
            String name = property.getKey();
            members.add(
                    JsonRules.member(Rule.text(quoted(name)), rule(property.getValue(), path + ".properties." + name)));
            isRequired.add(required.remove(name));
        });
        if (!required.isEmpty()) {
            throw new IllegalArgumentException(path + ".required names what properties does not describe: " + required);
        }
        return JsonRules.braces(members(members, isRequired));
    }

    /// Members in their order; those that are not required may be left out.
    private static Rule members(List<Rule> members, List<Boolean> isRequired) {
        Rule afterOthers = Rule.NOTHING;
        Rule asFirst = Rule.NOTHING;
        for (int i = members.size() - 1; i >= 0; i--) {
            Rule here = Rule.sequence(members.get(i), afterOthers);
            asFirst = isRequired.get(i) ? here : Rule.choice(here, asFirst);
            Rule next = Rule.sequence(JsonRules.COMMA, here);
            afterOthers = isRequired.get(i) ? next : Rule.choice(next, afterOthers);
        }
        return asFirst;
    }

    private Rule options(JsonNode schemas, String path) {
        List<Rule> options = new ArrayList<>();
        for (JsonNode schema : list(schemas, 1, path)) {
            options.add(rule(schema, path + "[" + options.size() + "]"));
        }
        return Rule.choice(options);
    }

    private static List<JsonNode> list(JsonNode node, int least, String path) {
        if (!node.isArray() || node.size() < least) {
            throw new IllegalArgumentException(path + " must be a list" + (least > 0 ? " that is not empty" : ""));
        }
        return node.valueStream().toList();
    }

    private Rule reference(JsonNode reference, String path) {
        String name = reference.asString("");
        if (!name.equals("#") && !name.startsWith("#/")) {
            throw new IllegalArgumentException(path + ".$ref must refer to a place in this schema: #/$defs/name");
        }
        Rule known = references.get(name);
        if (known != null) {
            return known;
        }
        JsonNode target = root.at(name.substring(1));
        if (target.isMissingNode()) {
            throw new IllegalArgumentException(path + ".$ref: there is no \"" + name + "\"");
        }
        Rule.Later later = new Rule.Later();
        references.put(name, later);
        later.rule = rule(target, name);
        return later;
    }
}
