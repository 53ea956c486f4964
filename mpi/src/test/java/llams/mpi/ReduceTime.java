package llams.mpi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import llams.trainer.distributed.Collective;
import llams.trainer.distributed.Launchers;

/// Prints how long workers take for the sums of a step: of gradients that all get, as those of an adapter, and of gradients
/// whose parts go to one worker each and come back as weights, as in full training. For `docs/distributed/SCALING.md`.
final class ReduceTime {
    private static final int ROUNDS = 5;

    private ReduceTime() {}

    /// @param args the bytes of the gradients, each in turn
    public static void main(String[] args) {
        Collective workers = Launchers.connect(Launchers.here(System.getenv()).orElseThrow(), Duration.ofMinutes(10),
                Duration.ofMinutes(10), reason -> Runtime.getRuntime().halt(3));
        for (String bytes : args) {
            try (Arena arena = Arena.ofShared()) {
                MemorySegment x = arena.allocate(Long.parseLong(bytes), 64);
                time("all, " + bytes + " bytes", workers, () -> workers.allReduceSum(x));
                List<List<MemorySegment>> parts = IntStream.range(0, workers.size()).mapToObj(part -> {
                    long each = x.byteSize() / workers.size() / 4 * 4;
                    return List.of(x.asSlice(part * each, each));
                }).toList();
                time("each its part, and back, " + bytes + " bytes", workers, () -> {
                    workers.reduceSum(parts);
                    workers.gather(parts);
                });
            }
        }
        workers.close();
    }

    private static void time(String what, Collective workers, Runnable sum) {
        double least = Double.POSITIVE_INFINITY;
        for (int round = 0; round < ROUNDS; round++) {
            workers.barrier();
            long began = System.nanoTime();
            sum.run();
            workers.barrier();
            least = Math.min(least, (System.nanoTime() - began) * 1e-6);
        }
        if (workers.rank() == 0) {
            System.out.printf("%d workers, %s: %.1f ms%n", workers.size(), what, least);
        }
    }
}
