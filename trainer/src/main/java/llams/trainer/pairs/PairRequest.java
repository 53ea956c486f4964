package llams.trainer.pairs;

import java.nio.file.Path;
import llams.model.files.SettingException;

/// Pairs to be written.
///
/// @param pairs how many
/// @param out   the file for them, one per line; beside it, `out`.run holds what every request brought
public record PairRequest(Endpoint endpoint, int pairs, Path out, Topics topics, PairPrompt prompt,
        PairSettings settings) {
    /// @throws SettingException if no pair is wanted
    public PairRequest {
        SettingException.atLeast("pairs", 1, pairs);
    }

    /// Of this program's topics, with its prompt in Korean.
    public static PairRequest standard(Endpoint endpoint, int pairs, Path out) {
        return new PairRequest(endpoint, pairs, out, Topics.standard(), PairPrompt.korean(), PairSettings.standard());
    }

    public PairRequest withTopics(Topics other) {
        return new PairRequest(endpoint, pairs, out, other, prompt, settings);
    }

    public PairRequest withPrompt(PairPrompt other) {
        return new PairRequest(endpoint, pairs, out, topics, other, settings);
    }

    public PairRequest withSettings(PairSettings other) {
        return new PairRequest(endpoint, pairs, out, topics, prompt, other);
    }

    /// How many pairs one request asks for.
    int perRequest() {
        return Math.min(settings.perRequest(), pairs);
    }

    /// What request `number` is about; the first is 0.
    String topic(int number) {
        return topics.of(number, settings.seed());
    }

    /// What request `number` says.
    public String text(int number) {
        return prompt.text(topic(number), perRequest(), settings.seed(), number);
    }

    String body(int number) {
        return endpoint.api().body(endpoint.model(), text(number), settings).toString();
    }
}
