package llams.trainer.measure;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import llams.engine.device.Device;
import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.DType;
import llams.trainer.optim.Optimizer;
import llams.trainer.run.Distilled;
import llams.trainer.run.Forecast;
import llams.trainer.run.NextToken;
import llams.trainer.run.TrainSettings;

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
    /// A measurement ends when steps have not become faster by more than a noise, and Java has compiled next to nothing,
    /// for so long and so often, or when it takes too long.
    private static final double STEADY_SECONDS = 5;
    private static final int STEADY_STEPS = 4;
    private static final double NOISE = 0.05;
    /// Of a step's time.
    private static final double COMPILING = 0.1;
    private static final double MOST_SECONDS = 30;
    private static final int FEWEST_TOKENS = 64;

    /// Knows how fast a step is, or finds it out.
    @FunctionalInterface
    interface Speeds {
        SpeedProfile.Speed of(Workload.Step step) throws IOException;
    }

    public double step(int accumulate) {
        return accumulate * pass + update;
    }

    /// What a step of these settings will take.
    ///
    /// @param dtype   of frozen weights
    /// @param tokens  of a sequence, on average
    /// @param counted share of them that the loss counts
    /// @param profile what is known of this machine; what is measured is added to it
    /// @return null if even a smaller step does not fit into the memory that is free
    public static StepTime of(Device device, LlamaConfig config, DType dtype, TrainSettings settings, int tokens,
            double counted, SpeedProfile profile) throws IOException {
        boolean isTaught = settings.objective() instanceof Distilled;
        TrainSettings measured = (isTaught ? settings.withObjective(new NextToken()) : settings).withTokens(tokens);
        Workload.Step whole = new Workload.Step(config, dtype, measured, counted);
        StepTime alone = of(whole, step -> profile.speed(step, () -> measure(device, step)));
        return alone != null && settings.objective() instanceof Distilled taught && taught.teacher() != null
                ? alone.beside(
                        new Workload.Step(taught.teacher().config(), dtype, measured, counted).flops() / whole.flops())
                : alone;
    }

    /// With the forward pass of another model in every pass.
    ///
    /// @param size of that model, in parts of this one
    private StepTime beside(double size) {
        return new StepTime(pass + size * forward, update, forward + size * forward, warmup);
    }

    static StepTime of(Workload.Step asked, Speeds speeds) throws IOException {
        int accumulate = asked.settings().accumulate();
        // With micro-batches to accumulate, an update is never made within the backward pass.
        Optimizer optimizer = asked.settings().optimizer();
        Workload.Step whole = asked.with(asked.settings()
                .withOptimizer(accumulate > 1 ? optimizer.withClip(1) : optimizer)
                .withBatch(asked.settings().batch(), 1));
        int batch = whole.settings().batch();
        Workload.Step fewer = whole.withRows(Math.clamp((long) (batch * MOST_FLOPS / whole.flops()), 1, batch));
        double rows = (double) batch / fewer.settings().batch();
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
        return new StepTime(pass, update, pass * whole.forwardPasses() / whole.passes(), one.warmup());
    }

    /// A large model's step from two with fewer layers: one, and as many as cost what the head costs.
    private static SpeedProfile.Speed fromLayers(Workload.Step whole, Speeds speeds) throws IOException {
        double layer = whole.withLayers(2).flops() - whole.withLayers(1).flops();
        double head = whole.withLayers(1).flops() - layer;
        int layers = Math.clamp(Math.round(1 + head / layer), 2, Math.max(2, whole.config().layers()));
        int tokens = whole.settings().tokens();
        while (tokens / 2 >= FEWEST_TOKENS && whole.withLayers(layers).withTokens(tokens).flops() > MOST_FLOPS) {
            tokens /= 2;
        }
        Workload.Step large = whole.withLayers(layers).withTokens(tokens);
        if (!fits(large)) {
            return null;
        }
        SpeedProfile.Speed first = speeds.of(large.withLayers(1));
        double more = (speeds.of(large).seconds() - first.seconds()) / (layers - 1);
        double measured = first.seconds() + Math.max(0, more) * (whole.config().layers() - 1);
        return new SpeedProfile.Speed(measured * whole.flops() / whole.withTokens(tokens).flops(), first.warmup());
    }

    private static boolean fits(Workload.Step step) {
        return step.memory().total() < Forecast.machineBytes() / 3;
    }

    private static SpeedProfile.Speed measure(Device device, Workload.Step step) {
        List<Double> times = new ArrayList<>();
        double fastest = Double.POSITIVE_INFINITY;
        int steady = 0;
        try (Arena arena = Arena.ofShared(); Workload.Running running = step.start(device, arena)) {
            double sinceFaster = 0;
            double all = 0;
            while ((sinceFaster < STEADY_SECONDS || times.size() - steady < STEADY_STEPS) && all < MOST_SECONDS) {
                double compiled = compilerSeconds();
                long before = System.nanoTime();
                running.run();
                double seconds = (System.nanoTime() - before) * 1e-9;
                if (seconds < fastest * (1 - NOISE) || compilerSeconds() - compiled > COMPILING * seconds) {
                    fastest = Math.min(fastest, seconds);
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

    /// That Java has compiled for since it started; 0 if it compiles nothing.
    private static double compilerSeconds() {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        return compiler == null ? 0 : compiler.getTotalCompilationTime() * 1e-3;
    }
}
