package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import llams.engine.llama.LlamaWeights;
import picocli.CommandLine.Option;

/// In what form a model's weights are used.
final class WeightsOption {
    enum Form {
        stored,
        q8
    }

    @Option(
            names = "--weights",
            paramLabel = "FORM",
            defaultValue = "stored",
            description = "stored: as they are in the file; q8: quantized to Q8_0 while loading, as 'llams quantize' would, for less"
                    + " memory and faster generation (default: ${DEFAULT-VALUE}).")
    Form form;

    /// Opens a model with its weights in this form.
    ///
    /// @throws IllegalStateException if weights that would have to be made do not fit into memory
    LlamaWeights open(Path model) throws IOException {
        if (form == Form.stored) {
            return LlamaWeights.open(model);
        }
        LlamaWeights weights = LlamaWeights.openQuantized(model);
        if (weights.allocatedBytes() > Memory.machineBytes()) {
            long bytes = weights.allocatedBytes();
            weights.close();
            throw new IllegalStateException("the quantized weights need " + Memory.text(bytes) + " of memory, and the machine has "
                    + Memory.text(Memory.machineBytes()) + "; what would help: 'llams quantize', whose result is mapped from its file");
        }
        return weights;
    }
}
