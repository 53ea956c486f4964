package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.model.create.QuantizedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams quantize`: a model with smaller weights.
@Command(
        name = "quantize",
        description = {"Quantize a model's weights to 8 bits.",
                "Embedding, output head and projections become Q8_0, GGML's blocks of 32 values with one"
                        + " scale; norms keep their type. Only this program reads the result: generate, chat, eval,"
                        + " info, and 'train --method lora' as its frozen base."},
        footer = {"", "Example:", "  llams quantize -m model --out model-q8"})
final class QuantizeCommand implements Callable<Integer> {
    enum Type {
        q8_0
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
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "q8_0",
            description = "Type of the weights: q8_0 (default).")
    Type dtype;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        MachineMemory.check(QuantizedModel.memory(model), 0,
                "a machine with more memory: the largest matrix is quantized as a whole");
        QuantizedModel.Report report;
        try (ByteMeter progress = new ByteMeter(console.err, "quantizing")) {
            report = QuantizedModel.write(model, out, progress);
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
            console.out.println(
                    "not quantized, because their rows are not multiples of 32: " + String.join(", ", report.kept()));
        }
        if (!report.files().isEmpty()) {
            console.out.println("also copied: " + String.join(", ", report.files()));
        }
        report.notes().forEach(note -> console.out.println("note: " + note));
        return Console.DONE;
    }
}
