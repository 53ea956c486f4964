package llams.trainer.run;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import llams.engine.graph.Leaf;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.LoraConfig;
import llams.trainer.data.Sequences;

/// What a run will need of the machine, known before it starts.
///
/// @param base null for a new model, or one that the caller keeps open
record RunNeeds(TrainingRun run, LlamaWeights base) {
    /// What the names of layers' weights begin with.
    private static final String LAYERS = "model.layers.";

    TrainingRun.Plan plan(boolean conversations) {
        List<Tensor> tensors = new ArrayList<>(run.model.resident().values());
        tensors.addAll(run.teaching.weights());
        return new TrainingRun.Plan(run.model.parameters(), run.model.trainedParameters(), run.data.statistics(),
                run.heldOut == null ? null : run.heldOut.statistics(), conversations, run.settings, memory(),
                Forecast.programBytes(tensors));
    }

    private Program.Memory memory() {
        TrainSettings settings = run.settings;
        Program.Memory steps = Forecast.of(
                StepPrograms.of(run.model.models(), run.model.trained(), run.model.summed(), settings, 0), settings,
                sizes(run.data, (long) settings.totalSteps(run.data.size()) * settings.accumulate()),
                run.heldOut == null ? 0 : sizes(run.heldOut, Math.ceilDiv(run.heldOut.size(), settings.batch())));
        long cache = run.samples == null ? 0 : run.samples.bytes();
        Program.Memory all = new Program.Memory(steps.weights(), steps.state() + cache, steps.temporaries());
        Program.Memory before = run.teaching.memory(run.data, run.heldOut);
        return before == null || before.total() < all.total() ? all : before;
    }

    /// How many sizes micro-batches can have beside the largest.
    ///
    /// @param batches that there will be at most
    private long sizes(Sequences data, long batches) {
        if (run.settings.isOfOneSize()) {
            return 0;
        }
        long lengths = IntStream.range(0, data.size()).map(data::tokens).distinct().count();
        int most = run.settings.objective().mostTokens(run.settings.tokens(), run.settings.batch());
        long sizes = lengths;
        for (int rows = 2; rows <= run.settings.batch() && sizes < most; rows++) {
            // A batch with one row more: as many of them as there are ways to choose its rows.
            sizes = sizes * (lengths + rows - 1) / rows;
        }
        return Math.min(Math.min(sizes, most), batches) - 1;
    }

    /// The settings, each in backticks, with which everything would fit into this machine, mapped weights too. Empty if
    /// none would do.
    Optional<String> remedy() throws IOException {
        return new Remedy(run.model.config(), base == null ? null : base.frozen(),
                base == null ? 0 : base.allocatedBytes(), Program.Memory::total,
                Forecast.machineBytes() - Forecast.programBytes(run.model.resident().values()))
                .of(run.settings, base == null ? null : LoraConfig.standard());
    }

    /// The type of the frozen weights of the layers; of several, the one that most of the bytes have.
    DType frozenType() {
        Set<String> trained = run.model.trained().stream().map(Leaf::name).collect(Collectors.toSet());
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        run.model.resident().forEach((name, tensor) -> {
            if (name.startsWith(LAYERS) && !trained.contains(name)) {
                bytes.merge(tensor.dtype(), tensor.data().byteSize(), Long::sum);
            }
        });
        return bytes.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey).orElse(DType.F32);
    }

    /// On the disk.
    Room room() {
        return Room.of(run.model, run.settings, run.watch.keepBest(), run.settings.totalSteps(run.data.size()));
    }
}
