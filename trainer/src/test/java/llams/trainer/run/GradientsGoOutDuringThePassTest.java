package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Observer;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.plan.Program;
import llams.engine.weights.LlamaWeights;
import llams.trainer.data.Sequences;
import llams.trainer.distributed.Collective;
import llams.trainer.distributed.Messages;
import llams.trainer.ThreadMessages;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A pass over a worker's last micro-batch waits, at its last instruction, until gradients have been exchanged. If they were
/// sent after it, it would wait in vain.
class GradientsGoOutDuringThePassTest {
    private static final int STEPS = 2;
    private static final int PATIENCE_SECONDS = 60;

    /// What happens at one worker.
    private static final class Events implements Observer {
        final Semaphore exchanged = new Semaphore(0);
        final List<String> passes = new ArrayList<>();
        private final boolean isAnyThread;
        private final int each;
        private Program.Instruction last;

        /// @param each micro-batches in a step
        Events(int each, boolean isAnyThread) {
            this.each = each;
            this.isAnyThread = isAnyThread;
        }

        @Override
        public void begins(Program program) {
            boolean isPass = program.outputs().containsKey("loss")
                    && program.leaves().stream().anyMatch(leaf -> leaf.name().startsWith("gradient."));
            if (isPass) {
                last = program.instructions().getLast();
                exchanged.drainPermits();
            }
        }

        @Override
        public void before(List<Program.Instruction> together, Memory memory) {
            if (together.getLast() == last) {
                boolean isLast = passes.size() % each == each - 1;
                passes.add(wasSent(isLast && isAnyThread) ? "sent" : "nothing");
            }
        }

        private boolean wasSent(boolean isExpected) {
            try {
                return isExpected
                        ? exchanged.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)
                        : exchanged.availablePermits() > 0;
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void after(List<Program.Instruction> together, Memory memory, long nanos) {}
    }

    private record WatchedMessages(Messages messages, Events events) implements Messages {
        @Override
        public int rank() {
            return messages.rank();
        }

        @Override
        public int size() {
            return messages.size();
        }

        @Override
        public void send(MemorySegment bytes, int peer) {
            messages.send(bytes, peer);
        }

        @Override
        public void receive(MemorySegment bytes, int peer) {
            messages.receive(bytes, peer);
        }

        @Override
        public void exchange(MemorySegment sent, MemorySegment received, int peer) {
            messages.exchange(sent, received, peer);
            events.exchanged.release();
        }

        @Override
        public void broadcast(MemorySegment bytes, int root) {
            messages.broadcast(bytes, root);
        }

        @Override
        public void barrier() {
            messages.barrier();
        }

        @Override
        public boolean isForAnyThread() {
            return events.isAnyThread;
        }

        @Override
        public void close() {
            messages.close();
        }
    }

    private static List<String> passes(Path directory, TrainSettings settings, Collective worker, Events events)
            throws IOException {
        Sequences data = SmallRun.data();
        Device device = new OtherwiseOpened(Devices.byName("cpu"), (cpu, resident, options) -> {
            Session session = cpu.open(resident, options);
            session.observe(events);
            return session;
        }).with(new Options(1));
        try (LlamaWeights base = LlamaWeights.open(directory.resolve("model"));
                TrainingRun run = TrainingRun.of(device, settings, base, data, data, directory.resolve("out"))
                        .on(worker)) {
            run.run(false, _ -> {});
        }
        return events.passes;
    }

    @ParameterizedTest
    @CsvSource({"true, 1, true", "true, 4, true", "false, 1, true", "false, 4, true", "true, 1, false"})
    void bucketsAreSummedBeforeItEnds(boolean isAdapter, int each, boolean isAnyThread, @TempDir Path directory)
            throws Exception {
        SmallRun.model(directory.resolve("model"));
        TrainSettings settings = SmallRun.settings(isAdapter ? SmallRun.LORA : null, 1e-2, 1, 0)
                .withSteps(STEPS)
                .withBatch(1, each)
                .onEachOf(2);
        List<Events> events = List.of(new Events(each, isAnyThread), new Events(each, isAnyThread));
        List<String> expected = new ArrayList<>();
        for (int pass = 0; pass < STEPS * each; pass++) {
            expected.add(isAnyThread && pass % each == each - 1 ? "sent" : "nothing");
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Callable<List<String>>> tasks = new ArrayList<>();
            for (Collective worker : ThreadMessages.workers(2,
                    messages -> new WatchedMessages(messages, events.get(messages.rank())))) {
                tasks.add(() -> passes(directory, settings, worker, events.get(worker.rank())));
            }
            for (Future<List<String>> passes : threads.invokeAll(tasks)) {
                assertEquals(expected, passes.get());
            }
        }
    }
}
