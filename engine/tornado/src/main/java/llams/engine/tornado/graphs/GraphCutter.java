package llams.engine.tornado.graphs;

import java.util.ArrayList;
import java.util.List;
import llams.engine.tornado.launch.Launch;

/// Cuts a program's launches into spans, so that equal spans (the layers of a model) become one graph, compiled once
/// and run once per layer on other data. Loops are found by the kernels alone; spans that differ otherwise have graphs
/// of their own.
final class GraphCutter {
    /// A loop of fewer launches in all is not worth a graph of its own.
    private static final int FEW = 8;
    /// The longest layer that is looked for, in launches.
    private static final int LONGEST = 1024;
    /// Layers shorter than half of this are joined into spans of about this many launches: each run of a span costs
    /// host time, and so does compiling each of its launches.
    private static final int JOINED = 32;

    private GraphCutter() {}

    /// Launches `from` to `to`, exclusive.
    record Span(int from, int to) {}

    /// @param maxTasks     of one span
    /// @param maxTaskBytes of one span, see [Launch#taskBytes]
    static List<Span> spans(List<Launch> launches, int maxTasks, int maxTaskBytes) {
        int[] shapes = kernels(launches);
        List<Span> spans = new ArrayList<>();
        int single = 0;
        int at = 0;
        while (at < shapes.length) {
            int period = period(shapes, at);
            if (period == 0) {
                at++;
                continue;
            }
            cut(launches, single, at, maxTasks, maxTaskBytes, spans);
            int layers = repeats(shapes, at, period) + 1;
            int joined = Math.clamp(Math.min(JOINED, maxTasks) / period, 1, layers);
            for (int from = 0; from < layers; from += joined) {
                int to = at + Math.min(layers, from + joined) * period;
                cut(launches, at + from * period, to, maxTasks, maxTaskBytes, spans);
            }
            at += layers * period;
            single = at;
        }
        cut(launches, single, at, maxTasks, maxTaskBytes, spans);
        return spans;
    }

    private static int[] kernels(List<Launch> launches) {
        return launches.stream().mapToInt(launch -> launch.kernel().ordinal()).toArray();
    }

    /// The shortest period of a repetition at `at` that covers the most launches, or 0.
    private static int period(int[] shapes, int at) {
        int best = 0;
        int most = FEW - 1;
        for (int period = 1; period <= Math.min(LONGEST, (shapes.length - at) / 2); period++) {
            int covered = period * (repeats(shapes, at, period) + 1);
            if (covered > period && covered > most) {
                best = period;
                most = covered;
            }
        }
        return best;
    }

    /// How often the `period` launches at `at` are repeated after themselves.
    private static int repeats(int[] shapes, int at, int period) {
        int equal = 0;
        while (at + equal + period < shapes.length && shapes[at + equal] == shapes[at + equal + period]) {
            equal++;
        }
        return equal / period;
    }

    private static void cut(List<Launch> launches, int from, int to, int maxTasks, int maxTaskBytes, List<Span> spans) {
        int start = from;
        int bytes = 0;
        for (int i = from; i < to; i++) {
            int more = launches.get(i).taskBytes();
            if (i > start && (i - start == maxTasks || bytes + more > maxTaskBytes)) {
                spans.add(new Span(start, i));
                start = i;
                bytes = 0;
            }
            bytes += more;
        }
        if (to > start) {
            spans.add(new Span(start, to));
        }
    }
}
