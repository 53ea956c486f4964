package llams.trainer.run;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.device.Session;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.engine.llama.KvCache;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.Tensor;
import llams.model.chat.ChatMessage;
import llams.model.chat.ModelText;
import llams.model.files.SettingException;

/// Texts that a model in training writes for fixed prompts, with the weights that it has at the moment: in the session
/// that trains it, so it costs a cache of keys and values and no second model.
final class Samples {
    private final Watch watch;
    private final ModelText text;
    private final int seed;
    private final List<int[]> prompts = new ArrayList<>();
    private final Set<Integer> stops;
    private final KvCache cache;

    /// @param text      the model's tokenizer and chat template; null if it has none
    /// @param converses whether a prompt is a message to be answered, instead of a text to be continued
    /// @param positions rows of the session's rotary table, which a sample cannot exceed
    /// @throws SettingException if a prompt cannot be continued
    Samples(Watch watch, ModelText text, boolean converses, LlamaConfig config, List<Integer> stops, int positions,
            int seed) {
        this.watch = watch;
        this.text = text;
        this.seed = seed;
        this.stops = new HashSet<>(stops);
        if (converses) {
            this.stops.addAll(text.chat().stopIds());
        }
        int longest = 1;
        for (String prompt : watch.prompts()) {
            SettingException.check(text != null, "sample", '"' + prompt + '"', "left out: the model has no tokenizer");
            int[] ids = converses
                    ? text.chat().prompt(List.of(new ChatMessage("user", prompt)), List.of())
                    : text.frame().around(text.tokenizer().encodeOrdinary(prompt), true, false);
            SettingException.check(ids.length > 0 && ids.length < positions, "sample", '"' + prompt + '"',
                    "of 1 to " + (positions - 1) + " tokens, fewer than `tokens`; this has " + ids.length);
            prompts.add(ids);
            longest = Math.max(longest, ids.length);
        }
        this.cache = new KvCache(config, Math.min(positions, longest + watch.sampleTokens()));
    }

    /// What the session must hold for them, by leaf name.
    Map<String, Tensor> resident(Arena arena) {
        return watch.prompts().isEmpty() ? Map.of() : cache.allocate(arena);
    }

    /// Bytes of [#resident].
    long bytes() {
        return watch.prompts().isEmpty() ? 0 : cache.bytes();
    }

    /// A writer in a session that has the model's tensors, [#resident] and a rotary table of `positions`.
    Writer in(Session session, Llama model, int positions) {
        return new Writer(watch.prompts().isEmpty() ? null : new Generator(session, model, cache, positions));
    }

    /// Writes the samples; nothing if there are no prompts.
    final class Writer {
        private final Generator generator;

        private Writer(Generator generator) {
            this.generator = generator;
        }

        /// One text for each prompt; the same weights write the same texts.
        List<Sample> write() {
            List<Sample> samples = new ArrayList<>();
            for (int i = 0; i < prompts.size(); i++) {
                generator.reset();
                Sampler sampler = Sampler.of(watch.temperature(), 0, 1, 0, seed);
                int[] ids = generator.generate(prompts.get(i), watch.sampleTokens(), sampler, stops, _ -> true).ids();
                samples.add(new Sample(watch.prompts().get(i), text.tokenizer().decode(ids)));
            }
            return samples;
        }
    }
}
