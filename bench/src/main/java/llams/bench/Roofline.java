package llams.bench;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import llams.trainer.watch.Html;

/// Cases by operations per byte and rate, both logarithmic, under what memory and processor allow. Places are percent of
/// the drawing, so that letters keep their size whatever its width.
final class Roofline {
    /// Paths of the marks, about 10 pixels wide, around 0, 0.
    private static final Map<String, String> MARKS = new LinkedHashMap<>();
    private static final Map<String, String> TITLES = new LinkedHashMap<>();

    static {
        kind("products", "matrix products", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z");
        kind("token", "one token", "M-4.5 -4.5h9v9h-9z");
        kind("attention", "attention", "M0 -6l6 10h-12z");
        kind("rows", "the rest of a layer, and the optimizer", "M0 -6.5l6.5 6.5l-6.5 6.5l-6.5 -6.5z");
        kind("models", "whole models", "M-5 -4h10l-5 9z");
    }

    private static void kind(String name, String title, String mark) {
        MARKS.put(name, mark);
        TITLES.put(name, title);
    }

    private final List<Measured> points;
    private final Peaks peaks;
    private final int threads;
    private double lowX;
    private double highX;
    private double lowY;
    private double highY;

    Roofline(List<Measured> results, Peaks peaks, int threads) {
        this.peaks = peaks;
        this.threads = threads;
        this.points = results.stream()
                .filter(result -> !result.isPeak() && result.threads() == threads && result.intensity() > 0)
                .sorted(Comparator.comparingDouble(Measured::intensity))
                .toList();
        if (!points.isEmpty()) {
            double ridge = peaks.gflops(threads) / peaks.gigabytes(threads);
            lowX = Math.min(points.getFirst().intensity(), ridge) / 2;
            highX = Math.max(points.getLast().intensity(), ridge) * 2;
            lowY = points.stream().mapToDouble(Measured::gflops).min().getAsDouble() / 2;
            highY = Math.max(peaks.gflops(threads), points.stream().mapToDouble(Measured::gflops).max().getAsDouble())
                    * 2;
        }
    }

    boolean isEmpty() {
        return points.isEmpty();
    }

    private static String kind(Measured result) {
        return switch (result.suite()) {
            case "kernel" -> result.operation().endsWith(".oneToken") ? "token" : "products";
            case "attention" -> result.operation().endsWith(".oneToken") ? "token" : "attention";
            case "row" -> "rows";
            default -> "models";
        };
    }

    private double x(double intensity) {
        return 100 * Math.log(intensity / lowX) / Math.log(highX / lowX);
    }

    private double y(double gflops) {
        return 100 - 100 * Math.log(gflops / lowY) / Math.log(highY / lowY);
    }

    static void legend(Html html) {
        html.add("<ul class=\"legend\">");
        TITLES.forEach((kind, title) -> html.add(
                "<li><svg viewBox=\"-7 -7 14 14\" class=\"%s\"><path class=\"mark\" d=\"%s\"/></svg>%s</li>", kind,
                MARKS.get(kind), title));
        html.add("</ul>\n");
    }

    void draw(Html html) {
        double peak = peaks.gflops(threads);
        double rate = peaks.gigabytes(threads);
        String title = threads == 1 ? "One thread" : threads + " threads";
        html.add("<section><h3>%s <small>computes %s GFLOP/s, reads %s GB/s at most</small></h3>\n<div class=\"roof\""
                + " tabindex=\"0\" role=\"group\" aria-label=\"%s: arrow keys go from case to case\"><svg class=\"plane\">\n",
                title, Table.figure(peak), Table.figure(rate), title);
        for (double decade = decade(lowX); decade <= highX; decade *= 10) {
            html.add(
                    "<line class=\"grid\" x1=\"%1$.2f%%\" x2=\"%1$.2f%%\" y1=\"0\" y2=\"100%%\"/>"
                            + "<text x=\"%1$.2f%%\" y=\"100%%\" dy=\"17\" text-anchor=\"middle\">%2$s</text>\n",
                    x(decade), plain(decade));
        }
        for (double decade = decade(lowY); decade <= highY; decade *= 10) {
            html.add(
                    "<line class=\"grid\" y1=\"%1$.2f%%\" y2=\"%1$.2f%%\" x1=\"0\" x2=\"100%%\"/>"
                            + "<text x=\"-6\" y=\"%1$.2f%%\" dy=\"4\" text-anchor=\"end\">%2$s</text>\n",
                    y(decade), plain(decade));
        }
        html.add("<text x=\"100%%\" y=\"100%%\" dy=\"34\" text-anchor=\"end\">operations per byte</text>\n"
                + "<text x=\"0\" y=\"0\" dx=\"4\" dy=\"12\">GFLOP/s</text>\n");
        double ridge = peak / rate;
        // Where memory's line enters the drawing: at the left, or from below.
        double begin = Math.max(lowX, lowY / rate);
        html.add("<line class=\"line\" x1=\"%.2f%%\" y1=\"%.2f%%\" x2=\"%.2f%%\" y2=\"%.2f%%\"/>", x(begin),
                y(begin * rate), x(ridge), y(peak));
        html.add("<line class=\"line\" x1=\"%.2f%%\" y1=\"%2$.2f%%\" x2=\"100%%\" y2=\"%2$.2f%%\"/>\n", x(ridge),
                y(peak));
        points.forEach(point -> draw(html, point));
        html.add("</svg></div>\n<p class=\"told\" aria-live=\"polite\">Point at a mark, or move with the arrow keys, to"
                + " read what it is.</p></section>\n");
    }

    private void draw(Html html, Measured point) {
        String words = String.format(Locale.ROOT,
                "%s, %s %s: %s GFLOP/s, %s GB/s, %s operations per byte, %.0f%% of the roof", point.operation(),
                point.shape(), point.dtype(), Table.figure(point.gflops()), Table.figure(point.gigabytes()),
                Table.figure(point.intensity()), 100 * peaks.shareOfRoof(point));
        if (point.isWide()) {
            words += String.format(Locale.ROOT, "; iterations ±%.0f%%", 100 * point.spread());
        }
        html.add(
                "<svg class=\"point %s%s\" x=\"%.2f%%\" y=\"%.2f%%\" tabindex=\"-1\" role=\"img\" aria-label=\"%5$s\">"
                        + "<title>%5$s</title><path class=\"mark\" d=\"%6$s\"/></svg>\n",
                kind(point), point.isWide() ? " wide-spread" : "", x(point.intensity()), y(point.gflops()),
                Html.text(words), MARKS.get(kind(point)));
    }

    /// The first power of ten from here on.
    private static double decade(double low) {
        return Math.pow(10, Math.ceil(Math.log10(low)));
    }

    private static String plain(double decade) {
        return decade >= 1 ? String.format(Locale.ROOT, "%,.0f", decade) : Table.figure(decade).replaceFirst("0+$", "");
    }
}
