package llams.trainer.measure;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Measures this machine. A service, because the measuring harness is not part of the program proper: `./llams bench`
/// starts the program with it.
public interface Benchmarks {
    /// What to measure.
    ///
    /// @param patterns regular expressions; whatever matches one of them is measured, everything if there are none
    /// @param variants what to vary
    /// @param quick    the first case of each benchmark, briefly
    /// @param ceilings true to measure the machine's peak first
    /// @param json     a file for all results, or null
    /// @param verbose  also shows what the harness prints
    record Request(List<String> patterns, Variants variants, boolean quick, boolean ceilings, Path json,
            boolean verbose) {}

    /// What each benchmark is measured with.
    ///
    /// @param threads    thread counts; empty for the usual ones
    /// @param vectorBits vector widths; empty for the machine's own
    /// @param parameters values by parameter name, in place of the built-in ones
    record Variants(List<Integer> threads, List<Integer> vectorBits, Map<String, List<String>> parameters) {}

    /// Prints one line for each benchmark.
    void list(PrintStream out);

    /// Measures, and prints a row as each result comes.
    ///
    /// @return how many benchmarks failed; why is on `err`
    /// @throws IllegalArgumentException if nothing fits the request
    int run(Request request, PrintStream out, PrintStream err) throws IOException;
}
