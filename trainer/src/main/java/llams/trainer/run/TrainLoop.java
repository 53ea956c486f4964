package llams.trainer.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.trainer.data.DataLoader;
import llams.trainer.optim.Schedule;
import llams.trainer.watch.Machine;
import tools.jackson.databind.node.ObjectNode;

/// The steps of a run, one after the other: each trains, is measured if that is due, logged, and saved if that is due.
final class TrainLoop {
    private final TrainingRun run;
    private final TrainSettings settings;
    private final DataLoader loader;
    private final MicroBatches batches;
    private final Trainer trainer;
    private final Evaluator evaluator;
    private final List<MicroBatch> heldOut;
    private final RunOutput output;
    private final Saves saves;
    private final TrainingLog log;
    private final TrainingRun.Listener listener;
    /// Null if there are no samples.
    private final Samples.Writer samples;
    private final Watchers watchers;
    private final Workers workers;
    private long measured = System.nanoTime();
    /// What the newest step was trained on.
    private String data;

    TrainLoop(TrainingRun run, DataLoader loader, Trainer trainer, RunOutput output, Saves saves, TrainingLog log,
            TrainingRun.Listener listener, Watchers watchers) {
        this.run = run;
        this.watchers = watchers;
        this.workers = trainer.workers();
        this.settings = run.settings;
        this.loader = loader;
        this.batches = new MicroBatches(run.data, settings, loader);
        this.trainer = trainer;
        this.evaluator = trainer.evaluator(run.model.evalModel());
        this.heldOut = run.heldOut == null ? List.of() : MicroBatch.all(run.heldOut, settings.batch());
        this.output = output;
        this.saves = saves;
        this.log = log;
        this.listener = listener;
        this.samples = run.samples(trainer);
    }

    /// Makes the steps from `start` on, and writes the result after the last one.
    ///
    /// @return the last step made
    TrainingRun.Report run(int start, int total) throws IOException {
        Schedule schedule = new Schedule(settings.schedule(), settings.learningRate(), settings.warmup(), total);
        long tokens = log.tokens();
        double secondsBefore = log.elapsedSeconds();
        long began = System.nanoTime();
        TrainingRun.Report report = log.last(start, total);
        for (int step = start; step < total && !endsEarly(); step++) {
            long stepBegan = System.nanoTime();
            double rate = schedule.rate(step);
            Trainer.Step made = train(step, rate);
            saves.prove();
            tokens += made.tokens();
            double seconds = secondsSince(stepBegan);
            boolean isMeasured = workers.decided(isMeasured(step, total));
            Map<String, Double> measures = new LinkedHashMap<>(made.measures());
            double evalLoss = isMeasured ? heldOutLoss(step, measures) : Double.NaN;
            report = new TrainingRun.Report(step, total, made.loss(), rate, made.gradientNorm(), made.countedTokens(),
                    tokens, made.tokens() / seconds, secondsBefore + secondsSince(began), evalLoss, measures);
            ObjectNode row = log.write(report, data, made.gradients(), Machine.residentBytes(),
                    isMeasured && samples != null ? samples.write() : List.of());
            if (!Double.isNaN(evalLoss)) {
                output.measured(report);
            }
            if (isMeasured) {
                measured = System.nanoTime();
            }
            boolean ends = report.isLast() || endsEarly();
            boolean stops = workers.any(run.stopping) && !ends;
            boolean isSaved = workers.decided(!ends && (stops || output.isDue(step + 1)));
            if (isSaved) {
                save(step + 1, stops);
            }
            watchers.row(row, isMeasured || isSaved);
            listener.step(report);
            if (stops) {
                return report;
            }
        }
        try (Trainer.Gathered _ = trainer.gather()) {
            output.finish(report.step() + 1, loader.position());
        }
        run.completed();
        if (!report.isLast()) {
            listener.endsEarly(report.step() + 1);
        }
        return report;
    }

    private void save(int done, boolean isLast) throws IOException {
        try (Trainer.Gathered _ = trainer.gather()) {
            if (isLast) {
                output.save(done, loader.position());
            } else {
                output.saveIfPossible(done, loader.position());
            }
        }
    }

    private boolean endsEarly() {
        return output.lowest().ends(run.watch.patience());
    }

    private static double secondsSince(long nanos) {
        return (System.nanoTime() - nanos) * 1e-9;
    }

    private Trainer.Step train(int step, double rate) throws IOException {
        DataLoader.Position position = loader.position();
        int[] sequences = batches.next();
        List<MicroBatch> made = batches.of(sequences);
        data = StepReceipt.ofData(made);
        try {
            return trainer.step(made, rate, step, settings.accumulate());
        } catch (NonFiniteLossException e) {
            throw e.in(batches.documents(sequences, e.batch), saves.newest().orElse(null));
        } catch (UncheckedIOException e) {
            // The base's weights are not what they were; the step has changed nothing yet.
            throw output.abandoned(step, position, e.getCause());
        }
    }

    /// `evalRewardMargin`
    private static String evalName(String name) {
        return "eval" + Character.toUpperCase(name.charAt(0)) + name.substring(1);
    }

    private boolean isMeasured(int step, int total) {
        return step + 1 == total
                || settings.evalEvery().isDue(step + 1, Duration.ofNanos(System.nanoTime() - measured));
    }

    /// Whether the run was told to stop, and no decision of it rests on what is being measured.
    private boolean givesUpMeasuring() {
        return workers.isAlone() && run.stopping && run.watch.patience() == 0 && !run.watch.keepBest();
    }

    /// @param measures gets what else the objective says of the held-out data
    private double heldOutLoss(int step, Map<String, Double> measures) {
        if (heldOut.isEmpty()) {
            return Double.NaN;
        }
        double loss;
        try {
            Objective.Tally tally = evaluator.measure(heldOut, this::givesUpMeasuring);
            if (tally == null) {
                listener.note("no held-out loss after step " + (step + 1) + ": the run was told to stop");
                return Double.NaN;
            }
            loss = tally.loss();
            tally.measures().forEach((name, value) -> measures.put(evalName(name), value));
        } catch (UncheckedIOException e) {
            // The base's weights are not what they were. If there is another step, it ends the run; other workers wait
            // for what was measured.
            if (!workers.isAlone()) {
                throw e;
            }
            listener.note("no held-out loss after step " + (step + 1) + ": " + e.getCause().getMessage());
            return Double.NaN;
        }
        if (!Double.isFinite(loss)) {
            throw NonFiniteLossException.heldOut(step, loss, saves.newest().orElse(null));
        }
        return loss;
    }
}
