package llams.cli;

import llams.engine.tensor.DType;
import llams.trainer.optim.Optimizer;
import picocli.CommandLine.Option;

/// In how many bytes training keeps what it changes.
final class OptimizerOptions {
    enum Name {
        adamw, adamw8bit
    }

    enum TrainDtype {
        f32(DType.F32), bf16(DType.BF16);

        final DType dtype;

        TrainDtype(DType dtype) {
            this.dtype = dtype;
        }
    }

    @Option(
            names = "--optimizer",
            paramLabel = "NAME",
            description = "adamw; adamw8bit: its two running means in 8 bits, a quarter of their memory (default:"
                    + " ${DEFAULT-VALUE}).")
    Name name = Name.adamw;

    @Option(
            names = "--train-dtype",
            paramLabel = "DTYPE",
            description = "The type in which --method full keeps the weights: f32; bf16: half their memory, rounded"
                    + " stochastically (default: ${DEFAULT-VALUE}).")
    TrainDtype trainDtype = TrainDtype.f32;

    @Option(
            names = "--clip",
            paramLabel = "NORM",
            description = "Clip the gradient of a step to this norm; 0: no limit, and with --method full and --accumulate"
                    + " 1 memory for one gradient at a time (default: ${DEFAULT-VALUE}).")
    double clip = Optimizer.standard().clip();

    /// An optimizer with these options.
    Optimizer of(Optimizer other) {
        return other.withClip(clip).withEightBit(name == Name.adamw8bit).withWeights(trainDtype.dtype);
    }
}
