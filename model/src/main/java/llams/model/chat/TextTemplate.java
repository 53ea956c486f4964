package llams.model.chat;

import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import llams.model.files.DataException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A text with gaps that the values of a row fill, in Jinja's language: `{{question.strip()}}`, `{{choices[0]}}`,
/// `{% if paragraph %}...{% endif %}`. A name that the row does not have is an error.
public final class TextTemplate {
    private static final Pattern GAP = Pattern.compile("\\{[{%#]");

    private final String place;
    private final String text;
    /// Null for a text without gaps.
    private final JinjaTemplate jinja;

    /// @param place where it is written, for messages
    /// @throws DataException if it needs what is not supported
    public TextTemplate(String place, String text) {
        this.place = place;
        this.text = text;
        try {
            // A line end at the end counts here.
            jinja = !GAP.matcher(text).find()
                    ? null
                    : new JinjaTemplate(text.endsWith("\n") ? text + "{{ '' }}" : text, TextTemplate::unknown);
        } catch (TemplateException e) {
            throw new DataException(place + ": not a template: " + e.getMessage(), e);
        }
    }

    private static Object unknown(String name) {
        throw new TemplateException(0, "\"" + name + "\" is missing");
    }

    /// @param origin of the row, for messages
    /// @throws DataException if the row lacks what the template names
    public String fill(ObjectNode row, String origin) {
        if (jinja == null) {
            return text;
        }
        Map<String, Object> values = new LinkedHashMap<>();
        row.properties().forEach(field -> values.put(field.getKey(), value(field.getValue())));
        try {
            return jinja.render(values, Clock.systemUTC());
        } catch (TemplateException e) {
            throw new DataException(origin + ": " + e.getMessage() + ", which the template at " + place
                    + " needs; the row has " + String.join(", ", values.keySet()), e);
        }
    }

    private static Object value(JsonNode json) {
        return switch (json.getNodeType()) {
            case STRING -> json.stringValue();
            case BOOLEAN -> json.booleanValue();
            case NUMBER -> json.isIntegralNumber() && json.canConvertToLong()
                    ? (Object) json.longValue()
                    : (Object) json.doubleValue();
            case ARRAY -> {
                List<Object> list = new ArrayList<>();
                json.forEach(element -> list.add(value(element)));
                yield list;
            }
            case OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                json.properties().forEach(field -> map.put(field.getKey(), value(field.getValue())));
                yield map;
            }
            case NULL, MISSING, BINARY, POJO -> null;
        };
    }
}
