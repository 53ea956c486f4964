package llams.trainer.demo;

import java.util.List;
import llams.trainer.run.TrainingRun;

/// The losses of one training.
///
/// @param training one per step
/// @param heldOut  those that were measured
record LossCurve(String name, List<Double> training, List<HeldOut> heldOut) {
    /// @param step after which it was measured
    record HeldOut(int step, double loss) {}

    void add(TrainingRun.Report report) {
        training.add(report.loss());
        if (!Double.isNaN(report.evalLoss())) {
            heldOut.add(new HeldOut(report.step(), report.evalLoss()));
        }
    }
}
