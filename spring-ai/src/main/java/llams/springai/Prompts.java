package llams.springai;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import llams.model.chat.ChatMessage;
import llams.model.chat.ToolCall;
import llams.model.text.GenerateOptions;
import llams.model.text.Sampling;
import llams.server.ChatQuestion;
import llams.server.Tools;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.MediaContent;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.definition.ToolDefinition;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Spring AI's prompts as questions.
final class Prompts {
    private Prompts() {}

    /// @param prompt with [LlamsChatOptions]
    static ChatQuestion question(Prompt prompt) {
        LlamsChatOptions options = (LlamsChatOptions) prompt.getOptions();
        neutral("frequencyPenalty", options.getFrequencyPenalty());
        neutral("presencePenalty", options.getPresencePenalty());
        JsonNode schema = options.getOutputSchema() == null ? null : json("outputSchema", options.getOutputSchema());
        return new ChatQuestion(options.getModel(),
                prompt.getInstructions().stream().flatMap(Prompts::messages).toList(), tools(options), schema,
                generation(options));
    }

    private static void neutral(String name, Double value) {
        if (value != null && value != 0) {
            throw new IllegalArgumentException(name + " is not supported, except as 0");
        }
    }

    private static Stream<ChatMessage> messages(Message message) {
        if (message instanceof MediaContent media && !media.getMedia().isEmpty()) {
            throw new IllegalArgumentException("media are not supported: this model reads text only");
        }
        String text = message.getText() == null ? "" : message.getText();
        return switch (message.getMessageType()) {
            case SYSTEM -> Stream.of(new ChatMessage("system", text));
            case USER -> Stream.of(new ChatMessage("user", text));
            case ASSISTANT -> Stream.of(new ChatMessage("assistant", text, calls((AssistantMessage) message), true));
            case TOOL -> ((ToolResponseMessage) message).getResponses()
                    .stream()
                    .map(response -> new ChatMessage("ipython", response.responseData()));
        };
    }

    private static List<ToolCall> calls(AssistantMessage message) {
        List<ToolCall> calls = new ArrayList<>();
        for (AssistantMessage.ToolCall call : message.getToolCalls()) {
            String text = call.arguments() == null || call.arguments().isBlank() ? "{}" : call.arguments();
            String what = "the arguments of a call of " + call.name();
            if (!(json(what, text) instanceof ObjectNode arguments)) {
                throw new IllegalArgumentException(what + " are not a JSON object");
            }
            calls.add(new ToolCall(call.name(), arguments));
        }
        return calls;
    }

    private static Tools tools(LlamsChatOptions options) {
        List<Tools.Function> functions = new ArrayList<>();
        List<ToolCallback> callbacks = options.getToolCallbacks();
        for (ToolCallback tool : callbacks == null ? List.<ToolCallback>of() : callbacks) {
            ToolDefinition definition = tool.getToolDefinition();
            functions.add(new Tools.Function(definition.name(), definition.description(),
                    json("the input schema of " + definition.name(), definition.inputSchema())));
        }
        return Tools.of(functions, Tools.Choice.AUTO);
    }

    private static JsonNode json(String what, String text) {
        try {
            return JsonMapper.shared().readTree(text);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(what + ": this is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static GenerateOptions generation(LlamsChatOptions options) {
        int most = options.getMaxTokens() == null ? Integer.MAX_VALUE : options.getMaxTokens();
        List<String> stops = options.getStopSequences() == null ? List.of() : options.getStopSequences();
        return new GenerateOptions(most, stops, new Sampling(options.getTemperature(), options.getTopK(),
                options.getTopP(), options.getMinP(), options.getSeed()));
    }
}
