package llams.trainer.measure;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import llams.engine.device.Device;
import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.DType;
import llams.engine.preference.Preference;
import llams.model.lora.LoraConfig;
import llams.trainer.run.Distilled;
import llams.trainer.run.Forecast;
import llams.trainer.run.MicroBatch;
import llams.trainer.run.NextToken;
import llams.trainer.run.Objective;
import llams.trainer.run.Preferred;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.Trainer;

/// What a training step will take on this machine: measured on random weights with a few steps of the same shape, or of
/// a smaller one if the step is large, and remembered.
///
/// @param pass    seconds of forward and backward over one micro-batch
/// @param update  seconds of the update
/// @param forward seconds of a micro-batch of held-out data
/// @param warmup  seconds that the first steps of a process take in addition, while their code is compiled
public record StepTime(double pass, double update, double forward, double warmup) {
    /// Additions and multiplications of the largest step that is measured as it is: a few seconds' worth.
    private static final double MOST_FLOPS = 4e11;
    /// A measurement ends when steps have not become faster by more than a noise for so long and so often, or when it
    /// takes too long.
    private static final double STEADY_SECONDS = 5;
    private static final int STEADY_STEPS = 4;
    private static final double NOISE = 0.05;
    private static final double MOST_SECONDS = 30;
    private static final int FEWEST_TOKENS = 64;
    private static final double RATE = 1e-5;

    /// A step to measure.
    ///
    /// @param dtype        of frozen weights
    /// @param lora         null to train every weight
    /// @param microBatches of a step
    record Probe(LlamaConfig config, DType dtype, LoraConfig lora, int rows, int tokens, boolean recompute,
            int microBatches) {
        Probe withRows(int fewer) {
            return new Probe(config, dtype, lora, fewer, tokens, recompute, microBatches);
        }

        Probe withTokens(int fewer) {
            return new Probe(config, dtype, lora, rows, fewer, recompute, microBatches);
        }

        Probe withLayers(int fewer) {
            LlamaConfig c = config;
            return new Probe(
                    new LlamaConfig(c.dim(), c.hiddenDim(), fewer, c.heads(), c.kvHeads(), c.headDim(), c.vocab(),
                            c.normEps(), c.ropeTheta(), c.ropeScaling(), c.maxPositions(), c.tied(), c.metadata()),
                    dtype, lora, rows, tokens, recompute, microBatches);
        }

        Probe withMicroBatches(int count) {
            return new Probe(config, dtype, lora, rows, tokens, recompute, count);
        }

        /// Of one micro-batch, roughly.
        double flops() {
            double passes = (lora == null ? 3 : 2) + (recompute ? 1 : 0);
            return passes * forwardFlops(config);
        }

        /// Of the forward pass of a model on as many tokens.
        private double forwardFlops(LlamaConfig c) {
            return rows * (2.0 * tokens * RandomModel.multipliedWeights(c) + RandomModel.attentionFlops(c, tokens));
        }

        /// Forward passes, in those of this model, of the model that it learns from beside the data.
        double beside(Objective objective) {
            return switch (objective) {
                case NextToken() -> 0;
                case Distilled taught ->
                    taught.teacher() == null ? 0 : forwardFlops(taught.teacher().config()) / forwardFlops(config);
                case Preferred(Preference method) -> method.hasReference() ? 1 : 0;
            };
        }

        private Workload.Step step() {
            return lora == null
                    ? new Workload.FullStep(config, rows, tokens, recompute)
                    : new Workload.LoraStep(config, dtype, lora, rows, tokens, recompute);
        }
    }

    /// Knows how fast a step is, or finds it out.
    @FunctionalInterface
    interface Speeds {
        SpeedProfile.Speed of(Probe probe) throws IOException;
    }

    public double step(int accumulate) {
        return accumulate * pass + update;
    }

