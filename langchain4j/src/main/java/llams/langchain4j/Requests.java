package llams.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import llams.model.chat.ChatMessage;
import llams.model.chat.ToolCall;
import llams.model.text.GenerateOptions;
import llams.model.text.Sampling;
import llams.server.ChatQuestion;
import llams.server.Tools;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// LangChain4j's requests as questions.
final class Requests {
    private Requests() {}

    static ChatQuestion question(ChatRequest request) {
        ChatRequestParameters parameters = request.parameters();
        check(parameters);
        return new ChatQuestion(parameters.modelName(), request.messages().stream().map(Requests::message).toList(),
                tools(parameters), schema(parameters.responseFormat()), options(parameters));
    }

    /// @throws UnsupportedFeatureException if a parameter is not supported
    static void check(ChatRequestParameters parameters) {
        neutral("frequencyPenalty", parameters.frequencyPenalty());
        neutral("presencePenalty", parameters.presencePenalty());
    }

    private static void neutral(String name, Double value) {
        if (value != null && value != 0) {
            throw unsupported("the parameter \"" + name + "\"");
        }
    }

    private static UnsupportedFeatureException unsupported(String what) {
        return new UnsupportedFeatureException(what + " is not supported");
    }

    private static ChatMessage message(dev.langchain4j.data.message.ChatMessage message) {
        return switch (message) {
            case SystemMessage system -> new ChatMessage("system", system.text());
            case UserMessage user -> new ChatMessage("user", text(user.contents()));
            case AiMessage answer -> new ChatMessage("assistant", answer.text() == null ? "" : answer.text(),
                    answer.toolExecutionRequests().stream().map(Requests::call).toList(), true);
            case ToolExecutionResultMessage result -> new ChatMessage("ipython", result.text());
            default -> throw unsupported("a message of type " + message.type());
        };
    }

    /// Text parts, which become its lines.
    private static String text(List<Content> contents) {
        List<String> parts = new ArrayList<>();
        for (Content content : contents) {
            if (!(content instanceof TextContent part)) {
                throw unsupported("content of type " + content.type().toString().toLowerCase(Locale.ROOT)
                        + " (this model reads text only)");
            }
            parts.add(part.text());
        }
        return String.join("\n", parts);
    }

    private static ToolCall call(ToolExecutionRequest request) {
        String arguments = request.arguments() == null || request.arguments().isBlank() ? "{}" : request.arguments();
        try {
            if (JsonMapper.shared().readTree(arguments) instanceof ObjectNode object) {
                return new ToolCall(request.name(), object);
            }
        } catch (JacksonException e) {
            throw new InvalidRequestException("the arguments of a call of " + request.name() + " are not JSON", e);
        }
        throw new InvalidRequestException("the arguments of a call of " + request.name() + " are not a JSON object");
    }

    private static Tools tools(ChatRequestParameters parameters) {
        List<Tools.Function> functions = new ArrayList<>();
        for (ToolSpecification tool : parameters.toolSpecifications()) {
            JsonNode schema = tool.parameters() == null ? anyObject() : json(tool.parameters());
            functions.add(new Tools.Function(tool.name(), tool.description(), schema));
        }
        return Tools.of(functions, switch (parameters.toolChoice()) {
            case REQUIRED -> Tools.Choice.REQUIRED;
            case NONE -> Tools.Choice.NONE;
            case AUTO -> Tools.Choice.AUTO;
            case null -> Tools.Choice.AUTO;
        });
    }

    private static JsonNode schema(ResponseFormat formatOrNull) {
        if (formatOrNull == null || formatOrNull.type() == ResponseFormatType.TEXT) {
            return null;
        }
        return formatOrNull.jsonSchema() == null ? anyObject() : json(formatOrNull.jsonSchema().rootElement());
    }

    private static JsonNode anyObject() {
        return JsonNodeFactory.instance.objectNode().put("type", "object");
    }

    private static JsonNode json(JsonSchemaElement schema) {
        return JsonMapper.shared().valueToTree(JsonSchemaElementUtils.toMap(schema));
    }

    private static GenerateOptions options(ChatRequestParameters parameters) {
        LlamsChatRequestParameters own = parameters instanceof LlamsChatRequestParameters given
                ? given
                : LlamsChatRequestParameters.EMPTY;
        int most = parameters.maxOutputTokens() == null ? Integer.MAX_VALUE : parameters.maxOutputTokens();
        return new GenerateOptions(most, parameters.stopSequences(),
                new Sampling(parameters.temperature(), parameters.topK(), parameters.topP(), own.minP(), own.seed()));
    }
}
