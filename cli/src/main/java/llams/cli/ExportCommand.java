package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.ModelDirectory;
import llams.model.convert.GgufAdapter;
import llams.model.convert.GgufExport;
import llams.model.convert.GgufForm;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams export`: a model in another program's format.
@Command(
        name = "export",
        description = "Write a model for other programs.",
        subcommands = ExportCommand.GgufCommand.class)
final class ExportCommand implements Runnable {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which format? gguf");
    }

    /// `llams export gguf`
    @Command(
            name = "gguf",
            description = {"Write a model as one GGUF file, for llama.cpp, Ollama and others.",
                    "Tokenizer and chat template are in the file. q8_0 and the smaller ones are quantized bit for bit as"
                            + " by llama-quantize; q4_k_m is its mix of 4 and 6 bits."},
            footer = {"", "Examples:", "  llams export gguf -m model --out model.gguf",
                    "  llams export gguf -m model --adapter tuned --type q4_k_m --out t.gguf",
                    "  llams export gguf -m model --adapter tuned --adapter-only --out a.gguf"})
    static final class GgufCommand implements Callable<Integer> {
        enum Type {
            f32(GgufForm.F32), f16(GgufForm.F16), bf16(GgufForm.BF16), q8_0(GgufForm.Q8_0), q4_0(GgufForm.Q4_0),
            q4_k_m(GgufForm.Q4_K_M), q6_k(GgufForm.Q6_K);

            final GgufForm form;

            Type(GgufForm form) {
                this.form = form;
            }
        }

        @ParentCommand
        ExportCommand export;

        @Spec
        CommandSpec spec;

        @Option(
                names = {"-m", "--model"},
                paramLabel = "DIR",
                required = true,
                description = "Required: the model's directory.")
        Path model;

        @Option(names = "--out", paramLabel = "FILE", required = true, description = "Required: the new file.")
        Path out;

        @Option(
                names = {"--type", "--dtype"},
                paramLabel = "TYPE",
                description = "Type of the matrices: f32, f16, bf16, q8_0, q4_0, q4_k_m or q6_k (default: the model's"
                        + " own).")
        Type type;

        @Option(names = "--adapter", paramLabel = "DIR", description = "Fold this LoRA adapter into the weights.")
        Path adapter;

        @Option(
                names = "--adapter-only",
                description = "Write just the adapter, for llama.cpp's --lora, with the model as its base.")
        boolean adapterOnly;

        @Option(names = "--json", description = "Print one JSON object.")
        boolean json;

        @Override
        public Integer call() throws IOException {
            ModelDirectory.check(model);
            return adapterOnly ? adapter() : model();
        }

        private int adapter() throws IOException {
            if (adapter == null || type != null) {
                throw new ParameterException(spec.commandLine(),
                        "--adapter-only needs --adapter, and has no --type: adapters are F32");
            }
            GgufAdapter.Report report = GgufAdapter.write(model, adapter, out);
            if (json) {
                ObjectNode object = JsonNodeFactory.instance.objectNode();
                object.put("out", out.toString()).put("modules", report.modules()).put("bytes", report.bytes());
                report.notes().forEach(object.putArray("notes")::add);
                export.console.out.println(object);
                return Console.DONE;
            }
            export.console.out.printf(Locale.ROOT, "%s: an adapter for %d modules, %s%n", out, report.modules(),
                    MachineMemory.text(report.bytes()));
            report.notes().forEach(note -> export.console.out.println("note: " + note));
            return Console.DONE;
        }

        private int model() throws IOException {
            Console console = export.console;
            MachineMemory.check(GgufExport.memory(ConfigJson.read(model)), 0, "a machine with more memory");
            GgufExport.Report report;
            try (ByteMeter progress = new ByteMeter(console.err, "exporting")) {
                report = GgufExport.write(model, adapter, out, type == null ? null : type.form, progress);
            }
            if (json) {
                ObjectNode object = JsonNodeFactory.instance.objectNode();
                object.put("out", out.toString()).put("type", report.form().text()).put("bytes", report.bytes());
                ObjectNode tensors = object.putObject("tensors");
                report.tensors().forEach(tensors::put);
                report.notes().forEach(object.putArray("notes")::add);
                console.out.println(object);
                return Console.DONE;
            }
            console.out.printf(Locale.ROOT, "%s: %s, %s (%s)%n", out, report.form().text(),
                    MachineMemory.text(report.bytes()), counts(report.tensors()));
            report.notes().forEach(note -> console.out.println("note: " + note));
            return Console.DONE;
        }

        private static String counts(Map<String, Integer> tensors) {
            return tensors.entrySet()
                    .stream()
                    .map(count -> count.getValue() + " tensors " + count.getKey())
                    .collect(Collectors.joining(", "));
        }
    }
}
