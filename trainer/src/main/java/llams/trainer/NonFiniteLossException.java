package llams.trainer;

import java.nio.file.Path;

/// A step's loss or gradient was infinite or not a number. Nothing was updated by that step.
public final class NonFiniteLossException extends IllegalStateException {
    private static final long serialVersionUID = 1;
    /// Number of the step, from 0.
    public final int step;

    NonFiniteLossException(int step, double loss, double gradientNorm) {
        super("step " + step + ": loss is " + loss
                + (Double.isNaN(gradientNorm) ? "" : " and the gradient's norm " + gradientNorm)
                + "; lower --lr, raise --warmup, or look for damaged weights or data");
        this.step = step;
    }

    /// The same in a run that saves.
    ///
    /// @param lastSave null if there is none
    NonFiniteLossException(NonFiniteLossException e, Path lastSave) {
        super(e.getMessage() + "; " + (lastSave == null ? "nothing was saved before" : "the last good save is " + lastSave), e);
        this.step = e.step;
    }
}
