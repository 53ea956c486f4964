package llams.model.merge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.io.AtomicFiles;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ModelDirectory;
import llams.model.files.ByteProgress;
import llams.model.files.ModelFiles;
import llams.model.files.OutputDirectory;
import llams.model.merge.config.MergeConfig;
import llams.model.merge.config.MergeConfig.Source;
import llams.model.merge.config.Method;
import llams.model.merge.parts.Floats;
import llams.model.merge.parts.PartWorkers;

/// Merges models of one shape as a [MergeConfig] says: widened to f32, every operation one of f32, the result rounded
/// once. One tensor at a time, part by part on all cores: memory is needed for a few parts, whatever the models' size.
public final class ModelMerge {
    private final MergeConfig config;
    private final ModelMergePlan plan;
    private final List<Checkpoint> models;
    private final PartWorkers<Workspace> workers;
    private final MergeOutput output;

    private ModelMerge(MergeConfig config, ModelMergePlan plan, List<Checkpoint> models, PartWorkers<Workspace> workers,
            MergeOutput output) {
        this.config = config;
        this.plan = plan;
        this.models = models;
        this.workers = workers;
        this.output = output;
    }

    /// Merges model directories into a new one. Its config is that of the base or, without one, of the first model; its
    /// tokenizer and chat template too, unless the config names another model.
    ///
    /// @param out must not exist, or be empty; it appears when all is done
    /// @throws MergeException if tensors are missing or do not fit together; it lists all of them
    /// @throws IOException    if a model cannot be read or `out` cannot be written; says which
    public static MergeReport merge(MergeConfig config, Path out, ByteProgress progress) throws IOException {
        if (config.method() == Method.CHAT_VECTOR) {
            return ChatVector.merge(config.base(), config.models().getLast().path(), config.models().getFirst().path(),
                    out, ChatVector.Options.of(config), progress);
        }
        OutputDirectory.check(out);
        List<Path> inputs = config.inputs();
        for (Path model : inputs) {
            ModelDirectory.check(model);
        }
        ChatVectorFiles.refuseQuantized(inputs);
        List<Checkpoint> models = new ArrayList<>();
        try {
            for (Path model : inputs) {
                models.add(Checkpoint.open(model));
            }
            return merge(config, models, out, progress);
        } finally {
            for (Checkpoint model : models) {
                model.close();
            }
        }
    }

    /// Bytes that a merge of so many models needs besides their mapped weights, the base counted.
    public static long memoryBytes(int models) {
        return PartWorkers.workspacesOnAllCores() * Workspace.bytes(models);
    }

    private static MergeReport merge(MergeConfig config, List<Checkpoint> models, Path out, ByteProgress progress)
            throws IOException {
        Path reference = config.reference();
        Checkpoint referenceWeights = models.get(config.inputs().indexOf(reference));
        ModelMergePlan plan = ModelMergePlan.of(models, referenceWeights, config.dtype());
        ModelMergeFiles files = new ModelMergeFiles(reference, config);
        byte[] json = files.config(plan.ownHead);
        try (OutputDirectory directory = OutputDirectory.create(out)) {
            long bytes;
            try (Arena arena = Arena.ofShared();
                    PartWorkers<Workspace> workers = PartWorkers.onAllCores(() -> new Workspace(arena, models.size()));
                    MergeOutput output = new MergeOutput(directory.path(), referenceWeights,
                            plan.steps.stream().map(ModelMergePlan.Step::info).toList(), progress)) {
                ModelMerge merge = new ModelMerge(config, plan, models, workers, output);
                for (ModelMergePlan.Step step : plan.steps) {
                    merge.run(step, referenceWeights);
                }
                output.finish();
                bytes = output.totalBytes();
            }
            AtomicFiles.write(directory.path().resolve("config.json"), json);
            List<String> copied = ModelFiles.copyAll(config.tokenizer() == null ? reference : config.tokenizer(),
                    directory.path());
            MergeCards.of(config).write(directory.path());
            directory.commit();
            List<String> notes = new ArrayList<>(plan.notes);
            notes.addAll(files.notes);
            int merged = (int) plan.steps.stream().filter(step -> !step.inputs().isEmpty()).count();
            return new MergeReport(merged, plan.steps.size() - merged, bytes, copied, List.of(), notes);
        }
    }

