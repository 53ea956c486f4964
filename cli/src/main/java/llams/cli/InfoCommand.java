package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import llams.engine.gguf.GgufFile;
import llams.engine.graph.Leaf;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.KnownShapes;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.ModelDirectory;
import llams.engine.weights.Quantization;
import llams.model.files.ModelFiles;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraLayout;
import llams.model.lora.Modules;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams info`: what is in a model, an adapter or a weight file.
@Command(
        name = "info",
        description = {"Show a model's shape and tensors, and the memory it needs.",
                "For an adapter or a single .safetensors file, show what is in it; a GGUF file is a model. For a config.json, or the name of a"
                        + " published shape such as llama3.1-8b, show what a model in BF16 would need."},
        footer = {"", "Examples:", "  llams info model", "  llams info adapter_model.safetensors --json",
                "  llams info llama3.1-8b"})
final class InfoCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Parameters(
            paramLabel = "DIR_OR_FILE",
            description = "A model's or an adapter's directory, a GGUF or .safetensors file, a config.json or a shape's"
                    + " name.")
    Path path;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        ObjectNode report = JsonNodeFactory.instance.objectNode();
        List<String> text = new ArrayList<>();
        LlamaConfig shape = shape();
        if (shape != null) {
            model(shape, shape.metadata().eos(), report, text);
            new MemoryTable(shape, (name, dims) -> Leaf.weight(name, DType.BF16, dims), false).add(report, text);
        } else if (Files.exists(path.resolve("config.json")) || GgufFile.is(path)) {
            try (LlamaWeights weights = LlamaWeights.open(path)) {
                model(weights.config, ConfigJson.stopIds(weights.config, path), report, text);
                tensors(weights.checkpoint, quantized(weights), report, text);
                new MemoryTable(weights.config, weights.frozen(),
                        weights.isGguf() || weights.config.metadata().quantization() != null).add(report, text);
                weights.notes.forEach(report.putArray("notes")::add);
                weights.notes.forEach(note -> text.add("note        " + note));
            }
        } else {
            boolean adapter = Files.exists(path.resolve(AdapterFiles.CONFIG));
            if (adapter) {
                adapter(report, text);
            }
            try (Checkpoint checkpoint = adapter ? Checkpoint.open(path.resolve(AdapterFiles.WEIGHTS)) : weights()) {
                tensors(checkpoint, Map.of(), report, text);
            }
        }
        if (json) {
            console.out.println(report);
        } else {
            text.forEach(console.out::println);
        }
        return Console.DONE;
    }

    /// Weights without a config; what holds none is probably meant to be a model.
    private Checkpoint weights() throws IOException {
        try {
            return Checkpoint.open(path);
        } catch (IOException e) {
            if (!path.toString().endsWith(".safetensors")) {
                ModelDirectory.check(path);
            }
            throw e;
        }
    }

    /// The shape of a published model, or of a config file; null for a directory or weights.
    private LlamaConfig shape() throws IOException {
        String name = path.toString();
        return name.endsWith(".json") && Files.isRegularFile(path)
                ? ConfigJson.readFile(path)
                : Files.exists(path) ? null : KnownShapes.BY_NAME.get(name);
    }

    private void model(LlamaConfig c, List<Integer> stops, ObjectNode report, List<String> text) throws IOException {
        boolean tokenizer = ModelFiles.hasTokenizer(path);
        report.put("parameters", c.parameters()).put("tokenizer", tokenizer);
        stops.forEach(report.putArray("stopIds")::add);
        report.put("quantization", c.metadata().quantization());
        report.set("config", JsonMapper.shared().readTree(ConfigJson.text(c)));
        text.add(String.format(Locale.ROOT, "model       %s: llama, %,d parameters", path, c.parameters()));
        if (c.metadata().quantization() != null) {
            Quantization form = Quantization.of(c.metadata().quantization());
            text.add("quantized   " + form.method() + ": blocks of " + form.groupSize + " values of " + form.bits
                    + " bits and a scale");
        }
        text.add(String.format(Locale.ROOT,
                "shape       %d layers, width %d, feed-forward %d, %d heads of %d (%d for keys and values),"
                        + " vocabulary %d, %s",
                c.layers(), c.dim(), c.hiddenDim(), c.heads(), c.headDim(), c.kvHeads(), c.vocab(),
                c.tied() ? "output head tied to the embedding" : "separate output head"));
        text.add("positions   " + c.maxPositions() + ", rope theta " + (long) c.ropeTheta()
                + (c.ropeScaling() == null ? "" : ", llama3 scaling by " + c.ropeScaling().factor()));
        text.add("ids         begin " + (c.metadata().bos() < 0 ? "none" : c.metadata().bos()) + ", stop "
                + (stops.isEmpty() ? "none" : stops) + (tokenizer ? "" : "; no tokenizer"));
    }

    private void adapter(ObjectNode report, List<String> text) throws IOException {
        LoraLayout lora = AdapterFiles.layout(path);
        String base = AdapterFiles.baseModel(path);
        Map<LoraLayout.Part, List<String>> groups = new LinkedHashMap<>();
        ObjectNode modules = JsonNodeFactory.instance.objectNode();
        lora.parts().forEach((module, part) -> {
            groups.computeIfAbsent(part, key -> new ArrayList<>()).add(module);
            modules.putObject(module).put("rank", part.rank()).put("alpha", part.alpha()).put("scale", part.scale());
        });
        if (groups.size() == 1) {
            LoraLayout.Part all = groups.keySet().iterator().next();
            report.put("rank", all.rank()).put("alpha", all.alpha()).put("scale", all.scale());
        }
        report.put("base", base);
        targets(lora.parts().keySet()).forEach(report.putArray("targets")::add);
        report.set("modules", modules);
        groups.forEach((part,
                names) -> text.add("adapter     " + path + ": " + (lora.form().dora() ? "DoRA" : "LoRA") + " of rank "
                        + part.rank() + ", scale " + part.scale() + ", on " + String.join(", ", targets(names)) + ": "
                        + names.size() + " in all"));
        if (!lora.form().saved().isEmpty()) {
            lora.form().saved().forEach(report.putArray("saved")::add);
            text.add("trained     whole: " + String.join(", ", lora.form().saved()));
        }
        text.add("base        " + base);
    }

    /// The short names of what the modules are, whatever their layers.
    private static List<String> targets(Collection<String> modules) {
        Stream<String> projections = Stream.of(ProjectionName.values())
                .filter(name -> modules.stream().anyMatch(module -> module.endsWith("." + name.path)))
                .map(ProjectionName::shortName);
        return Stream.concat(projections, Modules.ENDS.stream().filter(modules::contains)).toList();
    }

    /// Weights whose bytes in the file stand for others.
    private static Map<String, TensorInfo> quantized(LlamaWeights weights) {
        Map<String, TensorInfo> quantized = new LinkedHashMap<>();
        for (TensorInfo info : weights.infos()) {
            if (!info.dtype().isInSafetensors()) {
                quantized.put(info.name(), info);
            }
        }
        return quantized;
    }

    /// Tensors that differ only in their layer stand in one line.
    private static void tensors(Checkpoint checkpoint, Map<String, TensorInfo> quantized, ObjectNode report,
            List<String> text) throws IOException {
        ObjectNode all = report.putObject("tensors");
        Map<String, Long> bytesOfType = new TreeMap<>();
        Map<String, Integer> groups = new LinkedHashMap<>();
        long elements = 0;
        for (String name : checkpoint.names()) {
            TensorInfo info = quantized.getOrDefault(name, checkpoint.info(name));
            ObjectNode tensor = all.putObject(name).put("dtype", info.dtype().name());
            for (long dim : info.shape().dims()) {
                tensor.withArray("shape").add(dim);
            }
            elements += info.shape().elements();
            bytesOfType.merge(info.dtype().name(), info.bytes(), Long::sum);
            String line = String.format("  %s  %s %s",
                    VisibleStream.line(name).replaceFirst("\\.layers\\.\\d+\\.", ".layers.*."), info.dtype(),
                    info.shape());
            groups.merge(line, 1, Integer::sum);
        }
        report.put("elements", elements).put("bytes", checkpoint.bytes()).put("files", checkpoint.files.size());
        List<String> types = new ArrayList<>();
        bytesOfType.forEach((type, bytes) -> types.add(type + " " + MachineMemory.text(bytes)));
        text.add(String.format(Locale.ROOT, "tensors     %d with %,d elements in %d file%s: %s",
                checkpoint.names().size(), elements, checkpoint.files.size(), checkpoint.files.size() == 1 ? "" : "s",
                String.join(", ", types)));
        groups.forEach((line, count) -> text.add(count == 1 ? line : line + "  x" + count));
    }
}
