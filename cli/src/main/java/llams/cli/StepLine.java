package llams.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import llams.trainer.run.TrainingRun;
import llams.trainer.watch.Machine;

/// One line about a training run that fits into a terminal: a curve of the loss, and as many figures as there is room
/// for.
final class StepLine {
    private static final String BARS = "▁▂▃▄▅▆▇█";
    private static final String GAP = "  ";
    private static final int FEWEST_BARS = 6;
    private static final int MOST_BARS = 32;
    /// Points of the curve that are kept, each the mean of as many steps.
    private static final int POINTS = 2 * MOST_BARS;
    /// Of the running mean of the loss: how much of it a step leaves.
    private static final double KEPT = 0.9;

    private final List<double[]> points = new ArrayList<>();
    private int width = 1;
    private double mean;
    private double weight;
    private double evalLoss = Double.NaN;
    private double secondsBefore = Double.NaN;
    private int stepsBefore;
    private TrainingRun.Report last;

    void add(TrainingRun.Report report) {
        if (last == null) {
            // The first step is slower than the others: the code is being compiled.
            secondsBefore = report.elapsedSeconds();
            stepsBefore = report.step() + 1;
        }
        last = report;
        mean = KEPT * mean + (1 - KEPT) * report.loss();
        weight = KEPT * weight + 1 - KEPT;
        if (!Double.isNaN(report.evalLoss())) {
            evalLoss = report.evalLoss();
        }
        if (points.isEmpty() || points.getLast()[1] == width) {
            if (points.size() == POINTS) {
                for (int i = 0; i < POINTS / 2; i++) {
                    double[] next = points.remove(i + 1);
                    points.get(i)[0] += next[0];
                    points.get(i)[1] += next[1];
                }
                width *= 2;
            }
            points.add(new double[2]);
        }
        points.getLast()[0] += report.loss();
        points.getLast()[1]++;
    }

    /// The line for a terminal of so many columns: with all figures and what they are called as long as that fits.
    String text(int columns) {
        int done = last.step() + 1;
        boolean isTimed = done < last.steps() && done > stepsBefore;
        double each = (last.elapsedSeconds() - secondsBefore) / (done - stepsBefore);
        String left = isTimed ? time(each * (last.steps() - done)) : "";
        String speed = rounded(last.tokensPerSecond());
        double resident = Machine.residentBytes();
        String memory = Double.isNaN(resident) ? "" : MachineMemory.text((long) resident);
        List<String> named = figures("loss ", mean / weight, left, " left", speed, " tokens/s", memory, "held out ");
        List<String> brief = figures("loss ", mean / weight, left, " left", speed, " tok/s", memory, "eval ");
        List<String> bare = figures("", mean / weight, left, "", speed, "/s", memory.replaceAll(" (.)iB", "$1"), "");
        String head = done + "/" + last.steps();
        int room = columns - head.length() - 1 - FEWEST_BARS;
        return head + " "
                + (length(named) <= room
                        ? line(named, room)
                        : length(brief) <= room ? line(brief, room) : line(bare, room));
    }

    /// By what they matter, the most important first; those that are not known are left out.
    private List<String> figures(String beforeLoss, double loss, String left, String afterLeft, String speed,
            String afterSpeed, String memory, String beforeHeldOut) {
        List<String> figures = new ArrayList<>();
        figures.add(String.format(Locale.ROOT, "%s%.3f", beforeLoss, loss));
        if (!left.isEmpty()) {
            figures.add(left + afterLeft);
        }
        figures.add(speed + afterSpeed);
        if (!memory.isEmpty()) {
            figures.add(memory);
        }
        if (!Double.isNaN(evalLoss)) {
            figures.add(String.format(Locale.ROOT, "%s%.3f", beforeHeldOut, evalLoss));
        }
        return figures;
    }

    private static int length(List<String> figures) {
        return figures.stream().mapToInt(figure -> figure.length() + GAP.length()).sum();
    }

    private String line(List<String> figures, int room) {
        StringBuilder line = new StringBuilder();
        int left = room;
        for (String figure : figures) {
            if (figure.length() + GAP.length() > left) {
                break;
            }
            line.append(GAP).append(figure);
            left -= figure.length() + GAP.length();
        }
        return curve(Math.clamp(FEWEST_BARS + left, 1, MOST_BARS)) + line;
    }

    /// The loss from the first step to this one, on a logarithmic scale.
    private String curve(int bars) {
        int count = Math.min(bars, points.size());
        double[] logs = new double[count];
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (int bar = 0; bar < count; bar++) {
            double sum = 0;
            double steps = 0;
            for (int i = bar * points.size() / count; i < (bar + 1) * points.size() / count; i++) {
                sum += points.get(i)[0];
                steps += points.get(i)[1];
            }
            logs[bar] = Math.log(Math.max(1e-9, sum / steps));
            low = Math.min(low, logs[bar]);
            high = Math.max(high, logs[bar]);
        }
        StringBuilder curve = new StringBuilder();
        for (double log : logs) {
            double share = high > low ? (log - low) / (high - low) : 0;
            curve.append(BARS.charAt((int) Math.min(BARS.length() - 1.0, share * BARS.length())));
        }
        return curve.append(" ".repeat(bars - count)).toString();
    }

    private static String rounded(double number) {
        return number >= 1e4
                ? String.format(Locale.ROOT, "%.0fk", number / 1e3)
                : number >= 1e3
                        ? String.format(Locale.ROOT, "%.1fk", number / 1e3)
                        : String.format(Locale.ROOT, "%.0f", number);
    }

    private static String time(double seconds) {
        long whole = Math.round(seconds);
        return whole < 60
                ? whole + "s"
                : whole < 3600
                        ? String.format(Locale.ROOT, "%dm%02ds", whole / 60, whole % 60)
                        : whole < 86400
                                ? String.format(Locale.ROOT, "%dh%02dm", whole / 3600, whole / 60 % 60)
                                : String.format(Locale.ROOT, "%dd%02dh", whole / 86400, whole / 3600 % 24);
    }
}
