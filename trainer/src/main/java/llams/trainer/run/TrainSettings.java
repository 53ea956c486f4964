package llams.trainer.run;

import llams.model.lora.LoraConfig;
import llams.trainer.optim.Optimizer;
import llams.trainer.optim.Schedule;

/// What a fine-tuning run is asked to do, apart from its model, data and place.
///
/// @param lora       the adapter to train, or null to train every weight
/// @param tokens     of one sequence, at most
/// @param batch      sequences of a micro-batch
/// @param accumulate micro-batches of a step
/// @param steps      how many; 0 to go by `epochs`
/// @param epochs     passes over the data, if `steps` is 0
/// @param pack       false: one document a sequence
/// @param evalEvery  steps between measurements of the evaluation data; 0 for the end only
/// @param saveEvery  what lies between two saves; a run that saves also saves its last step, so that it can be made
///                   longer
/// @param keep       saves to keep, the newest
/// @param recompute  true to make activations again in the backward pass instead of keeping them
public record TrainSettings(LoraConfig lora, int tokens, int batch, int accumulate, int steps, double epochs,
        double learningRate, Schedule.Kind schedule, int warmup, Optimizer optimizer, int seed, boolean pack,
        int evalEvery, SaveEvery saveEvery, int keep, boolean recompute) {
    /// What a product of decimal fractions may exceed the whole number that it stands for.
    private static final double ROUNDING = 1e-12;

    /// @throws IllegalArgumentException if a number is out of its range, naming the option
    public TrainSettings {
        atLeast("--tokens", tokens, 2);
        atLeast("--batch", batch, 1);
        atLeast("--accumulate", accumulate, 1);
        atLeast("--steps", steps, 0);
        atLeast("--warmup", warmup, 0);
        atLeast("--eval-every", evalEvery, 0);
        atLeast("--keep", keep, 1);
        if (steps == 0 && !(epochs > 0 && epochs < 1e9)) {
            throw new IllegalArgumentException("--epochs must be above 0, not " + epochs);
        }
        if (!(learningRate >= 0 && Double.isFinite(learningRate))) {
            throw new IllegalArgumentException("--lr must be 0 or more, not " + learningRate);
        }
    }

    /// The same with saves by the number of steps.
    ///
    /// @param saveEvery steps between saves; 0 for none
    public TrainSettings(LoraConfig lora, int tokens, int batch, int accumulate, int steps, double epochs,
            double learningRate, Schedule.Kind schedule, int warmup, Optimizer optimizer, int seed, boolean pack,
            int evalEvery, int saveEvery, int keep, boolean recompute) {
        this(lora, tokens, batch, accumulate, steps, epochs, learningRate, schedule, warmup, optimizer, seed, pack,
                evalEvery, SaveEvery.steps(saveEvery), keep, recompute);
    }

    private static void atLeast(String option, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(option + " must be at least " + least + ", not " + value);
        }
    }

    /// Steps of one pass over `sequences` sequences; the last has what is left over.
    public int stepsPerEpoch(int sequences) {
        return (int) Math.ceilDiv((long) sequences, (long) batch * accumulate);
    }

    /// Steps of the whole run over `sequences` sequences.
    public int totalSteps(int sequences) {
        return steps > 0 ? steps : (int) Math.max(1, Math.ceil(epochs * stepsPerEpoch(sequences) * (1 - ROUNDING)));
    }
}
