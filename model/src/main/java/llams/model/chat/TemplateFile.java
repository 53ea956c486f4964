package llams.model.chat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.engine.io.Json;
import tools.jackson.databind.JsonNode;

/// A chat template's text and where it was found.
///
/// @param toolUse the one for conversations with tools, if the model has two; else null
record TemplateFile(Path file, String template, String toolUse) {
    static final String NAME = "chat_template.jinja";

    /// The template of a model directory, or null.
    static TemplateFile find(Path directory) throws IOException {
        Path jinja = directory.resolve(NAME);
        if (Files.isRegularFile(jinja)) {
            return new TemplateFile(jinja, Files.readString(jinja), null);
        }
        for (String name : new String[] {"tokenizer_config.json", "chat_template.json"}) {
            Path file = directory.resolve(name);
            JsonNode template = Files.isRegularFile(file) ? Json.readObject(file).get("chat_template") : null;
            if (template != null && !template.isNull()) {
                return of(file, template);
            }
        }
        return null;
    }

    private static TemplateFile of(Path file, JsonNode template) throws IOException {
        if (template.isString()) {
            return new TemplateFile(file, template.stringValue(), null);
        }
        String standard = null;
        String toolUse = null;
        for (JsonNode named : template) {
            String text = named.path("template").asString(null);
            switch (named.path("name").asString("")) {
                case "default" -> standard = text;
                case "tool_use" -> toolUse = text;
                default -> {
                    // For other uses, such as retrieval.
                }
            }
        }
        if (standard == null) {
            throw new IOException(
                    file + ": \"chat_template\" is neither a string nor a list with a template named \"default\"");
        }
        return new TemplateFile(file, standard, toolUse);
    }

    /// What went wrong, with the file and, where it is known, the line.
    String failure(TemplateException e) {
        boolean alone = file.endsWith(NAME);
        String place = alone
                ? e.line > 0 ? ":" + e.line : ""
                : ": chat_template" + (e.line > 0 ? ", line " + e.line : "");
        return file + place + ": " + e.getMessage();
    }
}
