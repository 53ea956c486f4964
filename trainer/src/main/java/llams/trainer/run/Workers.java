package llams.trainer.run;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import llams.engine.graph.Leaf;
import llams.engine.graph.Require;
import llams.trainer.distributed.Collective;

/// The workers of a run, of which this process is one, and what each of them does.
///
/// @param collective       what they do together
/// @param summation        of the micro-batches of a step
/// @param each             micro-batches of one worker in a full step
/// @param areMomentsShared whether each parameter has its moments with one worker, which updates it
record Workers(Collective collective, Summation summation, int each, boolean areMomentsShared) {
    static final Workers ALONE = new Workers(Collective.ALONE, Summation.STANDARD, Integer.MAX_VALUE, false);

    /// @throws IllegalArgumentException if the settings are for another number of workers
    static Workers of(Collective collective, TrainSettings settings) {
        Summation summation = settings.summation();
        Require.that(collective.size() == summation.workers(), "workers: there are %d, and the settings are for %d",
                collective.size(), summation.workers());
        return new Workers(collective, summation, summation.own(settings.accumulate()), settings.areMomentsShared());
    }

    /// How many sums a worker holds beside the gradient.
    int levels() {
        return summation.levels(each);
    }

    boolean isAlone() {
        return collective.size() == 1;
    }

    /// Whether this worker reads and writes the run's directory.
    boolean isFirst() {
        return collective.rank() == 0;
    }

    /// Consecutive items of `count`, as many for each worker but for the last ones.
    record Part(int from, int to) {}

    /// This worker's part of `count` items.
    Part part(int count, int each) {
        int from = Math.min(count, collective.rank() * each);
        return new Part(from, Math.min(count, from + each));
    }

    /// Fills in the rows that other workers have: all rows are `[width]`, and `rows[i]` is there for the items of
    /// [#part].
    void gather(double[][] rows, int each, int width) {
        if (isAlone()) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment all = arena.allocate(ValueLayout.JAVA_DOUBLE, (long) rows.length * width);
            long rowBytes = (long) width * Double.BYTES;
            Part own = part(rows.length, each);
            for (int i = own.from; i < own.to; i++) {
                MemorySegment.copy(rows[i], 0, all, ValueLayout.JAVA_DOUBLE, i * rowBytes, width);
            }
            for (int from = 0; from < rows.length; from += each) {
                int count = Math.min(each, rows.length - from);
                collective.broadcast(all.asSlice(from * rowBytes, count * rowBytes), from / each);
            }
            for (int i = 0; i < rows.length; i++) {
                rows[i] = all.asSlice(i * rowBytes, rowBytes).toArray(ValueLayout.JAVA_DOUBLE);
            }
        }
    }

    /// Waits for each worker that has something to do by itself, however long it takes.
    void awaitAll() {
        for (int worker = 0; worker < collective.size(); worker++) {
            collective.await(worker);
        }
    }

    /// Whether any worker says so.
    boolean any(boolean here) {
        double[][] all = new double[collective.size()][];
        all[collective.rank()] = new double[] {here ? 1 : 0};
        gather(all, 1, 1);
        return IntStream.range(0, all.length).anyMatch(worker -> all[worker][0] != 0);
    }

    /// What the first worker decides; the others need not know.
    boolean decided(boolean first) {
        return told(first ? 1 : 0) != 0;
    }

    /// The numbers that the first worker has, as many as all give.
    double[] told(double... first) {
        double[][] rows = {first};
        if (!isAlone()) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment numbers = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, first);
                collective.broadcast(numbers, 0);
                rows[0] = numbers.toArray(ValueLayout.JAVA_DOUBLE);
            }
        }
        return rows[0];
    }

    private double told(double first) {
        return told(new double[] {first})[0];
    }

    /// Which worker has the moments of each leaf: the largest go first, each to the worker that has least.
    int[] owners(List<Leaf> leaves) {
        int[] owners = new int[leaves.size()];
        if (areMomentsShared) {
            long[] bytes = new long[collective.size()];
            List<Integer> order = new ArrayList<>(IntStream.range(0, owners.length).boxed().toList());
            order.sort(Comparator.comparingLong(i -> -leaves.get(i).type().bytes()));
            for (int i : order) {
                owners[i] = IntStream.range(0, bytes.length)
                        .boxed()
                        .min(Comparator.comparingLong(worker -> bytes[worker]))
                        .orElseThrow();
                bytes[owners[i]] += leaves.get(i).type().bytes();
            }
        }
        return owners;
    }

    /// Divides memory among the workers.
    ///
    /// @param owners of each piece of `data`
    /// @return the pieces of worker 0, 1, ...
    List<List<MemorySegment>> parts(int[] owners, List<MemorySegment> data) {
        List<List<MemorySegment>> parts = new ArrayList<>();
        for (int worker = 0; worker < collective.size(); worker++) {
            int of = worker;
            parts.add(IntStream.range(0, owners.length).filter(i -> owners[i] == of).mapToObj(data::get).toList());
        }
        return parts;
    }

    /// The leaves whose moments this worker has.
    List<Leaf> owned(List<Leaf> leaves) {
        int[] owners = owners(leaves);
        return areMomentsShared
                ? IntStream.range(0, owners.length)
                        .filter(i -> owners[i] == collective.rank())
                        .mapToObj(leaves::get)
                        .toList()
                : leaves;
    }
}
