package llams.engine.tornado.graphs;

import java.util.ArrayList;
import java.util.List;
import llams.engine.tornado.launch.Launch;

/// Cuts a program's launches into parts, so that equal parts (the layers of a model) become one graph that is compiled
/// once and run once a layer, on other data. A loop is looked for in the kernels alone; parts that differ in more have
/// graphs of their own.
final class GraphCutter {
    /// A loop shorter than this many launches in all is not worth a graph of its own.
    private static final int FEW = 8;
    /// Launches of one layer, at most, that are looked for.
    private static final int LONGEST = 1024;
    /// Layers shorter than half of this many launches are joined to parts of about so many: every part that runs costs
    /// the host time, every launch of one that is compiled as well.
    private static final int JOINED = 32;

    private GraphCutter() {}

    /// Parts in the order in which they run: `from` and, excluded, `to`.
    record Span(int from, int to) {}

    /// @param maxTasks     of one part
    /// @param maxTaskBytes of one part, see [Launch#taskBytes]
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

    /// The shortest run at `at` that is repeated and covers most, or 0.
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

    /// How often the run of `period` launches at `at` follows itself.
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
