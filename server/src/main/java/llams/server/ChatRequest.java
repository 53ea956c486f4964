package llams.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import llams.model.chat.ChatMessage;
import llams.model.text.GenerateOptions;
import llams.server.grammar.Automaton;
import llams.server.grammar.JsonSchema;
import llams.server.grammar.TokenConstraint;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// A conversation that is to be answered.
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
        Fields format = fields.object("response_format");
        Automaton grammar = grammar(format == null ? null : schema(format), "response_format.json_schema", tools);
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
        return of(model, messages, settings, tools, !scored ? -1 : topScores == null ? 0 : topScores, grammar, context);
    }

    /// @throws ApiException if it cannot be answered
    static ChatRequest of(ChatQuestion question, ServedModels models, int context) {
        ServedModel model = models.named(question.modelOrNull());
        GenerateOptions options = question.options();
        Settings settings = new Settings(1, true, false, options.stops(), options.sampling().settled(model.sampling()),
                options.maxTokens());
        Automaton grammar = grammar(question.schemaOrNull(), "schema", question.tools());
        return of(model, question.messages(), settings, question.tools(), -1, grammar, context);
    }

    private static ChatRequest of(ServedModel model, List<ChatMessage> messages, Settings settings, Tools tools,
            int topScores, Automaton grammarOrNull, int context) {
        int[] prompt = prompt(model, messages, tools);
        if (prompt.length >= context) {
            throw ApiException.tooLong(prompt.length, context);
        }
        return new ChatRequest(model, prompt, context - prompt.length, settings, tools, topScores, grammarOrNull);
    }

    private static int[] prompt(ServedModel model, List<ChatMessage> messages, Tools tools) {
        try {
            return model.chat().prompt(messages, tools.described());
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid(tools.described().isEmpty() ? "messages" : "tools", e.getMessage());
        }
    }

    /// What an answer must follow: the schema, unless it calls a tool; nothing if it may be any text.
    private static Automaton grammar(JsonNode schemaOrNull, String path, Tools tools) {
        try {
            if (tools.mustCall()) {
                return JsonSchema.call(tools.callable());
            }
            if (schemaOrNull == null) {
                return null;
            }
            return tools.callable().isEmpty()
                    ? JsonSchema.automaton(schemaOrNull)
                    : JsonSchema.automatonOrCall(schemaOrNull, tools.callable());
        } catch (IllegalArgumentException e) {
            throw ApiException.unsupported(tools.mustCall() ? "tools" : path, e.getMessage());
        }
    }

    /// The schema that a format asks for; null for text.
    private static JsonNode schema(Fields format) {
        String type = format.text("type");
        return switch (type) {
            case "text" -> null;
            case "json_object" -> JsonNodeFactory.instance.objectNode().put("type", "object");
            case "json_schema" -> {
                Fields described = format.object("json_schema");
                JsonNode schema = described == null ? null : described.take("schema");
                if (schema == null) {
                    throw ApiException.invalid(format.path("json_schema"),
                            format.path("json_schema") + " needs a schema");
                }
                yield schema;
            }
            case null, default -> throw format.wrong("type", "text, json_object or json_schema");
        };
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
