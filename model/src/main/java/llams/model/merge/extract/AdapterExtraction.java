package llams.model.merge.extract;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.ModelDirectory;
import llams.model.card.ModelCard;
import llams.model.card.Parent;
import llams.model.create.QuantizedModel;
import llams.model.files.ByteProgress;
import llams.model.files.ModelFiles;
import llams.model.files.NonFinite;
import llams.model.files.OutputDirectory;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraLayout;
import llams.model.merge.MergeException;
import llams.model.merge.extract.Difference.Squares;
import llams.model.merge.parts.PartWorkers;

/// Makes a LoRA adapter of the difference between two models: for each projection the product `B A` of the wanted rank
/// that is nearest to `tuned - base`, and how much of the difference it leaves.
public final class AdapterExtraction {
    /// What an adapter leaves of the differences of one kind of projection, in all layers together.
    ///
    /// @param norm Frobenius norm of the differences
    /// @param left share of that norm that the adapter does not have; NaN if there is no difference
    public record Loss(ProjectionName projection, double norm, double left) {}

    /// @param losses one for each kind of projection in the adapter
    /// @param files  carried along beside the adapter
    /// @param notes  what the adapter cannot hold
    public record Report(List<Loss> losses, List<String> files, List<String> notes) {}

    private final LlamaWeights base;
    private final LlamaWeights tuned;
    private final Map<ProjectionName, Squares> squares = new EnumMap<>(ProjectionName.class);

    private AdapterExtraction(LlamaWeights base, LlamaWeights tuned) {
        this.base = base;
        this.tuned = tuned;
    }

    /// Writes the adapter into a new directory, with tokenizer and chat template of the tuned model.
    ///
    /// @param rank    of the adapter; smaller where a matrix is
    /// @param targets the projections that get one
    /// @param out     must not exist, or be empty; it appears when all is done
    /// @throws MergeException if the models have different shapes; it lists all of them
    /// @throws IOException    if a model cannot be read or `out` cannot be written; says which
    public static Report extract(Path base, Path tuned, Path out, int rank, Set<ProjectionName> targets,
            ByteProgress progress) throws IOException {
        if (rank < 1) {
            throw new IllegalArgumentException("rank " + rank + " is not possible; it must be at least 1");
        }
        OutputDirectory.check(out);
        ModelDirectory.check(base);
        ModelDirectory.check(tuned);
        try (Arena arena = Arena.ofShared();
                LlamaWeights from = LlamaWeights.open(base);
                LlamaWeights to = LlamaWeights.open(tuned)) {
            QuantizedModel.refuse(base, from.config, "an extraction");
            QuantizedModel.refuse(tuned, to.config, "an extraction");
            checkShapes(from, to);
            AdapterExtraction extraction = new AdapterExtraction(from, to);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            Map<String, LoraLayout.Part> parts = new LinkedHashMap<>();
            try (PartWorkers<Difference.Work> workers = PartWorkers.onAllCores(() -> new Difference.Work(arena))) {
                extraction.run(rank, targets, workers, arena, tensors, parts, progress);
            }
            try (OutputDirectory directory = OutputDirectory.create(out)) {
                Adapter form = new Adapter(new LoraLayout(parts, 0), tensors, null, List.of());
                AdapterFiles.write(directory.path(), form, tensors, from);
                List<String> files = ModelFiles.copyAll(tuned, directory.path());
                extraction.card().write(directory.path());
                directory.commit();
                return new Report(extraction.losses(), files, extraction.notes(targets));
            }
        }
    }

    /// Bytes that an extraction needs besides the mapped weights: the adapter, and what one projection takes.
    public static long memoryBytes(LlamaConfig model, int rank, Set<ProjectionName> targets) {
        long largest = 0;
        for (ProjectionName target : targets) {
            List<Long> shape = target.shape(model);
            largest = Math.max(largest, LowRank.memoryBytes(shape.get(0), shape.get(1), rank));
        }
        return adapterBytes(model, rank, targets) + largest
                + PartWorkers.workspacesOnAllCores() * Difference.Work.bytes();
    }

    /// Bytes of the adapter.
    public static long adapterBytes(LlamaConfig model, int rank, Set<ProjectionName> targets) {
        long elements = 0;
        for (ProjectionName target : targets) {
            List<Long> shape = target.shape(model);
            elements += (shape.get(0) + shape.get(1)) * Math.min(rank, Math.min(shape.get(0), shape.get(1)));
        }
        return Float.BYTES * elements * model.layers();
    }

