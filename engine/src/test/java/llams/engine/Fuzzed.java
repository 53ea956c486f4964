package llams.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What every reader owes to every input: it returns or throws what it says it throws, within a second of the processor's time, and
/// for a small input it allocates at most 256 MiB.
public final class Fuzzed {
    private static final long MAX_BYTES = 256L << 20;
    private static final long MAX_NANOS = 1_000_000_000;
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final Path DIRECTORY = directory();

    /// What is done with an input.
    @FunctionalInterface
    public interface Reading {
        void read(Path file) throws Exception;
    }

    private record Cost(long bytes, long nanos) {
        boolean isTooMuch() {
            return bytes > MAX_BYTES || nanos > MAX_NANOS;
        }
    }

    private Fuzzed() {
    }

    private static Path directory() {
        try {
            Path directory = Files.createTempDirectory("fuzzed");
            directory.toFile().deleteOnExit();
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Reads `content` as a file of this name, in a directory where others may be put beside it.
    ///
    /// @param refusals what the reader may throw; anything else is a finding
    @SafeVarargs
    public static void file(String name, byte[] content, Reading reading, Class<? extends Exception>... refusals) throws Exception {
        Path file = DIRECTORY.resolve(name);
        Files.write(file, content);
        file.toFile().deleteOnExit();
        List<Class<? extends Exception>> expected = new ArrayList<>();
        for (Class<? extends Exception> refusal : refusals) {
            expected.add(refusal);
        }
        Cost cost = cost(file, reading, expected);
        // The first time may have loaded classes.
        if (cost.isTooMuch() && cost(file, reading, expected).isTooMuch()) {
            throw new AssertionError(content.length + " bytes of input cost " + (cost.bytes >> 20) + " MiB and " + cost.nanos / 1_000_000 + " ms");
        }
    }

    private static Cost cost(Path file, Reading reading, List<Class<? extends Exception>> refusals) throws Exception {
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        long nanos = THREADS.getCurrentThreadCpuTime();
        try {
            reading.read(file);
        } catch (Exception e) {
            boolean isExpected = refusals.stream().anyMatch(refusal -> refusal.isInstance(e));
            if (!isExpected || e.getMessage() == null || e.getMessage().isBlank()) {
                throw e;
            }
        }
        return new Cost(THREADS.getCurrentThreadAllocatedBytes() - bytes, THREADS.getCurrentThreadCpuTime() - nanos);
    }
}
