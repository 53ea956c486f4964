package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import llams.engine.device.Options;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.Quantization;
import picocli.CommandLine.Option;

/// In what form a model's weights are used.
final class WeightsOption {
    enum Form {
        stored(null), q8(Quantization.Q8_0), nf4(Quantization.NF4);

        /// Null for weights as they are stored.
        final Quantization quantization;

        Form(Quantization quantization) {
            this.quantization = quantization;
        }
    }

    @Option(
            names = "--weights",
            paramLabel = "FORM",
            defaultValue = "stored",
            description = "stored: as they are in the file; q8, nf4: quantized to Q8_0 or NF4 while loading, as"
                    + " 'llams quantize' would, for less memory and faster generation (default: ${DEFAULT-VALUE}).")
    Form form;

    @Option(
            names = "--no-map",
            description = "Load the weights into memory instead of mapping their files, which others may be writing to.")
    boolean copy;

    /// Opens a model with its weights in this form.
    ///
    /// @throws IllegalStateException if weights that would be in memory do not fit into it
    LlamaWeights open(Path model, Options options) throws IOException {
        LlamaWeights mapped = LlamaWeights.open(model, form.quantization, true, options);
        long bytes = mapped.allocatedBytes() + (copy ? mapped.checkpoint.bytes() : 0);
        if (bytes > MachineMemory.machineBytes()) {
            mapped.close();
            throw new IllegalStateException("the weights need " + MachineMemory.text(bytes)
                    + " of memory, but the machine has " + MachineMemory.text(MachineMemory.machineBytes()) + "; try "
                    + (copy ? "it without --no-map" : "'llams quantize', whose result is mapped from its file"));
        }
        if (!copy) {
            return mapped;
        }
        mapped.close();
        return LlamaWeights.open(model, form.quantization, false, options);
    }
}
