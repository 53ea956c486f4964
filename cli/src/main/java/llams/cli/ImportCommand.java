package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.engine.tensor.DType;
import llams.model.convert.GgufImport;
import llams.model.convert.PthImport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams import`: a model from another program's format.
@Command(
        name = "import",
        description = "Make a model directory of another program's files.",
        subcommands = {ImportCommand.GgufCommand.class, ImportCommand.PthCommand.class})
final class ImportCommand implements Runnable {
    enum Type {
        f32(DType.F32), f16(DType.F16), bf16(DType.BF16);

        final DType dtype;

        Type(DType dtype) {
            this.dtype = dtype;
        }
    }

    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which format? gguf or pth");
    }

    /// `llams import gguf`
    @Command(
            name = "gguf",
            description = {"Make a Hugging Face directory of a GGUF file.",
                    "Weights that are F32, F16 or BF16 keep their values; quantized ones are decoded."},
            footer = {"", "Example:", "  llams import gguf model.gguf --out model"})
    static final class GgufCommand implements Callable<Integer> {
        @ParentCommand
        ImportCommand parent;

        @Parameters(index = "0", paramLabel = "FILE", description = "The GGUF file.")
        Path file;

        @Option(
                names = "--out",
                paramLabel = "DIR",
                required = true,
                description = "Required: a new directory for the model.")
        Path out;

        @Option(
                names = "--dtype",
                paramLabel = "TYPE",
                description = "Type of the weights: f32, f16 or bf16 (default: the file's, and bf16 if it is quantized).")
        Type dtype;

        @Option(names = "--json", description = "Print one JSON object.")
        boolean json;

        @Override
        public Integer call() throws IOException {
            Console console = parent.console;
            GgufImport.Report report;
            try (ByteMeter progress = new ByteMeter(console.err, "importing")) {
                report = GgufImport.write(file, out, dtype == null ? null : dtype.dtype, progress);
            }
            if (json) {
                ObjectNode object = JsonNodeFactory.instance.objectNode();
                object.put("out", out.toString())
                        .put("dtype", report.dtype().name())
                        .put("bytes", report.bytes())
                        .put("tensorsInF32", report.wide());
                report.files().forEach(object.putArray("files")::add);
                report.notes().forEach(object.putArray("notes")::add);
                console.out.println(object);
                return Console.DONE;
            }
            console.out.printf(Locale.ROOT, "%s: %s, %s%n", out, report.dtype(), MachineMemory.text(report.bytes()));
            if (report.wide() > 0) {
                console.out.println(report.wide() + " tensors stay F32, as their values are no " + report.dtype());
            }
            console.out.println("beside the weights: " + String.join(", ", report.files()));
            report.notes().forEach(note -> console.out.println("note: " + note));
            return Console.DONE;
        }
    }

    /// `llams import pth`
    @Command(
            name = "pth",
            description = {"Make a Hugging Face directory of a model as Meta publishes it.",
                    "The directory has consolidated.00.pth, perhaps more shards, params.json and tokenizer.model. No code"
                            + " in these files is executed; a file with anything but tensors in it is refused."},
            footer = {"", "Example:", "  llams import pth Llama3.2-1B --out model"})
    static final class PthCommand implements Callable<Integer> {
        @ParentCommand
        ImportCommand parent;

        @Parameters(index = "0", paramLabel = "DIR", description = "Meta's directory.")
        Path directory;

        @Option(
                names = "--out",
                paramLabel = "DIR",
                required = true,
                description = "Required: a new directory for the model.")
        Path out;

        @Option(names = "--json", description = "Print one JSON object.")
        boolean json;

        @Override
        public Integer call() throws IOException {
            Console console = parent.console;
            PthImport.Report report;
            try (ByteMeter progress = new ByteMeter(console.err, "importing")) {
                report = PthImport.write(directory, out, progress);
            }
            if (json) {
                ObjectNode object = JsonNodeFactory.instance.objectNode();
                object.put("out", out.toString())
                        .put("dtype", report.dtype().name())
                        .put("shards", report.shards())
                        .put("bytes", report.bytes());
                report.files().forEach(object.putArray("files")::add);
                console.out.println(object);
                return Console.DONE;
            }
            console.out.printf(Locale.ROOT, "%s: %s, %s, from %d %s%n", out, report.dtype(),
                    MachineMemory.text(report.bytes()), report.shards(), report.shards() == 1 ? "file" : "files");
            console.out.println("beside the weights: " + String.join(", ", report.files()));
            return Console.DONE;
        }
    }
}
