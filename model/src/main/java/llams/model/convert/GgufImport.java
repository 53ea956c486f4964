package llams.model.convert;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import llams.engine.gguf.GgufConfig;
import llams.engine.gguf.GgufException;
import llams.engine.gguf.GgufFile;
import llams.engine.gguf.GgufNames;
import llams.engine.io.AtomicFiles;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.model.card.ModelCard;
import llams.model.card.Parent;
import llams.model.files.ByteProgress;
import llams.model.files.GgufText;
import llams.model.files.ModelFiles;
import llams.model.files.OutputDirectory;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Makes a Hugging Face directory of a GGUF file: weights, config, tokenizer, chat template. Floats come out as they
/// were; blocks are decoded, and rounded once if the result is narrower than F32.
public final class GgufImport {
    /// What was done.
    ///
    /// @param dtype  of the matrices
    /// @param wide   number of tensors that stayed F32, because that type would have changed them
    /// @param bytes  of all tensors
    /// @param files  beside the weights
    /// @param notes  about the file, a line each
    public record Report(DType dtype, int wide, long bytes, List<String> files, List<String> notes) {}

    private final GgufFile file;
    private final LlamaConfig config;

    private GgufImport(GgufFile file) throws IOException {
        this.file = file;
        config = GgufConfig.read(file);
    }

    /// Writes the model in `gguf` to a new directory.
    ///
    /// @param out   must not exist, or be empty; it appears when all is done
    /// @param dtype F32, BF16 or F16; null for the type of the file's own matrices, and BF16 if they are blocks
    /// @throws IOException if the file is no Llama model, has a tokenizer of another kind, or `out` cannot be written;
    ///                     says which
    public static Report write(Path gguf, Path out, DType dtype, ByteProgress progress) throws IOException {
        OutputDirectory.check(out);
        try (GgufFile file = GgufFile.open(gguf)) {
            return new GgufImport(file).write(out, dtype, progress);
        }
    }

