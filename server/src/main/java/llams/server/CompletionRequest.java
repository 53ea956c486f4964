package llams.server;

import java.util.ArrayList;
import java.util.List;
import llams.engine.generate.Generator;
import llams.model.chat.ModelText;
import tools.jackson.databind.JsonNode;

/// A request to `/v1/completions`: texts that are continued.
///
/// @param topScores how many of the most probable tokens are wanted for each; -1 for no scores
record CompletionRequest(ServedModel model, List<int[]> prompts, Settings settings, boolean echo, int topScores) {
    private static final int MOST_TOP_SCORES = 20;
    private static final int MAX_TOKENS = 16;
    private static final int MOST_PROMPTS = 256;

    static CompletionRequest of(Fields fields, ServedModels models, int context) {
        ServedModel model = models.named(fields.text("model"));
        JsonNode prompt = fields.take("prompt");
        Settings settings = Settings.of(fields, model);
        boolean echo = fields.flag("echo");
        Integer topScores = fields.integer("logprobs", 0, MOST_TOP_SCORES);
        Integer bestOf = fields.integer("best_of", 1, Integer.MAX_VALUE);
        if (bestOf != null && bestOf != settings.choices()) {
            throw ApiException.unsupported("best_of", "best_of is not supported, except as n");
        }
        fields.unsupported("suffix");
        fields.finish();
        if (echo && settings.isStream()) {
            throw ApiException.unsupported("echo", "echo is not supported in a stream");
        }
        if (!echo && settings.maxTokens() != null && settings.maxTokens() == 0) {
            throw ApiException.invalid("max_tokens", "max_tokens must be at least 1, unless echo is true");
        }
        List<int[]> prompts = prompts(fields, prompt, model.text());
        // Of ids beyond the tokenizer's there is no text to send back.
        int vocab = echo ? Math.min(models.vocab(), model.text().tokenizer().size()) : models.vocab();
        for (int[] ids : prompts) {
            try {
                Generator.check(ids, vocab);
            } catch (IllegalArgumentException e) {
                throw ApiException.invalid("prompt", e.getMessage());
            }
            if (ids.length >= context) {
                throw ApiException.tooLong(ids.length, context);
            }
        }
        return new CompletionRequest(model, prompts, settings, echo, topScores == null ? -1 : topScores);
    }

    List<Answer.Task> tasks() {
        List<Answer.Task> tasks = new ArrayList<>();
        int most = settings.maxTokens() == null ? MAX_TOKENS : settings.maxTokens();
        for (int[] prompt : prompts) {
            for (int choice = 0; choice < settings.choices(); choice++) {
                tasks.add(new Answer.Task(model, prompt, most, model.stopIds(), settings.stops(),
                        settings.sampling(choice).sampler(), topScores, echo, null));
            }
        }
        return tasks;
    }

    /// A text, several, ids, or several lists of ids.
    private static List<int[]> prompts(Fields fields, JsonNode prompt, ModelText text) {
        if (prompt == null) {
            return List.of(ids("", text));
        }
        if (prompt.isString()) {
            return List.of(ids(prompt.stringValue(), text));
        }
        if (!prompt.isArray() || prompt.isEmpty()) {
            throw fields.wrong("prompt", "a string, a list of strings, a list of ids or a list of such lists");
        }
        if (prompt.get(0).isIntegralNumber()) {
            return List.of(ids(fields, prompt));
        }
        if (prompt.size() > MOST_PROMPTS) {
            throw ApiException.invalid("prompt", "prompt has " + prompt.size() + " texts, more than " + MOST_PROMPTS);
        }
        List<int[]> prompts = new ArrayList<>();
        for (JsonNode one : prompt) {
            prompts.add(one.isString() ? ids(one.stringValue(), text) : ids(fields, one));
        }
        return prompts;
    }

    /// Names of special tokens are text, and the model's begin-of-text token comes first.
    private static int[] ids(String prompt, ModelText text) {
        return text.frame().around(text.tokenizer().encodeOrdinary(prompt), true, false);
    }

    private static int[] ids(Fields fields, JsonNode list) {
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = list.get(i);
            if (!id.isIntegralNumber() || !id.canConvertToInt()) {
                throw fields.wrong("prompt", "a string, a list of strings, a list of ids or a list of such lists");
            }
            ids[i] = id.intValue();
        }
        if (!list.isArray()) {
            throw fields.wrong("prompt", "a string, a list of strings, a list of ids or a list of such lists");
        }
        return ids;
    }
}
