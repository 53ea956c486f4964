package llams.trainer.measure;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import llams.engine.device.Device;
import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.DType;
import llams.model.lora.LoraConfig;
import llams.trainer.run.Forecast;
import llams.trainer.run.MicroBatch;
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
            return passes * rows * (2.0 * tokens * RandomModel.multipliedWeights(config)
                    + RandomModel.attentionFlops(config, tokens));
        }

        private Workload.Step step() {
            return lora == null
                    ? new Workload.FullStep(config, rows, tokens, recompute)
                    : new Workload.LoraStep(config, dtype, lora, rows, tokens, recompute);
        }
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
        Probe fewer = whole.withRows(Math.clamp((long) (whole.rows * MOST_FLOPS / whole.flops()), 1, whole.rows));
        double rows = (double) whole.rows / fewer.rows;
        SpeedProfile.Speed one = fewer.flops() <= MOST_FLOPS && fits(fewer)
                ? profile.speed(fewer, () -> measure(device, fewer))
                : fromLayers(device, fewer, profile);
        if (one == null) {
            return null;
        }
        // Of a step that was measured whole the update is known apart where it counts.
        double update = 0;
        if (settings.accumulate() > 1 && fewer.flops() <= MOST_FLOPS / 2 && fits(fewer)) {
            Probe two = fewer.withMicroBatches(2);
            double both = profile.speed(two, () -> measure(device, two)).seconds();
            update = Math.clamp(2 * one.seconds() - both, 0, one.seconds() / 2);
        }
        double pass = (one.seconds() - update) * rows;
        double share = 1 / ((settings.lora() == null ? 3.0 : 2.0) + (settings.recompute() ? 1 : 0));
        return new StepTime(pass, update, pass * share, one.warmup());
    }

    /// A large model's step from two with fewer layers: one, and as many as cost what the head costs.
    private static SpeedProfile.Speed fromLayers(Device device, Probe whole, SpeedProfile profile) throws IOException {
        double head = 2.0 * whole.config.vocab() * whole.config.dim();
        double layer = whole.withLayers(2).flops() - whole.withLayers(1).flops();
        int layers = Math.clamp(Math.round(1 + head * whole.tokens * 3 / layer), 2, Math.max(2, whole.config.layers()));
        Probe many = whole.withLayers(layers);
        int tokens = whole.tokens;
        while (tokens / 2 >= FEWEST_TOKENS && many.withTokens(tokens).flops() > MOST_FLOPS) {
            tokens /= 2;
        }
        Probe large = many.withTokens(tokens);
        Probe small = large.withLayers(1);
        if (!fits(large)) {
            return null;
        }
        SpeedProfile.Speed first = profile.speed(small, () -> measure(device, small));
        double more = profile.speed(large, () -> measure(device, large)).seconds() - first.seconds();
        double measured = first.seconds() + Math.max(0, more) / (layers - 1) * (whole.config.layers() - 1);
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
