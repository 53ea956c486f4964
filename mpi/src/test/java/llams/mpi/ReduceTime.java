package llams.mpi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import llams.trainer.distributed.Collective;
import llams.trainer.distributed.Launchers;

/// Prints how long workers take for the sums of a step: of gradients that all get, as those of an adapter, and of gradients
/// that go to one worker and come back as weights, as in full training. For `docs/distributed/SCALING.md`.
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
                time("one and back, " + bytes + " bytes", workers, () -> {
                    for (int part = 0; part < workers.size(); part++) {
                        long each = x.byteSize() / workers.size() / 4 * 4;
                        workers.reduceSum(x.asSlice(part * each, each), part);
                    }
                    for (int part = 0; part < workers.size(); part++) {
                        long each = x.byteSize() / workers.size() / 4 * 4;
                        workers.broadcast(x.asSlice(part * each, each), part);
                    }
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
