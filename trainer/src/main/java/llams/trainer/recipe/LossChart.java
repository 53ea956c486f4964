package llams.trainer.recipe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import llams.trainer.data.JsonLine;
import tools.jackson.databind.node.ObjectNode;

/// The losses of one training as an SVG picture, on a logarithmic axis: a line for the training loss, dots for the
/// held-out loss.
final class LossChart {
    /// In units of the picture, which is as wide as its place on the page.
    private static final int WIDTH = 480;
    private static final int HEIGHT = 260;
    private static final int LEFT = 44;
    private static final int RIGHT = 12;
    private static final int TOP = 12;
    private static final int BOTTOM = 28;
    /// A long log is thinned: each point is the mean of as many steps.
    private static final int MOST_POINTS = 500;

    private record Point(double step, double loss) {}

    private final List<Point> training;
    private final List<Point> heldOut;
    private final int steps;
    private final double lowest;
    private final double highest;

    private LossChart(List<Point> training, List<Point> heldOut, int steps) {
        this.training = training;
        this.heldOut = heldOut;
        this.steps = steps;
        List<Point> all = Stream.concat(training.stream(), heldOut.stream()).toList();
        lowest = all.stream().mapToDouble(Point::loss).min().orElseThrow() / 1.1;
        highest = all.stream().mapToDouble(Point::loss).max().orElseThrow() * 1.1;
    }

    /// The picture for a run's `train.jsonl`; empty if it has no step with a positive loss.
    static String of(Path log) throws IOException {
        List<Point> training = new ArrayList<>();
        List<Point> heldOut = new ArrayList<>();
        try (Stream<String> lines = Files.lines(log)) {
            lines.filter(line -> line.endsWith("}")).forEach(line -> {
                ObjectNode row = JsonLine.parse(line, log.toString());
                add(training, row, "loss");
                add(heldOut, row, "evalLoss");
            });
        }
        return training.isEmpty()
                ? ""
                : new LossChart(thinned(training), heldOut, (int) training.getLast().step + 1).svg();
    }

    private static void add(List<Point> points, ObjectNode row, String figure) {
        double loss = row.path(figure).asDouble(Double.NaN);
        if (loss > 0 && Double.isFinite(loss)) {
            points.add(new Point(row.path("step").asInt(0), loss));
        }
    }

    private static List<Point> thinned(List<Point> points) {
        int each = Math.ceilDiv(points.size(), MOST_POINTS);
        List<Point> thinned = new ArrayList<>();
        for (int from = 0; from < points.size(); from += each) {
            List<Point> some = points.subList(from, Math.min(points.size(), from + each));
            thinned.add(new Point(some.stream().mapToDouble(Point::step).average().orElseThrow(),
                    some.stream().mapToDouble(Point::loss).average().orElseThrow()));
        }
        return thinned;
    }

    private double x(double step) {
        return LEFT + (WIDTH - LEFT - RIGHT) * step / Math.max(1, steps - 1);
    }

    private double y(double loss) {
        return TOP + (HEIGHT - TOP - BOTTOM) * Math.log(highest / loss) / Math.log(highest / lowest);
    }

    private String svg() {
        StringBuilder svg = new StringBuilder(format("<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDTH, HEIGHT));
        for (double tick : ticks()) {
            svg.append(format(
                    "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                    LEFT, y(tick), WIDTH - RIGHT, LEFT - 6, y(tick) + 4, plain(tick)));
        }
        for (int quarter = 0; quarter <= 4; quarter += 2) {
            int step = steps * quarter / 4;
            svg.append(format("<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%,d</text>\n", x(Math.max(0, step - 1)),
                    HEIGHT - 8, quarter == 0 ? "start" : quarter == 2 ? "middle" : "end", step));
        }
        svg.append("<polyline class=\"training\" points=\"");
        training.forEach(point -> svg.append(format("%.1f,%.1f ", x(point.step), y(point.loss))));
        svg.append("\"/>\n");
        heldOut.forEach(point -> svg.append(
                format("<circle class=\"heldout\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>step %.0f: %.4f</title>"
                        + "</circle>\n", x(point.step), y(point.loss), point.step + 1, point.loss)));
        return svg.append("</svg>\n").toString();
    }

    /// 1, 2 and 5 times powers of ten; all digits if that gives too few; the ends if those do too.
    private List<Double> ticks() {
        List<Double> ticks = ticks(List.of(1, 2, 5));
        if (ticks.size() < 3) {
            ticks = ticks(List.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
        }
        return ticks.size() < 3 ? List.of(lowest * 1.1, Math.sqrt(lowest * highest), highest / 1.1) : ticks;
    }

    private List<Double> ticks(List<Integer> digits) {
        List<Double> ticks = new ArrayList<>();
        for (int power = (int) Math.floor(Math.log10(lowest)); power <= Math.log10(highest); power++) {
            for (int digit : digits) {
                double tick = digit * Math.pow(10, power);
                if (tick >= lowest && tick <= highest) {
                    ticks.add(tick);
                }
            }
        }
        return ticks;
    }

    private static String plain(double tick) {
        return format("%.3f", tick).replaceFirst("\\.?0+$", "");
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
