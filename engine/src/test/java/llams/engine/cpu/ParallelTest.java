package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

@Timeout(60)
@Isolated("looks at all threads")
class ParallelTest {
    @Test
    void everyTaskRunsOnce() {
        for (int threads : new int[] {1, 2, 3, 8}) {
            try (Parallel p = new Parallel(threads)) {
                assertEquals(threads, p.threads());
                for (int round = 0; round < 3000; round++) {
                    int tasks = round % 70;
                    AtomicIntegerArray runs = new AtomicIntegerArray(Math.max(1, tasks));
                    p.run(tasks, (index, _) -> runs.incrementAndGet(index));
                    for (int i = 0; i < tasks; i++) {
                        assertEquals(1, runs.get(i));
                    }
                }
            }
        }
    }

    @Test
    void plainWritesOfTasksAreSeenByTheCaller() {
        try (Parallel p = new Parallel(4)) {
            int[] written = new int[64];
            for (int round = 1; round < 20_000; round++) {
                int value = round;
                p.run(written.length, (index, _) -> written[index] = value);
                for (int found : written) {
                    assertEquals(value, found);
                }
            }
        }
    }

    @Test
    void threadsShareTheWork() {
        try (Parallel p = new Parallel(3)) {
            CountDownLatch allThree = new CountDownLatch(3);
            p.run(3, (_, _) -> {
                allThree.countDown();
                await(allThree);
            });
            assertEquals(0, allThree.getCount());
        }
    }

    @Test
    void sleepingWorkersWake() throws InterruptedException {
        try (Parallel p = new Parallel(2)) {
            for (int round = 0; round < 20; round++) {
                Thread.sleep(5);
                CountDownLatch both = new CountDownLatch(2);
                p.run(2, (_, _) -> {
                    both.countDown();
                    await(both);
                });
            }
        }
    }

    @Test
    void exceptionsReachTheCallerAndThePoolLives() {
        try (Parallel p = new Parallel(3)) {
            for (int round = 0; round < 200; round++) {
                IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> p.run(50, (index, _) -> {
                    if (index % 7 == 3) {
                        throw new IllegalStateException("task failed");
                    }
                }));
                assertEquals("task failed", thrown.getMessage());
                AtomicInteger runs = new AtomicInteger();
                p.run(50, (_, _) -> runs.incrementAndGet());
                assertEquals(50, runs.get());
            }
            assertThrows(StackOverflowError.class, () -> p.run(2, (_, _) -> {
                throw new StackOverflowError();
            }));
        }
    }

    @Test
    void nestedCallsRunInlineOnOtherScratch() {
        try (Parallel p = new Parallel(3)) {
            AtomicInteger runs = new AtomicInteger();
            p.run(20, (_, outer) -> {
                Thread thread = Thread.currentThread();
                ThreadBuffers shared = p.buffers();
                assertNotSame(outer, shared);
                p.run(10, (_, inner) -> {
                    assertSame(thread, Thread.currentThread());
                    assertNotSame(outer, inner);
                    assertNotSame(shared, inner);
                    runs.incrementAndGet();
                });
            });
            assertEquals(200, runs.get());
        }
    }

    @Test
    void scratchIsKeptAndOnePerThread() {
        try (Parallel p = new Parallel(1)) {
            float[][] seen = new float[2][];
            for (int i = 0; i < 2; i++) {
                int call = i;
                p.run(1, (_, buffers) -> seen[call] = buffers.floats(0, 100));
            }
            assertSame(seen[0], seen[1]);
            assertNotSame(seen[0], p.buffers().floats(0, 100));
        }
    }

    @Test
    void twoCallersAreRefused() throws InterruptedException {
        try (Parallel p = new Parallel(2)) {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            Thread first = new Thread(() -> p.run(1, (_, _) -> {
                inside.countDown();
                await(leave);
            }));
            first.start();
            inside.await();
            assertThrows(IllegalStateException.class, () -> p.run(1, (_, _) -> {}));
            leave.countDown();
            first.join();
            p.run(1, (_, _) -> {});
        }
    }

    @Test
    void closedPoolsRefuseAndTheirThreadsEnd() {
        Parallel p = new Parallel(4);
        p.run(8, (_, _) -> {});
        p.close();
        p.close();
        assertThrows(IllegalStateException.class, () -> p.run(1, (_, _) -> {}));
        assertThrows(IllegalArgumentException.class, () -> new Parallel(0));
        assertFalse(Thread.getAllStackTraces()
                .keySet()
                .stream()
                .anyMatch(thread -> thread.getName().startsWith("llams-cpu-3")));
    }

    @Test
    void moreThreadsThanCoresDoNotCollapse() {
        try (Parallel p = new Parallel(8 * Runtime.getRuntime().availableProcessors())) {
            long start = System.nanoTime();
            AtomicInteger runs = new AtomicInteger();
            for (int round = 0; round < 500; round++) {
                p.run(64, (_, _) -> runs.incrementAndGet());
            }
            assertEquals(32_000, runs.get());
            assertTrue(System.nanoTime() - start < 20_000_000_000L);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