    /// What a step of these settings will take.
    ///
    /// @param dtype   of frozen weights
    /// @param tokens  of a sequence, on average
    /// @param profile what is known of this machine; what is measured is added to it
    /// @return null if even a smaller step does not fit into the memory that is free
    public static StepTime of(Device device, LlamaConfig config, DType dtype, TrainSettings settings, int tokens,
            SpeedProfile profile) throws IOException {
        Probe whole = new Probe(config, dtype, settings.lora(), settings.batch(), tokens, settings.recompute(), 1);
        StepTime alone = of(whole, settings.accumulate(), probe -> profile.speed(probe, () -> measure(device, probe)));
        if (alone == null) {
            return null;
        }
        double beside = whole.beside(settings.objective()) * alone.forward;
        return new StepTime(alone.pass + beside, alone.update, alone.forward + beside, alone.warmup);
    }

    /// @param whole a step with one micro-batch
    static StepTime of(Probe whole, int accumulate, Speeds speeds) throws IOException {
        Probe fewer = whole.withRows(Math.clamp((long) (whole.rows * MOST_FLOPS / whole.flops()), 1, whole.rows));
        double rows = (double) whole.rows / fewer.rows;
        boolean isSmall = fewer.flops() <= MOST_FLOPS && fits(fewer);
        SpeedProfile.Speed one = isSmall ? speeds.of(fewer) : fromLayers(fewer, speeds);
        if (one == null) {
            return null;
        }
        // Where there is one micro-batch, nobody asks for the update apart; in a large step it is small.
        double update = accumulate > 1 && isSmall
                ? Math.clamp(2 * one.seconds() - speeds.of(fewer.withMicroBatches(2)).seconds(), 0, one.seconds() / 2)
                : 0;
        double pass = (one.seconds() - update) * rows;
        double share = 1 / ((whole.lora == null ? 3.0 : 2.0) + (whole.recompute ? 1 : 0));
        return new StepTime(pass, update, pass * share, one.warmup());
    }

    /// A large model's step from two with fewer layers: one, and as many as cost what the head costs.
    private static SpeedProfile.Speed fromLayers(Probe whole, Speeds speeds) throws IOException {
        double layer = whole.withLayers(2).flops() - whole.withLayers(1).flops();
        double head = whole.withLayers(1).flops() - layer;
        int layers = Math.clamp(Math.round(1 + head / layer), 2, Math.max(2, whole.config.layers()));
        int tokens = whole.tokens;
        while (tokens / 2 >= FEWEST_TOKENS && whole.withLayers(layers).withTokens(tokens).flops() > MOST_FLOPS) {
            tokens /= 2;
        }
        Probe large = whole.withLayers(layers).withTokens(tokens);
        if (!fits(large)) {
            return null;
        }
        SpeedProfile.Speed first = speeds.of(large.withLayers(1));
        double more = (speeds.of(large).seconds() - first.seconds()) / (layers - 1);
        double measured = first.seconds() + Math.max(0, more) * (whole.config.layers() - 1);
        return new SpeedProfile.Speed(measured * whole.flops() / whole.withTokens(tokens).flops(), first.warmup());
    }

    private static boolean fits(Probe probe) {
        return probe.step().memory().total() < Forecast.machineBytes() / 3;
    }

    private static SpeedProfile.Speed measure(Device device, Probe probe) {
        Workload.Step step = probe.step();
        List<Double> times = new ArrayList<>();
        double fastest = Double.POSITIVE_INFINITY;
        int steady = 0;
        try (Arena arena = Arena.ofShared(); Trainer trainer = step.trainer(device, arena)) {
            List<MicroBatch> batches = Collections.nCopies(probe.microBatches, step.batch());
            double sinceFaster = 0;
            double all = 0;
            while ((sinceFaster < STEADY_SECONDS || times.size() - steady < STEADY_STEPS) && all < MOST_SECONDS) {
                long before = System.nanoTime();
                trainer.step(batches, RATE, times.size());
                double seconds = (System.nanoTime() - before) * 1e-9;
                if (seconds < fastest * (1 - NOISE)) {
                    fastest = seconds;
                    steady = times.size();
                    sinceFaster = 0;
                }
                times.add(seconds);
                sinceFaster += seconds;
                all += seconds;
            }
        }
        double median = times.subList(steady, times.size()).stream().sorted().toList().get((times.size() - steady) / 2);
        double warmup = times.subList(0, steady).stream().mapToDouble(seconds -> Math.max(0, seconds - median)).sum();
        return new SpeedProfile.Speed(median, warmup);
    }
}