    private Report write(Path out, DType asked, ByteProgress progress) throws IOException {
        List<String> notes = new ArrayList<>();
        Map<String, Tensor> tensors = tensors(notes);
        DType dtype = asked == null ? usual(tensors) : asked;
        Map<String, TensorInfo> plan = new LinkedHashMap<>();
        int wide = 0;
        for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
            boolean isWide = asked == null && tensor.getValue().dtype() == DType.F32
                    && !holds(dtype, tensor.getValue());
            wide += isWide ? 1 : 0;
            plan.put(tensor.getKey(),
                    new TensorInfo(tensor.getKey(), isWide ? DType.F32 : dtype, tensor.getValue().shape()));
        }
        GgufText text = GgufText.isIn(file.metadata) ? GgufText.read(file.metadata) : null;
        try (OutputDirectory output = OutputDirectory.create(out)) {
            convert(output.path(), tensors, plan, progress);
            List<String> files = writeTexts(output.path(), text, dtype);
            card(tensors, dtype).write(output.path());
            files.add(ModelFiles.CARD);
            output.commit();
            long bytes = plan.values().stream().mapToLong(TensorInfo::bytes).sum();
            return new Report(dtype, wide, bytes, files, notes);
        }
    }

    /// The model's weights by the checkpoint's names, with the file's order of rows.
    private Map<String, Tensor> tensors(List<String> notes) throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        List<String> unused = new ArrayList<>(file.entries.keySet());
        unused.remove(GgufNames.ROPE_DIVISORS);
        for (TensorInfo weight : GgufExport.weights(config)) {
            String name = GgufNames.inFile(weight.name());
            Tensor tensor = file.tensor(name);
            if (!tensor.shape().equals(weight.shape())) {
                throw new GgufException(file.path,
                        "\"" + name + "\" is " + tensor.shape() + "; its keys ask for " + weight.shape());
            }
            if (!tensor.dtype().isGgmlBlocks() && !tensor.dtype().isWeight()) {
                throw new GgufException(file.path, "\"" + name + "\" is " + tensor.dtype() + ", no type of weights");
            }
            tensors.put(weight.name(), tensor);
            unused.remove(name);
        }
        if (!unused.isEmpty()) {
            notes.add(unused.size() + " tensors are not used, as the model has no such part: " + unused.getFirst()
                    + (unused.size() > 1 ? " and others" : ""));
        }
        return tensors;
    }

    private ModelCard card(Map<String, Tensor> tensors, DType dtype) throws IOException {
        Set<DType> blocks = new TreeSet<>();
        tensors.values().stream().map(Tensor::dtype).filter(DType::isQuantized).forEach(blocks::add);
        String decoded = blocks.isEmpty()
                ? ""
                : " Its matrices were " + String.join(", ", blocks.stream().map(DType::name).toList())
                        + ", and are decoded" + (dtype == DType.F32 ? "." : " and rounded to " + dtype + ".");
        return ModelCard.of(ModelCard.Kind.CONVERTED, "gguf", "A GGUF file's model in Hugging Face's form." + decoded,
                Parent.of("original", file.path));
    }

    private static DType usual(Map<String, Tensor> tensors) {
        for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
            if (GgufNames.isReordered(tensor.getKey())) {
                return tensor.getValue().dtype().isQuantized() ? DType.BF16 : tensor.getValue().dtype();
            }
        }
        throw new IllegalStateException("a model has queries");
    }

    /// Whether a type holds every value of an F32 tensor as it is.
    private static boolean holds(DType dtype, Tensor tensor) {
        for (long i = 0; i < tensor.elements() && dtype != DType.F32; i++) {
            float value = tensor.getFloat(i);
            float held = dtype == DType.BF16
                    ? BFloat16.toFloat(BFloat16.fromFloat(value))
                    : Float.float16ToFloat(Float.floatToFloat16(value));
            if (Float.floatToIntBits(held) != Float.floatToIntBits(value)) {
                return false;
            }
        }
        return true;
    }

    private void convert(Path directory, Map<String, Tensor> tensors, Map<String, TensorInfo> plan,
            ByteProgress progress) throws IOException {
        long total = plan.values().stream().mapToLong(TensorInfo::bytes).sum();
        long[] done = new long[1];
        try (SafetensorsWriter writer = SafetensorsWriter.model(directory, List.copyOf(plan.values()), Map.of(),
                SafetensorsWriter.DEFAULT_SHARD_BYTES);
                RowConversion conversion = new RowConversion(GgufExport.longest(config))) {
            for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
                String name = tensor.getKey();
                file.verifyUnchanged();
                try {
                    conversion.run(rows(name, tensor.getValue()), plan.get(name).dtype(), bytes -> {
                        writer.append(name, bytes);
                        done[0] += bytes.byteSize();
                        progress.at(done[0], total);
                    });
                } catch (ArithmeticException e) {
                    throw new IOException(file.path + ": \"" + GgufNames.inFile(name) + "\": " + e.getMessage(), e);
                }
            }
            writer.finish();
        }
    }

    private RowConversion.Rows rows(String name, Tensor tensor) {
        int length = Math.toIntExact(tensor.shape().dim(-1));
        long count = tensor.shape().rank() == 1 ? 1 : tensor.shape().dim(0);
        RowConversion.Source source = (part, row, rows) -> part.read(tensor, row * length, rows * length);
        return GgufNames.isReordered(name)
                ? new RowConversion.Rows(source, count, length, config.headDim(),
                        row -> GgufNames.rowInFile(row, config))
                : new RowConversion.Rows(source, count, length);
    }

    private List<String> writeTexts(Path directory, GgufText text, DType dtype) throws IOException {
        List<String> files = new ArrayList<>(List.of("config.json", "generation_config.json"));
        LlamaConfig.Metadata metadata = config.metadata().withDtype(name(dtype));
        write(directory, "config.json", ConfigJson.text(config.withMetadata(metadata)));
        ObjectNode generation = JsonNodeFactory.instance.objectNode();
        if (metadata.bos() >= 0) {
            generation.put("bos_token_id", metadata.bos());
        }
        metadata.eos().forEach(generation.putArray("eos_token_id")::add);
        write(directory, "generation_config.json", generation.toPrettyString() + "\n");
        if (text != null) {
            text.tokenizer().writeJson(directory.resolve("tokenizer.json"));
            text.tokenizer().writeConfig(directory.resolve("tokenizer_config.json"));
            files.addAll(List.of("tokenizer.json", "tokenizer_config.json"));
        }
        if (text != null && text.template() != null) {
            write(directory, "chat_template.jinja", text.template());
            files.add("chat_template.jinja");
        }
        return files;
    }

    /// As `torch_dtype` has it.
    static String name(DType dtype) {
        return switch (dtype) {
            case BF16 -> "bfloat16";
            case F16 -> "float16";
            default -> "float32";
        };
    }

    private static void write(Path directory, String name, String text) throws IOException {
        AtomicFiles.write(directory.resolve(name), text.getBytes(StandardCharsets.UTF_8));
    }
}
