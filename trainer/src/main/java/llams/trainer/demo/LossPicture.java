package llams.trainer.demo;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The losses of all trainings as a picture, one panel a training: a line for the training loss of each step, dots for
/// the held-out loss. All panels have one scale, so that a step is as wide and a nat as high everywhere.
final class LossPicture {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 320;
    private static final int LEFT = 40;
    private static final int TOP = 50;
    private static final int BOTTOM = 30;
    private static final int GAP = 30;

    private LossPicture() {}

    static String svg(List<LossCurve> curves) {
        int steps = curves.stream().mapToInt(curve -> curve.training().size()).sum();
        double highest = Math
                .ceil(curves.stream().flatMap(curve -> curve.training().stream()).mapToDouble(x -> x).max().orElse(1));
        double xScale = (WIDTH - LEFT - GAP * curves.size()) / (double) Math.max(1, steps);
        double yScale = (HEIGHT - TOP - BOTTOM) / highest;
        StringBuilder svg = new StringBuilder(format("""
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
                <rect width="100%%" height="100%%" fill="white"/>
                """, WIDTH, HEIGHT));
        for (int nats = 0; nats <= highest; nats++) {
            double y = HEIGHT - BOTTOM - nats * yScale;
            svg.append(format("<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\""
                    + " text-anchor=\"end\">%d</text>\n", LEFT, y, WIDTH, LEFT - 6, y + 4, nats));
        }
        double left = LEFT;
        for (LossCurve curve : curves) {
            svg.append(format("<g transform=\"translate(%.1f %d) scale(1 -1)\">\n", left, HEIGHT - BOTTOM));
            svg.append(format("<polyline fill=\"none\" stroke=\"#2a6fb0\" points=\"%s\"/>\n",
                    IntStream.range(0, curve.training().size())
                            .mapToObj(step -> format("%.1f,%.1f", step * xScale, curve.training().get(step) * yScale))
                            .collect(Collectors.joining(" "))));
            for (LossCurve.HeldOut dot : curve.heldOut()) {
                svg.append(format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#d1495b\"/>\n", dot.step() * xScale,
                        dot.loss() * yScale));
            }
            svg.append(format("</g>\n<text x=\"%.1f\" y=\"40\">%s</text><text x=\"%.1f\" y=\"%d\">%d steps</text>\n",
                    left, curve.name(), left, HEIGHT - 10, curve.training().size()));
            left += curve.training().size() * xScale + GAP;
        }
        svg.append(format("""
                <text x="%d" y="16" text-anchor="end"><tspan fill="#2a6fb0">training</tspan> and <tspan
                fill="#d1495b">held-out</tspan> loss, nats per token</text>
                </svg>
                """, WIDTH - 10));
        return svg.toString();
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
