package llams.trainer.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.model.lora.LoraConfig;
import llams.model.lora.LoraModel;

/// What training will need, before anything is allocated.
public final class Forecast {
    private static final int FEWEST_TOKENS = 64;

    private Forecast() {}

    /// Bytes that a run with these settings needs.
    ///
    /// @param frozen the base model's leaves; an adapter keeps them, full training has F32 copies instead
    public static Program.Memory of(LlamaConfig config, Parameters frozen, TrainSettings settings) {
        Llama model;
        List<Leaf> trained;
        if (settings.lora() == null) {
            Map<String, Leaf> leaves = new LinkedHashMap<>();
            model = Llama.of(config,
                    (name, dims) -> leaves.computeIfAbsent(name, key -> Leaf.state(key, DType.F32, dims)),
                    Llama.Wrap.NONE);
            trained = List.copyOf(leaves.values());
        } else {
            LoraModel lora = LoraModel.of(config, frozen, settings.lora().layout(config), Leaf.Kind.STATE);
            model = lora.model();
            trained = lora.adapterLeaves();
        }
        return of(model, trained, settings);
    }

    /// The same for a model with the leaves that are to be trained.
    static Program.Memory of(Llama model, List<Leaf> trained, TrainSettings settings) {
        int tokens = settings.tokens() * settings.batch();
        Program.Memory memory = Trainer.memory(model, trained, settings.optimizer(), tokens, settings.tokens(),
                settings.recompute());
        if (settings.pack()) {
            return memory;
        }
        // Programs for documents of many lengths, to train and to measure.
        Program longest = LossProgram.training(model, tokens, settings.tokens(), 0, trained, settings.recompute());
        return new Program.Memory(memory.weights(), memory.state(),
                memory.temporaries() + 2 * RecentPrograms.mostBytes(longest, tokens, tokens));
    }

    /// The options that would make a run fit, such as `--recompute --batch 1 --accumulate 4`: those that change least,
    /// and the same steps as long as that is possible. Empty if none would.
    ///
    /// @param adapter what to try if training every weight does not fit; null not to
    public static Optional<String> remedy(LlamaConfig config, Parameters frozen, TrainSettings settings,
            LoraConfig adapter, Predicate<Program.Memory> fits) {
        List<String> options = new ArrayList<>();
        TrainSettings tried = settings;
        if (!tried.recompute()) {
            options.add("--recompute");
            tried = with(tried, tried.lora(), tried.tokens(), tried.batch(), tried.accumulate(), true);
            if (fits.test(of(config, frozen, tried))) {
                return Optional.of(String.join(" ", options));
            }
        }
        if (tried.batch() > 1) {
            int accumulate = tried.accumulate() * tried.batch();
            options.add("--batch 1 --accumulate " + accumulate);
            tried = with(tried, tried.lora(), tried.tokens(), 1, accumulate, true);
            if (fits.test(of(config, frozen, tried))) {
                return Optional.of(String.join(" ", options));
            }
        }
        for (int tokens = tried.tokens() / 2; tokens >= FEWEST_TOKENS; tokens /= 2) {
            TrainSettings shorter = with(tried, tried.lora(), tokens, tried.batch(), tried.accumulate(), true);
            if (fits.test(of(config, frozen, shorter))) {
                options.add("--tokens " + tokens);
                return Optional.of(String.join(" ", options));
            }
        }
        if (settings.lora() == null && adapter != null) {
            TrainSettings lora = with(settings, adapter, settings.tokens(), settings.batch(), settings.accumulate(),
                    settings.recompute());
            return fits.test(of(config, frozen, lora))
                    ? Optional.of("--method lora")
                    : remedy(config, frozen, lora, null, fits).map(more -> "--method lora " + more);
        }
        return Optional.empty();
    }

    private static TrainSettings with(TrainSettings s, LoraConfig lora, int tokens, int batch, int accumulate,
            boolean recompute) {
        return new TrainSettings(lora, tokens, batch, accumulate, s.steps(), s.epochs(), s.learningRate(), s.schedule(),
                s.warmup(), s.optimizer(), s.seed(), s.pack(), s.evalEvery(), s.saveEvery(), s.keep(), recompute);
    }
}
