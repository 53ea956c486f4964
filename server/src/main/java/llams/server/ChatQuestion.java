package llams.server;

import java.util.List;
import llams.model.chat.ChatMessage;
import llams.model.text.GenerateOptions;
import tools.jackson.databind.JsonNode;

/// A conversation that is to be answered.
///
/// @param modelOrNull  the name of the model or adapter that answers; null for the only one there is
/// @param tools        what the answer may call
/// @param schemaOrNull the JSON schema that the answer must satisfy; null for text
public record ChatQuestion(String modelOrNull, List<ChatMessage> messages, Tools tools, JsonNode schemaOrNull,
        GenerateOptions options) {
    public ChatQuestion {
        messages = List.copyOf(messages);
    }

    /// A conversation whose answer is a text of any length, sampled as the model's makers suggest.
    public static ChatQuestion of(List<ChatMessage> messages) {
        return new ChatQuestion(null, messages, Tools.NONE, null,
                GenerateOptions.standard().withMaxTokens(Integer.MAX_VALUE));
    }

    public ChatQuestion withModel(String name) {
        return new ChatQuestion(name, messages, tools, schemaOrNull, options);
    }

    public ChatQuestion withTools(Tools others) {
        return new ChatQuestion(modelOrNull, messages, others, schemaOrNull, options);
    }

    public ChatQuestion withSchema(JsonNode schema) {
        return new ChatQuestion(modelOrNull, messages, tools, schema, options);
    }

    public ChatQuestion withOptions(GenerateOptions others) {
        return new ChatQuestion(modelOrNull, messages, tools, schemaOrNull, others);
    }
}
