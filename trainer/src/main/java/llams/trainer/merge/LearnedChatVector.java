package llams.trainer.merge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import llams.engine.device.Device;
import llams.engine.graph.Leaf;
import llams.engine.llama.Linear;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.llama.ScaledDifference;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.ModelDirectory;
import llams.model.create.NewModel;
import llams.model.create.QuantizedModel;
import llams.model.merge.MergeException;
import llams.model.merge.config.Setting;
import llams.trainer.data.DataLoader;
import llams.trainer.data.PackedDataset;
import llams.trainer.optim.Optimizer;
import llams.trainer.optim.Schedule;
import llams.trainer.run.Evaluator;
import llams.trainer.run.Forecast;
import llams.trainer.run.MicroBatch;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.Trainer;

/// A chat vector `tuned + s (instruct - base)` whose strength s is learned for every projection of every layer, by
/// gradient on the loss over text of the kind that the merged model is for. The three models stay mapped; what is
/// trained is one number per projection. Embedding, norms and head get the whole vector.
public final class LearnedChatVector implements AutoCloseable {
    /// How to learn.
    ///
    /// @param steps    updates
    /// @param rate     the peak of the learning rate
    /// @param batch    packed sequences per step
    public record Settings(int steps, double rate, int batch, long seed) {}

    private static final String BASE = "base.";
    private static final String INSTRUCT = "instruct.";

    private final Device device;
    private final Arena arena = Arena.ofShared();
    private final List<LlamaWeights> models = new ArrayList<>();
    private final LlamaConfig config;
    private final Map<String, Tensor> resident = new LinkedHashMap<>();
    private final List<Leaf> gates = new ArrayList<>();
    private final Llama model;

    /// Opens the three models; every strength is 1.
    ///
    /// @throws MergeException if they have different shapes
    /// @throws IOException    if one cannot be read
    public LearnedChatVector(Device device, Path base, Path instruct, Path tuned) throws IOException {
        this.device = device;
        try {
            for (Path path : List.of(base, instruct, tuned)) {
                ModelDirectory.check(path);
                models.add(LlamaWeights.open(path));
                QuantizedModel.refuse(path, models.getLast().config, "a chat vector");
            }
            config = models.getLast().config;
            checkShapes();
            addResident();
            model = Llama.of(config, models.getLast().frozen(), this::wrapped);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private void checkShapes() throws IOException {
        List<String> problems = new ArrayList<>();
        Map<String, Tensor> tuned = models.getLast().resident();
        for (LlamaWeights other : models.subList(0, 2)) {
            Map<String, Tensor> theirs = other.resident();
            tuned.forEach((name, tensor) -> {
                if (!theirs.containsKey(name) || !theirs.get(name).shape().equals(tensor.shape())) {
                    problems.add("\"" + name + "\" is " + tensor.shape() + " in " + models.getLast().directory + ", "
                            + (theirs.containsKey(name) ? theirs.get(name).shape() : "absent") + " in "
                            + other.directory);
                }
            });
        }
        if (!problems.isEmpty()) {
            throw new MergeException("the three models do not fit together", problems);
        }
    }

    private void addResident() throws IOException {
        Map<String, Tensor> base = models.get(0).resident();
        Map<String, Tensor> instruct = models.get(1).resident();
        for (Map.Entry<String, Tensor> entry : models.get(2).resident().entrySet()) {
            String name = entry.getKey();
            Tensor tuned = entry.getValue();
            if (name.endsWith("_proj.weight")) {
                resident.put(name, tuned);
                resident.put(BASE + name, base.get(name));
                resident.put(INSTRUCT + name, instruct.get(name));
            } else {
                Tensor merged = Tensor.allocate(arena, tuned.dtype(), tuned.shape());
                for (long i = 0; i < merged.elements(); i++) {
                    merged.setFloat(i,
                            tuned.getFloat(i) + (instruct.get(name).getFloat(i) - base.get(name).getFloat(i)));
                }
                resident.put(name, merged);
            }
        }
    }

    private ScaledDifference wrapped(int layer, ProjectionName projection, Linear linear) {
        String name = linear.weight().name();
        ScaledDifference difference = difference(layer, projection, linear, resident.get(INSTRUCT + name).dtype(),
                resident.get(BASE + name).dtype(), config.vocab());
        gates.add(difference.gate());
        resident.put(difference.gate().name(), filled(difference.gate(), ScaledDifference.NEUTRAL));
        for (Leaf ones : List.of(difference.onesOfVocab(), difference.onesOfOut())) {
            resident.computeIfAbsent(ones.name(), _ -> filled(ones, 1));
        }
        return difference;
    }

    private static ScaledDifference difference(int layer, ProjectionName projection, Linear linear, DType instruct,
            DType base, long vocab) {
        Leaf weight = linear.weight();
        return new ScaledDifference(linear, other(INSTRUCT, weight, instruct), other(BASE, weight, base),
                Leaf.state(gateName(layer, projection), DType.F32, 1, 1), ScaledDifference.ones(vocab),
                ScaledDifference.ones(weight.shape().dim(0)));
    }

    private static Linear other(String prefix, Leaf weight, DType dtype) {
        return new Linear(Leaf.weight(prefix + weight.name(), dtype, weight.shape().dim(0), weight.shape().dim(1)));
    }

    private Tensor filled(Leaf leaf, double value) {
        Tensor tensor = Tensor.allocate(arena, leaf.dtype(), leaf.shape());
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, (float) value);
        }
        return tensor;
    }

