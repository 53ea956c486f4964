package llams.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What every reader owes to every input: it returns or throws what it says it throws, within a second. That a small
/// input needs no more than 256 MiB is tried by fuzzing in such a heap.
public final class Fuzzed {
    private static final long MAX_NANOS = 1_000_000_000;
    /// A machine may be busy, and classes are loaded once.
    private static final int TRIES = 4;
    private static final Path DIRECTORY = directory();

    /// What is done with an input.
    @FunctionalInterface
    public interface Reading {
        void read(Path file) throws Exception;
    }

    private Fuzzed() {}

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
    public static void file(String name, byte[] content, Reading reading, Class<? extends Exception>... refusals)
            throws Exception {
        List<Class<? extends Exception>> expected = new ArrayList<>();
        for (Class<? extends Exception> refusal : refusals) {
            expected.add(refusal);
        }
        Path file = DIRECTORY.resolve(name);
        file.toFile().deleteOnExit();
        long nanos = MAX_NANOS + 1;
        for (int i = 0; i < TRIES && nanos > MAX_NANOS; i++) {
            Files.write(file, content);
            nanos = nanos(file, reading, expected);
        }
        if (nanos > MAX_NANOS) {
            throw new AssertionError(content.length + " bytes of input took " + nanos / 1_000_000 + " ms, and more"
                    + " than a second each time before");
        }
    }

    private static long nanos(Path file, Reading reading, List<Class<? extends Exception>> refusals) throws Exception {
        long began = System.nanoTime();
        try {
            reading.read(file);
        } catch (Exception e) {
            boolean isExpected = refusals.stream().anyMatch(refusal -> refusal.isInstance(e));
            if (!isExpected || e.getMessage() == null || e.getMessage().isBlank()) {
                throw e;
            }
        }
        return System.nanoTime() - began;
    }
}
