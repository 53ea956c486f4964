package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.engine.weights.Quantization;
import llams.model.create.QuantizedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams quantize`: a model with smaller weights.
@Command(
        name = "quantize",
        description = {"Quantize a model's weights to 8 or 4 bits.",
                "q8_0: embedding, output head and projections become GGML's blocks of 32 values with one scale."
                        + " nf4: projections become QLoRA's 4-bit values in blocks of 64, with 8-bit scales. All else"
                        + " keeps its type. Only this program reads the result: generate, chat, eval, info, and 'train"
                        + " --method lora' as its frozen base."},
        footer = {"", "Examples:", "  llams quantize -m model --out model-q8",
                "  llams quantize -m model --to nf4 --out model-nf4"})
final class QuantizeCommand implements Callable<Integer> {
    enum Type {
        q8_0(Quantization.Q8_0), nf4(Quantization.NF4);

        final Quantization form;

        Type(Quantization form) {
            this.form = form;
        }
    }

    @ParentCommand
    Console console;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "DIR",
            required = true,
            description = "Required: the model's directory.")
    Path model;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Required: a new directory for the result.")
    Path out;

    @Option(
            names = {"--to", "--dtype"},
            paramLabel = "TYPE",
            defaultValue = "q8_0",
            description = "Type of the weights: q8_0 (default) or nf4.")
    Type dtype;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        MachineMemory.check(QuantizedModel.memory(model, dtype.form), 0,
                "a machine with more memory: the largest matrix is quantized as a whole");
        QuantizedModel.Report report;
        try (ByteMeter progress = new ByteMeter(console.err, "quantizing")) {
            report = QuantizedModel.write(model, out, dtype.form, progress);
        }
        if (json) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            object.put("out", out.toString())
                    .put("dtype", dtype.name())
                    .put("quantized", report.quantized())
                    .put("bytes", report.bytes())
                    .put("bytesBefore", report.before());
            report.kept().forEach(object.putArray("kept")::add);
            report.files().forEach(object.putArray("files")::add);
            report.notes().forEach(object.putArray("notes")::add);
            console.out.println(object);
            return Console.DONE;
        }
        console.out.printf(Locale.ROOT, "%s: %d matrices quantized, %s instead of %s%n", out, report.quantized(),
                MachineMemory.text(report.bytes()), MachineMemory.text(report.before()));
        if (!report.kept().isEmpty()) {
            console.out.println((dtype == Type.q8_0
                    ? "not quantized, because their rows are not multiples of 32: "
                    : "not quantized: ") + String.join(", ", report.kept()));
        }
        if (!report.files().isEmpty()) {
            console.out.println("also copied: " + String.join(", ", report.files()));
        }
        report.notes().forEach(note -> console.out.println("note: " + note));
        return Console.DONE;
    }
}
