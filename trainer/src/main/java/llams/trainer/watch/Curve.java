package llams.trainer.watch;

import java.util.Arrays;

/// A figure over the steps of a run, in bounded memory: when there are too many points, each two neighbours become their
/// mean.
final class Curve {
    static final int MOST_POINTS = 1024;

    private final double[] steps = new double[MOST_POINTS];
    private final double[] values = new double[MOST_POINTS];
    /// Figures behind the last point, which is open until it has `width` of them.
    private int open;
    private int width = 1;
    private int size;

    /// Appends the figure of a later step.
    void add(double step, double value) {
        if (open == 0) {
            if (size == MOST_POINTS) {
                halve();
            }
            size++;
        }
        int at = size - 1;
        steps[at] = (steps[at] * open + step) / (open + 1);
        values[at] = (values[at] * open + value) / (open + 1);
        open = (open + 1) % width;
    }

    private void halve() {
        for (int i = 0; i < size / 2; i++) {
            steps[i] = (steps[2 * i] + steps[2 * i + 1]) / 2;
            values[i] = (values[2 * i] + values[2 * i + 1]) / 2;
        }
        size /= 2;
        width *= 2;
        Arrays.fill(steps, size, steps.length, 0);
        Arrays.fill(values, size, values.length, 0);
    }

    double[] steps() {
        return Arrays.copyOf(steps, size);
    }

    double[] values() {
        return Arrays.copyOf(values, size);
    }
}
