package llams.server;

import java.util.ArrayList;
import java.util.List;
import llams.model.text.Sampling;
import tools.jackson.databind.JsonNode;

/// What requests for chats and for completions have in common.
///
/// @param choices    answers to one prompt
/// @param isStream   whether the answer is sent as it is made
/// @param usage      whether a stream ends with the numbers of tokens
/// @param stops      texts that end an answer
/// @param sampling   how tokens are picked, nothing left open
/// @param maxTokens  tokens of an answer at most; null if the request does not say
record Settings(int choices, boolean isStream, boolean usage, List<String> stops, Sampling sampling,
        Integer maxTokens) {
    private static final int MOST_CHOICES = 128;
    private static final int MOST_STOPS = 16;
    /// The least that a sampler takes; OpenAI's clients may say 0.
    private static final double LEAST_TOP_P = 1e-9;

    static Settings of(Fields fields, ServedModel model) {
        Integer choices = fields.integer("n", 1, MOST_CHOICES);
        boolean stream = fields.flag("stream");
        Fields options = fields.object("stream_options");
        boolean usage = false;
        if (options != null) {
            if (!stream) {
                throw ApiException.invalid("stream_options", "stream_options is for requests with \"stream\": true");
            }
            usage = options.flag("include_usage");
            options.ignore("include_obfuscation");
            options.finish();
        }
        Double topP = fields.number("top_p", 0, 1);
        Sampling asked = new Sampling(fields.number("temperature", 0, 2), fields.integer("top_k", 0, Integer.MAX_VALUE),
                topP == null ? null : Math.max(LEAST_TOP_P, topP), fields.number("min_p", 0, 1), fields.whole("seed"));
        Integer most = fields.integer("max_tokens", 0, Integer.MAX_VALUE);
        fields.neutral("presence_penalty", 0);
        fields.neutral("frequency_penalty", 0);
        fields.unsupported("logit_bias");
        fields.ignore("user", "safety_identifier", "prompt_cache_key");
        return new Settings(choices == null ? 1 : choices, stream, usage, stops(fields),
                asked.settled(model.sampling()), most);
    }

    Settings withMaxTokens(Integer most) {
        return new Settings(choices, isStream, usage, stops, sampling, most);
    }

    /// The sampling of one of the choices: each has a seed of its own.
    Sampling sampling(int choice) {
        return sampling.withSeed(sampling.seed() + choice);
    }

    private static List<String> stops(Fields fields) {
        JsonNode stop = fields.take("stop");
        List<String> stops = new ArrayList<>();
        if (stop != null) {
            for (JsonNode text : stop.isArray() ? stop : List.of(stop)) {
                if (!text.isString() || text.stringValue().isEmpty() || stops.size() == MOST_STOPS) {
                    throw fields.wrong("stop", "a string or at most " + MOST_STOPS + " strings, none of them empty");
                }
                stops.add(text.stringValue());
            }
        }
        return stops;
    }
}
