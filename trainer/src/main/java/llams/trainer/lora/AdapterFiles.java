package llams.trainer.lora;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.llama.LlamaWeights;
import llams.engine.safetensors.AtomicFiles;
import llams.engine.safetensors.SafetensorsFile;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// Adapters as PEFT keeps them: a directory with `adapter_config.json` and `adapter_model.safetensors`.
public final class AdapterFiles {
    public static final String CONFIG = "adapter_config.json";
    public static final String WEIGHTS = "adapter_model.safetensors";
    private static final String FINGERPRINT = "llams.base_fingerprint";
    private static final int SHOWN = 5;

    private AdapterFiles() {
    }

    /// What an adapter looks like, without its tensors.
    ///
    /// @throws IOException as [#read]
    public static LoraConfig config(Path directory) throws IOException {
        return PeftConfig.read(directory.resolve(CONFIG));
    }

    /// The base model's name or path, as the adapter has it.
    public static String baseModel(Path directory) throws IOException {
        return PeftConfig.baseModel(directory.resolve(CONFIG));
    }

    /// A hash of an adapter's weights, as 32 hexadecimal digits.
    public static String fingerprint(Path directory) throws IOException {
        return BaseFingerprint.ofFile(directory.resolve(WEIGHTS));
    }

    /// Reads an adapter into memory, whatever its element type, and checks that it is one for `base`.
    ///
    /// @throws IOException if a file is missing or damaged, asks for something that is not supported, or is for another
    ///                     model; says which
    public static Adapter read(Path directory, LlamaWeights base, Arena arena) throws IOException {
        Path config = directory.resolve(CONFIG);
        if (!Files.exists(config)) {
            throw new IOException(directory + ": there is no " + CONFIG + "; an adapter is a directory with " + CONFIG + " and "
                    + WEIGHTS);
        }
        LoraConfig lora = PeftConfig.read(config);
        Path weights = directory.resolve(WEIGHTS);
        if (!Files.exists(weights) && Files.exists(directory.resolve("adapter_model.bin"))) {
            throw new IOException(directory + ": adapter_model.bin is a Python pickle, which this program does not run; save the"
                    + " adapter as " + WEIGHTS);
        }
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            Map<String, Shape> wanted = Adapter.shapes(lora, base.config);
            checkTensors(file, wanted);
            checkBase(file, base);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, Shape> entry : wanted.entrySet()) {
                tensors.put(entry.getKey(), widened(arena, file.tensor(entry.getKey())));
            }
            return new Adapter(lora, Collections.unmodifiableMap(tensors));
        }
    }

    private static void checkTensors(SafetensorsFile file, Map<String, Shape> wanted) throws IOException {
        List<String> problems = new ArrayList<>();
        for (String name : file.entries().keySet()) {
            if (!wanted.containsKey(name)) {
                problems.add("\"" + name + "\" is not of an adapter that " + CONFIG + " describes for this model");
            }
        }
        for (Map.Entry<String, Shape> entry : wanted.entrySet()) {
            SafetensorsFile.Entry found = file.entries().get(entry.getKey());
            if (found == null) {
                problems.add("\"" + entry.getKey() + "\" " + entry.getValue() + " is missing");
            } else if (!found.info().shape().equals(entry.getValue())) {
                problems.add("\"" + entry.getKey() + "\" is " + found.info().shape() + ", but " + CONFIG
                        + " and this model ask for " + entry.getValue());
            } else if (!found.info().dtype().isWeight()) {
                problems.add("\"" + entry.getKey() + "\" is " + found.info().dtype() + ", not F32, BF16 or F16");
            }
        }
        if (!problems.isEmpty()) {
            int shown = Math.min(SHOWN, problems.size());
            String more = problems.size() > shown ? "; and " + (problems.size() - shown) + " more" : "";
            throw new IOException(file.path + ": " + String.join("; ", problems.subList(0, shown)) + more);
        }
    }

    private static void checkBase(SafetensorsFile file, LlamaWeights base) throws IOException {
        String recorded = file.metadata().get(FINGERPRINT);
        if (recorded == null) {
            return;
        }
        String actual = BaseFingerprint.of(base.checkpoint);
        if (!BaseFingerprint.agree(recorded, actual)) {
            throw new IOException(file.path + ": this adapter was trained on a base model of fingerprint " + recorded + ", but "
                    + base.directory + " has " + actual + "; use it with the model it was trained on ("
                    + PeftConfig.baseModel(file.path.resolveSibling(CONFIG)) + ")");
        }
    }

    private static Tensor widened(Arena arena, Tensor tensor) {
        Tensor wide = Tensor.allocate(arena, DType.F32, tensor.shape());
        for (long i = 0; i < tensor.elements(); i++) {
            wide.setFloat(i, tensor.getFloat(i));
        }
        return wide;
    }

    /// Writes an adapter into an existing directory, the weights before the config that makes them one.
    ///
    /// @param tensors the adapter's, F32, by PEFT's names; others in the map are left out
    /// @throws IOException              if the directory cannot be written to
    /// @throws IllegalArgumentException if a tensor is missing
    public static void write(Path directory, LoraConfig config, Map<String, Tensor> tensors, LlamaWeights base)
            throws IOException {
        write(directory, config, tensors, base, BaseFingerprint.of(base.checkpoint));
    }

    /// The same without a look at the base's weights, which may have changed meanwhile.
    ///
    /// @param fingerprint of the base when the adapter began to be trained on it
    public static void write(Path directory, LoraConfig config, Map<String, Tensor> tensors, LlamaWeights base, String fingerprint)
            throws IOException {
        Map<String, Tensor> own = new LinkedHashMap<>();
        for (Map.Entry<String, Shape> entry : Adapter.shapes(config, base.config).entrySet()) {
            Tensor tensor = tensors.get(entry.getKey());
            if (tensor == null || tensor.dtype() != DType.F32 || !tensor.shape().equals(entry.getValue())) {
                throw new IllegalArgumentException("the adapter's \"" + entry.getKey() + "\" must be F32 " + entry.getValue()
                        + ", not " + (tensor == null ? "absent" : tensor.dtype() + " " + tensor.shape()));
            }
            own.put(entry.getKey(), tensor);
        }
        SafetensorsWriter.writeFile(directory.resolve(WEIGHTS), own,
                Map.of("format", "pt", FINGERPRINT, fingerprint));
        AtomicFiles.write(directory.resolve(CONFIG), PeftConfig.write(config, base.directory.toString()));
    }
}
