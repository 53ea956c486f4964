package llams.model.lora;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import llams.engine.io.AtomicFiles;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.SafetensorsFile;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.files.NonFinite;

/// Adapters in PEFT's format: a directory with `adapter_config.json` and `adapter_model.safetensors`.
public final class AdapterFiles {
    public static final String CONFIG = "adapter_config.json";
    public static final String WEIGHTS = "adapter_model.safetensors";
    private static final String FINGERPRINT = "llams.base_fingerprint";
    private static final String CONTENT = "llams.base_content";
    private static final Pattern HUB_NAME = Pattern.compile("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*");
    private static final int SHOWN = 5;

    private AdapterFiles() {}

    /// What an adapter is for the most part; see [LoraLayout#usual].
    ///
    /// @throws IOException as [#read]
    public static LoraConfig config(Path directory) throws IOException {
        return layout(directory).usual();
    }

    /// The form of an adapter, from its tensors' names and its config's rules; no model is needed.
    ///
    /// @throws IOException as [#read]
    public static LoraLayout layout(Path directory) throws IOException {
        PeftConfig config = peft(directory);
        Set<String> modules = new TreeSet<>();
        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve(WEIGHTS))) {
            for (String name : file.entries().keySet()) {
                for (String end : List.of(Adapter.A, Adapter.TOKENS_A)) {
                    if (name.startsWith(Adapter.PREFIX) && name.endsWith(end)) {
                        modules.add(name.substring(Adapter.PREFIX.length(), name.length() - end.length()));
                    }
                }
            }
        }
        return layout(directory, config, modules);
    }

    /// The base model's name or path, as the adapter has it.
    public static String baseModel(Path directory) throws IOException {
        String base = peft(directory).base();
        return base == null ? "its name is not recorded" : base;
    }

    private static PeftConfig peft(Path directory) throws IOException {
        Path config = directory.resolve(CONFIG);
        if (!Files.exists(config)) {
            throw new IOException(directory + ": there is no " + CONFIG + "; an adapter is a directory with " + CONFIG
                    + " and " + WEIGHTS);
        }
        return PeftConfig.read(config);
    }

    private static LoraLayout layout(Path directory, PeftConfig config, Iterable<String> modules) throws IOException {
        try {
            return config.rules().layout(modules);
        } catch (IllegalArgumentException e) {
            throw new IOException(directory.resolve(CONFIG) + ": " + e.getMessage(), e);
        }
    }

    /// A hash of an adapter's weights, as 32 hexadecimal digits.
    public static String fingerprint(Path directory) throws IOException {
        return BaseFingerprint.ofFile(directory.resolve(WEIGHTS));
    }

    /// Reads an adapter of any element type into memory, and checks that it is for `base`.
    ///
    /// @throws IOException if a file is missing or damaged, asks for something that is not supported, or is for another
    ///                     model; says which
    public static Adapter read(Path directory, LlamaWeights base, Arena arena) throws IOException {
        PeftConfig config = peft(directory);
        LoraLayout layout = layout(directory, config, Modules.of(base.config)).on(base.config);
        Path weights = directory.resolve(WEIGHTS);
        if (!Files.exists(weights) && Files.exists(directory.resolve("adapter_model.bin"))) {
            throw new IOException(directory + ": adapter_model.bin is a Python pickle, which this program does not"
                    + " run; save the adapter as " + WEIGHTS);
        }
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            AdapterTensors form = new AdapterTensors(layout, base.config);
            Map<String, Shape> wanted = form.stored();
            checkTensors(file, wanted, form.beside());
            form.checkCopies(file, base);
            checkBase(file, FINGERPRINT, config, base);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, Shape> entry : wanted.entrySet()) {
                tensors.put(entry.getKey(), form.read(arena, entry.getKey(), file.tensor(entry.getKey())));
            }
            return new Adapter(layout, Collections.unmodifiableMap(tensors), config.base(),
                    notes(directory, config, base.config));
        }
    }

    private static List<String> notes(Path directory, PeftConfig config, LlamaConfig model) throws IOException {
        List<String> notes = new ArrayList<>(config.notes());
        try {
            for (String unused : config.rules().unused(model)) {
                notes.add(directory.resolve(CONFIG) + ": " + unused + " matches nothing in this model");
            }
        } catch (IllegalArgumentException e) {
            throw new IOException(directory.resolve(CONFIG) + ": " + e.getMessage(), e);
        }
        return List.copyOf(notes);
    }

    /// Compares every byte of a base model with the one that the adapter was trained on; [#read] compares only a
    /// sample.
    ///
    /// @throws IOException if it is another model
    public static void checkBase(Path directory, LlamaWeights base) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve(WEIGHTS))) {
            checkBase(file, CONTENT, peft(directory), base);
        }
    }

    /// @param beside tensors that may be there too
    private static void checkTensors(SafetensorsFile file, Map<String, Shape> wanted, Map<String, Shape> beside)
            throws IOException {
        List<String> problems = new ArrayList<>();
        for (String name : file.entries().keySet()) {
            Shape shape = file.entries().get(name).info().shape();
            if (beside.containsKey(name) && !beside.get(name).equals(shape)) {
                problems.add("\"" + name + "\" is " + shape + ", but this model asks for " + beside.get(name));
            }
            if (!wanted.containsKey(name) && !beside.containsKey(name)) {
                problems.add(
                        "\"" + name + "\" does not belong to an adapter that " + CONFIG + " describes for this model");
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
            } else if (NonFinite.count(file.tensor(entry.getKey())) > 0) {
                problems.add("\"" + entry.getKey() + "\": " + NonFinite.count(file.tensor(entry.getKey())) + " of "
                        + entry.getValue().elements() + " values are infinite or NaN");
            }
        }
        if (!problems.isEmpty()) {
            int shown = Math.min(SHOWN, problems.size());
            String more = problems.size() > shown ? "; and " + (problems.size() - shown) + " more" : "";
            throw new IOException(file.path + ": " + String.join("; ", problems.subList(0, shown)) + more);
        }
    }

    private static void checkBase(SafetensorsFile file, String key, PeftConfig config, LlamaWeights base)
            throws IOException {
        String recorded = file.metadata().get(key);
        if (recorded != null && !BaseFingerprint.isOf(recorded, base)) {
            String actual = key.equals(CONTENT) ? BaseFingerprint.ofContent(base) : BaseFingerprint.of(base.checkpoint);
            throw new IOException(file.path + ": this adapter was trained on a base model of fingerprint " + recorded
                    + ", but " + base.directory + " has " + actual + "; use it with the model it was trained on ("
                    + (config.base() == null ? "its name is not recorded" : config.base()) + ")");
        }
    }

    /// Writes an adapter into an existing directory, the weights before the config that makes them one.
    ///
    /// @param form    says what the adapter looks like; its own tensors do not count
    /// @param tensors the adapter's, F32, by PEFT's names; others in the map are left out
    /// @throws IOException              if the directory cannot be written to
    /// @throws IllegalArgumentException if a tensor is missing
    public static void write(Path directory, Adapter form, Map<String, Tensor> tensors, LlamaWeights base)
            throws IOException {
        write(directory, form, tensors, base, BaseFingerprint.ofBoth(base));
    }

    /// The same without reading the base's weights, which may have changed meanwhile.
    ///
    /// @param fingerprint what [BaseFingerprint#ofBoth] gave when the adapter began to be trained
    public static void write(Path directory, Adapter form, Map<String, Tensor> tensors, LlamaWeights base,
            String fingerprint) throws IOException {
        Map<String, Tensor> own = new LinkedHashMap<>();
        for (Map.Entry<String, Shape> entry : Adapter.shapes(form.layout(), base.config).entrySet()) {
            Tensor tensor = tensors.get(entry.getKey());
            if (tensor == null || tensor.dtype() != DType.F32 || !tensor.shape().equals(entry.getValue())) {
                throw new IllegalArgumentException(
                        "the adapter's \"" + entry.getKey() + "\" must be F32 " + entry.getValue() + ", not "
                                + (tensor == null ? "absent" : tensor.dtype() + " " + tensor.shape()));
            }
            own.put(entry.getKey(), tensor);
        }
        String[] parts = fingerprint.split(" ");
        try (Arena arena = Arena.ofConfined()) {
            // Always in the same order, so that equal adapters are equal bytes.
            SafetensorsWriter.writeFile(directory.resolve(WEIGHTS),
                    new AdapterTensors(form.layout(), base.config).written(arena, own),
                    new TreeMap<>(Map.of(FINGERPRINT, parts[0], CONTENT, parts[1])));
        }
        AtomicFiles.write(directory.resolve(CONFIG),
                PeftWriter.write(form.layout(), base.config, baseName(form, base)));
    }

    /// A name on the hub, if the adapter was read with one; else the path from the root, which holds wherever the
    /// adapter is used from.
    private static String baseName(Adapter form, LlamaWeights base) {
        boolean isHubName = form.base() != null && HUB_NAME.matcher(form.base()).matches()
                && !Files.exists(Path.of(form.base()));
        return isHubName ? form.base() : base.directory.toAbsolutePath().normalize().toString();
    }
}
