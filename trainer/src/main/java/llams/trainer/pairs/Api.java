package llams.trainer.pairs;

import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// An endpoint's interface.
public enum Api {
    /// OpenAI's chat completions, which most other services and servers offer too.
    OPENAI("https://api.openai.com", "OPENAI_API_KEY") {
        @Override
        String path(String base, String model) {
            return base.endsWith("/chat/completions") ? base : versioned(base, "v1") + "/chat/completions";
        }

        @Override
        Map.Entry<String, String> header(String key) {
            return Map.entry("Authorization", "Bearer " + key);
        }

        @Override
        ObjectNode body(String model, String prompt, PairSettings settings) {
            ObjectNode body = JsonNodeFactory.instance.objectNode().put("model", model);
            body.putArray("messages").addObject().put("role", "user").put("content", prompt);
            if (settings.temperature() != null) {
                body.put("temperature", settings.temperature());
            }
            if (settings.maxTokens() != null) {
                body.put("max_tokens", settings.maxTokens());
            }
            if (settings.jsonMode()) {
                body.putObject("response_format").put("type", "json_object");
            }
            return body;
        }

        @Override
        Answer answer(JsonNode json) {
            JsonNode choice = json.path("choices").path(0);
            JsonNode message = choice.path("message");
            String end = choice.path("finish_reason").stringValue("");
            String refusal = message.path("refusal").stringValue("");
            String doubt = end.isEmpty() || end.equals("stop") ? refusal : ended(end, end.equals("length"));
            return new Answer(message.path("content").stringValue(""), doubt, tokens(json, "usage", "prompt_tokens"),
                    tokens(json, "usage", "completion_tokens"));
        }
    },

    /// Google's Gemini.
    GEMINI("https://generativelanguage.googleapis.com", "GEMINI_API_KEY") {
        @Override
        String path(String base, String model) {
            return versioned(base, "v1beta") + "/models/" + model.replaceFirst("^models/", "") + ":generateContent";
        }

        /// Not in the address, as its documents have it: addresses are logged.
        @Override
        Map.Entry<String, String> header(String key) {
            return Map.entry("x-goog-api-key", key);
        }

        @Override
        ObjectNode body(String model, String prompt, PairSettings settings) {
            ObjectNode body = JsonNodeFactory.instance.objectNode();
            body.putArray("contents")
                    .addObject()
                    .put("role", "user")
                    .putArray("parts")
                    .addObject()
                    .put("text", prompt);
            ObjectNode options = body.putObject("generationConfig");
            if (settings.temperature() != null) {
                options.put("temperature", settings.temperature());
            }
            if (settings.maxTokens() != null) {
                options.put("maxOutputTokens", settings.maxTokens());
            }
            if (settings.jsonMode()) {
                options.put("responseMimeType", "application/json");
            }
            return body;
        }

        @Override
        Answer answer(JsonNode json) {
            JsonNode candidate = json.path("candidates").path(0);
            StringBuilder text = new StringBuilder();
            for (JsonNode part : candidate.path("content").path("parts")) {
                text.append(part.path("thought").booleanValue(false) ? "" : part.path("text").stringValue(""));
            }
            String blocked = json.path("promptFeedback").path("blockReason").stringValue("");
            String end = candidate.path("finishReason").stringValue(blocked);
            String doubt = end.isEmpty() || end.equals("STOP") ? "" : ended(end, end.equals("MAX_TOKENS"));
            return new Answer(text.toString(), doubt, tokens(json, "usageMetadata", "promptTokenCount"),
                    tokens(json, "usageMetadata", "candidatesTokenCount")
                            + tokens(json, "usageMetadata", "thoughtsTokenCount"));
        }
    };

    /// The address of the service that introduced it.
    public final String address;
    /// The environment variable that usually holds the key.
    public final String keyVariable;

    Api(String address, String keyVariable) {
        this.address = address;
        this.keyVariable = keyVariable;
    }

    /// The path that requests go to.
    ///
    /// @param base what the endpoint's address has after its host, without a `/` at the end
    abstract String path(String base, String model);

    /// The header that holds the key.
    abstract Map.Entry<String, String> header(String key);

    abstract ObjectNode body(String model, String prompt, PairSettings settings);

    /// @param json the answer to a request that was granted
    abstract Answer answer(JsonNode json);

    /// An address may include the version of the interface, or not.
    private static String versioned(String base, String version) {
        return base.matches(".*/v\\d\\w*(/.*)?") ? base : base + "/" + version;
    }

    private static String ended(String reason, boolean tooLong) {
        return "the endpoint ended it: " + reason
                + (tooLong ? "; ask for fewer pairs at once with `perRequest`, or raise `maxTokens`" : "");
    }

    private static long tokens(JsonNode json, String usage, String key) {
        return Math.max(0, json.path(usage).path(key).longValue(0));
    }
}
