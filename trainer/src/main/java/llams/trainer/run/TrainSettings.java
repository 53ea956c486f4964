package llams.trainer.run;

import static llams.model.files.SettingException.atLeast;

import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.DType;
import llams.model.files.SettingException;
import llams.model.lora.LoraConfig;
import llams.trainer.optim.Optimizer;
import llams.trainer.optim.Schedule;

/// How to train, apart from the model, the data and the place of the result.
///
/// @param lora         the adapter to train, or null to train weights of the model itself
/// @param firstRow     0 to train every weight; else only the rows of embedding and head from this one on, those of new
///                     tokens
/// @param tokens       the most tokens of a sequence, or [#AUTO]
/// @param batch        sequences of a micro-batch
/// @param accumulate   micro-batches of a step, on all workers together
/// @param steps        how many; 0 to go by `epochs`
/// @param epochs       passes over the data, if `steps` is 0
/// @param learningRate the peak
/// @param warmup       steps over which the learning rate rises from 0, or [#AUTO]
/// @param seed         of the order of the data, new weights and dropout
/// @param pack         false: one document per sequence
/// @param evalEvery    what lies between two measurements of the held-out data; there is one after the last step too
/// @param saveEvery    what lies between two saves; a run that saves also saves its last step, so that it can be made
///                     longer
/// @param keep         saves to keep, the newest
/// @param recompute    true to compute activations again in the backward pass instead of keeping them
/// @param objective    what is minimised
/// @param neftune      strength of the noise on the vectors of tokens (NEFTune); 0 for none
/// @param summation    of the gradients of a step's micro-batches
public record TrainSettings(LoraConfig lora, int firstRow, int tokens, int batch, int accumulate, int steps,
        double epochs, double learningRate, Schedule.Shape schedule, int warmup, Optimizer optimizer, int seed,
        boolean pack, Interval evalEvery, Interval saveEvery, int keep, boolean recompute, Objective objective,
        double neftune, Summation summation) {
    /// For `tokens`: [#TOKENS], or the model's context if that is shorter. For `warmup`: [#WARMUP] steps, at most a
    /// tenth of the run.
    public static final int AUTO = Integer.MIN_VALUE;
    public static final int TOKENS = 2048;
    public static final int WARMUP = 100;
    /// What a product of decimal fractions may exceed the whole number that it stands for.
    private static final double ROUNDING = 1e-12;

    /// @throws SettingException if a number is out of its range
    public TrainSettings {
        atLeast("firstRow", 0, firstRow);
        SettingException.check(firstRow == 0 || lora == null, "firstRow", firstRow, "0 with an adapter");
        SettingException.check(optimizer.weights() == DType.F32 || lora == null && firstRow == 0, "trainDtype",
                optimizer.weights(), "F32, unless every weight is trained");
        atLeast("tokens", 2, tokens == AUTO ? TOKENS : tokens);
        atLeast("batch", 1, batch);
        atLeast("accumulate", 1, accumulate);
        atLeast("steps", 0, steps);
        atLeast("warmup", 0, warmup == AUTO ? WARMUP : warmup);
        atLeast("keep", 1, keep);
        SettingException.check(steps > 0 || epochs > 0 && epochs < 1e9, "epochs", epochs, "above 0");
        SettingException.check(neftune >= 0 && Double.isFinite(neftune), "neftuneAlpha", neftune, "0 or more");
        SettingException.check(lora != null || !objective.isOfPairs(), "lora", null, "set to train on pairs");
        SettingException.check(learningRate >= 0 && Double.isFinite(learningRate), "learningRate", learningRate,
                "0 or more");
    }

    /// One pass over the data with a LoRA adapter.
    public static TrainSettings standard() {
        return new TrainSettings(LoraConfig.standard(), 0, AUTO, 1, 1, 0, 1, 3e-4,
                Schedule.Shape.of(Schedule.Kind.COSINE), AUTO, Optimizer.standard(), 0, true, Interval.NEVER,
                Interval.OF_SAVES, 2, false, new NextToken(), 0, Summation.STANDARD);
    }

    /// The same for every weight of an existing model.
    public static TrainSettings full() {
        return newModel().withLearningRate(2e-5);
    }

    /// The same for every weight of a new model.
    public static TrainSettings newModel() {
        return standard().withLora(null);
    }

    /// The same for the rows of embedding and head from `first` on, those of new tokens.
    public static TrainSettings newTokens(int first) {
        return newModel().withFirstRow(first);
    }

    /// @param first 0 for every weight
    public TrainSettings withFirstRow(int first) {
        return new TrainSettings(lora, first, tokens, batch, accumulate, steps, epochs, learningRate, schedule, warmup,
                optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, objective, neftune, summation);
    }

    public TrainSettings withLora(LoraConfig adapter) {
        return new TrainSettings(adapter, 0, tokens, batch, accumulate, steps, epochs, learningRate, schedule, warmup,
                optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, objective, neftune, summation);
    }

    public TrainSettings withTokens(int most) {
        return new TrainSettings(lora, firstRow, most, batch, accumulate, steps, epochs, learningRate, schedule, warmup,
                optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, objective, neftune, summation);
    }

    /// @param sequences    of a micro-batch
    /// @param microBatches of a step
    public TrainSettings withBatch(int sequences, int microBatches) {
        return new TrainSettings(lora, firstRow, tokens, sequences, microBatches, steps, epochs, learningRate, schedule,
                warmup, optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, objective, neftune, summation);
    }

    public TrainSettings withSteps(int count) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, count, epochs, learningRate, schedule,
                warmup, optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, objective, neftune, summation);
    }

    public TrainSettings withEpochs(double passes) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, 0, passes, learningRate, schedule, warmup,
                optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, objective, neftune, summation);
    }

    public TrainSettings withLearningRate(double peak) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, peak, schedule, warmup,
                optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, objective, neftune, summation);
    }

    public TrainSettings withSchedule(Schedule.Kind kind, int warmupSteps) {
        return withSchedule(Schedule.Shape.of(kind), warmupSteps);
    }

    public TrainSettings withSchedule(Schedule.Shape kind, int warmupSteps) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, learningRate, kind,
                warmupSteps, optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, objective, neftune,
                summation);
    }

    public TrainSettings withOptimizer(Optimizer other) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, learningRate, schedule,
                warmup, other, seed, pack, evalEvery, saveEvery, keep, recompute, objective, neftune, summation);
    }

    public TrainSettings withSeed(int number) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, learningRate, schedule,
                warmup, optimizer, number, pack, evalEvery, saveEvery, keep, recompute, objective, neftune, summation);
    }

    public TrainSettings withPack(boolean shared) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, learningRate, schedule,
                warmup, optimizer, seed, shared, evalEvery, saveEvery, keep, recompute, objective, neftune, summation);
    }

    public TrainSettings withEvalEvery(Interval interval) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, learningRate, schedule,
                warmup, optimizer, seed, pack, interval, saveEvery, keep, recompute, objective, neftune, summation);
    }

    public TrainSettings withSaves(Interval every, int kept) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, learningRate, schedule,
                warmup, optimizer, seed, pack, evalEvery, every, kept, recompute, objective, neftune, summation);
    }

    public TrainSettings withRecompute(boolean again) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, learningRate, schedule,
                warmup, optimizer, seed, pack, evalEvery, saveEvery, keep, again, objective, neftune, summation);
    }

    public TrainSettings withObjective(Objective other) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, learningRate, schedule,
                warmup, optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, other, neftune, summation);
    }

    public TrainSettings withNeftune(double alpha) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, learningRate, schedule,
                warmup, optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, objective, alpha, summation);
    }

    public TrainSettings withSummation(Summation sum) {
        return new TrainSettings(lora, firstRow, tokens, batch, accumulate, steps, epochs, learningRate, schedule,
                warmup, optimizer, seed, pack, evalEvery, saveEvery, keep, recompute, objective, neftune, sum);
    }

    /// The same for each of several workers, whose micro-batches make the steps together.
    ///
    /// @throws SettingException if the micro-batches of one are not a subtree of the sum
    public TrainSettings onEachOf(int workers) {
        if (workers == 1) {
            return this;
        }
        SettingException.check(Integer.bitCount(accumulate) == 1, "accumulate", accumulate,
                "1, 2, 4, 8 or another power of two with several workers");
        return withBatch(batch, Math.multiplyExact(accumulate, workers))
                .withSummation(new Summation(Summation.Order.PAIRWISE, workers));
    }

    /// Whether the moments of each parameter are with one worker, which updates it: those of an adapter are small.
    boolean areMomentsShared() {
        return summation.workers() > 1 && lora == null;
    }

    /// Whether parameters are updated within the backward pass, which saves the memory of most gradients: where every
    /// weight is trained, without a clip and without micro-batches to accumulate.
    public boolean isFused() {
        return lora == null && firstRow == 0 && accumulate == 1 && optimizer.clip() == 0;
    }

    /// Whether micro-batches are about as large as each other: their sequences are packed.
    boolean isOfOneSize() {
        return pack && !objective.isOfPairs();
    }

    /// With `tokens` as a model allows them.
    ///
    /// @throws SettingException if a sequence is longer than that, or there are no rows to train
    public TrainSettings forModel(LlamaConfig config) {
        SettingException.check(firstRow < config.vocab(), "firstRow", firstRow,
                "below " + config.vocab() + " (vocab_size)");
        if (objective instanceof Distilled taught) {
            SettingException.check(taught.count() <= config.vocab(), "teacherTop", taught.count(),
                    "at most " + config.vocab() + " (vocab_size)");
        }
        TrainSettings known = tokens == AUTO ? withTokens(Math.min(TOKENS, config.maxPositions())) : this;
        SettingException.check(known.tokens <= config.maxPositions(), "tokens", tokens,
                "at most " + config.maxPositions() + " (max_position_embeddings)");
        return known;
    }

    /// With the warm-up and the decay of a run over `sequences` sequences.
    TrainSettings forData(int sequences) {
        int total = totalSteps(sequences);
        return withSchedule(schedule.forRun(total), warmup == AUTO ? Math.min(WARMUP, total / 10) : warmup);
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
