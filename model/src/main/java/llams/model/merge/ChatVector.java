package llams.model.merge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import llams.engine.io.AtomicFiles;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ModelDirectory;
import llams.model.files.ByteProgress;
import llams.model.files.OutputDirectory;
import llams.model.merge.ChatVectorPlan.Step;
import llams.model.merge.config.MergeConfig;
import llams.model.merge.config.Setting;
import llams.model.merge.parts.Floats;
import llams.model.merge.parts.PartWorkers;
import llams.model.merge.parts.Vectors;

/// Adds a chat vector (arXiv 2310.04799): `tuned + scale (instruct - base)`.
///
/// The difference between an instruct model and its base is the ability to converse. Added to a model that was tuned
/// from the same base on another language, it lets that model converse too. Everything is computed in f32, and the
/// result is rounded once, to the tuned model's type. It works on one part of a tensor at a time, in a few megabytes of
/// memory.
public final class ChatVector {
    /// What happens to the embedding and the output head, whose rows are the vocabulary.
    public enum Vocabulary {
        /// They must have the same shape in all three models, and are merged.
        STRICT,
        /// They are copied from the tuned model.
        SKIP,
        /// The rows that all three models have are merged; the tuned model's further rows are copied.
        PARTIAL
    }

    /// Tokens of Llama 3 that only the instruct model has been trained on: those around a message's header, and its
    /// end.
    public static final Map<Integer, Integer> LLAMA3_SPECIAL_TOKENS = Map.of(128006, 128006, 128007, 128007, 128009,
            128009);

    /// How to merge.
    ///
    /// @param scale         of the vector, where need be tensor by tensor; lower it if the result answers in the wrong
    ///                      language
    /// @param specialTokens rows of embedding and head that are taken from the instruct model, after all else: the
    ///                      tuned model's id to the instruct model's id
    public record Options(Setting scale, Vocabulary vocabulary, Map<Integer, Integer> specialTokens) {
        /// For tensors that no filter of the scale matches.
        private static final double STANDARD_SCALE = 1;

        public Options {
            for (double number : scale.numbers()) {
                if (!Float.isFinite((float) number)) {
                    throw new IllegalArgumentException("scale " + number + " is not a number");
                }
            }
            specialTokens = Collections.unmodifiableMap(new TreeMap<>(specialTokens));
        }

        /// One scale for all tensors.
        public Options(float scale, Vocabulary vocabulary, Map<Integer, Integer> specialTokens) {
            this(new Setting.Constant(scale), vocabulary, specialTokens);
        }

        static Options of(MergeConfig config) {
            return new Options(config.parameters().getOrDefault("scale", new Setting.Constant(STANDARD_SCALE)),
                    Vocabulary.STRICT, Map.of());
        }
    }

    private final Checkpoint base;
    private final Checkpoint instruct;
    private final Checkpoint tuned;
    private final Options options;
    private final MergeOutput output;
    private final PartWorkers<Work> workers;
    private final Depths depths;
    private final VectorSize size = new VectorSize();
    private final List<String> notes = new ArrayList<>();

    /// Memory to compute one part of a tensor in.
    private static final class Work {
        final Floats from;
        final Floats plus;
        final Floats minus;
        final VectorSize.Lanes lanes = new VectorSize.Lanes();
        /// The result as it is written.
        MemorySegment part;

        static long bytes() {
            return 3 * Floats.bytes(Floats.CAPACITY) + VectorSize.Lanes.BYTES;
        }

        Work(Arena arena) {
            from = new Floats(arena, Floats.CAPACITY);
            plus = new Floats(arena, Floats.CAPACITY);
            minus = new Floats(arena, Floats.CAPACITY);
        }
    }

    private ChatVector(Checkpoint base, Checkpoint instruct, Checkpoint tuned, Options options, MergeOutput output,
            PartWorkers<Work> workers) {
        this.base = base;
        this.instruct = instruct;
        this.tuned = tuned;
        this.options = options;
        this.output = output;
        this.workers = workers;
        this.depths = Depths.of(tuned.names());
    }

