package llams.mpi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import llams.trainer.distributed.Collective;
import llams.trainer.distributed.Launcher;
import llams.trainer.distributed.Launchers;

/// What each of the processes of [MessagesBetweenProcessesTest] does.
final class TwoWorkers {
    private static final int NUMBERS = 3_000_001;

    private TwoWorkers() {}

    public static void main(String[] args) {
        Launcher launcher = Launchers.here(System.getenv()).orElseThrow();
        Collective workers = Launchers.connect(launcher, Duration.ofMinutes(2), Duration.ofMinutes(2), reason -> {
            System.out.println("lost: " + reason);
            Runtime.getRuntime().halt(3);
        });
        if (args.length > 0 && workers.rank() == 1) {
            Runtime.getRuntime().halt(4);
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment x = arena.allocate(ValueLayout.JAVA_FLOAT, NUMBERS);
            for (int i = 0; i < NUMBERS; i++) {
                x.setAtIndex(ValueLayout.JAVA_FLOAT, i, i % 1000 * (1 + workers.rank()));
            }
            workers.allReduceSum(x);
            for (int i = 0; i < NUMBERS; i++) {
                check(x.getAtIndex(ValueLayout.JAVA_FLOAT, i) == i % 1000 * 3, "sum " + i);
            }
            x.fill((byte) workers.rank());
            workers.broadcast(x, 1);
            check(x.get(ValueLayout.JAVA_BYTE, NUMBERS - 1) == 1, "broadcast");
            x.fill((byte) workers.rank());
            workers.move(x, 0, 1);
            check(x.get(ValueLayout.JAVA_BYTE, NUMBERS - 1) == 0, "move");
            workers.await(0);
            workers.await(1);
            workers.barrier();
        }
        check(nullChecks() == 20_000, "null checks");
        System.out.println("worker " + workers.rank() + " of " + workers.size() + " done");
        workers.close();
    }

    /// Compiled code does not look whether a reference is null; the processor does, and sends a signal.
    private static int nullChecks() {
        int caught = 0;
        for (int i = 0; i < 40_000; i++) {
            int[] numbers = i < 20_000 ? new int[1] : null;
            try {
                caught -= length(numbers) - 1;
            } catch (NullPointerException _) {
                caught++;
            }
        }
        return caught;
    }

    private static int length(int[] numbers) {
        return numbers.length;
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            System.out.println("wrong: " + what);
            Runtime.getRuntime().halt(2);
        }
    }
}
