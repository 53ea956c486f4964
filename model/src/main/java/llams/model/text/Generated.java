package llams.model.text;

import java.util.Set;
import llams.engine.generate.Generator;

/// A text that a model has generated.
///
/// @param text   without the prompt and the stop text; empty if the model has no tokenizer
/// @param tokens its ids, why it ended and how long it took; [Generator.End#CALLER]: at a stop text, or because the
///               listener said so
public record Generated(String text, Generator.Continuation tokens) {
    /// Continues a prompt.
    ///
    /// @param stopIds what ends the text beside the options' stop texts
    static Generated of(LoadedModel model, Generator generator, int[] prompt, GenerateOptions options,
            Set<Integer> stopIds, TextListener listener) {
        if (!options.stops().isEmpty()) {
            model.requireText("stop texts need");
        }
        TextStream stream = model.text == null ? null : new TextStream(model.text.tokenizer(), options.stops());
        StringBuilder text = new StringBuilder();
        Generator.Continuation tokens = generator.generate(prompt, options.maxTokens(),
                options.sampling().sampler(model.sampling), stopIds, id -> {
                    String piece = stream == null ? "" : stream.accept(id);
                    text.append(piece);
                    return listener.accept(piece) && (stream == null || !stream.isStopped());
                });
        String rest = stream == null ? "" : stream.finish();
        if (!rest.isEmpty()) {
            text.append(rest);
            listener.accept(rest);
        }
        return new Generated(text.toString(), tokens);
    }
}