    private ModelCard card() throws IOException {
        Map<String, String> left = new LinkedHashMap<>();
        for (Loss loss : losses()) {
            if (loss.norm() > 0) {
                left.put(loss.projection().path, String.format(Locale.ROOT, "%.2f%%", 100 * loss.left()));
            }
        }
        return ModelCard.of(ModelCard.Kind.ADAPTER, "lora",
                "The best approximation of the difference between the tuned model and the base by matrices of low rank.",
                Parent.of("base", base.directory), Parent.of("tuned", tuned.directory))
                .with("What the adapter lacks of the difference, as a share of its norm", left);
    }

    private static void checkShapes(LlamaWeights base, LlamaWeights tuned) throws IOException {
        List<String> problems = new ArrayList<>();
        for (String name : base.checkpoint.names()) {
            if (name.startsWith("model.layers.") && tuned.checkpoint.has(name)
                    && !tuned.checkpoint.shape(name).equals(base.checkpoint.shape(name))) {
                problems.add("\"" + name + "\" is " + base.checkpoint.shape(name) + " in base, "
                        + tuned.checkpoint.shape(name) + " in tuned");
            }
        }
        if (base.config.layers() != tuned.config.layers()) {
            problems.add("base has " + base.config.layers() + " layers, tuned " + tuned.config.layers());
        }
        if (!problems.isEmpty()) {
            throw new MergeException(
                    "base " + base.directory + " and tuned " + tuned.directory + " do not fit together", problems);
        }
    }

    private void run(int rank, Set<ProjectionName> targets, PartWorkers<Difference.Work> workers, Arena arena,
            Map<String, Tensor> tensors, Map<String, LoraLayout.Part> parts, ByteProgress progress) throws IOException {
        long done = 0;
        for (int layer = 0; layer < base.config.layers(); layer++) {
            for (ProjectionName projection : targets) {
                base.checkpoint.verifyUnchanged();
                tuned.checkpoint.verifyUnchanged();
                String name = Adapter.weightName(layer, projection);
                Difference difference = new Difference(name, finite(base.checkpoint, name),
                        finite(tuned.checkpoint, name), workers);
                int own = Math.min(rank, Math.min(difference.rows(), difference.columns()));
                LowRank approximation = LowRank.of(difference, own);
                squares.merge(projection, difference.left(approximation), Squares::plus);
                tensors.put(Adapter.nameA(layer, projection),
                        tensor(arena, approximation.a(), own, difference.columns()));
                tensors.put(Adapter.nameB(layer, projection), tensor(arena, approximation.b(), difference.rows(), own));
                parts.put(projection.module(layer), new LoraLayout.Part(own, own));
                done += base.checkpoint.info(name).bytes();
                progress.at(done, bytes(targets));
            }
        }
    }

    private static Tensor finite(Checkpoint model, String name) throws IOException {
        Tensor tensor = model.tensor(name);
        long count = NonFinite.count(tensor);
        if (count > 0) {
            throw new IOException(model.path + ": \"" + name + "\" has " + count + " values that are infinite or NaN");
        }
        return tensor;
    }

    private long bytes(Set<ProjectionName> targets) throws IOException {
        long bytes = 0;
        for (ProjectionName projection : targets) {
            bytes += base.checkpoint.info(Adapter.weightName(0, projection)).bytes();
        }
        return bytes * base.config.layers();
    }

    private static Tensor tensor(Arena arena, float[] values, long rows, long columns) {
        Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(rows, columns));
        MemorySegment.copy(values, 0, tensor.data(), Tensor.F32, 0, values.length);
        return tensor;
    }

    private List<Loss> losses() {
        List<Loss> losses = new ArrayList<>();
        squares.forEach((projection, sums) -> losses
                .add(new Loss(projection, Math.sqrt(sums.whole()), Math.sqrt(sums.left() / sums.whole()))));
        return losses;
    }

    /// The tensors that differ and have no place in the adapter.
    private List<String> notes(Set<ProjectionName> targets) throws IOException {
        List<String> others = new ArrayList<>();
        for (String name : tuned.checkpoint.names()) {
            boolean isTarget = targets.stream().anyMatch(target -> name.endsWith(target.path + ".weight"));
            boolean differs = !base.checkpoint.has(name)
                    || !base.checkpoint.shape(name).equals(tuned.checkpoint.shape(name))
                    || base.checkpoint.dtype(name) == tuned.checkpoint.dtype(name)
                            && base.checkpoint.tensor(name).data().mismatch(tuned.checkpoint.tensor(name).data()) >= 0;
            if (!isTarget && differs) {
                others.add(name);
            }
        }
        return others.isEmpty()
                ? List.of()
                : List.of(others.size() + " tensors that differ are not in the adapter, among them \""
                        + others.getFirst() + "\": the base with the adapter keeps its own");
    }
}
