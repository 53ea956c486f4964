package llams.model.convert;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import llams.engine.gguf.GgufConfig;
import llams.engine.gguf.GgufNames;
import llams.engine.gguf.GgufValue;
import llams.engine.gguf.GgufWriter;
import llams.engine.gguf.RopeDivisors;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.plan.Program;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.ModelDirectory;
import llams.model.card.GgufOrigin;
import llams.model.files.ByteProgress;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.merge.FoldedModel;

/// Writes a model as one GGUF file, which llama.cpp and programs made of it run: weights, tokenizer and chat template.
/// An adapter is folded into the weights on the way, in f32 and rounded once.
///
/// Works with some rows at a time, so it needs memory for those, and for the adapter.
public final class GgufExport {
    /// What was done.
    ///
    /// @param tensors number of tensors by their type
    /// @param bytes   of all tensors
    /// @param notes   about the model and the adapter, a line each
    public record Report(GgufForm form, Map<String, Integer> tensors, long bytes, List<String> notes) {}

    private GgufExport() {}

    /// Writes the model in `model`.
    ///
    /// @param adapter a PEFT adapter's directory, or null
    /// @param out     the file, which appears when all is done
    /// @param form    null for the type of the model's own matrices
    /// @throws IOException if a file cannot be read or written, or the form cannot hold a weight; says which
    public static Report write(Path model, Path adapter, Path out, GgufForm form, ByteProgress progress)
            throws IOException {
        checkNew(out);
        ModelDirectory.check(model);
        try (LlamaWeights weights = LlamaWeights.open(model); Arena arena = Arena.ofShared()) {
            Adapter lora = adapter == null ? null : AdapterFiles.read(adapter, weights, arena);
            if (adapter != null) {
                AdapterFiles.checkBase(adapter, weights);
            }
            FoldedModel folded = new FoldedModel(weights, lora, arena);
            LlamaConfig config = folded.unties ? weights.config.withTied(false) : weights.config;
            GgufForm chosen = form == null ? GgufForm.keeping(usual(weights)) : form;
            Map<String, GgufValue> metadata = metadata(model, adapter, config, chosen);
            Map<String, TensorInfo> plan = plan(config, chosen);
            write(out, metadata, plan, new Source(weights, folded, config), progress);
            Map<String, Integer> counts = new TreeMap<>();
            plan.values().forEach(info -> counts.merge(info.dtype().name(), 1, Integer::sum));
            long bytes = plan.values().stream().mapToLong(TensorInfo::bytes).sum();
            List<String> notes = Stream
                    .concat(weights.notes.stream(), lora == null ? Stream.empty() : lora.notes().stream())
                    .toList();
            return new Report(chosen, counts, bytes, notes);
        }
    }

    /// Where the weights are from.
    ///
    /// @param config of the result
    private record Source(LlamaWeights weights, FoldedModel folded, LlamaConfig config) {
        RowConversion.Rows rows(String name) {
            FoldedModel.Rows rows = folded.rows(name);
            return GgufNames.isReordered(name)
                    ? new RowConversion.Rows(rows::read, rows.count, rows.length, config.headDim(),
                            row -> GgufNames.rowInCheckpoint(row, config))
                    : new RowConversion.Rows(rows::read, rows.count, rows.length);
        }
    }

    /// Bytes that [#write] needs besides the mapped weights, without an adapter.
    public static Program.Memory memory(LlamaConfig config) {
        return new Program.Memory(0, 0, RowConversion.memoryBytes(longest(config)));
    }

    /// Elements of what is converted at once: a row, or a head's rows.
    static long longest(LlamaConfig config) {
        long attention = (long) config.heads() * config.headDim();
        return Math.max(Math.max(config.hiddenDim(), attention), (long) config.headDim() * config.dim());
    }

    static void checkNew(Path out) throws IOException {
        if (Files.exists(out)) {
            throw new IOException(out + ": is there already; choose another name or remove it");
        }
        Path parent = out.toAbsolutePath().getParent();
        if (!Files.isDirectory(parent)) {
            throw new IOException(parent + ": no such directory");
        }
    }

