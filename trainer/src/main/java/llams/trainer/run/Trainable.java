package llams.trainer.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Leaf;
import llams.engine.io.AtomicFiles;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.NoisyTable;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.model.card.Parent;
import llams.model.create.NewModel;
import llams.model.create.RandomWeights;
import llams.model.files.HeldFiles;
import llams.model.files.ModelFiles;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.BaseFingerprint;
import llams.model.lora.LoraConfig;
import llams.model.lora.LoraLayout;
import llams.model.lora.LoraModel;

/// A model with the leaves that are to be trained, and the way in which the result is written.
///
/// @param model       as it is trained
/// @param evalModel   the same leaves without dropout
/// @param reference   an adapter's base without it; null if the model's own weights are trained
/// @param trained     state leaves
/// @param summed      the model's leaves whose gradients are summed: the trained ones, or tables of which those are the
///                    last rows
/// @param resident    every tensor of the model by leaf name; those of the trained leaves are memory of their own
/// @param writer      writes the result into an existing directory
/// @param resultBytes of what it writes
/// @param parents     the models that it is made from, as they were when it was opened
record Trainable(Llama model, Llama evalModel, Llama reference, List<Leaf> trained, List<Leaf> summed,
        Map<String, Tensor> resident, Writer writer, long resultBytes, List<Parent> parents) {
    private static final int PART_ELEMENTS = 1 << 14;

    /// Writes a trained model or adapter.
    @FunctionalInterface
    interface Writer {
        Writer NONE = (directory, tensors) -> {};

        /// @param tensors the present contents of the trained leaves, F32, by leaf name
        void write(Path directory, Map<String, Tensor> tensors) throws IOException;
    }

    /// The same with noise on the vectors of tokens while it is trained.
    Trainable withNoise(double alpha) {
        return alpha == 0
                ? this
                : new Trainable(model.with(new NoisyTable(model.embedding(), alpha), model.head()), evalModel,
                        reference, trained, summed, resident, writer, resultBytes, parents);
    }

    Objective.Models models() {
        return new Objective.Models(model, reference);
    }

    LlamaConfig config() {
        return model.config();
    }

    /// Numbers of the whole model, an adapter included.
    long parameters() {
        long all = 0;
        for (Tensor tensor : resident.values()) {
            all += tensor.elements();
        }
        // Last rows are there twice: in their table, and by themselves.
        return trained.equals(summed) ? all : all - trainedParameters();
    }

    long trainedParameters() {
        return trained.stream().mapToLong(leaf -> leaf.shape().elements()).sum();
    }

    /// An adapter on frozen weights.
    ///
    /// @param from        an adapter's directory to go on from, or null for a new one
    /// @param fingerprint of the base
    static Trainable adapter(Arena arena, LlamaWeights base, LoraConfig lora, int seed, Path from, String fingerprint)
            throws IOException {
        Adapter start = from == null
                ? Adapter.create(arena, lora, base.config, seed, base.resident())
                : AdapterFiles.read(from, base, arena);
        Adapter adapter = new Adapter(start.layout().withDropout(lora.dropout()), start.tensors(), start.base(),
                start.notes());
        List<Parent> parents = new ArrayList<>(List.of(Parent.of("base", base.directory)));
        if (from != null) {
            parents.add(Parent.of("adapter that was continued", from));
        }
        return adapter(base, adapter, HeldFiles.ofAdapter(base.directory, from), fingerprint, parents);
    }

    /// An adapter on frozen weights, as it is; its tensors become those that are trained.
    static Trainable adapter(LlamaWeights base, Adapter adapter) throws IOException {
        return adapter(base, adapter, HeldFiles.NONE, BaseFingerprint.ofBoth(base), List.of());
    }

    private static Trainable adapter(LlamaWeights base, Adapter adapter, HeldFiles beside, String fingerprint,
            List<Parent> parents) throws IOException {
        LoraLayout layout = adapter.layout();
        LoraModel trained = LoraModel.of(base.config, base.frozen(), layout, Leaf.Kind.STATE);
        LoraModel still = layout.dropout() == 0
                ? trained
                : LoraModel.of(base.config, base.frozen(), layout.withDropout(0), Leaf.Kind.STATE);
        return new Trainable(trained.model(), still.model(), base.model(), trained.adapterLeaves(),
                trained.adapterLeaves(), LoraModel.resident(base.resident(), adapter), (directory, tensors) -> {
                    beside.write(directory);
                    AdapterFiles.write(directory, adapter, tensors, base, fingerprint);
                }, beside.bytes() + trained.adapterLeaves().stream().mapToLong(leaf -> leaf.type().bytes()).sum(),
                parents);
    }

    /// Every weight of a model, in F32 or BF16 while it is trained; the result has the types of the files it came from.
    static Trainable full(Arena arena, LlamaWeights base, DType dtype) throws IOException {
        Map<String, DType> types = new LinkedHashMap<>();
        Map<String, Tensor> copies = new LinkedHashMap<>();
        base.resident().forEach((name, tensor) -> {
            types.put(name, tensor.dtype());
            copies.put(name, converted(arena, tensor, dtype));
        });
        HeldFiles beside = HeldFiles.ofModel(base.directory);
        byte[] configJson = base.configJson();
        return full(base.config, dtype, copies, (directory, tensors) -> {
            beside.write(directory);
            write(directory, configJson, types, tensors);
        }, beside.bytes() + bytes(types, copies), List.of(Parent.of("base", base.directory)));
    }

    /// The last rows of embedding and head, in F32 while they are trained, from `first` on. All else is as it was in the
    /// result too, bit for bit.
    static Trainable lastRows(Arena arena, LlamaWeights base, int first) throws IOException {
        LastRows rows = LastRows.of(base.config, base.frozen(), first);
        Map<String, Tensor> resident = new LinkedHashMap<>(base.resident());
        for (int i = 0; i < rows.tables().size(); i++) {
            Leaf part = rows.trained().get(i);
            Tensor table = converted(arena, resident.get(rows.tables().get(i).name()), DType.F32);
            resident.put(rows.tables().get(i).name(), table);
            resident.put(part.name(), LastRows.of(table, part.shape()));
        }
        HeldFiles beside = HeldFiles.ofModel(base.directory);
        byte[] configJson = base.configJson();
        return new Trainable(rows.model(), rows.model(), null, rows.trained(), rows.tables(), resident,
                (directory, tensors) -> {
                    beside.write(directory);
                    write(directory, configJson, rows, base, tensors);
                }, beside.bytes() + base.checkpoint.bytes(), List.of(Parent.of("base", base.directory)));
    }

    /// Writes the base with other last rows.
    private static void write(Path directory, byte[] configJson, LastRows rows, LlamaWeights base,
            Map<String, Tensor> tensors) throws IOException {
        List<TensorInfo> plan = base.infos();
        try (SafetensorsWriter writer = SafetensorsWriter.model(directory, plan, base.checkpoint.metadata(),
                SafetensorsWriter.DEFAULT_SHARD_BYTES)) {
            for (TensorInfo info : plan) {
                MemorySegment old = base.checkpoint.tensor(info.name()).data();
                int table = rows.tables().stream().map(Leaf::name).toList().indexOf(info.name());
                if (table < 0) {
                    writer.append(info.name(), old);
                    continue;
                }
                Tensor last = tensors.get(rows.trained().get(table).name());
                writer.append(info.name(), old.asSlice(0, old.byteSize() - info.dtype().bytes(last.elements())));
                append(writer, info, last, directory);
            }
            base.checkpoint.verifyUnchanged();
            writer.finish();
        }
        AtomicFiles.write(directory.resolve("config.json"), configJson);
    }

    /// Every weight of a new random model; the result is F32 unless the config names another type.
    ///
    /// @param dtype     in which it is trained
    /// @param tokenizer a tokenizer's file or a directory with one, to go along with the result; may be null
    static Trainable random(Arena arena, LlamaConfig config, DType dtype, int seed, Path tokenizer) throws IOException {
        RandomWeights weights = new RandomWeights(config, seed);
        Map<String, DType> types = new LinkedHashMap<>();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        NewModel.plan(config).forEach(info -> {
            Tensor tensor = Tensor.allocate(arena, dtype, info.shape());
            weights.fill(info.name(), 0, tensor);
            tensors.put(info.name(), tensor);
            types.put(info.name(), info.dtype());
        });
        HeldFiles beside = HeldFiles.ofTokenizer(tokenizer);
        return full(config, dtype, tensors, (directory, trained) -> {
            beside.write(directory);
            NewModel.writeGenerationConfig(config, directory);
            write(directory, ConfigJson.text(config).getBytes(StandardCharsets.UTF_8), types, trained);
        }, beside.bytes() + bytes(types, tensors), List.of());
    }

    private static long bytes(Map<String, DType> types, Map<String, Tensor> tensors) {
        long bytes = 0;
        for (Map.Entry<String, DType> type : types.entrySet()) {
            bytes += type.getValue().bytes(tensors.get(type.getKey()).elements());
        }
        return bytes;
    }

    private static Trainable full(LlamaConfig config, DType dtype, Map<String, Tensor> tensors, Writer writer,
            long resultBytes, List<Parent> parents) {
        List<Leaf> trained = new ArrayList<>();
        Llama model = Llama.of(config, (name, dims) -> {
            Leaf leaf = Leaf.state(name, dtype, dims);
            trained.add(leaf);
            return leaf;
        }, Llama.Wrap.NONE);
        return new Trainable(model, model, null, List.copyOf(trained), List.copyOf(trained), tensors, writer,
                resultBytes, parents);
    }

    /// A copy in another type, rounded to nearest even where that is narrower.
    private static Tensor converted(Arena arena, Tensor tensor, DType dtype) {
        Tensor copy = Tensor.allocate(arena, dtype, tensor.shape());
        if (tensor.dtype() == dtype) {
            copy.data().copyFrom(tensor.data());
            return copy;
        }
        for (long i = 0; i < copy.elements(); i++) {
            copy.setFloat(i, tensor.getFloat(i));
        }
        return copy;
    }

    /// Writes the next elements of a result's tensor in its planned type. What must be converted goes through memory in
    /// parts: the state of the run is still there.
    private static void append(SafetensorsWriter writer, TensorInfo info, Tensor trained, Path directory)
            throws IOException {
        if (trained.dtype() == info.dtype()) {
            writer.append(info.name(), trained.data());
            return;
        }
        long lost = 0;
        try (Arena arena = Arena.ofConfined()) {
            Tensor part = Tensor.allocate(arena, info.dtype(), Shape.of(PART_ELEMENTS));
            for (long from = 0; from < trained.elements(); from += PART_ELEMENTS) {
                long count = Math.min(PART_ELEMENTS, trained.elements() - from);
                for (long i = 0; i < count; i++) {
                    part.setFloat(i, trained.getFloat(from + i));
                    lost += Float.isFinite(part.getFloat(i)) ? 0 : 1;
                }
                writer.append(info.name(), part.data().asSlice(0, info.dtype().bytes(count)));
            }
        }
        if (lost > 0) {
            throw new IOException(directory + ": " + lost + " of the " + trained.elements() + " trained numbers of \""
                    + info.name() + "\" are too large for " + info.dtype() + ", the type that the model came in");
        }
    }

    private static void write(Path directory, byte[] configJson, Map<String, DType> types, Map<String, Tensor> tensors)
            throws IOException {
        List<TensorInfo> plan = new ArrayList<>();
        types.forEach((name, dtype) -> plan.add(new TensorInfo(name, dtype, tensors.get(name).shape())));
        try (SafetensorsWriter writer = SafetensorsWriter.model(directory, plan, Map.of(),
                SafetensorsWriter.DEFAULT_SHARD_BYTES)) {
            for (TensorInfo info : plan) {
                append(writer, info, tensors.get(info.name()), directory);
            }
            writer.finish();
        }
        // The config makes it a model, so it comes last.
        AtomicFiles.write(directory.resolve("config.json"), configJson);
    }
}
