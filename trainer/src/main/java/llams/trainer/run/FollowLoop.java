package llams.trainer.run;

import java.util.List;
import java.util.Map;
import llams.trainer.data.DataLoader;
import llams.trainer.optim.Schedule;

/// The steps of a run at a worker that is not the first: it does its share of what [TrainLoop] does there, and writes
/// nothing.
final class FollowLoop {
    private final TrainingRun run;
    private final TrainSettings settings;
    private final MicroBatches batches;
    private final Trainer trainer;
    private final Evaluator evaluator;
    private final List<MicroBatch> heldOut;
    private final Workers workers;
    private Lowest lowest;

    FollowLoop(TrainingRun run, DataLoader loader, Trainer trainer, Lowest lowest) {
        this.run = run;
        this.settings = run.settings;
        this.batches = new MicroBatches(run.data, settings, loader);
        this.trainer = trainer;
        this.evaluator = trainer.evaluator(run.model.evalModel());
        this.heldOut = run.heldOut == null ? List.of() : MicroBatch.all(run.heldOut, settings.batch());
        this.workers = trainer.workers();
        this.lowest = lowest;
    }

    /// Makes the steps from `start` on.
    ///
    /// @return the last step made; null if there was none
    TrainingRun.Report run(int start, int total) {
        Schedule schedule = new Schedule(settings.schedule(), settings.learningRate(), settings.warmup(), total);
        TrainingRun.Report report = null;
        for (int step = start; step < total && !endsEarly(); step++) {
            double rate = schedule.rate(step);
            Trainer.Step made = trainer.step(batches.of(batches.next()), rate, step, settings.accumulate());
            double evalLoss = workers.decided(false) ? heldOutLoss(step) : Double.NaN;
            report = new TrainingRun.Report(step, total, made.loss(), rate, made.gradientNorm(), made.countedTokens(),
                    made.tokens(), Double.NaN, Double.NaN, evalLoss, Map.of());
            boolean stops = workers.any(run.stopping) && !report.isLast() && !endsEarly();
            if (workers.decided(false)) {
                trainer.gather().close();
            }
            if (stops) {
                return report;
            }
        }
        trainer.gather().close();
        run.completed();
        return report;
    }

    private boolean endsEarly() {
        return lowest.ends(run.watch.patience());
    }

    private double heldOutLoss(int step) {
        if (heldOut.isEmpty()) {
            return Double.NaN;
        }
        double loss = evaluator.measure(heldOut, () -> false).loss();
        lowest = lowest.with(loss, step + 1);
        return loss;
    }
}
