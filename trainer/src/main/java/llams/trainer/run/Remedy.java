package llams.trainer.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.weights.Quantization;
import llams.model.lora.LoraConfig;

/// Finds the cheapest settings with which a run fits.
///
/// @param frozen    the base's leaves; null for a new model
/// @param madeBytes of the base that are in memory, not mapped from a file
/// @param needed    the bytes that must fit; weights that are in memory are part of the state here
/// @param available bytes
record Remedy(LlamaConfig config, Parameters frozen, long madeBytes, ToLongFunction<Program.Memory> needed,
        long available) {
    private static final int FEWEST_TOKENS = 64;

    /// A run that might fit.
    ///
    /// @param weights to which the base is quantized while loading; null for it as it is
    private record Candidate(TrainSettings settings, Quantization weights) {
        Candidate with(TrainSettings other) {
            return new Candidate(other, weights);
        }
    }

    /// @param name of the settings, each in backticks
    private record Change(String name, UnaryOperator<Candidate> to) {}

    /// The settings to change, each in backticks, the cheapest first. Empty if none would do.
    ///
    /// @param adapter what to train if training every weight does not fit; null not to
    Optional<String> of(TrainSettings settings, LoraConfig adapter) {
        Optional<String> found = of(new Candidate(settings, null), List.of());
        if (found.isPresent() || adapter == null || settings.lora() != null || settings.firstRow() > 0) {
            return found;
        }
        Change lora = new Change("`lora`", run -> run.with(run.settings.withLora(adapter)));
        TrainSettings inF32 = settings.withOptimizer(settings.optimizer().withWeights(DType.F32));
        return of(new Candidate(inF32, null), List.of(lora));
    }

    /// Makes changes as long as more is needed than there is, and takes back those that the others make superfluous.
    private Optional<String> of(Candidate run, List<Change> first) {
        List<Change> made = new ArrayList<>(first);
        Candidate now = changed(run, made);
        for (Change change : first.isEmpty() || bytes(now) > available ? changes(now) : List.<Change>of()) {
            Candidate next = change.to.apply(now);
            if (bytes(next) < bytes(now)) {
                made.add(change);
                now = next;
            }
            if (bytes(now) <= available) {
                break;
            }
        }
        if (bytes(now) > available || made.isEmpty()) {
            return Optional.empty();
        }
        for (int i = made.size() - 2; i >= first.size(); i--) {
            List<Change> fewer = new ArrayList<>(made);
            fewer.remove(i);
            if (bytes(changed(run, fewer)) <= available) {
                made = fewer;
            }
        }
        return Optional.of(made.stream().map(Change::name).collect(Collectors.joining(" ")));
    }

    private static Candidate changed(Candidate run, List<Change> changes) {
        Candidate now = run;
        for (Change change : changes) {
            now = change.to.apply(now);
        }
        return now;
    }

    /// All that can be changed, what costs least first: time, then exactness, then what is learned from.
    private List<Change> changes(Candidate run) {
        TrainSettings settings = run.settings;
        List<Change> changes = new ArrayList<>();
        changes.add(new Change("`recompute`", now -> now.with(now.settings.withRecompute(true))));
        if (settings.batch() > 1) {
            int accumulate = settings.accumulate() * settings.batch();
            changes.add(new Change("`batch 1` `accumulate " + accumulate + "`",
                    now -> now.with(now.settings.withBatch(1, accumulate))));
        }
        if (settings.lora() != null && frozen != null && config.metadata().quantization() == null) {
            changes.add(new Change("`weights q8`", now -> new Candidate(now.settings, Quantization.Q8_0)));
        }
        changes.add(new Change("`optimizer adamw8bit`",
                now -> now.with(now.settings.withOptimizer(now.settings.optimizer().withEightBit(true)))));
        if (settings.lora() == null && settings.firstRow() == 0) {
            changes.add(new Change("`trainDtype bf16`",
                    now -> now.with(now.settings.withOptimizer(now.settings.optimizer().withWeights(DType.BF16)))));
            changes.add(new Change("`clip 0`",
                    now -> now.with(now.settings.withOptimizer(now.settings.optimizer().withClip(0)))));
        }
        if (settings.lora() != null && frozen != null && config.metadata().quantization() == null) {
            changes.add(new Change("`weights nf4`", now -> new Candidate(now.settings, Quantization.NF4)));
        }
        Stream.iterate(settings.tokens() / 2, tokens -> tokens >= FEWEST_TOKENS, tokens -> tokens / 2)
                .map(tokens -> new Change("`tokens " + tokens + "`", now -> now.with(now.settings.withTokens(tokens))))
                .forEach(changes::add);
        return changes;
    }

    private long bytes(Candidate run) {
        Program.Memory memory = Forecast.of(config, run.weights == null ? frozen : run.weights.leaves(frozen),
                run.settings);
        long made = run.weights == null ? madeBytes : memory.weights();
        return needed.applyAsLong(
                new Program.Memory(Math.max(0, memory.weights() - made), memory.state() + made, memory.temporaries()));
    }
}
