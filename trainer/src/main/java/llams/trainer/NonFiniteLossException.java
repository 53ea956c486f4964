package llams.trainer;

/// A step's loss or gradient was infinite or not a number. Nothing was updated by that step.
public final class NonFiniteLossException extends RuntimeException {
    private static final long serialVersionUID = 1;
    /// Number of the step, from 0.
    public final int step;

    NonFiniteLossException(int step, double loss, double gradientNorm) {
        super("step " + step + ": loss is " + loss + " and the gradient's norm " + gradientNorm
                + "; lower --lr, raise --warmup, or look for damaged data");
        this.step = step;
    }
}
