package llams.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import llams.model.chat.ChatMessage;
import llams.server.grammar.Automaton;
import llams.server.grammar.JsonSchema;
import llams.server.grammar.TokenConstraint;
import tools.jackson.databind.JsonNode;

/// A request to `/v1/chat/completions`: a conversation that is to be answered.
///
/// @param topScores   how many of the most probable tokens are wanted for each; -1 for no scores
/// @param grammarOrNull what the answer must follow
record ChatRequest(ServedModel model, int[] prompt, int room, Settings settings, Tools tools, int topScores,
        Automaton grammarOrNull) {
    private static final int MOST_TOP_SCORES = 20;

    static ChatRequest of(Fields fields, ServedModels models, int context) {
        ServedModel model = models.named(fields.text("model"));
        List<ChatMessage> messages = ChatMessages.of(fields);
        Settings settings = Settings.of(fields, model);
        Integer most = fields.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        settings = most == null ? settings : settings.withMaxTokens(most);
        boolean scored = fields.flag("logprobs");
        Integer topScores = fields.integer("top_logprobs", 0, MOST_TOP_SCORES);
        if (topScores != null && !scored) {
            throw ApiException.invalid("top_logprobs", "top_logprobs needs \"logprobs\": true");
        }
        Tools tools = Tools.of(fields);
        Automaton grammar = grammar(fields, tools);
        fields.ignore("store", "metadata", "service_tier", "reasoning_effort", "verbosity", "prediction");
        fields.unsupported("functions");
        fields.unsupported("function_call");
        fields.unsupported("modalities");
        fields.unsupported("audio");
        fields.unsupported("web_search_options");
        fields.finish();
        if (settings.maxTokens() != null && settings.maxTokens() == 0) {
            throw ApiException.invalid("max_tokens", "max_tokens must be at least 1");
        }
        int[] prompt = prompt(model, messages, tools);
        if (prompt.length >= context) {
            throw ApiException.tooLong(prompt.length, context);
        }
        return new ChatRequest(model, prompt, context - prompt.length, settings, tools,
                !scored ? -1 : topScores == null ? 0 : topScores, grammar);
    }

    private static int[] prompt(ServedModel model, List<ChatMessage> messages, Tools tools) {
        try {
            return model.chat().prompt(messages, tools.described());
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid(tools.described().isEmpty() ? "messages" : "tools", e.getMessage());
        }
    }

    private static Automaton grammar(Fields fields, Tools tools) {
        Fields format = fields.object("response_format");
        Automaton grammar = format == null ? null : format(format);
        try {
            return grammar == null && tools.mustCall() ? JsonSchema.call(tools.callable()) : grammar;
        } catch (IllegalArgumentException e) {
            throw ApiException.unsupported("tools", e.getMessage());
        }
    }

    private static Automaton format(Fields format) {
        String type = format.text("type");
        switch (type) {
            case "text" -> {
                return null;
            }
            case "json_object" -> {
                return JsonSchema.anyObject();
            }
            case "json_schema" -> {
                Fields described = format.object("json_schema");
                JsonNode schema = described == null ? null : described.take("schema");
                if (schema == null) {
                    throw ApiException.invalid(format.path("json_schema"),
                            format.path("json_schema") + " needs a schema");
                }
                try {
                    return JsonSchema.automaton(schema);
                } catch (IllegalArgumentException e) {
                    throw ApiException.unsupported(format.path("json_schema"), e.getMessage());
                }
            }
            case null, default -> throw format.wrong("type", "text, json_object or json_schema");
        }
    }

    List<Answer.Task> tasks(ServedModels models) {
        Set<Integer> stopIds = model.answerStopIds();
        int most = settings.maxTokens() == null ? room : settings.maxTokens();
        List<Answer.Task> tasks = new ArrayList<>();
        for (int choice = 0; choice < settings.choices(); choice++) {
            TokenConstraint constraint = grammarOrNull == null
                    ? null
                    : new TokenConstraint(grammarOrNull, models.trie(model), model.text().tokenizer());
            tasks.add(new Answer.Task(model, prompt, most, stopIds, settings.stops(),
                    settings.sampling(choice).sampler(), topScores, false, constraint));
        }
        return tasks;
    }
}