    /// The type of the first layer's queries: that of the matrices.
    private static DType usual(LlamaWeights weights) {
        return weights.infos()
                .stream()
                .filter(info -> GgufNames.isReordered(info.name()))
                .findFirst()
                .orElseThrow()
                .dtype();
    }

    private static Map<String, GgufValue> metadata(Path model, Path adapter, LlamaConfig config, GgufForm form)
            throws IOException {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", GgufValue.of("llama"));
        metadata.put("general.type", GgufValue.of("model"));
        Path named = (adapter == null ? model : adapter).toAbsolutePath().normalize();
        metadata.put("general.name", GgufValue.of(named.getFileName().toString()));
        metadata.putAll(GgufOrigin.values(named));
        metadata.put("general.file_type", GgufValue.of(form.number));
        metadata.put("general.quantization_version", GgufValue.of(2));
        metadata.putAll(GgufConfig.values(config));
        metadata.putAll(GgufTexts.values(model, adapter, config));
        return metadata;
    }

    /// The tensors of the file, by their names in the checkpoint.
    private static Map<String, TensorInfo> plan(LlamaConfig config, GgufForm form) {
        Map<String, TensorInfo> plan = new LinkedHashMap<>();
        if (config.ropeScaling() != null) {
            plan.put(GgufNames.ROPE_DIVISORS,
                    new TensorInfo(GgufNames.ROPE_DIVISORS, DType.F32, Shape.of(config.headDim() / 2)));
        }
        for (TensorInfo weight : weights(config)) {
            String name = GgufNames.inFile(weight.name());
            int layer = name.startsWith("blk.") ? Integer.parseInt(name.split("\\.")[1]) : -1;
            DType type = form.type(name, weight.shape(), layer, config.layers(), config.tied());
            plan.put(weight.name(), new TensorInfo(name, type, weight.shape()));
        }
        return plan;
    }

    /// A model's weights by the checkpoint's names, in F32: the table of tokens, the layers, the norm, the head.
    static List<TensorInfo> weights(LlamaConfig config) {
        Map<String, TensorInfo> layers = new LinkedHashMap<>();
        Parameters parameters = (name, dims) -> {
            layers.put(name, new TensorInfo(name, DType.F32, Shape.of(dims)));
            return Leaf.weight(name, DType.F32, dims);
        };
        Llama.of(config, parameters, Llama.Wrap.NONE);
        List<TensorInfo> all = new ArrayList<>();
        all.add(layers.remove(Llama.EMBEDDING));
        all.addAll(layers.values());
        return all;
    }

    private static void write(Path out, Map<String, GgufValue> metadata, Map<String, TensorInfo> plan, Source source,
            ByteProgress progress) throws IOException {
        long total = plan.values().stream().mapToLong(TensorInfo::bytes).sum();
        long[] done = new long[1];
        try (GgufWriter writer = GgufWriter.create(out, metadata, List.copyOf(plan.values()));
                Arena arena = Arena.ofConfined();
                RowConversion conversion = new RowConversion(longest(source.config))) {
            for (Map.Entry<String, TensorInfo> tensor : plan.entrySet()) {
                String name = tensor.getValue().name();
                RowConversion.Sink sink = bytes -> {
                    writer.append(name, bytes);
                    done[0] += bytes.byteSize();
                    progress.at(done[0], total);
                };
                source.weights.checkpoint.verifyUnchanged();
                if (name.equals(GgufNames.ROPE_DIVISORS)) {
                    sink.take(Tensor.of(arena, tensor.getValue().shape(), RopeDivisors.of(source.config)).data());
                } else {
                    convert(conversion, source, tensor.getKey(), tensor.getValue().dtype(), sink);
                }
            }
            writer.finish();
        }
    }

    private static void convert(RowConversion conversion, Source source, String name, DType type,
            RowConversion.Sink sink) throws IOException {
        try {
            conversion.run(source.rows(name), type, sink);
        } catch (ArithmeticException e) {
            throw new IOException(source.weights.directory + ": \"" + name + "\": " + e.getMessage(), e);
        }
    }
}