    private void run(ModelMergePlan.Step step, Checkpoint reference) throws IOException {
        String name = step.info().name();
        if (step.inputs().isEmpty()) {
            reference.verifyUnchanged();
            output.copy(name, reference.tensor(name));
            output.end(name, Map.of(reference.path.toString(), reference.tensor(name)));
            return;
        }
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (int m = 0; m < models.size(); m++) {
            models.get(m).verifyUnchanged();
            inputs.put(models.get(m).path.toString(), models.get(m).tensor(step.inputs().get(m)));
        }
        List<Tensor> tensors = List.copyOf(inputs.values());
        Blend blend = blend(name, tensors);
        workers.run(0, step.info().shape().elements(), Floats.CAPACITY, (work, begin, count) -> {
            for (int m = 0; m < tensors.size(); m++) {
                work.inputs[m].read(tensors.get(m), begin, count);
            }
            blend.compute(work, begin, count);
            work.part = work.result.rounded(step.info().dtype(), count);
        }, (work, _, _) -> output.append(name, work.part));
        long beyond = output.end(name, inputs);
        if (beyond > 0) {
            throw new IOException("\"" + name + "\": " + beyond + " of " + step.info().shape().elements()
                    + " values of the result would be beyond what any type of weights holds; a model is probably"
                    + " damaged, or a weight far too large");
        }
    }

    private Blend blend(String name, List<Tensor> tensors) throws IOException {
        double depth = plan.depths.of(name);
        return switch (config.method()) {
            case LINEAR -> mean(name, depth);
            case SLERP ->
                Slerp.of((float) config.value("t", name, depth, 0.5), tensors.get(0), tensors.get(1), workers);
            case TASK_ARITHMETIC, TIES, DARE_LINEAR, DARE_TIES -> taskVectors(name, depth, tensors);
            case CHAT_VECTOR -> throw new IllegalStateException("chat vectors are merged elsewhere");
        };
    }

    private Blend mean(String name, double depth) throws IOException {
        WeightedMean mean = new WeightedMean(weights(name, depth), config.normalize());
        if (mean.normalize() && mean.sum() == 0) {
            throw new IOException("\"" + name + "\": the weights add up to 0, so that nothing can be divided by their"
                    + " sum; choose others, or set normalize to false");
        }
        return mean;
    }

    private Blend taskVectors(String name, double depth, List<Tensor> tensors) throws IOException {
        Sparsity[] sparsity = new Sparsity[config.models().size()];
        for (int m = 0; m < sparsity.length; m++) {
            double density = config.value(config.models().get(m), "density", name, depth, 1);
            sparsity[m] = switch (config.method()) {
                case TIES -> Trimming.largest((long) (density * tensors.getFirst().elements()), tensors.getFirst(),
                        tensors.get(m + 1), workers);
                case DARE_LINEAR, DARE_TIES -> new Sparsity.Drop(CounterRandom.named(config.seed() + m, name), density);
                case LINEAR, SLERP, TASK_ARITHMETIC, CHAT_VECTOR -> new Sparsity.Whole();
            };
        }
        boolean consensus = config.method() == Method.TIES || config.method() == Method.DARE_TIES;
        return new TaskVectors(weights(name, depth), sparsity, consensus, config.normalize(),
                (float) config.value("lambda", name, depth, 1));
    }

    /// Where no filter matches a tensor, the model has no part in it.
    private float[] weights(String name, double depth) {
        List<Source> sources = config.models();
        float[] weights = new float[sources.size()];
        for (int m = 0; m < weights.length; m++) {
            weights[m] = (float) config.value(sources.get(m), "weight", name, depth, 0);
        }
        return weights;
    }
}