    private static String gateName(int layer, ProjectionName projection) {
        return projection.module(layer) + ".gate";
    }

    /// Bytes that learning needs besides what is open already.
    ///
    /// @param tokens of a sequence
    public Program.Memory memory(int tokens) {
        return Forecast.of(model, gates, TrainSettings.newModel().withTokens(tokens));
    }

    /// Bytes that learning will need with models of this shape, what is not mapped from a file among the state.
    ///
    /// @param tokens as in [#memory(int)]
    public static Program.Memory memory(LlamaConfig shape, int tokens) {
        DType dtype = NewModel.dtype(shape);
        List<Leaf> gates = new ArrayList<>();
        long[] projections = {0};
        Llama model = Llama.of(shape, (name, dims) -> Leaf.weight(name, dtype, dims), (layer, projection, linear) -> {
            ScaledDifference difference = difference(layer, projection, linear, dtype, dtype, shape.vocab());
            gates.add(difference.gate());
            projections[0] += linear.weight().type().bytes();
            return difference;
        });
        Program.Memory memory = Forecast.of(model, gates, TrainSettings.newModel().withTokens(tokens));
        long merged = dtype.bytes(shape.parameters()) - projections[0];
        return new Program.Memory(memory.weights() - merged, memory.state() + merged, memory.temporaries());
    }

    /// Bytes of the tensors that are not mapped from a file.
    public long allocatedBytes() {
        long bytes = 0;
        for (Map.Entry<String, Tensor> tensor : resident.entrySet()) {
            bytes += tensor.getKey().endsWith("_proj.weight") ? 0 : tensor.getValue().data().byteSize();
        }
        return bytes;
    }

    /// Learns from the sequences, shuffled anew for each pass over them.
    ///
    /// @param report gets the loss of each step before its update
    public void learn(PackedDataset data, Settings settings, Consumer<Double> report) {
        Schedule schedule = new Schedule(Schedule.Kind.COSINE, settings.rate, settings.steps / 10, settings.steps);
        DataLoader loader = new DataLoader(data, settings.seed, true);
        try (Trainer trainer = new Trainer(device, model, gates, resident, Optimizer.standard().withWeightDecay(0),
                config.maxPositions(), false, (int) settings.seed)) {
            for (int step = 0; step < settings.steps; step++) {
                List<MicroBatch> batches = new ArrayList<>();
                for (int i = 0; i < settings.batch; i++) {
                    batches.add(MicroBatch.of(List.of(data.sequence(loader.next()))));
                }
                report.accept(trainer.step(batches, schedule.rate(step), step).loss());
            }
            for (Leaf gate : gates) {
                resident.get(gate.name()).setFloat(0, trainer.read(gate).getFloat(0));
            }
        }
    }

    /// Sets every strength to the same number.
    ///
    /// @param strength from 0 on
    public void set(double strength) {
        for (Leaf gate : gates) {
            resident.get(gate.name()).setFloat(0, (float) ScaledDifference.gate(strength));
        }
    }

    /// The mean loss of the merged model, with the present strengths.
    public Evaluator.Loss loss(PackedDataset data) {
        try (Evaluator evaluator = Evaluator.open(device, model, resident, config.maxPositions())) {
            return evaluator.loss(() -> MicroBatch.each(data).iterator());
        }
    }

    /// The present strength of every projection, by its module's name.
    public Map<String, Double> strengths() {
        Map<String, Double> strengths = new LinkedHashMap<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            for (ProjectionName projection : ProjectionName.values()) {
                float gate = resident.get(gateName(layer, projection)).getFloat(0);
                strengths.put(projection.module(layer), ScaledDifference.strength(gate));
            }
        }
        return strengths;
    }

    /// The strengths as the scale of a chat vector, for [llams.model.merge.ChatVector].
    public Setting scale() {
        List<Setting.Case> cases = new ArrayList<>();
        strengths().forEach((module, strength) -> cases
                .add(Setting.Case.of("^" + Pattern.quote(module + ".weight") + "$", new Setting.Constant(strength))));
        cases.add(Setting.Case.of(null, new Setting.Constant(1)));
        return new Setting.Filtered(cases);
    }

    @Override
    public void close() throws IOException {
        for (LlamaWeights one : models) {
            one.close();
        }
        arena.close();
    }
}