    /// Merges three model directories into a new one. Its config is the tuned model's, with the instruct model's stop
    /// ids; tokenizer, chat template and generation config are the instruct model's (but the tuned model's tokenizer
    /// where the vocabularies differ).
    ///
    /// @param out must not exist, or be empty; it appears when all is done
    /// @throws MergeException if tensors are missing or do not fit together; it lists all of them
    /// @throws IOException    if a model cannot be read or `out` cannot be written; says which
    public static MergeReport merge(Path base, Path instruct, Path tuned, Path out, Options options, ByteProgress progress)
            throws IOException {
        OutputDirectory.check(out);
        for (Path model : List.of(base, instruct, tuned)) {
            ModelDirectory.check(model);
        }
        ChatVectorFiles.refuseQuantized(List.of(base, instruct, tuned));
        try (Checkpoint baseWeights = Checkpoint.open(base);
                Checkpoint instructWeights = Checkpoint.open(instruct);
                Checkpoint tunedWeights = Checkpoint.open(tuned)) {
            ChatVectorPlan plan = ChatVectorPlan.of(baseWeights, instructWeights, tunedWeights, options);
            ChatVectorFiles files = new ChatVectorFiles(base, instruct, tuned);
            byte[] config = files.config(plan.vocabulary(), plan.ownHead());
            try (OutputDirectory directory = OutputDirectory.create(out)) {
                long bytes;
                VectorSize size;
                List<String> notes = new ArrayList<>(plan.notes);
                try (Arena arena = Arena.ofShared();
                        PartWorkers<Work> workers = PartWorkers.onAllCores(() -> new Work(arena));
                        MergeOutput output = new MergeOutput(directory.path(), tunedWeights, progress)) {
                    ChatVector merge = new ChatVector(baseWeights, instructWeights, tunedWeights, options, output,
                            workers);
                    for (Step step : plan.steps) {
                        merge.run(step);
                    }
                    output.finish();
                    size = merge.size;
                    notes.addAll(merge.notes);
                    bytes = output.totalBytes();
                }
                AtomicFiles.write(directory.path().resolve("config.json"), config);
                List<String> copied = files.copyTo(directory.path(), plan.sameVocabulary());
                MergeCards.ofChatVector(base, instruct, tuned, options).write(directory.path());
                directory.commit();
                notes.addAll(size.notes());
                notes.addAll(files.notes);
                int merged = (int) plan.steps.stream().filter(step -> step.addedElements() > 0).count();
                return new MergeReport(merged, plan.steps.size() - merged, bytes, copied, size.parts(), notes);
            }
        }
    }

    /// Bytes that a merge needs besides the mapped weights.
    public static long memoryBytes() {
        return PartWorkers.workspacesOnAllCores() * Work.bytes();
    }

    private void run(Step step) throws IOException {
        base.verifyUnchanged();
        instruct.verifyUnchanged();
        tuned.verifyUnchanged();
        Tensor from = tuned.tensor(step.name());
        Tensor minus = step.inBase() == null ? null : base.tensor(step.inBase());
        Tensor plus = step.inInstruct() == null ? null : instruct.tensor(step.inInstruct());
        // Whole rows of a vocabulary tensor, so that a special token's row is never cut.
        long columns = step.vocabularyRows() ? Math.max(1, from.shape().dim(1)) : 1;
        long most = Floats.CAPACITY / columns * columns;
        float scale = (float) options.scale.at(step.name(), depths.of(step.name())).orElse(Options.STANDARD_SCALE);
        float rounding = step.addedElements() == 0 ? 0 : VectorSize.rounding(plus.dtype(), minus.dtype());
        workers.run(0, step.addedElements(), (int) most, (work, begin, count) -> {
            work.from.read(from, begin, count);
            work.plus.read(plus, begin, count);
            work.minus.read(minus, begin, count);
            work.lanes.set(work.from.values, work.plus.values, work.minus.values, count, rounding);
            Vectors.addDifference(work.from.values, work.plus.values, work.minus.values, scale, count);
            work.part = work.from.rounded(from.dtype(), count);
            replaceSpecialRows(step, work, from, plus, begin / columns, count / columns);
        }, (work, _, _) -> {
            size.add(step.name(), work.lanes);
            output.append(step.name(), work.part);
        });
        workers.run(step.addedElements(), from.elements(), (int) most, (work, begin, count) -> {
            work.part = from.data().asSlice(from.dtype().bytes(begin), from.dtype().bytes(count));
            replaceSpecialRows(step, work, from, plus, begin / columns, count / columns);
        }, (work, _, _) -> output.append(step.name(), work.part));
        long beyond = output.end(step.name(), inputs(from, plus, minus));
        if (beyond > 0) {
            notes.add("\"" + step.name() + "\": " + beyond + " of " + from.elements() + " values are beyond what any type"
                    + " of weights holds, and infinite in the result: no model can be run with them");
        }
    }

    private static Map<String, Tensor> inputs(Tensor tuned, Tensor instruct, Tensor base) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        inputs.put("tuned", tuned);
        if (instruct != null) {
            inputs.put("instruct", instruct);
        }
        if (base != null) {
            inputs.put("base", base);
        }
        return inputs;
    }

    /// Replaces the special tokens' rows among `rows` rows from `firstRow`.
    private void replaceSpecialRows(Step step, Work work, Tensor from, Tensor plus, long firstRow, long rows) {
        if (!step.vocabularyRows()) {
            return;
        }
        int columns = (int) from.shape().dim(1);
        long rowBytes = from.dtype().bytes(columns);
        MemorySegment changed = null;
        for (Map.Entry<Integer, Integer> row : options.specialTokens.entrySet()) {
            long at = row.getKey() - firstRow;
            if (at >= 0 && at < rows) {
                if (changed == null) {
                    changed = MemorySegment.ofArray(work.part.toArray(ValueLayout.JAVA_BYTE));
                }
                work.plus.read(plus, (long) row.getValue() * columns, columns);
                MemorySegment.copy(work.plus.rounded(from.dtype(), columns), 0, changed, at * rowBytes, rowBytes);
            }
        }
        work.part = changed == null ? work.part : changed;
    }
}
